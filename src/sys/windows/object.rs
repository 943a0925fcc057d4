//! Waiting for one object of the system's, and what it is.

use super::call::{check, milliseconds};
use crate::sys::deadline::Deadline;
use std::os::windows::io::{AsRawHandle, BorrowedHandle};
use windows_sys::Win32::Foundation::WAIT_OBJECT_0;
use windows_sys::Win32::System::Threading::{
    GetExitCodeProcess, TerminateProcess, WaitForSingleObject,
};

/// Waits until it is signalled; `false` when the deadline passed first.
pub(super) fn wait(object: BorrowedHandle<'_>, deadline: &Deadline) -> bool {
    loop {
        let limit = milliseconds(deadline.remaining());
        // SAFETY: it is open.
        if unsafe { WaitForSingleObject(object.as_raw_handle(), limit) } == WAIT_OBJECT_0 {
            return true;
        }
        if deadline.has_passed() {
            return false;
        }
    }
}

/// Whether it is signalled.
pub(super) fn is_signalled(object: BorrowedHandle<'_>) -> bool {
    // SAFETY: it is open.
    unsafe { WaitForSingleObject(object.as_raw_handle(), 0) == WAIT_OBJECT_0 }
}

/// What a process has exited with, or is about to; STILL_ACTIVE of any other.
pub(super) fn exit_code(process: BorrowedHandle<'_>) -> Option<u32> {
    let mut code = 0;
    // SAFETY: it is open, and there is a place for the code.
    check(unsafe { GetExitCodeProcess(process.as_raw_handle(), &raw mut code) }).ok()?;
    Some(code)
}

/// Ends a process at once.
pub(super) fn terminate(process: BorrowedHandle<'_>, code: u32) {
    // SAFETY: it is open. It fails only where it has ended.
    unsafe { TerminateProcess(process.as_raw_handle(), code) };
}
