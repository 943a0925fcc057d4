//! What is measured with one client, and what is aimed at.

use super::super::goal::Limit;
use super::super::report::{Placement, Transport, Waiting};
use super::super::spec::{self, Spec};
use super::super::turns::Group;
use super::aim::Aim;
use super::report::{Kind, Unit};
use crate::cli::{Answering, Asking, ContestantManner};

/// Calls that are submitted at once.
pub(super) const DEPTHS: [u32; 3] = [1, 8, 64];
/// Bytes that a deferred handler echoes.
const BODY: u32 = 64;
/// Where both sides sleep, and where both may be awake.
const PLACEMENTS: [Placement; 2] = [Placement::OneCore, Placement::TwoCores];

/// Contestants side by side, and what is compared of them.
pub(super) struct Suite {
    pub(super) group: Group,
    pub(super) aims: Vec<Aim>,
}

/// All but what many threads share.
pub(super) fn all(transports: &[Transport]) -> Vec<Suite> {
    let submitted = transports
        .iter()
        .flat_map(|&transport| DEPTHS.map(|depth| submitted(transport, depth)));
    let deferred = transports
        .iter()
        .flat_map(|&transport| PLACEMENTS.map(|placement| deferred(transport, placement)));
    let shareable = transports.iter().copied().map(shareable);
    let watched = PLACEMENTS.map(|placement| watched(transports, placement));
    submitted
        .chain(shareable)
        .chain(deferred)
        .chain(watched)
        .chain([driven(transports)])
        .collect()
}

/// This library over this transport, whose clients ask like this.
pub(super) fn asking(transport: Transport, waiting: Waiting, how: &str, asking: Asking) -> Spec {
    let manner = ContestantManner {
        asking,
        ..ContestantManner::default()
    };
    spec::ours(transport, waiting).in_manner(how, manner)
}

/// So many calls submitted at once, beside as many one by one, and beside one call of as many.
fn submitted(transport: Transport, depth: u32) -> Suite {
    let by = |how, way| asking(transport, Waiting::Adaptive, how, way);
    let each = by("one by one", Asking::CallEach);
    let submitted = by("submitted", Asking::Submit);
    let watched = by("submitted in an event loop", Asking::Watch);
    let many = by("call_many", Asking::Call);
    let aim = |one: &Spec, of: &str, other: &Spec, unit, limit| Aim {
        kind: Kind::Submitted,
        transport,
        what: match one.title() == watched.title() {
            true => format!("{depth} submitted in an event loop"),
            false => format!("{depth} submitted"),
        },
        one: one.clone(),
        of: of.to_owned(),
        other: other.clone(),
        unit,
        limit,
    };
    let limit = of_call(transport, depth);
    let mut aims = vec![aim(&submitted, "call", &each, Unit::Nanoseconds, limit)];
    let mut specs = vec![each, submitted.clone()];
    if depth > 1 {
        let of_many = |one, limit| aim(one, "call_many", &many, Unit::CallsPerSecond, limit);
        aims.push(of_many(&submitted, Limit::Open));
        // One that may not come back sends each request at once; one that is watched is known to come back.
        aims.push(of_many(&watched, of_call_many(transport, depth)));
        specs.extend([many.clone(), watched.clone()]);
    }
    let group = Group {
        placement: Placement::TwoCores,
        size: 0,
        batch: depth,
        specs,
    };
    Suite { group, aims }
}

/// What a submitted call may take of the time of one that is waited for.
fn of_call(transport: Transport, depth: u32) -> Limit {
    match (transport, depth) {
        (Transport::Shm, 1) => Limit::AtMost(1.15),
        (Transport::Shm, 8) => Limit::AtMost(0.6),
        (Transport::Shm, 64) => Limit::AtMost(0.45),
        _ => Limit::Open,
    }
}

/// What calls submitted in an event loop have to reach of the calls in a second of one call of as many.
fn of_call_many(transport: Transport, depth: u32) -> Limit {
    match (transport, depth) {
        (Transport::Unix, 64) => Limit::AtLeast(0.85),
        _ => Limit::Open,
    }
}

/// Echoes by a handler that answers by a reply, at once or from another thread, beside one that returns its answer.
fn deferred(transport: Transport, placement: Placement) -> Suite {
    let by = |how, answering| {
        let manner = ContestantManner {
            answering,
            ..ContestantManner::default()
        };
        spec::ours(transport, Waiting::Adaptive).in_manner(how, manner)
    };
    let bytes = by("bytes", Answering::InHandler);
    let at_once = by("deferred", Answering::Deferred);
    let elsewhere = by("another thread", Answering::Elsewhere);
    let aim = |what: &str, one: &Spec, limit| Aim {
        kind: Kind::Deferred,
        transport,
        what: what.to_owned(),
        one: one.clone(),
        of: "a handler of bytes".to_owned(),
        other: bytes.clone(),
        unit: Unit::Nanoseconds,
        limit,
    };
    let aims = vec![
        aim("replies at once", &at_once, Limit::AtMost(1.03)),
        aim("replies from another thread", &elsewhere, Limit::Open),
    ];
    let group = Group {
        placement,
        size: BODY,
        batch: 1,
        specs: vec![at_once, bytes, elsewhere],
    };
    Suite { group, aims }
}

/// Clients that sleep in an event loop, beside calls that sleep at once.
fn watched(transports: &[Transport], placement: Placement) -> Suite {
    let call = |transport| spec::ours(transport, Waiting::Blocking);
    let watch = |transport| {
        asking(
            transport,
            Waiting::Blocking,
            "in an event loop",
            Asking::Watch,
        )
    };
    let aim = |transport, of: &str, other, limit| Aim {
        kind: Kind::Watched,
        transport,
        what: "asleep in epoll".to_owned(),
        one: watch(transport),
        of: of.to_owned(),
        other,
        unit: Unit::Nanoseconds,
        limit,
    };
    let (of_call, of_unix) = match placement {
        Placement::OneCore => (1.5, 0.8),
        _ => (1.25, 1.0),
    };
    let mut aims = Vec::new();
    for &transport in transports {
        let limit = match transport {
            Transport::Shm => Limit::AtMost(of_call),
            _ => Limit::Open,
        };
        aims.push(aim(transport, "a blocking call", call(transport), limit));
    }
    let both = [Transport::Shm, Transport::Unix];
    if both.iter().all(|transport| transports.contains(transport)) {
        let other = watch(Transport::Unix);
        let limit = Limit::AtMost(of_unix);
        aims.push(aim(Transport::Shm, "unix in epoll", other, limit));
    }
    let specs = transports
        .iter()
        .flat_map(|&transport| [call(transport), watch(transport)]);
    let group = Group {
        placement,
        size: 0,
        batch: 1,
        specs: specs.collect(),
    };
    Suite { group, aims }
}

/// A client that threads could share, beside one that they could not.
fn shareable(transport: Transport) -> Suite {
    let usual = spec::ours(transport, Waiting::Adaptive);
    let manner = ContestantManner {
        connections: 1,
        ..ContestantManner::default()
    };
    let one = usual.clone().in_manner("connections = 1", manner);
    let aim = Aim {
        kind: Kind::Shared,
        transport,
        what: "connections = 1".to_owned(),
        one: one.clone(),
        of: "connections = 0".to_owned(),
        other: usual.clone(),
        unit: Unit::Nanoseconds,
        limit: Limit::AtMost(1.05),
    };
    let group = Group {
        placement: Placement::TwoCores,
        size: 0,
        batch: 1,
        specs: vec![one, usual],
    };
    Suite {
        group,
        aims: vec![aim],
    }
}

/// Servers in an event loop, beside such that run on threads of the library's. An anonymous pipe's child has none.
fn driven(transports: &[Transport]) -> Suite {
    let manner = ContestantManner {
        is_driven: true,
        ..ContestantManner::default()
    };
    let servers = transports.iter().copied();
    let aims: Vec<_> = servers
        .filter(|&transport| transport != Transport::Pipe)
        .map(|transport| Aim {
            kind: Kind::Driven,
            transport,
            what: "served in epoll".to_owned(),
            one: spec::ours(transport, Waiting::Adaptive).in_manner("in an event loop", manner),
            of: "run".to_owned(),
            other: spec::ours(transport, Waiting::Adaptive),
            unit: Unit::Nanoseconds,
            limit: Limit::AtMost(1.15),
        })
        .collect();
    let specs = aims
        .iter()
        .flat_map(|aim| [aim.one.clone(), aim.other.clone()]);
    let group = Group {
        placement: Placement::OneCore,
        size: 0,
        batch: 1,
        specs: specs.collect(),
    };
    Suite { group, aims }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn both_sides_of_an_aim_take_part() {
        for suite in all(Transport::value_variants()) {
            let names: Vec<_> = suite.group.specs.iter().map(Spec::title).collect();
            for aim in &suite.aims {
                for side in [&aim.one, &aim.other] {
                    assert!(names.contains(&side.title()), "{names:?}: {}", side.title());
                }
                assert_ne!(aim.one.title(), aim.other.title());
            }
            let mut distinct = names.clone();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), names.len(), "{names:?}");
        }
    }
}
