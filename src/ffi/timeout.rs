//! How long one call may take.

use crate::error::{Error, Result, Status};
use crate::service::Limit;
use std::time::Duration;

/// For `timeout_ms`: without limit. -1 and Windows' INFINITE are the same.
pub const CALC_IPC_TIMEOUT_NONE: u32 = 0xFFFF_FFFFu32;
/// For `timeout_ms` of a call: what the client's option `call_timeout_ms` says.
pub const CALC_IPC_TIMEOUT_DEFAULT: u32 = 0xFFFF_FFFEu32;

/// The limit of a call that is given so many milliseconds.
pub(super) fn limit(timeout_ms: u32) -> Result<Limit> {
    limit_of(timeout_ms).ok_or_else(no_time)
}

/// The same; `None`: it would have no time at all.
#[inline]
pub(super) fn limit_of(timeout_ms: u32) -> Option<Limit> {
    match timeout_ms {
        0 => None,
        CALC_IPC_TIMEOUT_NONE => Some(Limit::Own(None)),
        CALC_IPC_TIMEOUT_DEFAULT => Some(Limit::Usual),
        _ => {
            let time = Duration::from_millis(timeout_ms.into());
            Some(Limit::Own(Some(time)))
        }
    }
}

#[cold]
fn no_time() -> Error {
    let context = "timeout_ms 0 leaves a call no time; CALC_IPC_TIMEOUT_NONE sets no limit";
    Error::new(Status::InvalidArgument, context)
}

/// How long to wait for what may come, where so many milliseconds are given; `None`: without limit.
pub(super) fn wait(timeout_ms: u32) -> Result<Option<Duration>> {
    match timeout_ms {
        CALC_IPC_TIMEOUT_NONE => Ok(None),
        CALC_IPC_TIMEOUT_DEFAULT => {
            let context = "CALC_IPC_TIMEOUT_DEFAULT is for calls; how long is this to wait?";
            Err(Error::new(Status::InvalidArgument, context))
        }
        _ => Ok(Some(Duration::from_millis(timeout_ms.into()))),
    }
}
