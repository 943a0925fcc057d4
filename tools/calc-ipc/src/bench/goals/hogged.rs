//! Calls while others use the processors all the time.

use super::super::found::Found;
use super::super::goal::{Finding, Limit};
use super::super::report::{Placement, Waiting};
use super::super::session::Session;
use super::super::spec;
use super::super::trouble::Trouble;
use super::super::turns::{Effort, Group};
use super::hogs::Hogs;
use super::measure::{TRANSPORTS, default_over_blocking, group, times};

/// How many hogs there are.
const HOGS: [usize; 2] = [2, 4];
/// How many contestants there are in all.
pub(super) const PLAYERS: usize = 2 * TRANSPORTS.len() * (1 + HOGS.len());
/// The limit is 1.0 but for noise: what both do is then the same.
const LIMIT: Limit = Limit::AtMost(1.05);

fn both() -> Group {
    let pair = |transport| {
        [Waiting::Blocking, Waiting::Adaptive].map(|waiting| spec::ours(transport, waiting))
    };
    group(
        Placement::Anywhere,
        0,
        1,
        TRANSPORTS.iter().copied().flat_map(pair),
    )
}

pub(super) fn measure(session: &mut Session, effort: &Effort) -> Result<Vec<Finding>, Trouble> {
    let found = beside(session, session.processors.count(), effort)?;
    let median = TRANSPORTS.map(|transport| {
        let name = spec::text(transport);
        let what = format!("{name}, default, processors busy, of blocking");
        times(what, LIMIT, default_over_blocking(&found, transport))
    });
    let mut findings = Vec::from(median);
    for hogs in HOGS {
        let found = beside(session, hogs, effort)?;
        for transport in TRANSPORTS {
            let [default, blocking] = [Waiting::Adaptive, Waiting::Blocking]
                .map(|waiting| spec::ours(transport, waiting));
            let mean = found.ratio_of_means(&default, &blocking);
            let late = |spec| found.quantile(spec, 0.999);
            let tail = late(&default)
                .zip(late(&blocking))
                .map(|(default, blocking)| default / blocking);
            for (which, value) in [("mean", mean), ("p99.9", tail)] {
                let name = spec::text(transport);
                let what = format!("{name}, default, beside {hogs} hogs, {which}, of blocking");
                findings.push(times(what, LIMIT, value));
            }
        }
    }
    Ok(findings)
}

fn beside(session: &mut Session, hogs: usize, effort: &Effort) -> Result<Found, Trouble> {
    let hogs = Hogs::start(hogs)?;
    let found = Found::measure(session, both(), effort);
    drop(hogs);
    found
}
