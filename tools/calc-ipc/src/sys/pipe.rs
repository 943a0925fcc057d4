//! Named pipes of Windows, as they are seen from outside.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::{AsRawHandle, FromRawHandle};
use std::ptr;
use windows_sys::Win32::Foundation::{
    ERROR_PIPE_BUSY, ERROR_PIPE_CONNECTED, ERROR_SEM_TIMEOUT, INVALID_HANDLE_VALUE,
};
use windows_sys::Win32::Storage::FileSystem::{PIPE_ACCESS_DUPLEX, SECURITY_IDENTIFICATION};
use windows_sys::Win32::System::Pipes::{
    ConnectNamedPipe, CreateNamedPipeW, GetNamedPipeServerProcessId, PIPE_REJECT_REMOTE_CLIENTS,
    PIPE_TYPE_BYTE, PIPE_UNLIMITED_INSTANCES, WaitNamedPipeW,
};

/// Bytes that a pipe keeps in each direction, as many as this library's keep.
const QUOTA: u32 = 64 << 10;

/// What a client of this library asks for: to read and write, and not to make further instances (docs/windows.md).
const CLIENT: u32 = 0x0012_019B;

/// Whether there is a pipe of this path; nobody connects.
pub(crate) fn has_pipe(path: &str) -> bool {
    let path = wide(path);
    // Zero would be as long as its server says; what is looked for is there in no time, or not.
    // SAFETY: the path ends with 0.
    let has_place = unsafe { WaitNamedPipeW(path.as_ptr(), 1) } != 0;
    let error = io::Error::last_os_error().raw_os_error();
    let is = |number: u32| error == Some(number.cast_signed());
    has_place || is(ERROR_SEM_TIMEOUT) || is(ERROR_PIPE_BUSY)
}

/// The process that serves the pipe of this path: connects, and lets go of it.
pub(crate) fn pipe_server(path: &str) -> io::Result<u32> {
    let pipe = OpenOptions::new()
        .access_mode(CLIENT)
        .security_qos_flags(SECURITY_IDENTIFICATION)
        .open(path)?;
    let mut process = 0;
    // SAFETY: the pipe is open, and there is room for a number.
    match unsafe { GetNamedPipeServerProcessId(pipe.as_raw_handle(), &raw mut process) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(process),
    }
}

/// A place for one client at the pipe of this path, a stream of bytes.
pub(crate) fn create_pipe(path: &str) -> io::Result<File> {
    let path = wide(path);
    // SAFETY: the path ends with 0, and there are no attributes.
    let pipe = unsafe {
        CreateNamedPipeW(
            path.as_ptr(),
            PIPE_ACCESS_DUPLEX,
            PIPE_TYPE_BYTE | PIPE_REJECT_REMOTE_CLIENTS,
            PIPE_UNLIMITED_INSTANCES,
            QUOTA,
            QUOTA,
            0,
            ptr::null(),
        )
    };
    if pipe == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was just made, and nobody else has it.
    Ok(unsafe { File::from_raw_handle(pipe) })
}

/// Waits for a client, which may be there already.
pub(crate) fn accept_pipe(pipe: &File) -> io::Result<()> {
    // SAFETY: the pipe is open, and waits.
    let is_new = unsafe { ConnectNamedPipe(pipe.as_raw_handle(), ptr::null_mut()) } != 0;
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        _ if is_new => Ok(()),
        Some(number) if number == ERROR_PIPE_CONNECTED.cast_signed() => Ok(()),
        _ => Err(error),
    }
}

/// Whether all places of a pipe were taken.
pub(crate) fn is_pipe_busy(error: &io::Error) -> bool {
    error.raw_os_error() == Some(ERROR_PIPE_BUSY.cast_signed())
}

/// Waits until the pipe of this path has a place again, or for a moment.
pub(crate) fn await_pipe(path: &str) {
    const MOMENT: u32 = 50;
    let path = wide(path);
    // SAFETY: the path ends with 0. What it fails with, the next attempt does.
    unsafe { WaitNamedPipeW(path.as_ptr(), MOMENT) };
}

/// As the system reads it: in UTF-16, with 0 at its end.
pub(crate) fn wide(text: &str) -> Vec<u16> {
    let text: &std::ffi::OsStr = text.as_ref();
    text.encode_wide().chain([0]).collect()
}
