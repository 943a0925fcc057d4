//! Small messages over shared memory beside Tachyon, the library whose figures for them are the lowest published.

use super::super::found::Found;
use super::super::goal::{Finding, Limit};
use super::super::report::{Placement, Transport, Waiting};
use super::super::session::Session;
use super::super::spec::{self, Spec};
use super::super::trouble::Trouble;
use super::super::turns::{Effort, Group};
use super::measure::{group, times};

/// What its own benchmark sends, and what it publishes a figure for.
const SIZES: [u32; 2] = [32, 176];

fn ours() -> Spec {
    spec::ours(Transport::Shm, Waiting::Adaptive)
}

fn of(rivals: &[Spec]) -> Option<&Spec> {
    let mut rivals = rivals.iter();
    rivals.find(|rival| rival.contestant.name.starts_with("Tachyon "))
}

/// By size, if its program is here.
pub(super) fn groups(rivals: &[Spec]) -> Vec<Group> {
    let beside = |tachyon: &Spec| {
        SIZES.map(|size| group(Placement::TwoCores, size, 1, [ours(), tachyon.clone()]))
    };
    of(rivals).map_or_else(Vec::new, |tachyon| beside(tachyon).into())
}

pub(super) fn measure(
    session: &mut Session,
    effort: &Effort,
    rivals: &[Spec],
) -> Result<Vec<Finding>, Trouble> {
    let mut ratios = Vec::new();
    for group in groups(rivals) {
        let found = Found::measure(session, group, effort)?;
        ratios.push(of(rivals).and_then(|tachyon| found.ratio(&ours(), tachyon)));
    }
    let ratios = ratios.into_iter().chain([None; SIZES.len()]);
    let finding = |(size, ratio)| {
        times(
            format!("shm, echo of {size} bytes, two cores, of Tachyon"),
            Limit::AtMost(0.8),
            ratio,
        )
    };
    Ok(SIZES.into_iter().zip(ratios).map(finding).collect())
}
