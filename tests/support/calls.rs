//! Calls of the C interface with what they are given, and the status that each gave.

use calc_ipc::ffi::{flight::*, message::*, reply::*, stats::*, status::*};
use std::ffi::c_void;

/// A call and the status it gave.
pub(crate) type Call = (&'static str, calc_ipc_status);

pub(crate) static REQUEST: calc_ipc_request = calc_ipc_request {
    operation: CALC_IPC_OPERATION_ADD,
    arg1: 10,
    arg2: 20,
};

pub(crate) static RESPONSE: calc_ipc_response = calc_ipc_response {
    success: calc_ipc_bool(1),
    result: 42,
    error: [0; CALC_IPC_ERROR_CAPACITY],
};

/// One that is to be filled.
pub(crate) const COMPLETION: calc_ipc_completion = calc_ipc_completion {
    size: 40,
    status: 0,
    flags: 0,
    reserved: 0,
    length: 0,
    tag: 0,
    id: 0,
};

/// The same.
pub(crate) const STATS: calc_ipc_stats = calc_ipc_stats {
    size: 72,
    reserved: 0,
    clients: 0,
    came: 0,
    refused: 0,
    dropped: 0,
    requests: 0,
    failed: 0,
    bytes_in: 0,
    bytes_out: 0,
};

/// A handler that is never called.
pub(crate) unsafe extern "C" fn mute(
    _: *const u8,
    _: usize,
    _: *mut u8,
    _: usize,
    _: *mut c_void,
) -> usize {
    0
}

/// The same of a server whose answers may come later.
pub(crate) unsafe extern "C" fn mute_later(
    _: *mut calc_ipc_reply,
    _: *const u8,
    _: usize,
    _: *mut c_void,
) {
}

/// Calls, and what they gave.
macro_rules! calls {
    ($($function:ident($($argument:expr),*);)*) => {
        vec![$((stringify!($function), $function($($argument),*))),*]
    };
}
pub(crate) use calls;
