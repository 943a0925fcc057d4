//! Pipes that are none of this library's.

use std::fs::File;
use std::os::windows::io::{AsRawHandle, FromRawHandle};
use std::ptr;
use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
use windows_sys::Win32::Storage::FileSystem::PIPE_ACCESS_DUPLEX;
use windows_sys::Win32::System::Pipes::{ConnectNamedPipe, CreateNamedPipeW, PIPE_TYPE_BYTE};

/// A place for one client at a pipe of this path, of which there may be so many.
pub(crate) fn create(path: &str, most: u32) -> File {
    let path: Vec<u16> = path.encode_utf16().chain([0]).collect();
    // SAFETY: the path ends with 0, and there are no attributes.
    let pipe = unsafe {
        CreateNamedPipeW(
            path.as_ptr(),
            PIPE_ACCESS_DUPLEX,
            PIPE_TYPE_BYTE,
            most,
            4096,
            4096,
            0,
            ptr::null(),
        )
    };
    assert_ne!(pipe, INVALID_HANDLE_VALUE);
    // SAFETY: it was just made, and nobody else has it.
    unsafe { File::from_raw_handle(pipe) }
}

/// Waits for a client, which may be there already.
pub(crate) fn accept(pipe: &File) {
    // SAFETY: the pipe is open, and waits.
    unsafe { ConnectNamedPipe(pipe.as_raw_handle(), ptr::null_mut()) };
}
