//! Who asks.

use super::extensible::{self, Filled};
use super::guard::guard;
use super::status::calc_ipc_status;
use crate::service;
use crate::transport::Visitor;

/// In `uid`, `gid` and `pid` of a peer: not known.
pub const CALC_IPC_PEER_UNKNOWN: u32 = 0xFFFF_FFFFu32;

/// Who a client is, as the system says, not as the client does: the process that connected, as it was
/// then. What is not known is CALC_IPC_PEER_UNKNOWN: over TCP all; over FIFOs group and process; where a
/// program serves its standard input, or other descriptors, all, unless they are a Unix socket; and what
/// the namespaces of the server's process do not show.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct calc_ipc_peer {
    /// sizeof(calc_ipc_peer), set by the caller: as many bytes are written. In an event, the library
    /// sets it: read no further.
    pub size: u32,
    /// The user that it acts as.
    pub uid: u32,
    /// The group that it acts as.
    pub gid: u32,
    /// The process. It may have ended, and another may have its number by now.
    pub pid: u32,
    /// The number of its connection, which no other one of the server's ever has.
    pub connection: u64,
}

/// What it has in this version, which is the first.
const SIZE: u32 = 24;

impl Filled for calc_ipc_peer {
    const FIRST_SIZE: usize = SIZE as usize;
}

const _: () = assert!(size_of::<calc_ipc_peer>() == calc_ipc_peer::FIRST_SIZE);

impl From<Visitor> for calc_ipc_peer {
    fn from(visitor: Visitor) -> Self {
        let Visitor {
            connection,
            credentials,
        } = visitor;
        Self {
            size: SIZE,
            uid: credentials.uid.unwrap_or(CALC_IPC_PEER_UNKNOWN),
            gid: credentials.gid.unwrap_or(CALC_IPC_PEER_UNKNOWN),
            pid: credentials.pid.unwrap_or(CALC_IPC_PEER_UNKNOWN),
            connection,
        }
    }
}

/// Says who asks: whose request the handler that this thread is inside of answers, or to whom that
/// happened of which the observer is told.
///
/// @param out  Takes the client; its `size` is set by the caller.
/// @return OK; INVALID_ARGUMENT: also if this thread is inside of neither, and a `size` that no version
///     has.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_current_peer(out: *mut calc_ipc_peer) -> calc_ipc_status {
    // SAFETY: the caller promises a pointer that is NULL or valid (header, Arguments).
    guard(|| unsafe {
        let size = extensible::size_of_filled(out, "out")?;
        extensible::fill(out, size, service::current_peer()?.into());
        Ok(())
    })
}
