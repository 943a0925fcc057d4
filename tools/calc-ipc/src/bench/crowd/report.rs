//! What `bench --crowd` found, as it is written with `--json`. Times are nanoseconds.

use super::super::goal::Goal;
use super::super::report::{Machine, Skipped, Transport};
use super::super::spread::Spread;
use serde::Serialize;

/// The name and version of what is printed with `--json`.
pub(super) const SCHEMA: &str = "calc-ipc-crowd/1";

/// One run.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) schema: &'static str,
    pub(super) version: &'static str,
    pub(super) machine: Machine,
    pub(super) settings: Settings,
    /// Beside greedy clients.
    pub(super) crowds: Vec<Crowd>,
    /// Beside a client whose calls take long.
    pub(super) slow_handlers: Vec<SlowHandler>,
    pub(super) goals: Vec<Goal>,
    pub(super) skipped: Vec<Skipped>,
}

/// How it was measured.
#[derive(Serialize)]
pub(super) struct Settings {
    pub(super) rounds: u32,
    /// How long the polite client asked in a round.
    pub(super) turn: u64,
    /// Between an answer and its next request.
    pub(super) pause: u64,
    /// Requests that a greedy client sends at once.
    pub(super) batch: u32,
}

/// One transport with so many greedy clients.
#[derive(Serialize)]
pub(super) struct Crowd {
    pub(super) transport: Transport,
    pub(super) greedy: u32,
    pub(super) contestants: Vec<Contestant>,
}

/// One transport, beside a handler that takes long.
#[derive(Serialize)]
pub(super) struct SlowHandler {
    pub(super) transport: Transport,
    pub(super) contestants: Vec<Contestant>,
}

/// What one contestant's clients saw; `null` is what was not measured.
#[derive(Serialize)]
pub(super) struct Contestant {
    pub(super) name: String,
    /// Calls of the polite clients, in all rounds.
    pub(super) calls: usize,
    pub(super) p50: Option<Spread>,
    pub(super) p99: Option<Spread>,
    pub(super) worst: Option<Spread>,
    /// Requests of the busy clients, answered in a second.
    pub(super) requests_per_second: Option<Spread>,
    /// What the least served of the busy clients was answered, of what the most served was.
    pub(super) least_of_most: Option<Spread>,
    /// Newcomers in all rounds: to connect, ask once, and go.
    pub(super) newcomers: usize,
    pub(super) newcomer_p50: Option<Spread>,
    pub(super) newcomer_p99: Option<Spread>,
}
