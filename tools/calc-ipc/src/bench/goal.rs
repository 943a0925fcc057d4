//! What is aimed at: a line for each, with a limit and a verdict.

use super::report::Skipped;
use super::stats::median;
use super::table::add_skipped;
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;
use std::fmt::Write;

/// What is said of what cannot be measured.
pub(super) const NOT_HERE: &str = "not here";

/// Something that was measured once.
pub(super) struct Finding {
    pub(super) what: String,
    pub(super) unit: Unit,
    pub(super) limit: Limit,
    /// `None`: it cannot be measured here.
    pub(super) value: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) enum Unit {
    /// Of something else.
    #[serde(rename = "x")]
    Times,
    #[serde(rename = "ns")]
    Nanoseconds,
    #[serde(rename = "us")]
    Microseconds,
    #[serde(rename = "bytes")]
    Bytes,
    /// How many there are.
    #[serde(rename = "")]
    Count,
    #[serde(rename = "wake-ups")]
    WakeUps,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Limit {
    AtMost(f64),
    AtLeast(f64),
    /// It is worth knowing, and no goal.
    Open,
}

/// What is aimed at, and whether it is reached.
#[derive(Serialize)]
pub(super) struct Goal {
    pub(super) what: String,
    /// The median of all runs; `null` where it cannot be measured.
    pub(super) measured: Option<f64>,
    /// What each run found that could measure it.
    found: Vec<f64>,
    unit: Unit,
    limit: Limit,
    /// `null` where there is no limit, or nothing was measured.
    pub(super) met: Option<bool>,
}

impl Finding {
    /// With what all runs found, whose median counts.
    pub(super) fn goal(&self, found: Vec<f64>) -> Goal {
        let measured = median(found.iter().copied());
        Goal {
            what: self.what.clone(),
            measured,
            found,
            unit: self.unit,
            limit: self.limit,
            met: measured.and_then(|value| self.limit.is_met(value)),
        }
    }
}

impl Limit {
    pub(super) fn is_met(self, value: f64) -> Option<bool> {
        match self {
            Self::AtMost(limit) => Some(value <= limit),
            Self::AtLeast(limit) => Some(value >= limit),
            Self::Open => None,
        }
    }

    pub(super) fn text(self, unit: Unit) -> String {
        match self {
            Self::AtMost(limit) => format!("<= {}", unit.text(limit)),
            Self::AtLeast(limit) => format!(">= {}", unit.text(limit)),
            Self::Open => String::new(),
        }
    }
}

impl Unit {
    fn text(self, value: f64) -> String {
        match self {
            Self::Times => format!("{value:.2}x"),
            Self::Nanoseconds => format!("{value:.0} ns"),
            Self::Microseconds => format!("{value:.1} us"),
            Self::Bytes => format!("{value:.0} bytes"),
            Self::Count => format!("{value:.1}"),
            Self::WakeUps => format!("{value:.0}"),
        }
    }
}

/// Whether a goal is met, in words.
pub(super) fn verdict(is_met: Option<bool>) -> &'static str {
    match is_met {
        Some(true) => "met",
        Some(false) => "NOT MET",
        None => "",
    }
}

/// Appends what was aimed at, and what was left out.
pub(super) fn add(text: &mut String, goals: &[Goal], skipped: &[Skipped]) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "\ngoals");
    for line in render(goals).lines() {
        let _ = writeln!(text, " {line}");
    }
    add_skipped(text, skipped);
}

/// A line for each.
pub(super) fn render(goals: &[Goal]) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_header(["", "measured", "limit", ""]);
    for goal in goals {
        let measured = goal.measured.map(|value| goal.unit.text(value));
        table.add_row([
            goal.what.clone(),
            measured.unwrap_or_else(|| NOT_HERE.to_owned()),
            goal.limit.text(goal.unit),
            verdict(goal.met).to_owned(),
        ]);
    }
    for column in table.column_iter_mut().skip(1).take(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut text = String::new();
    for line in table.lines() {
        // Cells have a space on each side.
        text.push_str(line.strip_prefix(' ').unwrap_or(&line).trim_end());
        text.push('\n');
    }
    text
}
