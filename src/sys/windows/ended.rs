//! The end of a process, as something that can be watched.

use super::node::{Watchable, Watchers};
use super::object;
use super::port::Port;
use super::signal::Signal;
use super::waiting::Waiting;
use crate::sys::mutex::lock;
use crate::sys::ready::{Ready, Want};
use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, OwnedHandle};
use std::sync::{Arc, Mutex};
use windows_sys::Win32::Foundation::HANDLE;

/// A process, readable once it has ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// What tells those who watch, once there are any: before the process.
    waiting: Mutex<Option<Waiting>>,
    signal: Arc<Signal>,
    process: OwnedHandle,
}

impl Ended {
    pub(super) fn of(process: OwnedHandle) -> Self {
        Self {
            waiting: Mutex::new(None),
            signal: Arc::default(),
            process,
        }
    }

    pub(super) fn process(&self) -> BorrowedHandle<'_> {
        self.process.as_handle()
    }
}

impl Watchable for Ended {
    fn watchers(&self) -> &Watchers {
        self.signal.watchers()
    }

    fn state(&self, want: Want) -> Ready {
        let is_asked = want.bits() & Want::READ.bits() != 0;
        match is_asked && object::is_signalled(self.process()) {
            true => Ready::READABLE,
            false => Ready::NOTHING,
        }
    }

    fn join(&self, _port: &Arc<Port>, key: usize) -> io::Result<usize> {
        let mut waiting = lock(&self.waiting);
        if waiting.is_none() {
            let signal = self.signal.clone();
            let process = self.process.as_raw_handle();
            *waiting = Some(Waiting::new(process, true, move || signal.on())?);
        }
        Ok(key)
    }

    fn objects(&self, _want: Want, objects: &mut Vec<HANDLE>) -> io::Result<()> {
        objects.push(self.process.as_raw_handle());
        Ok(())
    }
}
