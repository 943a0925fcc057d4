//! What `bench --frames` found, as it is written with `--json`. Times are nanoseconds.

use super::super::goal::Goal;
use super::super::report::{Machine, Skipped};
use super::super::spread::Spread;
use serde::Serialize;

/// The name and version of what is printed with `--json`.
pub(super) const SCHEMA: &str = "calc-ipc-frames/1";

/// One run.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) schema: &'static str,
    pub(super) version: &'static str,
    pub(super) machine: Machine,
    pub(super) settings: Settings,
    pub(super) contestants: Vec<Contestant>,
    /// The processor time of a plain read of as many bytes, which the other core has written, measured before each turn.
    pub(super) read: Option<Spread>,
    pub(super) goals: Vec<Goal>,
    pub(super) skipped: Vec<Skipped>,
}

/// How it was measured.
#[derive(Serialize)]
pub(super) struct Settings {
    pub(super) rounds: u32,
    /// In a turn.
    pub(super) frames: u32,
    pub(super) size: u32,
    /// From one frame to the next.
    pub(super) period: u64,
}

/// What one contestant took.
#[derive(Serialize)]
pub(super) struct Contestant {
    pub(super) name: String,
    /// In all rounds.
    pub(super) frames: usize,
    /// Of these, how many took longer than the time to the next one.
    pub(super) late: usize,
    /// From the first byte that was written until the producer knew the sum.
    pub(super) delivery: Spread,
    /// Processor time of a frame.
    pub(super) both_cpu: Spread,
    pub(super) producer_cpu: Spread,
    pub(super) consumer_cpu: Spread,
}
