//! What calls of the system have in common: their failures, and how they count time.

use std::io::{self, ErrorKind};
use std::time::Duration;
use windows_sys::Win32::Foundation::{
    ERROR_BROKEN_PIPE, ERROR_CONNECTION_ABORTED, ERROR_CONNECTION_REFUSED, ERROR_HOST_UNREACHABLE,
    ERROR_NETNAME_DELETED, ERROR_NETWORK_UNREACHABLE, ERROR_NO_DATA, ERROR_NO_SYSTEM_RESOURCES,
    ERROR_NOT_ENOUGH_MEMORY, ERROR_NOT_ENOUGH_QUOTA, ERROR_PIPE_NOT_CONNECTED, ERROR_SEM_TIMEOUT,
    ERROR_TOO_MANY_OPEN_FILES, GetLastError,
};
use windows_sys::Win32::Networking::WinSock::{
    WSAECONNABORTED, WSAECONNRESET, WSAEHOSTUNREACH, WSAEMFILE, WSAENETDOWN, WSAENETUNREACH,
    WSAENOBUFS, WSAETIMEDOUT,
};
use windows_sys::Win32::System::Threading::INFINITE;

/// The failure that a call left behind if it returned 0.
pub(super) fn check(returned: i32) -> io::Result<()> {
    match returned {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// How many bytes a value has, as calls are told it.
#[expect(
    clippy::cast_possible_truncation,
    reason = "calls are given small ones"
)]
pub(super) fn size<T: ?Sized>(value: &T) -> u32 {
    size_of_val(value) as u32
}

/// The number of the last failure on this thread.
pub(super) fn last() -> u32 {
    // SAFETY: it only reads what is the thread's own.
    unsafe { GetLastError() }
}

/// The failure with this number of an operation on a connection, of the kind that it has on every system.
pub(super) fn failure(number: u32) -> io::Error {
    let error = io::Error::from_raw_os_error(number.cast_signed());
    let kind = match number {
        ERROR_BROKEN_PIPE | ERROR_NO_DATA | ERROR_PIPE_NOT_CONNECTED => ErrorKind::BrokenPipe,
        ERROR_NETNAME_DELETED => ErrorKind::ConnectionReset,
        ERROR_CONNECTION_REFUSED => ErrorKind::ConnectionRefused,
        // A TCP connection that the kernel gave up is a peer that died, and no timeout of anybody's call.
        ERROR_CONNECTION_ABORTED
        | ERROR_HOST_UNREACHABLE
        | ERROR_NETWORK_UNREACHABLE
        | ERROR_SEM_TIMEOUT => ErrorKind::ConnectionAborted,
        _ => match number.cast_signed() {
            WSAECONNRESET => ErrorKind::ConnectionReset,
            WSAECONNABORTED | WSAETIMEDOUT | WSAEHOSTUNREACH | WSAENETUNREACH | WSAENETDOWN => {
                ErrorKind::ConnectionAborted
            }
            _ => return error,
        },
    };
    io::Error::new(kind, error)
}

/// Whether it is one for want of something that others may give back.
pub(crate) fn is_shortage(error: &io::Error) -> bool {
    let Some(number) = error.raw_os_error() else {
        return error.kind() == ErrorKind::OutOfMemory;
    };
    matches!(number, WSAEMFILE | WSAENOBUFS)
        || matches!(
            number.cast_unsigned(),
            ERROR_TOO_MANY_OPEN_FILES
                | ERROR_NO_SYSTEM_RESOURCES
                | ERROR_NOT_ENOUGH_QUOTA
                | ERROR_NOT_ENOUGH_MEMORY
        )
}

/// Whole milliseconds, rounded up so that no wait ends before its time; `None` is without limit.
pub(super) fn milliseconds(time: Option<Duration>) -> u32 {
    let Some(time) = time else {
        return INFINITE;
    };
    u32::try_from(time.as_nanos().div_ceil(1_000_000))
        .map_or(INFINITE - 1, |milliseconds| milliseconds.min(INFINITE - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_wait_is_shorter_than_its_time_and_none_for_ever_that_has_one() {
        for (time, expected) in [
            (Duration::ZERO, 0),
            (Duration::from_nanos(1), 1),
            (Duration::from_millis(7), 7),
            (Duration::MAX, INFINITE - 1),
        ] {
            assert_eq!(milliseconds(Some(time)), expected);
        }
        assert_eq!(milliseconds(None), INFINITE);
    }

    #[test]
    fn failures_have_the_kinds_that_callers_look_for() {
        for (number, kind) in [
            (109, ErrorKind::BrokenPipe),
            (232, ErrorKind::BrokenPipe),
            (233, ErrorKind::BrokenPipe),
            (64, ErrorKind::ConnectionReset),
            (10_054, ErrorKind::ConnectionReset),
            (121, ErrorKind::ConnectionAborted),
            (10_060, ErrorKind::ConnectionAborted),
            (1225, ErrorKind::ConnectionRefused),
            (5, ErrorKind::PermissionDenied),
            (2, ErrorKind::NotFound),
        ] {
            assert_eq!(failure(number).kind(), kind, "{number}");
        }
        assert!(is_shortage(&io::Error::from_raw_os_error(1450)));
        assert!(!is_shortage(&io::Error::from_raw_os_error(5)));
    }
}
