//! Whom a thread looks at, where peers ask in memory or are worth spinning for.

use super::recent::Recent;
use super::token::Token;
use crate::sys::Event;
use crate::sys::wait::Spin;
use std::time::Duration;

/// Peers beside the recent ones that each lap looks at: two laps look at every peer of a full
/// server with one thread (128 over shared memory).
pub(super) const LOOKS_A_LAP: u32 = 64;

/// Whom to look at next, and whether looking pays.
#[derive(Debug)]
pub(super) struct Attention {
    /// Peers that asked lately.
    pub(super) recent: Recent,
    /// When the thread spins.
    pub(super) spin: Spin,
    /// The place that was looked at last among all.
    place: u32,
    /// Peers ask in memory, where looking costs no system call.
    in_memory: bool,
}

impl Attention {
    pub(super) fn new(in_memory: bool, spin: Duration) -> Self {
        Self {
            recent: Recent::new(),
            spin: match in_memory {
                true => Spin::of_memory(spin),
                false => Spin::of_stream(spin),
            },
            place: 0,
            in_memory,
        }
    }

    /// Whether peers ask in memory.
    #[inline]
    pub(super) fn is_in_memory(&self) -> bool {
        self.in_memory
    }

    /// The next place in turn among so many.
    #[inline]
    pub(super) fn next_place(&mut self, places: u32) -> u32 {
        self.place = if self.place + 1 < places {
            self.place + 1
        } else {
            0
        };
        self.place
    }

    /// Decides which peers to spin for.
    #[inline(always)]
    pub(super) fn choose_recent(&mut self, happened: &[Event]) {
        let peers = happened
            .iter()
            .filter_map(|event| match Token::from(event.token()) {
                Token::Peer(key, _) => Some(key),
                _ => None,
            });
        if self.in_memory {
            peers.for_each(|key| self.recent.note(key));
        } else {
            self.recent.note_only(peers);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Event;
    use crate::sys::ready::Ready;
    use crate::transport::reactor::slab::Key;

    fn key(index: u32) -> Key {
        Key { index, round: 0 }
    }

    fn event(token: Token) -> Event {
        Event::new(Ready::READABLE, token.into())
    }

    #[test]
    fn every_place_has_its_turn() {
        let mut attention = Attention::new(true, Duration::ZERO);
        let mut places = |count| [(); 5].map(|()| attention.next_place(count));
        assert_eq!(places(3), [1, 2, 0, 1, 2]);
        assert_eq!(places(1), [0; 5]);
        assert_eq!(places(2), [1, 0, 1, 0, 1]);
    }

    #[test]
    fn in_memory_all_who_asked_are_recent_and_else_one_that_is_alone() {
        let both = [
            event(Token::Stop),
            event(Token::Peer(key(1), 0)),
            event(Token::Door(0)),
            event(Token::Peer(key(2), 1)),
        ];
        let mut attention = Attention::new(true, Duration::ZERO);
        attention.choose_recent(&both);
        let recent = &attention.recent;
        let keys = [recent.get(0), recent.get(1), recent.get(2)];
        assert_eq!(keys, [Some(key(2)), Some(key(1)), None]);
        let mut attention = Attention::new(false, Duration::ZERO);
        attention.choose_recent(&both);
        assert_eq!(attention.recent.len(), 0);
        for _ in 0..100 {
            attention.choose_recent(&both[..3]);
        }
        assert_eq!(attention.recent.get(0), Some(key(1)));
        attention.choose_recent(&both);
        assert_eq!(attention.recent.len(), 0, "it is not alone any more");
    }
}
