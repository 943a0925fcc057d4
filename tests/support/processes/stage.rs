//! A server and a client at one address, each a process of its own, and what they say.

use super::Actor;
use crate::support::Address;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::os::fd::BorrowedFd;
use std::time::Duration;

/// One of the two processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Server,
    Client,
}

/// Where they play. Whoever is still there when it is dropped is killed.
pub struct Stage {
    pub address: Address,
    cast: Vec<(Side, Actor)>,
}

/// What came of waiting for both sides.
pub struct Heard {
    /// Lines, each with whose it is; `None` where somebody will say no more.
    pub said: Vec<(Side, Option<String>)>,
    /// The descriptor beside the conversations is readable.
    pub is_other_ready: bool,
}

impl Stage {
    pub fn new() -> Self {
        Self {
            address: Address::new(),
            cast: Vec::new(),
        }
    }

    pub fn enter(&mut self, side: Side, actor: Actor) {
        assert!(!self.has(side), "two at once");
        self.cast.push((side, actor));
    }

    pub fn has(&self, side: Side) -> bool {
        self.get(side).is_some()
    }

    pub fn get(&self, side: Side) -> Option<&Actor> {
        let found = self.cast.iter().find(|(whose, _)| *whose == side);
        found.map(|(_, actor)| actor)
    }

    pub fn actor(&mut self, side: Side) -> &mut Actor {
        let mut cast = self.cast.iter_mut();
        let found = cast.find(|(whose, _)| *whose == side);
        found.map(|(_, actor)| actor).unwrap()
    }

    /// Takes one of the two away, for whatever end.
    pub fn leave(&mut self, side: Side) -> Option<Actor> {
        let place = self.cast.iter().position(|(whose, _)| *whose == side)?;
        Some(self.cast.remove(place).1)
    }

    /// Whether this side is there and has more to say.
    pub fn is_playing(&self, side: Side) -> bool {
        self.get(side).is_some_and(|actor| !actor.is_silent)
    }

    /// Those who have more to say.
    pub fn playing(&self) -> impl Iterator<Item = &Actor> {
        let cast = self.cast.iter().map(|(_, actor)| actor);
        cast.filter(|actor| !actor.is_silent)
    }

    /// Waits until somebody says something or ends, or something comes at the other descriptor, so long at most.
    pub fn attend(&mut self, other: Option<BorrowedFd<'_>>, at_most: Duration) -> Heard {
        let mut playing: Vec<_> = self
            .cast
            .iter_mut()
            .filter(|one| !one.1.is_silent)
            .collect();
        let conversations = playing.iter().map(|(_, actor)| actor.watch());
        let watched = conversations.chain(other);
        let mut fds: Vec<_> = watched
            .map(|fd| PollFd::new(fd, PollFlags::POLLIN))
            .collect();
        let timeout = PollTimeout::try_from(at_most).unwrap_or(PollTimeout::MAX);
        // One that a signal ends finds nothing, and who asked asks again.
        let _ = poll(&mut fds, timeout);
        let found = |fd: &PollFd<'_>| fd.revents().unwrap_or(PollFlags::empty());
        let mut found: Vec<_> = fds.iter().map(found).collect();
        let of_other = other.and_then(|_| found.pop());
        let is_other_ready = of_other.is_some_and(|state| state.contains(PollFlags::POLLIN));
        let mut said = Vec::new();
        for (one, found) in playing.iter_mut().zip(found) {
            let (side, actor) = (one.0, &mut one.1);
            if !found.is_empty() {
                let lines = actor.listen();
                said.extend(lines.into_iter().map(|line| (side, Some(line))));
                said.extend(actor.is_silent.then_some((side, None)));
            }
        }
        Heard {
            said,
            is_other_ready,
        }
    }
}
