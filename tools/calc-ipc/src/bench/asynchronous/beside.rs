//! Calls that are submitted, beside requests of other libraries that are under way at once.

use super::super::goal::Limit;
use super::super::report::{Placement, Transport, Waiting};
use super::super::spec::Spec;
use super::super::turns::Group;
use super::aim::Aim;
use super::report::{Kind, Unit};
use super::suites::{DEPTHS, Suite, asking};
use crate::cli::Asking;

/// All of these rivals, each over its own transport.
pub(super) fn all(transports: &[Transport], rivals: &[Spec]) -> Vec<Suite> {
    let over = |transport: Transport| {
        let rivals = rivals.iter().cloned();
        let rivals = rivals.filter(move |rival| rival.contestant.transport == transport);
        (transport, rivals.collect::<Vec<_>>())
    };
    let found = transports.iter().copied().map(over);
    found
        .filter(|(_, rivals)| !rivals.is_empty())
        .flat_map(|(transport, rivals)| DEPTHS.map(|depth| beside(transport, depth, &rivals)))
        .collect()
}

fn beside(transport: Transport, depth: u32, rivals: &[Spec]) -> Suite {
    let ours = asking(transport, Waiting::Adaptive, "submitted", Asking::Submit);
    let aim = |rival: &Spec| Aim {
        kind: Kind::Rivals,
        transport,
        what: format!("{depth} submitted"),
        one: ours.clone(),
        of: rival.contestant.name.clone(),
        other: rival.clone(),
        unit: Unit::Nanoseconds,
        limit: Limit::Open,
    };
    let aims = rivals.iter().map(aim).collect();
    let mut specs = vec![ours];
    specs.extend_from_slice(rivals);
    let group = Group {
        placement: Placement::TwoCores,
        size: 0,
        batch: depth,
        specs,
    };
    Suite { group, aims }
}
