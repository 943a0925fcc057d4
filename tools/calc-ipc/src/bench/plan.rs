//! What is measured: who, where, with which sizes, batches and numbers of clients.

use super::report::{Placement, Transport, Waiting};
use super::spec::{self, Spec};
use super::turns::{Crowd, Effort, Group};
use clap::ValueEnum;
use std::time::Duration;

/// Everything to measure.
pub(super) struct Plan {
    /// One client, small messages, every placement.
    pub(super) round_trips: Vec<Group>,
    /// Larger messages, and many at once.
    pub(super) loads: Vec<Group>,
    pub(super) crowds: Vec<Crowd>,
    pub(super) efforts: Efforts,
}

/// How much work goes into each part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Efforts {
    pub(super) round_trips: Effort,
    pub(super) loads: Effort,
    pub(super) crowds: Effort,
}

const PLACEMENTS: [Placement; 3] = [Placement::OneCore, Placement::TwoCores, Placement::Anywhere];
const SIZES: [u32; 6] = [64, 1 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20];
const BATCHES: [u32; 3] = [8, 64, 512];
const CLIENTS: [u32; 4] = [1, 4, 16, 64];
/// As many as a server over shared memory lets in by default.
const MOST_CLIENTS: u32 = 128;

/// A minute or two.
const FULL: Efforts = Efforts {
    round_trips: effort(8, 10_000, 30),
    loads: effort(6, 2000, 15),
    crowds: effort(5, u32::MAX, 100),
};
/// A few seconds.
const QUICK: Efforts = Efforts {
    round_trips: effort(2, 200, 3),
    loads: effort(2, 50, 3),
    crowds: effort(2, u32::MAX, 20),
};

const fn effort(rounds: u32, calls: u32, millis: u64) -> Effort {
    Effort {
        rounds,
        calls,
        turn: Duration::from_millis(millis),
    }
}

/// What a round takes part in, of these transports; empty: of all.
pub(super) fn plan(is_quick: bool, transports: &[Transport], rivals: &[Spec]) -> Plan {
    let chosen = |transport: &Transport| {
        transport.is_here() && (transports.is_empty() || transports.contains(transport))
    };
    let transports: Vec<_> = Transport::value_variants()
        .iter()
        .copied()
        .filter(chosen)
        .collect();
    let rivals: Vec<_> = rivals
        .iter()
        .filter(|rival| transports.contains(&rival.contestant.transport))
        .cloned()
        .collect();
    let pick = |all: &[u32], few: usize| match is_quick {
        true => all.iter().copied().step_by(few).collect::<Vec<_>>(),
        false => all.to_vec(),
    };
    let sizes = pick(&SIZES, 3)
        .into_iter()
        .map(|size| large(&transports, &rivals, size));
    let batches = pick(&BATCHES, 2)
        .into_iter()
        .map(|batch| batched(&transports, batch));
    let mut plan = Plan {
        round_trips: PLACEMENTS
            .iter()
            .map(|&placement| small(&transports, &rivals, placement))
            .collect(),
        loads: sizes.chain(batches).collect(),
        crowds: pick(&CLIENTS, 2)
            .into_iter()
            .map(|clients| crowd(&transports, &rivals, clients))
            .collect(),
        efforts: if is_quick { QUICK } else { FULL },
    };
    if !is_quick && transports.contains(&Transport::Shm) {
        plan.crowds
            .push(crowd(&[Transport::Shm], &[], MOST_CLIENTS));
    }
    plan.crowds.retain(|crowd| !crowd.specs.is_empty());
    plan
}

impl Plan {
    /// How many turns there are to be taken.
    pub(super) fn turns(&self) -> u64 {
        let of = |effort: Effort, sizes: &mut dyn Iterator<Item = usize>| {
            let players: usize = sizes.sum();
            u64::from(effort.rounds) * u64::try_from(players).unwrap_or(0)
        };
        let specs = |group: &Group| group.specs.len();
        of(
            self.efforts.round_trips,
            &mut self.round_trips.iter().map(specs),
        ) + of(self.efforts.loads, &mut self.loads.iter().map(specs))
            + of(
                self.efforts.crowds,
                &mut self.crowds.iter().map(|crowd| crowd.specs.len()),
            )
    }
}

/// The calculator's job, one request at a time.
pub(super) fn small(transports: &[Transport], rivals: &[Spec], placement: Placement) -> Group {
    let has_two_sides_awake = placement != Placement::OneCore;
    let of = |&transport: &Transport| {
        let mut specs = vec![
            spec::raw(transport, true),
            spec::ours(transport, Waiting::Blocking),
            spec::ours(transport, Waiting::Adaptive),
        ];
        if has_two_sides_awake && spec::may_poll(transport) {
            specs.push(spec::raw(transport, false));
        }
        specs
    };
    // On one processor, whoever never sleeps only keeps the other side from running.
    let rivals = rivals
        .iter()
        .filter(|rival| has_two_sides_awake || !rival.is_restless());
    Group {
        placement,
        size: 0,
        batch: 1,
        specs: transports
            .iter()
            .flat_map(of)
            .chain(rivals.cloned())
            .collect(),
    }
}

/// Echoes of large bodies.
fn large(transports: &[Transport], rivals: &[Spec], size: u32) -> Group {
    let of = |&transport: &Transport| {
        [
            spec::awake(transport),
            spec::ours(transport, Waiting::Adaptive),
        ]
    };
    Group {
        placement: Placement::TwoCores,
        size,
        batch: 1,
        specs: transports
            .iter()
            .flat_map(of)
            .chain(rivals.iter().cloned())
            .collect(),
    }
}

/// Many requests at once.
fn batched(transports: &[Transport], batch: u32) -> Group {
    let of = |&transport: &Transport| {
        let raw = (transport != Transport::Shm).then(|| spec::awake(transport));
        raw.into_iter()
            .chain([spec::ours(transport, Waiting::Adaptive)])
    };
    Group {
        placement: Placement::TwoCores,
        size: 0,
        batch,
        specs: transports.iter().flat_map(of).collect(),
    }
}

/// Many clients; sockets and named pipes beside a server with a thread for each.
pub(super) fn crowd(transports: &[Transport], rivals: &[Spec], clients: u32) -> Crowd {
    let transports = transports
        .iter()
        .filter(|&&transport| transport != Transport::Pipe);
    let of = |&transport: &Transport| {
        let is_socket = matches!(
            transport,
            Transport::Unix | Transport::Seqpacket | Transport::Tcp | Transport::Npipe
        );
        let raw = is_socket.then(|| spec::raw(transport, true));
        raw.into_iter()
            .chain([spec::ours(transport, Waiting::Adaptive)])
    };
    let rivals = rivals.iter().filter(|rival| rival.has_server());
    Crowd {
        clients,
        specs: transports.flat_map(of).chain(rivals.cloned()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::report::Family;

    #[test]
    fn everybody_is_measured_beside_a_raw_limit() {
        let plan = plan(false, &[], &[]);
        for group in plan
            .round_trips
            .iter()
            .chain(plan.loads.iter().filter(|load| load.batch == 1))
        {
            for spec in &group.specs {
                let is_raw = spec.contestant.family == Family::Raw;
                assert!(
                    is_raw || !spec.raw_among(&group.specs).is_empty(),
                    "{spec:?}"
                );
            }
        }
    }

    #[test]
    fn a_filter_leaves_nothing_else() {
        let plan = plan(true, &[Transport::Pipe], &[]);
        let groups = plan.round_trips.iter().chain(&plan.loads);
        let mut specs = groups.flat_map(|group| &group.specs);
        assert!(specs.all(|spec| spec.contestant.transport == Transport::Pipe));
        assert!(plan.crowds.is_empty());
        assert!(plan.turns() > 0);
    }
}
