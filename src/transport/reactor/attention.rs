//! When a thread looks for requests, when it sleeps, and whom it looks at.

use super::slab::Key;
use super::token::Token;
use super::worker::Worker;
use super::{Pumped, sleep_counted};
use crate::sys::unix::cpu;
use crate::sys::unix::epoll::Event;
use crate::sys::wait::LOOKS;
use std::io;
use std::time::{Duration, Instant};

/// While one peer keeps this thread busy without sleeping, the others are looked at this often.
const TURN: Duration = Duration::from_micros(100);
/// Peers beside the recent ones that each lap of spinning looks at.
const OTHERS_A_LAP: u32 = 16;

/// A time that is looked at only now and then, since looking takes as long as a lap or two.
struct Lap {
    looks: u32,
    began: Option<Instant>,
}

impl Lap {
    fn new() -> Self {
        Self {
            looks: 0,
            began: None,
        }
    }

    /// Whether it has lasted longer than this, as far as is known.
    fn passes(&mut self, limit: Duration) -> bool {
        self.looks += 1;
        self.looks.is_multiple_of(LOOKS)
            && self.began.get_or_insert_with(Instant::now).elapsed() >= limit
    }
}

impl Worker<'_> {
    /// Sleeps until something happens; with `must_look`, only looks.
    pub(super) fn wait(&mut self, events: &mut [Event], must_look: bool) -> io::Result<usize> {
        if must_look {
            return self.poller.wait(events, Some(Duration::ZERO));
        }
        let timeout = self.time_left();
        let Some(sleepers) = self.crew.listener.sleepers() else {
            return self.poller.wait(events, timeout);
        };
        sleep_counted(sleepers, self, Self::look_at_all, |worker, has_work| {
            let timeout = if has_work {
                Some(Duration::ZERO)
            } else {
                timeout
            };
            worker.poller.wait(events, timeout)
        })
    }

    /// Looks for requests without sleeping, as long as that pays. `true`: work came up, and it is
    /// time to see, without sleeping either, what else happened.
    pub(super) fn spin(&mut self) -> bool {
        // While one that may not spin counts its skipped waits, nobody needs to know its CPU.
        let may_spin = self.recent.len() > 0 && (!self.spin.may_spin() || !self.shares_cpu());
        if !may_spin || !self.spin.begin() {
            return false;
        }
        let (mut turn, mut idle) = (Lap::new(), Lap::new());
        loop {
            if self.look_around() {
                self.spin.succeeded(idle.began);
                idle = Lap::new();
                if turn.passes(TURN) {
                    return true;
                }
            } else if idle.passes(self.spin.budget()) {
                self.spin.failed();
                return false;
            } else {
                std::hint::spin_loop();
            }
        }
    }

    /// While the peer runs on this thread's CPU, it cannot ask anything before this thread sleeps.
    fn shares_cpu(&mut self) -> bool {
        let latest = self.recent.get(0);
        let theirs = latest.and_then(|key| self.peers.get_mut(key)?.peer.cpu());
        theirs.is_some_and(|number| number == cpu::current())
    }

    /// Serves the recent peers once; where looking costs no system call, also some others.
    fn look_around(&mut self) -> bool {
        let mut found = false;
        for place in 0..self.recent.len() {
            if let Some(key) = self.recent.get(place) {
                found |= self.look_at(key);
            }
        }
        if self.polls_memory() {
            for _ in 0..OTHERS_A_LAP.min(self.peers.places()) {
                self.others = (self.others + 1) % self.peers.places();
                if let Some(key) = self.peers.key_at(self.others)
                    && self.look_at(key)
                {
                    self.recent.note(key);
                    found = true;
                }
            }
        }
        found
    }

    fn look_at_all(&mut self) -> bool {
        let mut found = false;
        for index in 0..self.peers.places() {
            if let Some(key) = self.peers.key_at(index) {
                found |= self.look_at(key);
            }
        }
        found
    }

    pub(super) fn look_at(&mut self, key: Key) -> bool {
        let Some(entry) = self.peers.get_mut(key) else {
            return false;
        };
        let pumped = entry.peer.pump(&mut self.work);
        self.settle(key, pumped);
        matches!(
            pumped,
            Pumped::Idle { answered: true } | Pumped::Waiting { moved: true, .. }
        )
    }

    fn polls_memory(&self) -> bool {
        self.crew.listener.sleepers().is_some()
    }

    /// Decides which peers to spin for.
    pub(super) fn choose_recent(&mut self, happened: &[Event]) {
        let peers = happened
            .iter()
            .filter_map(|event| match Token::from(event.data()) {
                Token::Peer(key, _) => Some(key),
                _ => None,
            });
        if self.polls_memory() {
            peers.for_each(|key| self.recent.note(key));
        } else {
            self.recent.note_only(peers);
        }
    }
}
