//! Statuses, what they mean, and the version.

use super::last_error;
use crate::error::Status;
use std::ffi::c_char;

/// How a call ended: CALC_IPC_STATUS_OK, or a negative number that says why it failed.
///
/// Values are never changed and never used again.
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
/// The system denied it, or the peer runs as another user.
pub const CALC_IPC_STATUS_PERMISSION_DENIED: calc_ipc_status = -10;
/// The handle is in use by another thread, or by this one.
pub const CALC_IPC_STATUS_BUSY: calc_ipc_status = -11;
/// The handle belongs to the process that this one was forked from.
pub const CALC_IPC_STATUS_FORKED: calc_ipc_status = -12;
/// The server was stopped.
pub const CALC_IPC_STATUS_STOPPED: calc_ipc_status = -13;
/// This platform, or this version of the library, does not support it.
pub const CALC_IPC_STATUS_UNSUPPORTED: calc_ipc_status = -14;
/// The operating system failed; calc_ipc_last_error() has its error number.
pub const CALC_IPC_STATUS_SYSTEM: calc_ipc_status = -15;
/// A bug in the library.
pub const CALC_IPC_STATUS_INTERNAL: calc_ipc_status = -16;
/// A server is there, but full.
pub const CALC_IPC_STATUS_REFUSED: calc_ipc_status = -17;
/// The server's handler failed.
pub const CALC_IPC_STATUS_HANDLER_FAILED: calc_ipc_status = -18;
/// The call was cancelled.
pub const CALC_IPC_STATUS_CANCELLED: calc_ipc_status = -19;

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

/// What failed last in this thread: on which path or connection, why, and the system's error number.
///
/// Only meaningful after a function returned an error; successes leave it as it is.
///
/// @return A text for people that is never NULL, empty before the first failure. It belongs to the
///     library, changes with the thread's next failure and ends with the thread.
#[unsafe(no_mangle)]
pub extern "C" fn calc_ipc_last_error() -> *const c_char {
    last_error::get()
}

/// Whether the request of this thread's last failed call was certainly not executed, so that it can be
/// sent again, perhaps to another server, without being executed twice.
///
/// Calls are calc_ipc_client_call(), calc_ipc_client_call_many(), calc_ipc_client_call_bytes(), and the
/// call functions of the transports and of the pipe; no other function changes it, nor does a call
/// that succeeds. After calc_ipc_client_call_many() it speaks of `requests[completed]` and all
/// later ones. The library itself retries nothing. What is known, and why:
///
/// | failure | executed? |
/// |---|---|
/// | INVALID_ARGUMENT, BUSY, FORKED, UNSUPPORTED | no: found before anything is sent |
/// | REFUSED | no: a full server reads nothing from a client that it refuses |
/// | TOO_LARGE of a request | no: the client checks its own limit before sending; a server whose limit is exceeded closes the connection and does not call its handler |
/// | TOO_LARGE of an answer, BUFFER_TOO_SMALL, HANDLER_FAILED, MALFORMED | perhaps: there was an answer |
/// | TIMED_OUT, CLOSED, PEER_DIED, SYSTEM before all of the request was sent | no: a handler gets whole requests only, and the rest of a request that was cut is never sent. This includes failures while the server has not yet accepted the client (FIFO, shared memory), while the client waits for a late answer, and while there is no room to send |
/// | the same after the request was sent | perhaps: nobody can tell a server that ended before it read the request from one that ended before it answered |
/// | CLOSED, PEER_DIED and others that an earlier call ended with | no: nothing is sent any more |
/// | INTERNAL | perhaps |
///
/// Where the server ended before the call: no over a Unix socket of either type, since the kernel refuses
/// the first byte. Over other transports it is no if the server's end was known before the call, from an
/// earlier call that failed or, over TCP, to the kernel; otherwise the request is written, nobody reads
/// it, and it is perhaps. That holds for the pipe of a child that has ended, too. Over shared memory a
/// request of up to 52 bytes is sent in one step, so that none of them is ever half sent.
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
