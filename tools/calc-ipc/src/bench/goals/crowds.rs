//! Many clients of one server.

use super::super::goal::{Finding, Limit};
use super::super::plan;
use super::super::report::{Transport, Waiting};
use super::super::session::Session;
use super::super::spec;
use super::super::stats::{median, ratio};
use super::super::trouble::Trouble;
use super::super::turns::{self, Crowd, Effort};
use super::measure::times;

/// Clients of a Unix socket, and what their calls per second have to be of those of a thread for each.
const CLIENTS: [(u32, f64); 3] = [(4, 0.75), (16, 0.75), (64, 1.0)];
/// Clients over shared memory; the last must not be where it breaks down.
const CLIENTS_OF_SHM: [u32; 4] = [1, 16, 64, 128];
/// How many contestants there are in all.
pub(super) const PLAYERS: usize = 2 * CLIENTS.len() + CLIENTS_OF_SHM.len();

/// Clients of a Unix socket, beside a thread for each.
pub(super) fn of_a_socket(session: &mut Session, effort: &Effort) -> Result<Vec<Finding>, Trouble> {
    let mut findings = Vec::new();
    for (clients, limit) in CLIENTS {
        session.progress.say(&format!("{clients} clients"));
        let crowd = plan::crowd(&[Transport::Unix], &[], clients);
        let rates = turns::throughputs(session, &crowd, effort)?;
        let value = match rates.as_slice() {
            // The raw limit comes first.
            [Some(raw), Some(ours)] => ratio(&ours.rates, &raw.rates),
            _ => None,
        };
        let what = format!("unix, {clients} clients, calls/s, of a thread for each");
        findings.push(times(what, Limit::AtLeast(limit), value));
    }
    Ok(findings)
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
    Ok(findings.collect())
}
