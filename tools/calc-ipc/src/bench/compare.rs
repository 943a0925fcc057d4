//! What got slower since an earlier report.
//!
//! Machines change their speed from one day to the next, and raw limits with them. So what is compared is how far this library is
//! from the raw limit that was measured beside it.

use super::report::{Contestant, Family, Latency, Placement, Report, Throughput};
use super::spec::waiting_text;
use super::{table, turns};
use std::collections::HashMap;
use std::fmt::Write;

/// From here on it is slower: what one run differs from the next by, is less.
const SLOWER: f64 = 1.1;

const COLUMNS: [&str; 6] = ["", "waiting", "measured", "before", "now", "slower by"];

/// What was measured of this library, in both reports under the same name.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Measured {
    RoundTrips(Contestant, Placement, u32, u32),
    Crowd(Contestant, u32, u32),
}

impl Measured {
    fn contestant(&self) -> &Contestant {
        match self {
            Self::RoundTrips(contestant, ..) | Self::Crowd(contestant, ..) => contestant,
        }
    }

    fn title(&self) -> String {
        match self {
            Self::RoundTrips(_, placement, size, batch) => turns::title(*placement, *size, *batch),
            Self::Crowd(_, clients, _) => format!("{clients} clients at once, anywhere"),
        }
    }

    /// How many times as slow it is as before; of crowds, more is better.
    fn slower_by(&self, before: f64, now: f64) -> f64 {
        match self {
            Self::RoundTrips(..) => now / before,
            Self::Crowd(..) => before / now,
        }
    }
}

/// Says what got slower from `old` to `new`, and how much was compared.
pub(super) fn render(old: &Report, new: &Report) -> String {
    let before: HashMap<_, _> = figures(old).collect();
    let mut compared = 0;
    let mut rows = Vec::new();
    for (measured, now) in figures(new) {
        let Some(&before) = before.get(&measured) else {
            continue;
        };
        compared += 1;
        let factor = measured.slower_by(before, now);
        if factor >= SLOWER {
            rows.push(row(&measured, before, now, factor));
        }
    }
    let mut text = format!(
        "\n{compared} measurements compared with those of calc_ipc {}, each by its ratio to its raw limit: {} slower by {SLOWER} times and more\n",
        old.version,
        rows.len()
    );
    if old.machine.cpu != new.machine.cpu || old.machine.cpus != new.machine.cpus {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "the machine is another one: {}, {} CPUs",
            old.machine.cpu, old.machine.cpus
        );
    }
    if !rows.is_empty() {
        table::add(&mut text, "slower", &COLUMNS, 3, rows.into_iter());
    }
    text
}

fn row(measured: &Measured, before: f64, now: f64, factor: f64) -> Vec<String> {
    let contestant = measured.contestant();
    vec![
        contestant.name.clone(),
        waiting_text(contestant.waiting).to_owned(),
        measured.title(),
        table::factor(Some(before)),
        table::factor(Some(now)),
        table::factor(Some(factor)),
    ]
}

/// All that has a raw limit beside it, and its ratio to that.
fn figures(report: &Report) -> impl Iterator<Item = (Measured, f64)> {
    let latencies = report.latencies.iter().filter_map(of_latency);
    latencies.chain(report.throughputs.iter().filter_map(of_throughput))
}

fn of_latency(row: &Latency) -> Option<(Measured, f64)> {
    let contestant = ours(&row.contestant)?;
    let measured = Measured::RoundTrips(contestant, row.placement, row.size, row.batch);
    Some((measured, positive(row.over_raw)?))
}

fn of_throughput(row: &Throughput) -> Option<(Measured, f64)> {
    let contestant = ours(&row.contestant)?;
    let measured = Measured::Crowd(contestant, row.clients, row.size);
    Some((measured, positive(row.over_raw)?))
}

fn ours(contestant: &Contestant) -> Option<Contestant> {
    (contestant.family == Family::CalcIpc).then(|| contestant.clone())
}

fn positive(ratio: Option<f64>) -> Option<f64> {
    ratio.filter(|ratio| *ratio > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::parse;

    fn report() -> Report {
        parse(include_bytes!("../../tests/data/report.json")).unwrap()
    }

    /// What is said of it, once `change` has changed it, beside itself.
    fn with(change: impl FnOnce(&mut Report)) -> String {
        let mut new = report();
        change(&mut new);
        render(&report(), &new)
    }

    fn first(rows: &mut [Latency]) -> &mut Latency {
        let ours = |row: &&mut Latency| of_latency(row).is_some();
        rows.iter_mut().find(ours).unwrap()
    }

    #[test]
    fn a_report_is_no_slower_than_itself() {
        let text = with(|_| ());
        assert!(text.contains(": 0 slower"), "{text}");
        assert!(!text.starts_with("\n0 measurements"), "{text}");
        assert_eq!(text.lines().count(), 2, "{text}");
    }

    #[test]
    fn what_is_further_from_its_raw_limit_is_slower() {
        for (factor, is_slower) in [(1.09, false), (1.11, true), (0.5, false)] {
            let text = with(|new| {
                let row = first(&mut new.latencies);
                row.over_raw = row.over_raw.map(|ratio| ratio * factor);
                // That all is slower, on a slower machine, says nothing.
                row.p50 *= 3;
            });
            assert_eq!(text.contains(": 1 slower"), is_slower, "{factor}: {text}");
        }
    }

    #[test]
    fn of_many_clients_fewer_calls_are_slower() {
        for (factor, is_slower) in [(0.8, true), (1.3, false)] {
            let text = with(|new| {
                let mut rows = new.throughputs.iter_mut();
                let row = rows.find(|row| of_throughput(row).is_some()).unwrap();
                row.over_raw = row.over_raw.map(|ratio| ratio * factor);
            });
            assert_eq!(text.contains(": 1 slower"), is_slower, "{factor}: {text}");
        }
    }

    #[test]
    fn another_machine_is_told_of() {
        let text = with(|new| new.machine.cpus += 1);
        assert!(text.contains("the machine is another one"), "{text}");
    }
}
