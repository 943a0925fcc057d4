//! Threads that share one client, beside as many clients.

use super::super::goal::Limit;
use super::super::report::{Placement, Transport, Waiting};
use super::super::session::Session;
use super::super::spec;
use super::super::stats::{median, ratio};
use super::super::trouble::Trouble;
use super::super::turns::{self, Crowd, Effort};
use super::aim::Aim;
use super::report::{Comparison, Kind, Unit};
use crate::cli::ContestantManner;

const THREADS: u32 = 4;

/// Those whose clients can have several connections.
fn of(transports: &[Transport]) -> impl Iterator<Item = Transport> {
    let all = transports.iter().copied();
    all.filter(|&transport| transport != Transport::Pipe)
}

/// How many contestants there are.
pub(super) fn players(transports: &[Transport]) -> usize {
    2 * of(transports).count()
}

pub(super) fn measure(
    session: &mut Session,
    transports: &[Transport],
    effort: &Effort,
) -> Result<Vec<Comparison>, Trouble> {
    let mut comparisons = Vec::new();
    for transport in of(transports) {
        comparisons.push(compare(session, &aim(transport), effort)?);
    }
    Ok(comparisons)
}

fn aim(transport: Transport) -> Aim {
    let clients = spec::ours(transport, Waiting::Adaptive);
    let manner = ContestantManner {
        connections: THREADS,
        ..ContestantManner::default()
    };
    Aim {
        kind: Kind::Shared,
        transport,
        what: format!("{THREADS} threads, one client"),
        one: clients.clone().in_manner("shared", manner),
        of: format!("{THREADS} clients"),
        other: clients,
        unit: Unit::CallsPerSecond,
        limit: Limit::AtLeast(0.95),
    }
}

fn compare(session: &mut Session, aim: &Aim, effort: &Effort) -> Result<Comparison, Trouble> {
    let name = spec::text(aim.transport);
    session.progress.say(&format!("{name}, {}", aim.what));
    let crowd = Crowd {
        clients: THREADS,
        specs: vec![aim.one.clone(), aim.other.clone()],
    };
    let found = turns::throughputs(session, &crowd, effort)?;
    let mut rates = found.into_iter().map(|found| found.map(|it| it.rates));
    let [one, other] = [(); 2].map(|()| rates.next().flatten().unwrap_or_default());
    let ratio = ratio(&one, &other);
    Ok(aim.comparison(Placement::Anywhere, median(one), ratio))
}
