//! Anonymous pipes between this process and a child.
//!
//! CreatePipe makes none that can be waited for with a deadline. So this process's end is the server's end of a named pipe, of a
//! name that nobody guesses and that nobody else can connect to once the child's end has; the child's end is an ordinary
//! handle, as CreatePipe would give it.

use super::plain::Plain;
use super::random;
use crate::sys::{Handle, Source};
use std::io;
use std::os::windows::io::{FromRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};
use windows_sys::Win32::Foundation::{GENERIC_READ, GENERIC_WRITE, HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_FLAG_FIRST_PIPE_INSTANCE, FILE_FLAG_OVERLAPPED, FILE_READ_ATTRIBUTES,
    FILE_WRITE_ATTRIBUTES, OPEN_EXISTING, PIPE_ACCESS_INBOUND, PIPE_ACCESS_OUTBOUND,
};
use windows_sys::Win32::System::Pipes::{
    CreateNamedPipeW, PIPE_READMODE_BYTE, PIPE_REJECT_REMOTE_CLIENTS, PIPE_TYPE_BYTE,
};

/// What a pipe holds.
const HOLDS: u32 = 64 << 10;

/// A one-way pipe: what is written to `write` comes out of `read`. No program executed inherits it.
#[derive(Debug)]
pub(crate) struct Pipe {
    pub(crate) read: Handle,
    pub(crate) write: Handle,
}

impl Pipe {
    /// A pipe whose reader goes to a child.
    pub(crate) fn to_child() -> io::Result<Self> {
        let (own, childs) = ends(PIPE_ACCESS_OUTBOUND, GENERIC_READ | FILE_WRITE_ATTRIBUTES)?;
        Ok(Self {
            read: childs,
            write: own,
        })
    }

    /// A pipe whose writer goes to a child.
    pub(crate) fn from_child() -> io::Result<Self> {
        let (own, childs) = ends(PIPE_ACCESS_INBOUND, GENERIC_WRITE | FILE_READ_ATTRIBUTES)?;
        Ok(Self {
            read: own,
            write: childs,
        })
    }
}

/// A pipe holds what it was made to hold.
pub(crate) fn widen(_pipe: Source<'_>, _message: u32) {}

/// Both ends: this process's, and the child's with these rights.
fn ends(own: u32, rights: u32) -> io::Result<(Handle, Handle)> {
    let number = u128::from_ne_bytes(random::bytes()?);
    let name = format!(r"\\.\pipe\calc_ipc.{}.{number:032x}", std::process::id());
    let name: Vec<u16> = name.encode_utf16().chain([0]).collect();
    // SAFETY: the name ends with a NUL; NULL is default security, by which other users may read at most, and nobody connects but
    // the call below.
    let own = unsafe {
        CreateNamedPipeW(
            name.as_ptr(),
            own | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
            PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_REJECT_REMOTE_CLIENTS,
            1,
            HOLDS,
            HOLDS,
            0,
            null(),
        )
    };
    let own = owned(own)?;
    // SAFETY: as above; NULL is no security and no template.
    let childs = unsafe {
        CreateFileW(
            name.as_ptr(),
            rights,
            0,
            null(),
            OPEN_EXISTING,
            0,
            null_mut(),
        )
    };
    let childs = owned(childs)?;
    Ok((Handle::of_pipe(own)?, Plain::handle(childs)))
}

fn owned(handle: HANDLE) -> io::Result<OwnedHandle> {
    match handle {
        INVALID_HANDLE_VALUE => Err(io::Error::last_os_error()),
        // SAFETY: it was just made, and nobody else has it.
        handle => Ok(unsafe { OwnedHandle::from_raw_handle(handle) }),
    }
}
