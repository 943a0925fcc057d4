//! Which of the processes that a fork made share a listening socket may serve.

use crate::error::{Error, Result, Status};
use crate::sys::{AsSource, Handle, lock, memory};

/// A file without a name, for a lock that only one process can have.
#[derive(Debug)]
pub(in crate::transport) struct Right(Handle);

impl Right {
    /// The right to serve at `what`, which nobody has taken yet.
    pub(in crate::transport) fn new(what: &str) -> Result<Self> {
        let failure = |error| Error::os(&format!("{what}: make a file in memory"), &error);
        memory::nameless().map(Self).map_err(failure)
    }

    /// Leaves it to whoever adopts the server.
    pub(in crate::transport) fn bequeath(&self) {
        self.0.bequeath();
    }

    /// Takes it for this process.
    pub(in crate::transport) fn adopt(&self, what: &str) -> Result<()> {
        let failure = |error| Error::os(&format!("{what}: adopt the server"), &error);
        if !lock::try_lock_for_process(self.0.as_source()).map_err(failure)? {
            let context = format!("{what}: another process adopted the server");
            return Err(Error::new(Status::AddressInUse, context));
        }
        self.0.own();
        Ok(())
    }
}
