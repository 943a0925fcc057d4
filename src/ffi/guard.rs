//! The boundary that every fallible function of the C interface crosses.

use super::status::calc_ipc_status;
use super::{last_error, panic};
use crate::error::{Result, Status};

/// The status of `body`. A failure, of which a panic is one, also becomes the thread's last error.
pub(super) fn guard(body: impl FnOnce() -> Result<()>) -> calc_ipc_status {
    match panic::catch(body).and_then(|outcome| outcome) {
        Ok(()) => Status::Ok as calc_ipc_status,
        Err(error) => {
            last_error::set(&error);
            error.status() as calc_ipc_status
        }
    }
}
