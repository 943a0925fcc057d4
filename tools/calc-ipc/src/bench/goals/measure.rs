//! The measurements behind the goals. Their limits are ratios and differences of turns next to each other, since times
//! alone say more about the machine than about the library.

use super::super::found::Found;
use super::super::goal::{Finding, Limit, Unit};
use super::super::plan;
use super::super::report::{Placement, Transport, Waiting};
use super::super::session::Session;
use super::super::spec::{self, Spec};
use super::super::stats::median;
use super::super::trouble::Trouble;
use super::super::turns::{Effort, Group};
use super::{
    batches, connected, crowds, hogged, idle, large, memory, newcomers, rooms, tachyon, textbook,
};
use std::time::Duration;

pub(super) const TRANSPORTS: [Transport; 6] = [
    Transport::Unix,
    Transport::Seqpacket,
    Transport::Tcp,
    Transport::Pipe,
    Transport::Fifo,
    Transport::Shm,
];

/// How much work goes into it.
pub(super) struct Efforts {
    one_client: Effort,
    hogged: Effort,
    crowds: Effort,
    /// Their turns are long: what a crowd over shared memory does in the first tenth of a second it does not go on with.
    crowds_of_shm: Effort,
    /// How long to watch who is idle.
    idle: Duration,
}

pub(super) fn efforts(is_quick: bool) -> Efforts {
    let effort = |rounds, millis| Effort {
        rounds,
        calls: 20_000,
        turn: Duration::from_millis(millis),
    };
    match is_quick {
        true => Efforts {
            one_client: effort(2, 2),
            hogged: effort(2, 2),
            crowds: effort(2, 10),
            crowds_of_shm: effort(2, 10),
            idle: Duration::from_millis(50),
        },
        false => Efforts {
            one_client: effort(10, 20),
            // Its p99.9 takes thousands of calls.
            hogged: effort(10, 60),
            crowds: effort(8, 100),
            crowds_of_shm: effort(4, 1000),
            idle: Duration::from_secs(1),
        },
    }
}

/// How many turns a run takes.
pub(super) fn turns(efforts: &Efforts, rivals: &[Spec]) -> u64 {
    let players = |groups: &[Group]| groups.iter().map(|group| group.specs.len()).sum::<usize>();
    let number = |players: usize| u64::try_from(players).unwrap_or(0);
    let one = players(&[one_core(), two_cores(), rooms::group(), connected::group()])
        + players(&batches::groups())
        + players(&large::groups(rivals))
        + players(&tachyon::groups(rivals))
        + players(&textbook::groups(rivals));
    let effort = |players, effort: &Effort| number(players) * u64::from(effort.rounds);
    effort(one, &efforts.one_client)
        + effort(hogged::PLAYERS, &efforts.hogged)
        + effort(crowds::PLAYERS, &efforts.crowds)
        + effort(crowds::PLAYERS_OF_SHM, &efforts.crowds_of_shm)
}

/// One run.
pub(super) fn all(
    session: &mut Session,
    efforts: &Efforts,
    rivals: &[Spec],
) -> Result<Vec<Finding>, Trouble> {
    let one = &efforts.one_client;
    let mut findings = measure_one_core(session, one)?;
    findings.extend(textbook::measure(session, one, rivals)?);
    findings.extend(measure_two_cores(session, one)?);
    findings.extend(rooms::measure(session, one)?);
    findings.extend(connected::measure(session, one)?);
    findings.extend(hogged::measure(session, &efforts.hogged)?);
    findings.extend(crowds::of_a_socket(session, &efforts.crowds)?);
    findings.extend(batches::measure(session, one)?);
    findings.extend(crowds::of_shm(session, &efforts.crowds_of_shm)?);
    findings.extend(newcomers::measure(session, &efforts.crowds)?);
    findings.extend(tachyon::measure(session, one, rivals)?);
    findings.extend(large::measure(session, one, rivals)?);
    findings.extend(memory::measure(session)?);
    findings.extend(measure_idle(session, efforts.idle)?);
    Ok(findings)
}

pub(super) fn times(what: String, limit: Limit, value: Option<f64>) -> Finding {
    Finding {
        what,
        unit: Unit::Times,
        limit,
        value,
    }
}

fn one_core() -> Group {
    plan::small(&TRANSPORTS, &[], Placement::OneCore)
}

fn measure_one_core(session: &mut Session, effort: &Effort) -> Result<Vec<Finding>, Trouble> {
    let found = Found::measure(session, one_core(), effort)?;
    let over_raw = TRANSPORTS.map(|transport| {
        let limit = match transport {
            Transport::Unix | Transport::Seqpacket | Transport::Tcp | Transport::Shm => 1.05,
            // Named pipes are Windows', and none of these.
            Transport::Pipe | Transport::Npipe => 1.20,
            Transport::Fifo => 1.35,
        };
        let raw = spec::raw(transport, true);
        let value = found.ratio(&spec::ours(transport, Waiting::Blocking), &raw);
        let what = format!(
            "{}, blocking, one core, of {}",
            spec::text(transport),
            raw.contestant.name
        );
        times(what, Limit::AtMost(limit), value)
    });
    // Now and then it tries whether spinning pays, which the median does not show.
    let learnt = TRANSPORTS.iter().flat_map(|&transport| {
        let what = format!("{}, default, one core, of blocking", spec::text(transport));
        let mean = format!(
            "{}, default, one core, mean, of blocking",
            spec::text(transport)
        );
        let value = default_over_blocking(&found, transport);
        let of_means = found.ratio_of_means(
            &spec::ours(transport, Waiting::Adaptive),
            &spec::ours(transport, Waiting::Blocking),
        );
        [
            times(what, Limit::AtMost(1.1), value),
            times(mean, Limit::AtMost(1.03), of_means),
        ]
    });
    Ok(over_raw.into_iter().chain(learnt).collect())
}

pub(super) fn default_over_blocking(found: &Found, transport: Transport) -> Option<f64> {
    found.ratio(
        &spec::ours(transport, Waiting::Adaptive),
        &spec::ours(transport, Waiting::Blocking),
    )
}

fn two_cores() -> Group {
    let pair = |transport| {
        [
            spec::raw(transport, false),
            spec::ours(transport, Waiting::Adaptive),
        ]
    };
    group(
        Placement::TwoCores,
        0,
        1,
        TRANSPORTS.iter().copied().flat_map(pair),
    )
}

pub(super) fn group(
    placement: Placement,
    size: u32,
    batch: u32,
    specs: impl IntoIterator<Item = Spec>,
) -> Group {
    Group {
        placement,
        size,
        batch,
        specs: specs.into_iter().collect(),
    }
}

fn measure_two_cores(session: &mut Session, effort: &Effort) -> Result<Vec<Finding>, Trouble> {
    let found = Found::measure(session, two_cores(), effort)?;
    let streams = TRANSPORTS
        .iter()
        .filter(|&&transport| transport != Transport::Shm);
    let over_raw = streams.map(|&transport| {
        let limit = match transport {
            Transport::Tcp => Limit::Open,
            _ => Limit::AtMost(1.25),
        };
        let raw = spec::raw(transport, false);
        let value = found.ratio(&spec::ours(transport, Waiting::Adaptive), &raw);
        let name = spec::text(transport);
        times(
            format!(
                "{name}, default, two cores, of {} polled",
                raw.contestant.name
            ),
            limit,
            value,
        )
    });
    let mut findings: Vec<_> = over_raw.collect();
    let ours = found.medians(&spec::ours(Transport::Shm, Waiting::Adaptive));
    let raw = found.medians(&spec::raw(Transport::Shm, false));
    findings.push(Finding {
        what: "shm, default, two cores, more than a cache line".to_owned(),
        unit: Unit::Nanoseconds,
        limit: Limit::AtMost(45.0),
        value: median(ours.iter().zip(raw).map(|(ours, raw)| ours - raw)),
    });
    Ok(findings)
}

fn measure_idle(session: &mut Session, time: Duration) -> Result<Vec<Finding>, Trouble> {
    session.progress.say("idle");
    let woken = idle::wake_ups(session, time)?;
    let finding = |(spec, value): (Spec, Option<f64>)| Finding {
        what: format!(
            "{}, idle for {} ms",
            spec::text(spec.contestant.transport),
            time.as_millis()
        ),
        unit: Unit::WakeUps,
        limit: Limit::AtMost(0.0),
        value,
    };
    Ok(woken.into_iter().map(finding).collect())
}
