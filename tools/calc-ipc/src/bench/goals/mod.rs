//! What the library itself wants to reach, measured.
//!
//! A goal that is not met is a finding, not a failure: it may be the machine.

mod batches;
mod connected;
mod crowds;
mod hogged;
mod hogs;
mod idle;
mod large;
mod measure;
mod memory;
mod newcomers;
mod rooms;
mod tachyon;
mod textbook;

use super::goal::{Finding, Goal, render};
use super::machine;
use super::report::Machine;
use super::session::Session;
use super::trouble::Trouble;
use crate::cli::BenchArgs;
use crate::exit::Failure;
use serde::Serialize;
use std::io::{self, Write};
use std::time::Instant;

/// The name and version of what is printed with `--json`.
const SCHEMA: &str = "calc-ipc-goals/1";

/// All runs.
#[derive(Serialize)]
struct Goals {
    schema: &'static str,
    version: &'static str,
    machine: Machine,
    runs: u32,
    /// How long each run took.
    seconds: Vec<f64>,
    goals: Vec<Goal>,
}

/// Measures so many times, and prints a line for each goal.
pub(super) fn run(session: &mut Session, args: &BenchArgs) -> Result<(), Trouble> {
    let efforts = measure::efforts(args.quick);
    // Those that are installed take part in what they are asked for alone.
    let rivals = match &args.rivals {
        Some(folder) => super::rivals::find(session, Some(folder))?,
        None => Vec::new(),
    };
    session
        .progress
        .expect(measure::turns(&efforts, &rivals) * u64::from(args.runs));
    let (mut runs, mut took) = (Vec::new(), Vec::new());
    for _ in 0..args.runs {
        let began = Instant::now();
        runs.push(measure::all(session, &efforts, &rivals)?);
        took.push(began.elapsed().as_secs_f64());
    }
    let goals = combine(&runs);
    if args.json {
        super::run::print_json(&Goals {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            machine: machine::describe(&session.processors),
            runs: args.runs,
            seconds: took,
            goals,
        })?;
    } else {
        let mut text = render(&goals);
        let longest = took
            .iter()
            .fold(0.0, |longest: f64, took| longest.max(*took));
        text.push_str(&format!("a run took up to {longest:.0} s\n"));
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
        first.goal(same.filter_map(|finding| finding.value).collect())
    };
    of_first.map(goal).collect()
}

#[cfg(test)]
mod tests {
    use super::super::goal::{Limit, Unit};
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
