//! What is Windows' in running the command.

use super::Names;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use windows_sys::Win32::System::Threading::{OpenProcess, PROCESS_TERMINATE, TerminateProcess};

/// Kills a process of this one's, which may have ended.
pub(super) fn kill(process: u32) {
    // SAFETY: it only gives a handle, or none.
    let handle = unsafe { OpenProcess(PROCESS_TERMINATE, 0, process) };
    if !handle.is_null() {
        // SAFETY: it was just opened, and nobody else has it.
        let handle = unsafe { OwnedHandle::from_raw_handle(handle) };
        // SAFETY: the handle is open.
        unsafe { TerminateProcess(handle.as_raw_handle(), 1) };
    }
}

/// Names go with their processes.
pub(super) fn forget(_: &str) {}

impl Names {
    /// Of each kind that has a name of its own.
    pub(crate) fn of_each_kind(&self) -> Vec<String> {
        vec![self.npipe(), self.shm()]
    }

    pub(crate) fn npipe(&self) -> String {
        format!("npipe://{}", self.word())
    }

    /// The path of the named pipe.
    pub(crate) fn pipe(&self) -> String {
        format!(r"\\.\pipe\{}", self.word())
    }
}
