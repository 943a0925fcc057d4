//! Many clients of one server.

use super::super::crowd::scene::{Act, Cast, Pace, Scene};
use super::super::descriptors::allow_descriptors;
use super::super::goal::{Finding, Limit};
use super::super::plan;
use super::super::report::{Transport, Waiting};
use super::super::session::Session;
use super::super::spec::{self, Spec};
use super::super::stats::{median, ratio};
use super::super::trouble::Trouble;
use super::super::turns::{self, Crowd, Effort};
use super::measure::times;
use std::time::Duration;

/// Clients of a Unix socket beside a thread for each.
const CLIENTS: [u32; 4] = [4, 16, 64, 256];
/// So many have a server of one thread beside them: a thread for each takes too many.
const MOST: u32 = 1000;
/// Descriptors of a process with so many clients, and what it has open besides.
const DESCRIPTORS: u64 = 4096;
/// Clients over shared memory; the last must not be where it breaks down.
const CLIENTS_OF_SHM: [u32; 4] = [1, 16, 64, 128];
/// How many contestants there are.
pub(super) const PLAYERS: usize = 2 * CLIENTS.len() + 2;
pub(super) const PLAYERS_OF_SHM: usize = CLIENTS_OF_SHM.len() + 2;

/// Clients of a Unix socket, beside a thread for each.
pub(super) fn of_a_socket(session: &mut Session, effort: &Effort) -> Result<Vec<Finding>, Trouble> {
    let mut findings = Vec::new();
    for clients in CLIENTS {
        session.progress.say(&format!("{clients} clients"));
        let crowd = plan::crowd(&[Transport::Unix], &[], clients);
        let rates = turns::throughputs(session, &crowd, effort)?;
        let value = match rates.as_slice() {
            // The raw limit comes first.
            [Some(raw), Some(ours)] => ratio(&ours.rates, &raw.rates),
            _ => None,
        };
        let what = format!("unix, {clients} clients, calls/s, of a thread for each");
        findings.push(times(what, Limit::AtLeast(1.0), value));
    }
    findings.push(of_one_thread(session, effort)?);
    Ok(findings)
}

/// Very many, beside one thread that waits in epoll_wait(2).
fn of_one_thread(session: &mut Session, effort: &Effort) -> Result<Finding, Trouble> {
    session.progress.say(&format!("{MOST} clients"));
    let pair = [
        spec::raw_epoll(),
        spec::ours(Transport::Unix, Waiting::Adaptive),
    ];
    let allowed = allow_descriptors(DESCRIPTORS);
    let value = match session.forgive("raw epoll", allowed)? {
        Some(()) => rate_of_first(session, MOST, pair, effort)?,
        None => None,
    };
    let what = format!("unix, {MOST} clients, calls/s, of one epoll thread");
    Ok(times(what, Limit::AtLeast(1.0), value))
}

/// The calls per second of the second, of those of the first, which many clients ask in turns.
fn rate_of_first(
    session: &mut Session,
    clients: u32,
    specs: [Spec; 2],
    effort: &Effort,
) -> Result<Option<f64>, Trouble> {
    let crowd = Crowd {
        clients,
        specs: specs.into(),
    };
    let rates = turns::throughputs(session, &crowd, effort)?;
    Ok(match rates.as_slice() {
        [Some(first), Some(second)] => ratio(&second.rates, &first.rates),
        _ => None,
    })
}

/// Many clients over shared memory: beside as many of a Unix socket, and beside each other.
fn of_many_over_shm(session: &mut Session, effort: &Effort) -> Result<[Finding; 2], Trouble> {
    const MANY: u32 = 64;
    session
        .progress
        .say(&format!("{MANY} clients of both servers"));
    let ours = |transport| spec::ours(transport, Waiting::Adaptive);
    let pair = [ours(Transport::Unix), ours(Transport::Shm)];
    let rate = rate_of_first(session, MANY, pair, effort)?;
    let cast = Cast {
        polite: 1,
        busy: MANY,
        act: Act::Flood { batch: 1 },
    };
    let shares = shares(session, &ours(Transport::Shm), cast, effort);
    let shares = session.forgive("calc_ipc shm", shares)?;
    Ok([
        times(
            format!("shm, {MANY} clients, calls/s, of those of the Unix socket"),
            Limit::AtLeast(5.0),
            rate,
        ),
        times(
            format!("shm, {MANY} clients, least served of most served"),
            Limit::AtLeast(0.5),
            shares.and_then(median),
        ),
    ])
}

/// The share of the least served in each round.
fn shares(
    session: &mut Session,
    spec: &Spec,
    cast: Cast,
    effort: &Effort,
) -> Result<Vec<f64>, Trouble> {
    let mut scene = Scene::start(session, spec, cast)?;
    let pace = Pace {
        pause: effort.turn,
        time: effort.turn,
        newcomers: Duration::ZERO,
    };
    let mut shares = Vec::new();
    for _ in 0..effort.rounds {
        shares.extend(scene.turn(session, pace)?.least_of_most());
    }
    Ok(shares)
}

/// Clients over shared memory: it must not break down with many.
pub(super) fn of_shm(session: &mut Session, effort: &Effort) -> Result<Vec<Finding>, Trouble> {
    let mut rates = Vec::new();
    for clients in CLIENTS_OF_SHM {
        session.progress.say(&format!("{clients} clients over shm"));
        let crowd = Crowd {
            clients,
            specs: vec![spec::ours(Transport::Shm, Waiting::Adaptive)],
        };
        let found = turns::throughputs(session, &crowd, effort)?;
        let found = found.into_iter().flatten().next();
        rates.push((clients, found.and_then(|found| median(found.rates))));
    }
    let of = |clients| {
        rates
            .iter()
            .find(|(known, _)| *known == clients)
            .and_then(|(_, rate)| *rate)
    };
    let findings = CLIENTS_OF_SHM
        .iter()
        .filter(|&&clients| clients != 16)
        .map(|&clients| {
            let limit = match clients {
                1 => Limit::Open,
                _ => Limit::AtLeast(0.5),
            };
            let value = of(clients).zip(of(16)).map(|(rate, usual)| rate / usual);
            times(
                format!("shm, {clients} clients, calls/s, of those with 16"),
                limit,
                value,
            )
        });
    let mut findings: Vec<_> = findings.collect();
    findings.extend(of_many_over_shm(session, effort)?);
    Ok(findings)
}
