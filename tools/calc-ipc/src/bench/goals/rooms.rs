//! What small messages cost where large ones may come.

use super::super::found::Found;
use super::super::goal::{Finding, Limit};
use super::super::report::{Placement, Transport, Waiting};
use super::super::session::Session;
use super::super::spec::{self, Setup, Spec};
use super::super::trouble::Trouble;
use super::super::turns::{Effort, Group};
use super::measure::{self, times};

/// The longest messages that may come, in MiB.
const LONGEST: [u32; 3] = [2, 4, 16];
/// The length of those that do.
const SMALL: u32 = 64;

fn usual() -> Spec {
    spec::ours(Transport::Shm, Waiting::Adaptive)
}

fn with_room(mebibytes: u32) -> Spec {
    let setup = Setup {
        max_message: Some(mebibytes << 20),
        ..Setup::default()
    };
    usual().set_up(&format!("max_message of {mebibytes} MiB"), setup)
}

pub(super) fn group() -> Group {
    let all = [usual()].into_iter().chain(LONGEST.map(with_room));
    measure::group(Placement::TwoCores, SMALL, 1, all)
}

pub(super) fn measure(session: &mut Session, effort: &Effort) -> Result<Vec<Finding>, Trouble> {
    let found = Found::measure(session, group(), effort)?;
    let finding = |mebibytes| {
        times(
            format!("shm, echo of {SMALL} bytes, max_message of {mebibytes} MiB, of the default's"),
            Limit::AtMost(1.1),
            found.ratio(&with_room(mebibytes), &usual()),
        )
    };
    Ok(LONGEST.map(finding).into())
}
