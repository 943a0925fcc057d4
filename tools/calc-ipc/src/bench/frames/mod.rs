//! `calc-ipc bench --frames`: what both sides take of the processors for frames of a camera, which one process fills and another reads.

mod goals;
mod report;
mod table;
mod turn;
mod who;

use super::machine;
use super::pair::Frames;
use super::rivals;
use super::session::Session;
use super::spread::Spread;
use super::trouble::Trouble;
use crate::cli::BenchArgs;
use report::{Contestant, Report, SCHEMA, Settings};
use std::time::Duration;
use turn::{Effort, Turns};
use who::Who;

/// A picture of 1920 times 1080 dots of three bytes has 5.9 MiB.
const FRAMES: Frames = Frames {
    size: 6 << 20,
    period: Duration::from_micros(16_667),
};

/// Measures, and prints what was found.
pub(super) fn run(session: &mut Session, args: &BenchArgs) -> Result<(), Trouble> {
    let (rounds, frames) = match args.quick {
        true => (2, 6),
        false => (10, 30),
    };
    let effort = Effort {
        rounds: args.rounds.unwrap_or(rounds),
        frames,
    };
    let rivals = rivals::find(session, args.rivals.as_deref())?;
    let all = who::all(session, &rivals);
    let found = turn::measure(session, &all, &effort, &FRAMES)?;
    let report = report(session, &all, &found, &effort);
    Ok(super::run::print(&report, args.json, table::render)?)
}

fn report(session: &Session, all: &[Who], found: &[Turns], effort: &Effort) -> Report {
    let contestants = all.iter().zip(found);
    let reads: Vec<_> = found.iter().flat_map(Turns::reads).collect();
    Report {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION"),
        machine: machine::describe(&session.processors),
        settings: Settings {
            rounds: effort.rounds,
            frames: effort.frames,
            size: FRAMES.size,
            period: u64::try_from(FRAMES.period.as_nanos()).unwrap_or(u64::MAX),
        },
        contestants: contestants
            .filter_map(|(who, turns)| contestant(who, turns))
            .collect(),
        read: Spread::of(&reads),
        goals: goals::of(all, found),
        skipped: session.skipped.clone(),
    }
}

/// `None` of whoever failed.
fn contestant(who: &Who, turns: &Turns) -> Option<Contestant> {
    Some(Contestant {
        name: who.spec.contestant.name.clone(),
        frames: turns.frames(),
        late: turns.late(FRAMES.period),
        delivery: Spread::of(&turns.deliveries())?,
        both_cpu: Spread::of(&turns.both())?,
        producer_cpu: Spread::of(&turns.producers())?,
        consumer_cpu: Spread::of(&turns.consumers())?,
    })
}
