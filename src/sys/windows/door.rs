//! Where newcomers announce themselves: listening sockets.
//!
//! A handle belongs to one completion port for good, and a server's threads have one each. So what listens belongs to none: a
//! thread of the system's waits for it, and turns a signal on. Who was let in belongs to the thread that gets it.

use super::node::{Node, Source, Watchable, Watchers};
use super::signal::Signal;
use crate::sys::Handle;
use crate::sys::ready::{Ready, Want};
use std::fmt::Debug;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use windows_sys::Win32::Foundation::HANDLE;

/// Who comes next.
pub(super) trait Listens: Debug + Send + Sync + 'static {
    /// The next one, without waiting; `WouldBlock`: nobody has come.
    fn accept(&self) -> io::Result<Handle>;
}

/// What listens, readable while somebody may be there.
#[derive(Debug)]
pub(super) struct Door {
    listens: Box<dyn Listens>,
    signal: Arc<Signal>,
}

impl Door {
    /// The door of what `listen` gives, which turns the signal on as somebody comes.
    pub(super) fn open<L: Listens>(
        listen: impl FnOnce(Arc<Signal>) -> io::Result<L>,
    ) -> io::Result<Handle> {
        let signal = Arc::new(Signal::default());
        let door = Self {
            listens: Box::new(listen(signal.clone())?),
            signal,
        };
        Ok(Handle::new(Node::new(Arc::new(door))))
    }

    /// The door behind a source; fails where it is something else.
    pub(super) fn of(source: Source<'_>) -> io::Result<&Self> {
        source.get().ok_or_else(|| {
            let what = "nobody listens here";
            io::Error::new(ErrorKind::InvalidInput, what)
        })
    }

    /// The next one, without waiting; `WouldBlock`: nobody has come.
    pub(super) fn accept(&self) -> io::Result<Handle> {
        // Whoever comes from here on turns it on again.
        self.signal.off();
        let accepted = self.listens.accept();
        match &accepted {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            _ => self.signal.on(), // There may be more.
        }
        accepted
    }
}

impl Watchable for Door {
    fn watchers(&self) -> &Watchers {
        self.signal.watchers()
    }

    fn state(&self, want: Want) -> Ready {
        self.signal.state(want)
    }

    fn objects(&self, want: Want, objects: &mut Vec<HANDLE>) -> io::Result<()> {
        self.signal.objects(want, objects)
    }
}
