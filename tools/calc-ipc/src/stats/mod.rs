//! What `calc-ipc serve` tells of its servers, to commands of the same user: over a Unix socket of its own,
//! $XDG_RUNTIME_DIR/calc_ipc/PID.stats, where whoever connects is sent one [`Sheet`] as JSON.

mod ask;
mod offer;
mod presence;

pub(crate) use ask::all;
pub(crate) use offer::Offer;
pub(crate) use presence::{Presence, milliseconds};

use calc_ipc::service::Stats;
use serde::{Deserialize, Serialize};
use std::env;
use std::path::PathBuf;

/// How the name of such a socket ends, behind the number of its process.
const SUFFIX: &str = ".stats";

/// The servers of one process.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Sheet {
    pub(crate) pid: u32,
    /// How long it has served.
    pub(crate) up_ms: u64,
    pub(crate) servers: Vec<ServerSheet>,
}

/// A server: what it did so far, and who is there.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct ServerSheet {
    pub(crate) url: String,
    #[serde(flatten)]
    pub(crate) counters: Counters,
    pub(crate) present: Vec<Present>,
}

/// As the library counts them.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Counters {
    pub(crate) clients: u64,
    pub(crate) came: u64,
    pub(crate) refused: u64,
    pub(crate) dropped: u64,
    pub(crate) requests: u64,
    pub(crate) failed: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
}

/// A client that is there.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Present {
    /// The number of its connection.
    pub(crate) connection: u64,
    /// Whose it is, as far as the system says so.
    pub(crate) uid: Option<u32>,
    pub(crate) pid: Option<u32>,
    /// How long it has been there.
    pub(crate) for_ms: u64,
}

impl From<Stats> for Counters {
    fn from(stats: Stats) -> Self {
        Self {
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

/// The folder of this user's session in which the sockets are; `None`: there is no session.
pub(crate) fn folder() -> Option<PathBuf> {
    let session = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from)?;
    // One that is not absolute is to be ignored (XDG Base Directory Specification).
    session.is_absolute().then(|| session.join("calc_ipc"))
}
