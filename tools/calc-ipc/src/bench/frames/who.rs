//! Who takes part.

use super::super::report::{Transport, Waiting};
use super::super::session::Session;
use super::super::spec::{self, Spec};
use crate::cli::{Answering, ContestantManner, Passing};

/// What somebody's frames go through on their way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Way {
    /// This library: into shared memory and out of it.
    Called,
    /// This library: filled in shared memory, and copied out of it before it is read.
    Lent,
    /// This library: filled and read in shared memory.
    InPlace,
    /// Another library, as its program calls it.
    Rival(Passing),
}

pub(super) struct Who {
    pub(super) way: Way,
    pub(super) spec: Spec,
}

/// This library in every way, and other libraries' programs in those that they know.
pub(super) fn all(session: &mut Session, rivals: &[Spec]) -> Vec<Who> {
    let mut all = ours();
    for rival in rivals {
        let name = &rival.contestant.name;
        if rival.frames().is_empty() {
            session.skip(name, "its program knows of no frames");
        } else if rival.is_restless() {
            session.skip(
                name,
                "it never sleeps between frames, so that waiting takes a processor",
            );
        } else {
            all.extend(rival.frames().iter().map(|&passing| theirs(rival, passing)));
        }
    }
    all
}

fn ours() -> Vec<Who> {
    let ours = |way, how, passing, answering| {
        let manner = ContestantManner {
            passing,
            answering,
            ..ContestantManner::default()
        };
        let spec = spec::ours(Transport::Shm, Waiting::Adaptive).in_manner(how, manner);
        Who { way, spec }
    };
    let (copied, lent) = (Passing::ByCall, Passing::ByLoan);
    vec![
        ours(Way::Called, "by call", copied, Answering::Sum),
        ours(Way::Lent, "by loan", lent, Answering::Sum),
        ours(
            Way::InPlace,
            "by loan, read in place",
            lent,
            Answering::SumInPlace,
        ),
    ]
}

fn theirs(rival: &Spec, passing: Passing) -> Who {
    let how = match passing {
        Passing::ByCall => "by copy",
        Passing::ByLoan => "by loan",
    };
    Who {
        way: Way::Rival(passing),
        spec: rival.clone().with_frames(how, passing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn both_sides_are_told_what_becomes_of_a_frame() {
        for who in ours() {
            let [server, client] = [
                who.spec.server(Path::new("address"), 64).unwrap(),
                who.spec.client(Path::new("address"), 64, 1).unwrap(),
            ];
            let answering = match who.way {
                Way::InPlace => "--answering=sum-in-place",
                _ => "--answering=sum",
            };
            for side in [server, client] {
                assert!(side.get_args().any(|arg| arg == answering), "{side:?}");
            }
        }
    }
}
