//! Being told that an object is signalled, with no thread of the library's that waits for it: RegisterWaitForSingleObject.

use super::call::check;
use std::ffi::c_void;
use std::io;
use std::ptr;
use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::Threading::{
    INFINITE, RegisterWaitForSingleObject, UnregisterWaitEx, WT_EXECUTEINWAITTHREAD,
    WT_EXECUTEONLYONCE,
};

/// What is to be done.
type Act = Box<dyn Fn() + Send + Sync>;

/// A wait of the system's own threads, which ends when this is dropped.
pub(super) struct Waiting {
    wait: HANDLE,
    act: *mut Act,
}

// SAFETY: the wait may be ended on any thread, and what is to be done may be done on any.
unsafe impl Send for Waiting {}
// SAFETY: nothing can be done with a reference to it.
unsafe impl Sync for Waiting {}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiting").finish_non_exhaustive()
    }
}

impl Waiting {
    /// Does this whenever the object is signalled, which has to be one that waits reset, or only once. What is done must be short,
    /// and must not drop this. The object lives as long.
    pub(super) fn new(
        object: HANDLE,
        only_once: bool,
        act: impl Fn() + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let act: *mut Act = Box::into_raw(Box::new(Box::new(act)));
        let flags = match only_once {
            true => WT_EXECUTEINWAITTHREAD | WT_EXECUTEONLYONCE,
            false => WT_EXECUTEINWAITTHREAD,
        };
        let mut wait = ptr::null_mut();
        // SAFETY: `act` lives until the wait has ended, in drop.
        let result = check(unsafe {
            RegisterWaitForSingleObject(
                &raw mut wait,
                object,
                Some(signalled),
                act.cast(),
                INFINITE,
                flags,
            )
        });
        let waiting = Self { wait, act };
        result.map(|()| waiting)
    }
}

/// What a thread of the system calls.
unsafe extern "system" fn signalled(act: *mut c_void, _timed_out: bool) {
    // SAFETY: it is what was registered, and is dropped only after the last call has returned.
    let act = unsafe { &*act.cast::<Act>() };
    act();
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.wait.is_null() {
            // It waits for calls that go on.
            // SAFETY: the wait was registered, and is ended once.
            unsafe { UnregisterWaitEx(self.wait, INVALID_HANDLE_VALUE) };
        }
        // SAFETY: it came from a box, and nobody calls it any more.
        drop(unsafe { Box::from_raw(self.act) });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::super::event::Event;
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn it_is_told_each_time_or_once_and_not_after_the_end() {
        for (only_once, calls) in [(false, 3), (true, 1)] {
            let event = Event::for_one().unwrap();
            let (told, was_told) = mpsc::channel();
            let act = move || told.send(()).unwrap();
            let waiting = Waiting::new(event.raw(), only_once, act).unwrap();
            for _ in 0..calls {
                event.set();
                was_told.recv_timeout(Duration::from_secs(60)).unwrap();
            }
            drop(waiting);
            event.set();
            assert!(was_told.recv().is_err());
        }
    }
}
