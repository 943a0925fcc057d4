//! `calc-ipc top`.

use crate::values;
use clap::Args;
use std::time::Duration;

/// Show what servers do at this moment: their clients, and how many calls and bytes a second.
///
/// Each 'calc-ipc serve' offers its stats to its own user, on a Unix socket in the folder $XDG_RUNTIME_DIR/calc_ipc; servers of
/// other programs have calc_ipc_server_stats() for that. At a terminal it shows them anew until it is ended; elsewhere it
/// prints them once.
#[derive(Args, Debug)]
#[cfg_attr(not(unix), allow(dead_code, reason = "servers offer no stats here"))]
pub(crate) struct TopArgs {
    /// The processes to show [default: all].
    #[arg(value_name = "PID")]
    pub(crate) processes: Vec<u32>,
    /// How long to watch for each view, a millisecond at least.
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = values::interval)]
    pub(crate) interval: Duration,
    /// End after so many views [default: without end at a terminal, else 1].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) count: Option<u32>,
    /// Print one JSON object per server and view.
    #[arg(long)]
    pub(crate) json: bool,
}
