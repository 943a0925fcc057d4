//! Whose turn it is: fair queueing among the peers of one shard.
//!
//! As fq_codel does it with flows (RFC 8290, "new" and "old"): a peer that asks little goes before those
//! that ask without pause, and those go round, one turn each. So a client that waits for each answer
//! waits for the turn that runs, and not for everybody else's batches.

#[cfg(test)]
mod tests;

use super::slab::Key;
use std::collections::{TryReserveError, VecDeque};

/// The most work in a turn of a peer that asks little: requests, and each 256 bytes of them.
const LIGHT: u32 = 32;

/// After so much work of those that ask little, in a row, one of the others has its turn.
const RUN: u32 = 32;

/// The peers that have something to do, in the order of their turns.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Those that asked little in their last turn come first, in their order.
    light: VecDeque<Key>,
    /// Those that asked much go round.
    heavy: VecDeque<Key>,
    /// How the last newcomer began, from which the next are judged: reconnecting for each batch makes
    /// nobody light.
    newcomers: Kind,
    /// The work of light turns since one of the others had its turn.
    run: u32,
}

/// How a peer stands with the queue.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Standing {
    is_queued: bool,
    /// How its last turn was that others waited for, if there was any.
    kind: Option<Kind>,
}

/// How much a turn takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Light,
    Heavy,
}

impl Queue {
    /// Makes sure that this many peers can be queued without making room then.
    pub(super) fn reserve(&mut self, peers: usize) -> Result<(), TryReserveError> {
        for list in [&mut self.light, &mut self.heavy] {
            list.try_reserve(peers.saturating_sub(list.len()))?;
        }
        Ok(())
    }

    /// Whether anybody has something to do.
    #[inline]
    pub(super) fn is_busy(&self) -> bool {
        !(self.light.is_empty() && self.heavy.is_empty())
    }

    /// A peer became ready, or has requests left over from its turn.
    pub(super) fn push(&mut self, key: Key, standing: &mut Standing) {
        if std::mem::replace(&mut standing.is_queued, true) {
            return;
        }
        match standing.kind.unwrap_or(self.newcomers) {
            Kind::Light => self.light.push_back(key),
            Kind::Heavy => self.heavy.push_back(key),
        }
    }

    /// The peer whose turn it is; its standing has to be told by [`Standing::leave`].
    pub(super) fn pop(&mut self) -> Option<Key> {
        if (self.run < RUN || self.heavy.is_empty())
            && let Some(key) = self.light.pop_front()
        {
            return Some(key);
        }
        self.run = 0;
        self.heavy.pop_front()
    }

    /// A peer's turn is over, this was done in it, and all its time was used or not.
    pub(super) fn charge(&mut self, standing: &mut Standing, work: u32, is_used_up: bool) {
        let before = standing.kind.unwrap_or(self.newcomers);
        let now = if is_used_up || work > LIGHT {
            Kind::Heavy
        } else {
            Kind::Light
        };
        if before == Kind::Light {
            self.run = self.run.saturating_add(work.max(1));
        }
        if standing.kind.replace(now).is_none() {
            self.newcomers = now;
        }
    }

    /// A peer that is queued has gone.
    pub(super) fn forget(&mut self, key: Key) {
        for list in [&mut self.light, &mut self.heavy] {
            list.retain(|&other| other != key);
        }
    }
}

impl Standing {
    /// Whether it waits for its turn.
    #[inline]
    pub(super) fn is_queued(&self) -> bool {
        self.is_queued
    }

    /// It has its turn now.
    pub(super) fn leave(&mut self) {
        self.is_queued = false;
    }
}
