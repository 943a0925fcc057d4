//! What a server did, in numbers.

use super::extensible::{self, Filled};
use super::guard::guard;
use super::handle;
use super::server::calc_ipc_server;
use super::status::calc_ipc_status;
use crate::service::Stats;

/// What a server did since it was created. Each number is exact, but one may be of a moment later than
/// another.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct calc_ipc_stats {
    /// sizeof(calc_ipc_stats), set by the caller: as many bytes are written.
    pub size: u32,
    /// 0.
    pub reserved: u32,
    /// Clients that are there.
    pub clients: u64,
    /// Clients that came.
    pub came: u64,
    /// Clients that were not let in.
    pub refused: u64,
    /// Clients whose connection the server ended.
    pub dropped: u64,
    /// Requests that were answered, or that the handler failed on.
    pub requests: u64,
    /// Requests that the handler failed on.
    pub failed: u64,
    /// Bytes of requests, without the 4 before each.
    pub bytes_in: u64,
    /// Bytes of answers, without the 4 before each.
    pub bytes_out: u64,
}

impl Filled for calc_ipc_stats {
    const FIRST_SIZE: usize = 72;
}

const _: () = assert!(size_of::<calc_ipc_stats>() == calc_ipc_stats::FIRST_SIZE);

impl From<Stats> for calc_ipc_stats {
    fn from(stats: Stats) -> Self {
        Self {
            size: 0,
            reserved: 0,
            clients: stats.clients,
            came: stats.came,
            refused: stats.refused,
            dropped: stats.dropped,
            requests: stats.requests,
            failed: stats.failed,
            bytes_in: stats.bytes_in,
            bytes_out: stats.bytes_out,
        }
    }
}

/// Says what a server did so far. It never waits, costs the calls nothing, and may be called in the
/// server's handler and observer, and after its stop. What a client has been answered is counted.
///
/// @param server  The server.
/// @param out     Takes the numbers; its `size` is set by the caller.
/// @return OK; INVALID_ARGUMENT: also a `size` that no version has; FORKED.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_server_stats(
    server: *const calc_ipc_server,
    out: *mut calc_ipc_stats,
) -> calc_ipc_status {
    // SAFETY: the caller promises a live handle, and a pointer that is NULL or valid (header, Arguments).
    guard(|| unsafe {
        let server = handle::get(server)?;
        let size = extensible::size_of_filled(out, "out")?;
        extensible::fill(out, size, server.stats()?.into());
        Ok(())
    })
}
