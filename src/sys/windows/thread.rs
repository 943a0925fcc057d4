//! Threads of the library's, and whether the system has ended one: it ends all but one thread of a process that exits, before the
//! destructors of its libraries run (Microsoft, "ExitProcess").

use super::object;
use super::rights::narrowed;
use crate::sys::bare;
pub(crate) use crate::sys::bare::thread::{Times, preemptions};
use std::io;
use std::os::windows::io::{AsHandle, BorrowedHandle, OwnedHandle};
use std::ptr;
use std::sync::Once;
use std::thread::JoinHandle;
use windows_sys::Win32::Storage::FileSystem::SYNCHRONIZE;
use windows_sys::Win32::System::LibraryLoader::{
    GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleHandleExW,
};
use windows_sys::Win32::System::Threading::GetCurrentThread;

/// Starts a thread, whose code stays where it is.
pub(crate) fn spawn(
    name: &str,
    body: impl FnOnce() + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    pin();
    bare::thread::spawn(name, body)
}

/// Runs `start`; the code of a thread that it starts stays where it is.
pub(crate) fn without_signals<T>(start: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    pin();
    bare::thread::without_signals(start)
}

/// From now on the library stays in this process, even if the host unloads it: threads may be in it.
fn pin() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let inside: fn() = pin;
        let mut module = ptr::null_mut();
        // SAFETY: an address inside of the library is asked for, which a function of it has, and there is room for a handle. It cannot
        // fail for a library that is loaded.
        unsafe {
            GetModuleHandleExW(
                GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN,
                inside as *const u16,
                &raw mut module,
            )
        };
    });
}

/// Whether the system may end a thread while it goes on in this library.
pub(crate) const MAY_BE_ENDED: bool = true;

/// The thread that made it.
#[derive(Debug)]
pub(crate) struct Mark(
    /// Nothing where there was no handle to be had: then nobody learns of its end.
    Option<OwnedHandle>,
);

impl Mark {
    /// Of this thread.
    pub(crate) fn here() -> Self {
        // SAFETY: what this gives always means the thread that uses it.
        let this = unsafe { BorrowedHandle::borrow_raw(GetCurrentThread()) };
        Self(narrowed(this, SYNCHRONIZE).ok())
    }

    /// Whether the system has ended it, whatever it was about to do.
    pub(crate) fn has_ended(&self) -> bool {
        let thread = self.0.as_ref();
        thread.is_some_and(|thread| object::is_signalled(thread.as_handle()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    #[test]
    fn a_thread_is_known_to_have_ended_once_it_has() {
        assert!(!Mark::here().has_ended());
        let mark = std::thread::spawn(Mark::here).join().unwrap();
        assert!(mark.has_ended());
    }
}
