//! Whom a thread looks at, where peers ask in memory or are worth spinning for.

use super::recent::Recent;
use super::token::Token;
use crate::sys::Event;
use crate::sys::wait::LOOKS;
use std::time::{Duration, Instant};

/// Peers beside the recent ones that each lap looks at: two laps look at every peer of a full
/// server with one thread (128 over shared memory).
pub(super) const LOOKS_A_LAP: u32 = 64;

/// While peers that ask in memory keep this thread busy, what else happens is looked at this often.
pub(super) const LAPS_LAST: Duration = Duration::from_micros(100);

/// Whom to look at next.
#[derive(Debug)]
pub(super) struct Attention {
    /// Peers that asked lately.
    pub(super) recent: Recent,
    /// The place that was looked at last among all.
    place: u32,
}

impl Attention {
    pub(super) fn new() -> Self {
        Self {
            recent: Recent::new(),
            place: 0,
        }
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
    pub(super) fn choose_recent(&mut self, happened: &[Event], polls_memory: bool) {
        let peers = happened
            .iter()
            .filter_map(|event| match Token::from(event.token()) {
                Token::Peer(key, _) => Some(key),
                _ => None,
            });
        if polls_memory {
            peers.for_each(|key| self.recent.note(key));
        } else {
            self.recent.note_only(peers);
        }
    }
}

/// A time that is looked at only now and then, since looking takes as long as a lap or two.
pub(super) struct Lap {
    looks: u32,
    pub(super) began: Option<Instant>,
}

/// So many laps are over, whatever the clock says: one that stands still (a debugger's, a
/// simulator's) keeps no thread.
const LAPS_AT_MOST: u32 = 1 << 20;

impl Lap {
    pub(super) fn new() -> Self {
        Self {
            looks: 0,
            began: None,
        }
    }

    /// Whether it has lasted longer than this, as far as is known.
    pub(super) fn passes(&mut self, limit: Duration) -> bool {
        self.looks += 1;
        self.looks.is_multiple_of(LOOKS)
            && (self.began.get_or_insert_with(Instant::now).elapsed() >= limit
                || self.looks >= LAPS_AT_MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Event;
    use crate::sys::ready::Ready;
    use crate::transport::reactor::slab::Key;

    /// Longer than any test.
    const LONG: Duration = Duration::from_secs(3600);

    fn key(index: u32) -> Key {
        Key { index, round: 0 }
    }

    fn event(token: Token) -> Event {
        Event::new(Ready::READABLE, token.into())
    }

    #[test]
    fn every_place_has_its_turn() {
        let mut attention = Attention::new();
        let mut places = |count| [(); 5].map(|()| attention.next_place(count));
        assert_eq!(places(3), [1, 2, 0, 1, 2]);
        assert_eq!(places(1), [0; 5]);
        assert_eq!(places(2), [1, 0, 1, 0, 1]);
    }

    #[test]
    fn in_memory_all_who_asked_are_recent_and_else_one_that_is_alone() {
        let mut attention = Attention::new();
        let both = [
            event(Token::Stop),
            event(Token::Peer(key(1), 0)),
            event(Token::Door(0)),
            event(Token::Peer(key(2), 1)),
        ];
        attention.choose_recent(&both, true);
        let recent = &attention.recent;
        let keys = [recent.get(0), recent.get(1), recent.get(2)];
        assert_eq!(keys, [Some(key(2)), Some(key(1)), None]);
        attention.choose_recent(&both, false);
        assert_eq!(attention.recent.len(), 0);
        for _ in 0..100 {
            attention.choose_recent(&both[..3], false);
        }
        assert_eq!(attention.recent.get(0), Some(key(1)));
    }

    #[test]
    fn a_time_is_looked_at_after_some_laps() {
        let mut none = Lap::new();
        for lap in 1..=10 * LOOKS {
            assert_eq!(none.passes(Duration::ZERO), lap % LOOKS == 0, "{lap}");
        }
        let mut over = Lap::new();
        over.began = Instant::now().checked_sub(Duration::from_secs(1));
        let laps = 1..=3 * LOOKS;
        let told: Vec<_> = laps
            .filter(|_| over.passes(Duration::from_secs(1)))
            .collect();
        assert_eq!(told, [LOOKS, 2 * LOOKS, 3 * LOOKS]);
    }

    #[test]
    fn a_clock_that_stands_still_ends_after_so_many_laps() {
        let mut lap = Lap::new();
        let laps = (1..).take_while(|_| !lap.passes(LONG)).count();
        assert_eq!(u32::try_from(laps), Ok(LAPS_AT_MOST - 1));
    }
}
