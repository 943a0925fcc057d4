//! Whom a thread looks at, where peers ask in memory or are worth spinning for.

use super::recent::Recent;
use super::slab::Key;
use super::token::Token;
use crate::sys::Event;
use crate::sys::wait::Spin;
use std::time::Duration;

/// Peers beside the recent ones that a lap looks at, at most and at least: as many as it found asking, since then looking takes little of
/// its time, and one more in each lap that finds nobody, since then there is time. So who asks after a long while is seen soon
/// by a thread that has nothing to do, and costs one that is busy with few peers next to nothing.
pub(super) const MOST_LOOKS: u32 = 64;
const LEAST_LOOKS: u32 = 4;

/// Whom to look at next, and whether looking pays.
#[derive(Debug)]
pub(super) struct Attention {
    /// Peers that asked lately.
    pub(super) recent: Recent,
    /// When the thread spins.
    pub(super) spin: Spin,
    /// The place that was looked at last among all.
    place: u32,
    /// How many the last lap found asking.
    found: u32,
    /// How many laps have found nobody since.
    idle: u32,
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
            found: 0,
            idle: 0,
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

    /// How many peers beside the recent ones the next lap looks at.
    #[inline]
    pub(super) fn looks(&self) -> u32 {
        self.found.max(self.idle).clamp(LEAST_LOOKS, MOST_LOOKS)
    }

    /// A lap found so many peers asking.
    #[inline]
    pub(super) fn lapped(&mut self, found: u32) {
        match found {
            0 => self.idle = self.idle.saturating_add(1),
            _ => (self.found, self.idle) = (found, 0),
        }
    }

    /// Decides which peer to spin for, where looking costs a system call.
    #[inline(always)]
    pub(super) fn choose_recent(&mut self, happened: &[Event]) {
        let peers = happened.iter().filter_map(peer_of);
        self.recent.note_only(peers);
    }
}

/// The peer that this happened to.
#[inline]
pub(super) fn peer_of(event: &Event) -> Option<Key> {
    match Token::from(event.token()) {
        Token::Peer(key, _) => Some(key),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::ready::Ready;

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
    fn a_lap_looks_at_more_where_more_was_found_or_there_is_time() {
        let mut attention = Attention::new(true, Duration::ZERO);
        assert_eq!(attention.looks(), LEAST_LOOKS);
        attention.lapped(20);
        assert_eq!(attention.looks(), 20);
        (0..30).for_each(|_| attention.lapped(0));
        assert_eq!(attention.looks(), 30);
        attention.lapped(1);
        assert_eq!(attention.looks(), LEAST_LOOKS);
        (0..1000).for_each(|_| attention.lapped(0));
        assert_eq!(attention.looks(), MOST_LOOKS);
        attention.lapped(1000);
        assert_eq!(attention.looks(), MOST_LOOKS);
    }

    #[test]
    fn a_peer_is_spun_for_that_is_alone() {
        let both = [
            event(Token::Stop),
            event(Token::Peer(key(1), 0)),
            event(Token::Door(0)),
            event(Token::Peer(key(2), 1)),
        ];
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
