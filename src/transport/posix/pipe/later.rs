//! Waiting for an answer that comes later, where one thread serves one client.

#[cfg(test)]
#[cfg(unix_sockets)]
mod tests;

use crate::error::{Error, Result};
use crate::sys::poll::{self, Awaited};
use crate::sys::ready::Want;
use crate::sys::{AsSource, Bell, Source};
use crate::transport::Deadline;
use crate::transport::deferral::{Manner, Wake};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Rings when an answer has come.
pub(super) struct Later {
    bell: Bell,
    has_ended: AtomicBool,
}

impl Later {
    pub(super) fn new() -> io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            bell: Bell::new()?,
            has_ended: AtomicBool::new(false),
        }))
    }

    /// Waits for the answer for which the client is parked; `false`: when told to stop, or nobody is left who reads
    /// from `output`.
    pub(super) fn wait_for(
        &self,
        manner: &impl Manner,
        output: Source<'_>,
        stop: Option<&Bell>,
    ) -> Result<bool> {
        while manner.awaits_answer() {
            let has_come = self.wait(output, stop);
            if !has_come.map_err(|error| Error::os("wait for an answer", &error))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Waits until one has come.
    fn wait(&self, output: Source<'_>, stop: Option<&Bell>) -> io::Result<bool> {
        let bell = Awaited::new(self.bell.as_source(), Want::READ);
        let stop = stop.map_or(self.bell.as_source(), AsSource::as_source);
        let mut sources = [
            bell,
            Awaited::new(stop, Want::READ),
            Awaited::new(output, Want::NOTHING), // Its failure is always told.
        ];
        poll::wait(&mut sources, &Deadline::after(None))?;
        let [has_come, is_to_stop, _] = sources.map(|source| !source.ready().is_empty());
        self.has_ended
            .store(is_to_stop && !has_come, Ordering::Relaxed);
        self.bell.silence();
        Ok(has_come)
    }
}

impl Wake for Later {
    fn wake(&self, _connection: usize) {
        self.bell.ring();
    }

    fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Relaxed)
    }
}
