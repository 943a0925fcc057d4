//! Large messages over shared memory, copied and lent, side by side.

use super::super::found::Found;
use super::super::goal::{Finding, Limit, Unit};
use super::super::report::{Family, Placement, Transport, Waiting};
use super::super::session::Session;
use super::super::spec::{self, Spec};
use super::super::stats::{lowest, median, ratio};
use super::super::trouble::Trouble;
use super::super::turns::{Effort, Group};
use super::measure::{group, times};
use crate::cli::{ContestantManner, Passing, Touching};

/// Sizes of echoes, and the names that people read.
const SIZES: [(u32, &str); 4] = [
    (64 << 10, "64 KiB"),
    (256 << 10, "256 KiB"),
    (1 << 20, "1 MiB"),
    (16 << 20, "16 MiB"),
];

/// Who takes part.
struct Contestants {
    /// What the rows call three copies.
    raw: Spec,
    called: Spec,
    called_whole: Spec,
    lent: Spec,
    lent_whole: Spec,
}

impl Contestants {
    fn new() -> Self {
        let ours = || spec::ours(Transport::Shm, Waiting::Adaptive);
        let by = |how, passing, touching| {
            let manner = ContestantManner {
                passing,
                touching,
                ..ContestantManner::default()
            };
            ours().in_manner(how, manner)
        };
        let whole = Touching::Whole;
        Self {
            raw: spec::raw(Transport::Shm, false),
            called: ours(),
            called_whole: by("filled and read", Passing::ByCall, whole),
            lent: by("by loan", Passing::ByLoan, Touching::Ends),
            lent_whole: by("by loan, filled and read", Passing::ByLoan, whole),
        }
    }

    /// Who is compared with another stands next to it.
    fn group(&self, size: u32, rivals: &[Spec]) -> Group {
        let copying = copying(rivals);
        let all = [
            &self.raw,
            &self.called,
            &self.lent,
            &self.lent_whole,
            &self.called_whole,
        ];
        let all = all.into_iter().chain(copying).cloned();
        group(Placement::TwoCores, size, 1, all)
    }

    /// What a call takes of what the fastest of these takes.
    fn called_of<'a>(&self, found: &Found, rivals: impl Iterator<Item = &'a Spec>) -> Option<f64> {
        let fastest = lowest(rivals.map(|rival| found.medians(rival)));
        ratio(found.medians(&self.called), &fastest)
    }

    fn findings(&self, name: &str, found: &Found, rivals: &[Spec]) -> [Finding; 7] {
        let echo = format!("shm, echo of {name}");
        let micros = |what, spec| Finding {
            what,
            unit: Unit::Microseconds,
            limit: Limit::Open,
            value: median(found.medians(spec).iter().map(|nanos| nanos / 1e3)),
        };
        let of = |what, limit, one, other| times(what, limit, found.ratio(one, other));
        [
            micros(format!("{echo}, two cores"), &self.called),
            of(
                format!("{echo}, two cores, of three copies"),
                Limit::Open,
                &self.called,
                &self.raw,
            ),
            times(
                format!("{echo}, two cores, of iceoryx2 by copy"),
                Limit::AtMost(0.9),
                self.called_of(found, copying(rivals).filter(|rival| is_iceoryx2(rival))),
            ),
            times(
                format!("{echo}, two cores, of the fastest rival that copies"),
                Limit::AtMost(0.9),
                self.called_of(found, copying(rivals)),
            ),
            of(
                format!("{echo}, by loan, filled and read, of a call"),
                Limit::AtMost(0.85),
                &self.lent_whole,
                &self.called_whole,
            ),
            micros(format!("{echo}, by loan, ends touched"), &self.lent),
            of(
                format!("{echo}, by loan, ends touched, of a call, ends touched"),
                Limit::Open,
                &self.lent,
                &self.called,
            ),
        ]
    }
}

fn is_iceoryx2(rival: &Spec) -> bool {
    rival.contestant.name.starts_with("iceoryx2 ")
}

/// Of other libraries' programs, those that go through shared memory. All of them copy the request; Tachyon's client reads its answer
/// where it lies.
fn copying(rivals: &[Spec]) -> impl Iterator<Item = &Spec> {
    rivals.iter().filter(|rival| {
        let who = &rival.contestant;
        who.transport == Transport::Shm && who.family == Family::Rival
    })
}

/// Who takes part, by size.
pub(super) fn groups(rivals: &[Spec]) -> [Group; SIZES.len()] {
    let contestants = Contestants::new();
    SIZES.map(|(size, _)| contestants.group(size, rivals))
}

pub(super) fn measure(
    session: &mut Session,
    effort: &Effort,
    rivals: &[Spec],
) -> Result<Vec<Finding>, Trouble> {
    let contestants = Contestants::new();
    let mut findings = Vec::new();
    for (size, name) in SIZES {
        let found = Found::measure(session, contestants.group(size, rivals), effort)?;
        findings.extend(contestants.findings(name, &found, rivals));
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::process::Command;

    #[test]
    fn both_sides_are_told_how_messages_go() {
        let all = Contestants::new();
        for (spec, passing, touching) in [
            (&all.called, "by-call", "ends"),
            (&all.called_whole, "by-call", "whole"),
            (&all.lent, "by-loan", "ends"),
            (&all.lent_whole, "by-loan", "whole"),
        ] {
            let address = Path::new("address");
            let server = spec.server(address, 16 << 20).unwrap();
            let client = spec.client(address, 16 << 20, 1).unwrap();
            let has = |side: &Command, argument: &str| side.get_args().any(|arg| arg == argument);
            for side in [server, client] {
                assert!(has(&side, &format!("--passing={passing}")), "{side:?}");
                assert!(has(&side, &format!("--touching={touching}")), "{side:?}");
                assert!(has(&side, "--echo=16777216"), "{side:?}");
            }
        }
    }

    /// What was found is asked for by who found it.
    #[test]
    fn everybody_has_a_name_of_its_own() {
        for group in groups(&[]) {
            let mut titles: Vec<_> = group.specs.iter().map(Spec::title).collect();
            titles.sort();
            titles.dedup();
            assert_eq!(titles.len(), group.specs.len());
        }
    }
}
