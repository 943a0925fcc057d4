//! What `bench --async` found, as it is written with `--json`.

use super::super::goal::Limit;
use super::super::report::{Machine, Placement, Skipped, Transport};
use serde::Serialize;

/// The name and version of what is printed with `--json`.
pub(super) const SCHEMA: &str = "calc-ipc-async/1";

/// One run.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) schema: &'static str,
    pub(super) version: &'static str,
    pub(super) machine: Machine,
    pub(super) settings: Settings,
    pub(super) comparisons: Vec<Comparison>,
    pub(super) skipped: Vec<Skipped>,
}

/// How it was measured.
#[derive(Serialize)]
pub(super) struct Settings {
    pub(super) rounds: u32,
}

/// One contestant beside another; `null` is what was not measured.
#[derive(Serialize)]
pub(super) struct Comparison {
    pub(super) kind: Kind,
    pub(super) transport: Transport,
    pub(super) placement: Placement,
    pub(super) what: String,
    pub(super) measured: Option<f64>,
    pub(super) unit: Unit,
    /// What it is compared with.
    pub(super) of: String,
    /// The median of the ratios of all rounds.
    pub(super) ratio: Option<f64>,
    pub(super) limit: Limit,
    pub(super) met: Option<bool>,
}

/// What is new about the first of the two.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// Its calls are submitted.
    Submitted,
    /// The same, and the other is another library.
    Rivals,
    /// Threads share it.
    Shared,
    /// Its server answers by a reply.
    Deferred,
    /// It sleeps in an event loop.
    Watched,
    /// Its server is served by an event loop.
    Driven,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) enum Unit {
    /// Of one call.
    #[serde(rename = "ns")]
    Nanoseconds,
    #[serde(rename = "calls/s")]
    CallsPerSecond,
}
