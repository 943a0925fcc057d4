//! The crash contract, by attack: real processes that are killed, stopped or forked, over every
//! transport. `docs/crash-contract.md` says what has to come of it.
//!
//! `CALC_IPC_SEED` repeats the run that a failure printed, `CALC_IPC_ROUNDS` makes runs longer, `CALC_IPC_SHORT_MS` a call's time;
//! `scripts/weekly_crash.sh` has the long ones.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

#[path = "../support/named_tests.rs"]
mod named_tests;
#[path = "../support/mod.rs"]
mod support;

mod client;
mod contract;
mod faults;
mod flights;
mod handles;
mod leftovers;
mod message;
mod plan;
mod points;
mod processes;
mod prompt;
mod random;
mod replies;
mod role;
mod scene;
mod soak;
