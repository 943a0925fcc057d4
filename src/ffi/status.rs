//! Statuses, what they mean, and the version.

use super::last_error;
use crate::error::Status;
use std::ffi::c_char;

/// How a call ended: CALC_IPC_STATUS_OK, or a negative number that says why it failed.
///
/// Values are never changed and never used again. -19 is reserved.
pub type calc_ipc_status = i32;

/// It worked.
pub const CALC_IPC_STATUS_OK: calc_ipc_status = 0;
/// An argument is NULL, out of range or badly formed.
pub const CALC_IPC_STATUS_INVALID_ARGUMENT: calc_ipc_status = -1;
/// The bytes are not what the protocol says.
pub const CALC_IPC_STATUS_MALFORMED: calc_ipc_status = -2;
/// A message is over a limit.
pub const CALC_IPC_STATUS_TOO_LARGE: calc_ipc_status = -3;
/// The caller's buffer cannot hold the result.
pub const CALC_IPC_STATUS_BUFFER_TOO_SMALL: calc_ipc_status = -4;
/// The deadline passed. The request may have been executed: calc_ipc_last_not_executed().
pub const CALC_IPC_STATUS_TIMED_OUT: calc_ipc_status = -5;
/// The peer closed the connection.
pub const CALC_IPC_STATUS_CLOSED: calc_ipc_status = -6;
/// The peer died. Best effort: treat it like CALC_IPC_STATUS_CLOSED.
pub const CALC_IPC_STATUS_PEER_DIED: calc_ipc_status = -7;
/// No server is there.
pub const CALC_IPC_STATUS_NOT_CONNECTED: calc_ipc_status = -8;
/// A live server, or a file of something else, is at the address.
pub const CALC_IPC_STATUS_ADDRESS_IN_USE: calc_ipc_status = -9;
/// The system, or the check of the peer's user, said no.
pub const CALC_IPC_STATUS_PERMISSION_DENIED: calc_ipc_status = -10;
/// The handle is in use by another thread, or by this one.
pub const CALC_IPC_STATUS_BUSY: calc_ipc_status = -11;
/// The handle belongs to the process that this one was forked from.
pub const CALC_IPC_STATUS_FORKED: calc_ipc_status = -12;
/// The server was stopped.
pub const CALC_IPC_STATUS_STOPPED: calc_ipc_status = -13;
/// This platform, or this version, has no such thing.
pub const CALC_IPC_STATUS_UNSUPPORTED: calc_ipc_status = -14;
/// The operating system failed; calc_ipc_last_error() has its error number.
pub const CALC_IPC_STATUS_SYSTEM: calc_ipc_status = -15;
/// A bug in the library.
pub const CALC_IPC_STATUS_INTERNAL: calc_ipc_status = -16;
/// A server is there, but full.
pub const CALC_IPC_STATUS_REFUSED: calc_ipc_status = -17;
/// The server's handler failed.
pub const CALC_IPC_STATUS_HANDLER_FAILED: calc_ipc_status = -18;

/// What a status means, in a few English words.
///
/// @param status  Any number: one that is no status is called just that.
/// @return A text that is never NULL and never freed.
#[unsafe(no_mangle)]
pub extern "C" fn calc_ipc_status_message(status: i32) -> *const c_char {
    let known = Status::ALL.iter().find(|known| **known as i32 == status);
    known
        .map_or(c"unknown status", |known| known.c_message())
        .as_ptr()
}

/// What the last failure in this thread was: which thing, and the system's error number.
///
/// Only meaningful after a function returned an error; successes leave it as it is.
///
/// @return A text for people that is never NULL, empty before the first failure. It belongs to the
///     library, changes with the thread's next failure and ends with the thread.
#[unsafe(no_mangle)]
pub extern "C" fn calc_ipc_last_error() -> *const c_char {
    last_error::get()
}

/// Whether the request of this thread's last failed call was certainly not executed, so that asking
/// again, perhaps of another server, cannot do anything twice.
///
/// Calls are calc_ipc_client_call(), calc_ipc_client_call_many(), calc_ipc_client_call_bytes(), and the
/// call functions of the transports and of the pipe; no other function changes it, nor does a call
/// that succeeds. After calc_ipc_client_call_many() it speaks of `requests[completed]` and all
/// later ones. The library itself retries nothing. What is known, and why:
///
/// | failure | executed? |
/// |---|---|
/// | INVALID_ARGUMENT, BUSY, FORKED, UNSUPPORTED | no: found before anything is sent |
/// | REFUSED | no: a full server reads nothing from whom it refuses |
/// | TOO_LARGE of a request | no: this client's limit is looked at before sending; a server that says that it is over its own closes the connection instead of asking its handler |
/// | TOO_LARGE of an answer, BUFFER_TOO_SMALL, HANDLER_FAILED, MALFORMED | perhaps: there was an answer |
/// | TIMED_OUT, CLOSED, PEER_DIED, SYSTEM before all of the request was sent | no: a handler is given whole requests only, and the rest of one that was cut is never sent. So it is while the server has not yet taken the client in (FIFO, shared memory), while a late answer is awaited, and while there is no room to send |
/// | the same after the request was sent | perhaps: nobody can tell a server that ended before it read the request from one that ended before it answered |
/// | CLOSED, PEER_DIED and others that an earlier call ended with | no: nothing is sent any more |
/// | INTERNAL | perhaps |
///
/// A server that had gone before the call is found before sending over a Unix socket of either type, where
/// the kernel refuses the first byte: no. Elsewhere that is so only if its end was noticed before, by a call
/// that failed or, over TCP, by the kernel; else the request goes where nobody reads it: perhaps.
/// A child that has ended leaves its pipe as a FIFO is left. Over shared memory a request that a line
/// holds is sent when it is published, which takes no time.
///
/// @return true: no handler was or will be given the request. false: perhaps one was; or no call of
///     this thread has failed yet.
#[unsafe(no_mangle)]
pub extern "C" fn calc_ipc_last_not_executed() -> bool {
    last_error::is_not_executed()
}

/// The version of the library in use, to be compared with CALC_IPC_VERSION_NUMBER, the header's.
///
/// @return major * 1000000 + minor * 1000 + patch.
#[unsafe(no_mangle)]
pub extern "C" fn calc_ipc_version() -> u32 {
    const { version_number(env!("CALC_IPC_VERSION_NUMBER")) }
}

const fn version_number(digits: &str) -> u32 {
    match u32::from_str_radix(digits, 10) {
        Ok(number) => number,
        Err(_) => panic!("build.rs gives a number"),
    }
}
