//! `calc-ipc bench --async`: calls that nobody waits for, clients that threads share, answers that come later, and clients and
//! servers in an event loop; each beside a plain call over the same transport, in the same rounds. And submitted calls beside
//! requests of other libraries that are under way at once.

mod aim;
mod beside;
mod report;
mod sharing;
mod suites;
mod table;

use super::found::Found;
use super::machine;
use super::report::Transport;
use super::rivals;
use super::session::Session;
use super::trouble::Trouble;
use super::turns::Effort;
use crate::cli::BenchArgs;
use clap::ValueEnum;
use report::{Comparison, Kind, Report, SCHEMA, Settings};
use std::time::Duration;
use suites::Suite;

/// How much work goes into it.
struct Efforts {
    one_client: Effort,
    threads: Effort,
}

/// Measures, and prints what was found.
pub(super) fn run(session: &mut Session, args: &BenchArgs) -> Result<(), Trouble> {
    let transports = transports(&args.transports);
    let efforts = efforts(args);
    let rivals = rivals::find(session, args.rivals.as_deref())?;
    let mut suites = suites::all(&transports);
    suites.extend(beside::all(&transports, &rivals));
    session
        .progress
        .expect(turns(&suites, &transports, &efforts));
    let mut comparisons = Vec::new();
    for suite in suites {
        comparisons.extend(measure(session, suite, &efforts.one_client)?);
    }
    comparisons.extend(sharing::measure(session, &transports, &efforts.threads)?);
    // In the order of the tables.
    comparisons.sort_by_key(|comparison| comparison.kind);
    let report = Report {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION"),
        machine: machine::describe(&session.processors),
        settings: Settings {
            rounds: efforts.one_client.rounds,
        },
        comparisons,
        skipped: session.skipped.clone(),
    };
    Ok(super::run::print(&report, args.json, table::render)?)
}

/// Those that are asked for; all if none is.
fn transports(asked: &[Transport]) -> Vec<Transport> {
    let all = Transport::value_variants()
        .iter()
        .copied()
        .filter(|transport| transport.is_here());
    all.filter(|transport| asked.is_empty() || asked.contains(transport))
        .collect()
}

fn efforts(args: &BenchArgs) -> Efforts {
    let (rounds, calls, millis) = match args.quick {
        true => (2, 200, [2, 10]),
        false => (20, 20_000, [20, 100]),
    };
    let effort = |millis| Effort {
        rounds: args.rounds.unwrap_or(rounds),
        calls,
        turn: Duration::from_millis(millis),
    };
    let [one_client, threads] = millis.map(effort);
    Efforts {
        one_client,
        threads,
    }
}

/// How many turns there are to be taken.
fn turns(suites: &[Suite], transports: &[Transport], efforts: &Efforts) -> u64 {
    let alone: usize = suites.iter().map(|suite| suite.group.specs.len()).sum();
    let number = |players: usize| u64::try_from(players).unwrap_or(0);
    number(alone) * u64::from(efforts.one_client.rounds)
        + number(sharing::players(transports)) * u64::from(efforts.threads.rounds)
}

/// A group's turns, and what its aims compare.
fn measure(
    session: &mut Session,
    suite: Suite,
    effort: &Effort,
) -> Result<Vec<Comparison>, Trouble> {
    let Suite { group, aims } = suite;
    let (placement, batch) = (group.placement, group.batch);
    let found = Found::measure(session, group, effort)?;
    let judged = aims.iter().map(|aim| aim.judge(&found, placement, batch));
    // Of a rival that cannot do it, nothing is said but that.
    let is_told = |found: &Comparison| found.kind != Kind::Rivals || found.ratio.is_some();
    Ok(judged.filter(is_told).collect())
}
