//! What calls of sockets have in common.

use super::call::failure;
use std::io;
use std::ptr;
use std::sync::OnceLock;
use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::Networking::WinSock as ws;

/// A process starts sockets once, and never ends them: the host may use them, too.
pub(super) fn start() -> io::Result<()> {
    static STARTED: OnceLock<i32> = OnceLock::new();
    let result = STARTED.get_or_init(|| {
        let mut about = ws::WSADATA::default();
        // SAFETY: there is room for what it tells.
        unsafe { ws::WSAStartup(0x202, &raw mut about) }
    });
    match *result {
        0 => Ok(()),
        number => Err(io::Error::from_raw_os_error(number)),
    }
}

/// What a function of sockets left behind if it did not return 0.
pub(super) fn succeeded(returned: i32) -> io::Result<()> {
    match returned {
        0 => Ok(()),
        _ => Err(last()),
    }
}

pub(super) fn last() -> io::Error {
    // SAFETY: it only reads what is the thread's own.
    io::Error::from_raw_os_error(unsafe { ws::WSAGetLastError() })
}

/// The failure of an operation on a connection, of the kind that it has on every system.
#[expect(clippy::needless_pass_by_value, reason = "it is mapped")]
pub(super) fn failed(error: io::Error) -> io::Error {
    let number = error.raw_os_error().unwrap_or_default();
    failure(number.cast_unsigned())
}

/// Has the socket signal this event as one of these things happens, or no event; it is one of those that do not wait then.
pub(super) fn select(socket: ws::SOCKET, event: HANDLE, what: u32) -> io::Result<()> {
    // SAFETY: both are open.
    succeeded(unsafe { ws::WSAEventSelect(socket, event as isize, what.cast_signed()) })
}

/// From now on no call on the socket waits.
pub(super) fn do_not_wait(socket: ws::SOCKET) -> io::Result<()> {
    let mut yes = 1;
    // SAFETY: the socket is open, and the argument is there.
    succeeded(unsafe { ws::ioctlsocket(socket, ws::FIONBIO, &raw mut yes) })
}
