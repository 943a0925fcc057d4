//! The boundary that every fallible function of the C interface crosses.

use super::last_error;
use super::status::calc_ipc_status;
use crate::error::{Error, Result, Status};
use crate::sys::{cancel, panic};

/// The status of `body`. A failure, of which a panic is one, also becomes the thread's last error. A
/// cancellation of the thread waits for its end, and then may unwind the function that this is in.
#[inline(always)]
pub(super) fn guard(body: impl FnOnce() -> Result<()>) -> calc_ipc_status {
    cancel::held_off(|| status_of(body, last_error::set))
}

/// [`guard`] around what neither allocates nor asks the system, and drops nothing: a cancelled thread may leave it at any
/// instruction, but for those that check a build without optimisation. What it fails by becomes an error behind the guard. It
/// does not panic.
#[inline(always)]
pub(super) fn guard_plain<F: Copy + Into<Error>>(
    body: impl FnOnce() -> std::result::Result<(), F>,
) -> calc_ipc_status {
    let outcome = match cfg!(debug_assertions) {
        true => cancel::held_off(body),
        false => body(),
    };
    match outcome {
        Ok(()) => Status::Ok as calc_ipc_status,
        Err(failure) => failed(failure),
    }
}

#[cold]
#[inline(never)]
fn failed<F: Copy + Into<Error>>(failure: F) -> calc_ipc_status {
    guard(|| Err(failure.into()))
}

/// [`guard`] around what asks a server: `arguments` checks and reads what it was given, before any
/// request is sent, and `call` asks. A failure also becomes the thread's last one of a call.
#[inline(always)]
pub(super) fn guard_call<T>(
    arguments: impl FnOnce() -> Result<T>,
    call: impl FnOnce(T) -> Result<()>,
) -> calc_ipc_status {
    let body = || call(arguments().map_err(Error::not_executed)?);
    cancel::held_off(|| status_of(body, last_error::set_of_call))
}

/// `quickly`, if that does it, else `fully`, which is guarded. `quickly` leaves all as it was unless it gives `true`; it has no
/// point of cancellation, so asks the system for nothing and nobody to wait, and does not panic.
#[inline(always)]
pub(super) fn guard_quick(
    quickly: impl FnOnce() -> bool,
    fully: impl FnOnce() -> calc_ipc_status,
) -> calc_ipc_status {
    match cancel::held_to_points(quickly) {
        true => Status::Ok as calc_ipc_status,
        false => fully(),
    }
}

/// Not part of the function that crosses the boundary, which a cancelled thread can leave at any instruction as long as
/// nothing of it is there to be dropped or caught.
#[inline(never)]
fn status_of(body: impl FnOnce() -> Result<()>, record: impl FnOnce(&Error)) -> calc_ipc_status {
    match panic::catch(body).and_then(|outcome| outcome) {
        Ok(()) => Status::Ok as calc_ipc_status,
        Err(error) => {
            record(&error);
            error.status() as calc_ipc_status
        }
    }
}
