//! What a forked child knows of what its parent's server did.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "support/ear.rs"]
mod ear;
mod support;

use calc_ipc::ffi::{stats::*, status::*};
use ear::{Ear, no_stats};
use support::{Address, Process, TRANSPORTS};

#[test]
fn a_forked_child_knows_no_numbers_of_its_parents() {
    let (ear, address) = (Ear::new(), Address::new());
    let server = ear.serve(&TRANSPORTS[0], &address, |_| ());
    let child = Process::fork(|| {
        let mut stats = no_stats();
        // SAFETY: a live handle and a local.
        let status = unsafe { calc_ipc_server_stats(server.0, &raw mut stats) };
        assert_eq!(status, CALC_IPC_STATUS_FORKED);
    });
    assert!(child.succeeded());
}
