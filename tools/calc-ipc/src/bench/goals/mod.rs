//! What the library itself wants to reach, measured.
//!
//! A goal that is not met is a finding, not a failure: it may be the machine.

mod crowds;
mod hogs;
mod idle;
mod measure;

use super::machine;
use super::report::Machine;
use super::session::Session;
use super::stats::median;
use super::trouble::Trouble;
use crate::cli::BenchArgs;
use crate::exit::Failure;
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;
use std::io::{self, Write};

/// The name and version of what is printed with `--json`.
const SCHEMA: &str = "calc-ipc-goals/1";

/// Something that was measured once.
struct Finding {
    what: String,
    unit: Unit,
    limit: Limit,
    /// `None`: it cannot be measured here.
    value: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
enum Unit {
    /// Of something else.
    #[serde(rename = "x")]
    Times,
    #[serde(rename = "ns")]
    Nanoseconds,
    #[serde(rename = "us")]
    Microseconds,
    #[serde(rename = "wake-ups")]
    WakeUps,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Limit {
    AtMost(f64),
    AtLeast(f64),
    /// It is worth knowing, and no goal.
    Open,
}

/// All runs.
#[derive(Serialize)]
struct Goals {
    schema: &'static str,
    version: &'static str,
    machine: Machine,
    runs: u32,
    goals: Vec<Goal>,
}

/// One line.
#[derive(Serialize)]
struct Goal {
    what: String,
    /// The median of all runs; `null` where it cannot be measured.
    measured: Option<f64>,
    unit: Unit,
    limit: Limit,
    /// `null` where there is no limit, or nothing was measured.
    met: Option<bool>,
}

/// Measures so many times, and prints a line for each goal.
pub(super) fn run(session: &mut Session, args: &BenchArgs) -> Result<(), Trouble> {
    let efforts = measure::efforts(args.quick);
    session
        .progress
        .expect(measure::turns(&efforts) * u64::from(args.runs));
    let mut runs = Vec::new();
    for _ in 0..args.runs {
        runs.push(measure::all(session, &efforts)?);
    }
    let goals = combine(&runs);
    if args.json {
        super::print_json(&Goals {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            machine: machine::describe(&session.processors),
            runs: args.runs,
            goals,
        })?;
    } else {
        let text = render(&goals);
        io::stdout()
            .write_all(text.as_bytes())
            .map_err(Failure::from)?;
    }
    Ok(())
}

/// The median of what all runs found, in the order of the first.
fn combine(runs: &[Vec<Finding>]) -> Vec<Goal> {
    let of_first = runs.first().into_iter().flatten();
    let goal = |first: &Finding| {
        let same = runs
            .iter()
            .flatten()
            .filter(|finding| finding.what == first.what);
        let measured = median(same.filter_map(|finding| finding.value));
        Goal {
            what: first.what.clone(),
            measured,
            unit: first.unit,
            limit: first.limit,
            met: measured.and_then(|value| first.limit.is_met(value)),
        }
    };
    of_first.map(goal).collect()
}

impl Limit {
    fn is_met(self, value: f64) -> Option<bool> {
        match self {
            Self::AtMost(limit) => Some(value <= limit),
            Self::AtLeast(limit) => Some(value >= limit),
            Self::Open => None,
        }
    }

    fn text(self, unit: Unit) -> String {
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
            Self::WakeUps => format!("{value:.0}"),
        }
    }
}

fn render(goals: &[Goal]) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_header(["", "measured", "limit", ""]);
    for goal in goals {
        let measured = goal.measured.map(|value| goal.unit.text(value));
        let verdict = match goal.met {
            Some(true) => "met",
            Some(false) => "NOT MET",
            None => "",
        };
        table.add_row([
            goal.what.clone(),
            measured.unwrap_or_else(|| "not here".to_owned()),
            goal.limit.text(goal.unit),
            verdict.to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(what: &str, value: Option<f64>, limit: Limit) -> Finding {
        Finding {
            what: what.to_owned(),
            unit: Unit::Times,
            limit,
            value,
        }
    }

    #[test]
    fn the_median_of_the_runs_decides() {
        let run = |first, second| {
            vec![
                finding("a", Some(first), Limit::AtMost(1.05)),
                finding("b", second, Limit::AtLeast(2.0)),
                finding("c", None, Limit::AtMost(1.0)),
                finding("d", Some(1.0), Limit::Open),
            ]
        };
        let goals = combine(&[run(9.0, Some(1.0)), run(1.0, None), run(1.04, Some(1.5))]);
        let measured: Vec<_> = goals.iter().map(|goal| goal.measured).collect();
        assert_eq!(measured, [Some(1.04), Some(1.25), None, Some(1.0)]);
        let met: Vec<_> = goals.iter().map(|goal| goal.met).collect();
        assert_eq!(met, [Some(true), Some(false), None, None]);
        let text = render(&goals);
        assert!(
            text.contains("NOT MET") && text.contains("not here"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 5);
    }
}
