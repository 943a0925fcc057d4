//! Whether the process that served a pipe has died, which the pipe's end does not tell.

use crate::sys::windows::object;
use std::io::{self, ErrorKind};
use std::os::windows::io::{
    AsHandle as _, AsRawHandle as _, BorrowedHandle, FromRawHandle as _, OwnedHandle,
};
use windows_sys::Win32::Foundation::STILL_ACTIVE;
use windows_sys::Win32::System::Pipes::GetNamedPipeServerProcessId;
use windows_sys::Win32::System::Threading::{OpenProcess, PROCESS_QUERY_LIMITED_INFORMATION};

/// The process at the server's end of a pipe.
#[derive(Debug)]
pub(super) struct Server(OwnedHandle);

impl Server {
    /// Nothing where it is another user's, of which this one may know nothing.
    pub(super) fn behind(pipe: BorrowedHandle<'_>) -> Option<Self> {
        let mut number = 0;
        // SAFETY: the pipe is open, and there is room for a number.
        let is_known =
            unsafe { GetNamedPipeServerProcessId(pipe.as_raw_handle(), &raw mut number) };
        if is_known == 0 {
            return None;
        }
        // SAFETY: takes no pointer.
        let process = unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, number) };
        // SAFETY: it was just made, and nobody else has it.
        (!process.is_null()).then(|| Self(unsafe { OwnedHandle::from_raw_handle(process) }))
    }

    /// The failure of who reads to the end of the pipe, if the process has died. It has a code before its handles are closed; one
    /// that has ended with 0 did so by itself, and closed them as one that goes on does.
    pub(super) fn death(&self) -> Option<io::Error> {
        match object::exit_code(self.0.as_handle())? {
            0 => None,
            code if code == STILL_ACTIVE.cast_unsigned() => None,
            code => {
                let how = format!("the server's process has ended, with the code {code:#x}");
                Some(io::Error::new(ErrorKind::ConnectionAborted, how))
            }
        }
    }
}
