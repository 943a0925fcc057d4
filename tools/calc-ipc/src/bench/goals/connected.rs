//! One client that asks, among others that are connected to the same server and do not.

use super::super::descriptors::allow_descriptors;
use super::super::found::Found;
use super::super::goal::{Finding, Limit};
use super::super::report::{Placement, Transport, Waiting};
use super::super::session::Session;
use super::super::spec::{self, Setup, Spec};
use super::super::trouble::Trouble;
use super::super::turns::{Effort, Group};
use super::measure::{self, times};

/// Clients in all, each of which has asked once.
const CLIENTS: [u32; 2] = [16, 1000];
/// The descriptors of a process with so many, which are three each, and what it has open besides.
const DESCRIPTORS: u64 = 4096;

fn alone() -> Spec {
    spec::ours(Transport::Shm, Waiting::Adaptive)
}

pub(super) fn among(clients: u32) -> Spec {
    let setup = Setup {
        connected: clients,
        ..Setup::default()
    };
    alone().set_up(&format!("{clients} connected"), setup)
}

pub(super) fn group() -> Group {
    let all = [alone()].into_iter().chain(CLIENTS.map(among));
    measure::group(Placement::TwoCores, 0, 1, all)
}

pub(super) fn measure(session: &mut Session, effort: &Effort) -> Result<Vec<Finding>, Trouble> {
    // Where there are too few, who needs them fails and is told of.
    session.forgive("1000 connected", allow_descriptors(DESCRIPTORS))?;
    let found = Found::measure(session, group(), effort)?;
    let finding = |clients| {
        times(
            format!("shm, one active among {clients} clients, of alone"),
            Limit::AtMost(1.2),
            found.ratio(&among(clients), &alone()),
        )
    };
    Ok(CLIENTS.map(finding).into())
}
