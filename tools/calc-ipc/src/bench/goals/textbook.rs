//! The code of the tutorial, as programs beside this library's with default options, both sides on one processor.

use super::super::found::Found;
use super::super::goal::{Finding, Limit};
use super::super::report::{Family, Placement, Transport, Waiting};
use super::super::session::Session;
use super::super::spec::{self, Spec};
use super::super::trouble::Trouble;
use super::super::turns::{Effort, Group};
use super::measure::group;
use super::measure::times;

/// What the tutorial has.
const TRANSPORTS: [Transport; 5] = [
    Transport::Unix,
    Transport::Tcp,
    Transport::Pipe,
    Transport::Fifo,
    Transport::Shm,
];

fn of(transport: Transport, rivals: &[Spec]) -> Option<&Spec> {
    rivals.iter().find(|rival| {
        rival.contestant.family == Family::Textbook && rival.contestant.transport == transport
    })
}

fn ours(transport: Transport) -> Spec {
    spec::ours(transport, Waiting::Adaptive)
}

/// Those whose program is here.
pub(super) fn groups(rivals: &[Spec]) -> Vec<Group> {
    let pairs = TRANSPORTS.into_iter().filter_map(|transport| {
        let textbook = of(transport, rivals)?.clone();
        Some([textbook, ours(transport)])
    });
    let pairs: Vec<_> = pairs.flatten().collect();
    match pairs.is_empty() {
        true => vec![],
        false => vec![group(Placement::OneCore, 0, 1, pairs)],
    }
}

pub(super) fn measure(
    session: &mut Session,
    effort: &Effort,
    rivals: &[Spec],
) -> Result<Vec<Finding>, Trouble> {
    let found = match groups(rivals).pop() {
        Some(group) => Some(Found::measure(session, group, effort)?),
        None => None,
    };
    let finding = |transport| {
        let textbook = of(transport, rivals).zip(found.as_ref());
        times(
            format!(
                "{}, default, one core, mean, of the textbook's",
                spec::text(transport)
            ),
            Limit::AtMost(0.9),
            textbook.and_then(|(textbook, found)| found.ratio_of_means(&ours(transport), textbook)),
        )
    };
    Ok(TRANSPORTS.map(finding).into())
}
