//! Many requests at once over a Unix socket.

use super::super::found::Found;
use super::super::goal::{Finding, Limit};
use super::super::report::{Placement, Transport, Waiting};
use super::super::session::Session;
use super::super::spec::{self, Setup, Spec};
use super::super::trouble::Trouble;
use super::super::turns::{Effort, Group};
use super::measure::{group, times};

const SIZES: [u32; 3] = [8, 64, 512];
/// The size whose raw pipeline is measured, too, that only moves bytes.
const BARE: u32 = 64;

fn raw(is_blocking: bool) -> Spec {
    spec::raw(Transport::Unix, is_blocking)
}

/// A raw pipeline that does the whole job: it formats, parses and calculates, with the library's own codec.
fn whole(is_blocking: bool) -> Spec {
    let setup = Setup {
        calculate: true,
        ..Setup::default()
    };
    raw(is_blocking).set_up("whole job", setup)
}

fn ours(is_blocking: bool) -> Spec {
    let waiting = match is_blocking {
        true => Waiting::Blocking,
        false => Waiting::Adaptive,
    };
    spec::ours(Transport::Unix, waiting)
}

fn contestants(batch: u32) -> Group {
    let of = |is_blocking| {
        let bare = (batch == BARE).then(|| raw(is_blocking));
        bare.into_iter()
            .chain([ours(is_blocking), whole(is_blocking)])
    };
    group(
        Placement::TwoCores,
        0,
        batch,
        [true, false].into_iter().flat_map(of),
    )
}

pub(super) fn groups() -> [Group; SIZES.len()] {
    SIZES.map(contestants)
}

/// A raw limit that is asked without a pause does nothing with the requests, so that the one that sleeps as a textbook's
/// does is the goal; the other one is worth knowing. Of those that do the whole job, each is a goal.
pub(super) fn measure(session: &mut Session, effort: &Effort) -> Result<Vec<Finding>, Trouble> {
    let mut findings = Vec::new();
    for batch in SIZES {
        let found = Found::measure(session, contestants(batch), effort)?;
        let row = |limited, raw: Spec, ours: Spec, how: &str| {
            let limit = match limited {
                true => Limit::AtLeast(0.9),
                false => Limit::Open,
            };
            let what = format!("unix, batches of {batch}, calls/s, of {how}");
            // As many requests each: who takes half the time has twice the rate.
            times(what, limit, found.ratio(&raw, &ours))
        };
        if batch == BARE {
            findings.extend([
                row(true, raw(true), ours(true), "raw pipelined, both blocking"),
                row(
                    true,
                    raw(true),
                    ours(false),
                    "raw pipelined, default and blocking",
                ),
                row(
                    false,
                    raw(false),
                    ours(false),
                    "raw pipelined, default and polled",
                ),
            ]);
        }
        findings.extend([
            row(
                true,
                whole(true),
                ours(true),
                "a raw whole job, both blocking",
            ),
            row(
                true,
                whole(false),
                ours(false),
                "a raw whole job, default and polled",
            ),
        ]);
    }
    Ok(findings)
}
