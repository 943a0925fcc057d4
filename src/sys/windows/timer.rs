//! A timer that can be watched: CreateTimerQueueTimer.

use super::call::{check, milliseconds};
use super::node::{AsSource, Node, Source};
use super::signal::Signal;
use crate::sys::mutex::lock;
use std::ffi::c_void;
use std::io;
use std::ptr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::Threading::{
    CreateTimerQueueTimer, DeleteTimerQueueTimer, WT_EXECUTEINTIMERTHREAD, WT_EXECUTEONLYONCE,
};

/// Readable once its time has come, until it is set anew. It runs on the clock that no one can set, as deadlines do.
#[derive(Debug)]
pub(crate) struct Timer {
    signal: Arc<Signal>,
    node: Node,
    running: Mutex<Option<Running>>,
}

impl Timer {
    /// One whose time never comes so far.
    #[expect(clippy::unnecessary_wraps, reason = "the other systems' may fail")]
    pub(crate) fn new() -> io::Result<Self> {
        let signal = Arc::new(Signal::default());
        let node = Node::new(signal.clone());
        Ok(Self {
            signal,
            node,
            running: Mutex::default(),
        })
    }

    /// Lets its time come this far from now; `None`: never. What had come before is over.
    pub(crate) fn set(&self, time: Option<Duration>) -> io::Result<()> {
        let mut running = lock(&self.running);
        *running = None;
        self.signal.off();
        if let Some(time) = time {
            *running = Some(Running::new(time, self.signal.clone())?);
        }
        Ok(())
    }
}

impl AsSource for Timer {
    fn as_source(&self) -> Source<'_> {
        &self.node
    }
}

/// A timer of the system's, which runs until this is dropped.
#[derive(Debug)]
struct Running {
    timer: HANDLE,
    signal: *const Signal,
}

// SAFETY: the timer may be deleted on any thread, and the signal be turned on on any.
unsafe impl Send for Running {}

impl Running {
    fn new(time: Duration, signal: Arc<Signal>) -> io::Result<Self> {
        let signal = Arc::into_raw(signal);
        let mut timer = ptr::null_mut();
        // SAFETY: the signal lives until the timer is deleted, in drop.
        let result = check(unsafe {
            CreateTimerQueueTimer(
                &raw mut timer,
                ptr::null_mut(),
                Some(has_come),
                signal.cast(),
                milliseconds(Some(time)),
                0,
                WT_EXECUTEINTIMERTHREAD | WT_EXECUTEONLYONCE,
            )
        });
        let running = Self { timer, signal };
        result.map(|()| running)
    }
}

/// What the system's thread calls.
unsafe extern "system" fn has_come(signal: *mut c_void, _: bool) {
    // SAFETY: it is what the timer was made with, and is dropped only after the call has returned.
    let signal = unsafe { &*signal.cast::<Signal>() };
    signal.on();
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.timer.is_null() {
            // It waits for a call that goes on.
            // SAFETY: the timer is of the default queue, and is deleted once.
            unsafe {
                DeleteTimerQueueTimer(ptr::null_mut(), self.timer, INVALID_HANDLE_VALUE);
            }
        }
        // SAFETY: this is the reference that `new` gave to the timer.
        drop(unsafe { Arc::from_raw(self.signal) });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;
    use crate::sys::deadline::Deadline;
    use crate::sys::poll;

    #[test]
    fn it_is_readable_from_its_time_on_until_it_is_set_anew() {
        let timer = Timer::new().unwrap();
        let is_due = |within| {
            let deadline = Deadline::after(Some(within));
            poll::wait_readable(timer.as_source(), &deadline).unwrap()
        };
        assert!(!is_due(Duration::ZERO));
        for time in [Duration::ZERO, Duration::from_millis(3)] {
            timer.set(Some(time)).unwrap();
            assert!(is_due(Duration::from_secs(60)) && is_due(Duration::ZERO));
        }
        for never in [None, Some(Duration::MAX)] {
            timer.set(never).unwrap();
            assert!(!is_due(Duration::ZERO));
        }
    }
}
