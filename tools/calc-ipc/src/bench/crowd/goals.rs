//! What is aimed at beside a crowd, and beside a handler that takes long.

use super::super::goal::{Finding, Goal, Limit, Unit};
use super::super::stats::{median, ratio};
use super::rounds::Rounds;
use super::{Beside, Pairing};

/// A polite client's worst call beside a handler of 100 ms: it has not waited for that one to end.
const WORST: f64 = 50_000.0;

/// The median of a polite client's calls, in microseconds, beside so many greedy ones.
fn p50_limit(greedy: u32) -> Limit {
    match greedy {
        0 => Limit::Open,
        1..=2 => Limit::AtMost(50.0),
        3..=16 => Limit::AtMost(100.0),
        17..=64 => Limit::AtMost(200.0),
        _ => Limit::Open,
    }
}

/// The goals of one line of the tables; nothing where ours was not measured.
pub(super) fn of(pairing: &Pairing, ours: Option<&Rounds>, raw: Option<&Rounds>) -> Vec<Goal> {
    let Some(ours) = ours else {
        return Vec::new();
    };
    let nothing = Rounds::default();
    let raw = raw.unwrap_or(&nothing);
    let of_raw = format!("of {}", pairing.raw.contestant.name);
    let about = pairing.title();
    let times = |what: &str, limit, value| {
        finding(
            format!("{about}: {what}, {of_raw}"),
            Unit::Times,
            limit,
            value,
        )
    };
    let micros = |what: &str, limit, values: &[f64]| {
        let value = median(values.iter().map(|nanos| nanos / 1e3));
        finding(format!("{about}: {what}"), Unit::Microseconds, limit, value)
    };
    match pairing.beside {
        Beside::Greedy(greedy) => {
            let is_crowd = greedy > 0;
            let of_p50 = if greedy == 64 {
                Limit::AtMost(1.0)
            } else {
                Limit::Open
            };
            let of_p99 = if is_crowd {
                Limit::AtMost(1.5)
            } else {
                Limit::Open
            };
            let mut goals = vec![
                micros("p50", p50_limit(greedy), &ours.p50),
                times("p50", of_p50, ratio(&ours.p50, &raw.p50)),
                times("p99", of_p99, ratio(&ours.p99, &raw.p99)),
            ];
            let rates = ratio(&ours.requests_per_second, &raw.requests_per_second);
            goals.extend(is_crowd.then(|| times("requests/s", Limit::Open, rates)));
            goals
        }
        Beside::SlowHandler => vec![
            micros("worst", Limit::AtMost(WORST), &ours.worst),
            times("p50", Limit::Open, ratio(&ours.p50, &raw.p50)),
            times("p99", Limit::AtMost(1.5), ratio(&ours.p99, &raw.p99)),
        ],
    }
}

fn finding(what: String, unit: Unit, limit: Limit, value: Option<f64>) -> Goal {
    let finding = Finding {
        what,
        unit,
        limit,
        value,
    };
    finding.goal(value.into_iter().collect())
}
