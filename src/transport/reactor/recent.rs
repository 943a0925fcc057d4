//! The peers that a spinning thread keeps an eye on.

use super::slab::Key;
use std::collections::TryReserveError;

/// A peer that asked nothing in so many laps is not worth a look in each of them.
const LAPS: u32 = 64;

/// By chance, one of a few busy peers is alone twice or thrice in a row.
const ALONE: u32 = 8;

/// The peers that asked something lately.
#[derive(Debug)]
pub(super) struct Recent {
    /// Each, and how many laps have found nothing of it since it asked last.
    peers: Vec<(Key, u32)>,
    /// The one that asked last; it is among them.
    latest: Option<Key>,
    /// The peer that alone asked something last time, and how often it has in a row.
    only: Option<Key>,
    alone: u32,
}

impl Recent {
    pub(super) fn new() -> Self {
        Self {
            peers: Vec::with_capacity(1),
            latest: None,
            only: None,
            alone: 0,
        }
    }

    /// Makes room for so many peers.
    pub(super) fn reserve(&mut self, peers: usize) -> Result<(), TryReserveError> {
        self.peers
            .try_reserve(peers.saturating_sub(self.peers.len()))
    }

    /// This peer, which is not among them, asked something.
    pub(super) fn note(&mut self, key: Key) {
        self.peers.push((key, 0));
        self.latest = Some(key);
    }

    /// The peer in this place asked something.
    #[inline]
    pub(super) fn asked(&mut self, place: usize) {
        if let Some((key, laps)) = self.peers.get_mut(place) {
            *laps = 0;
            self.latest = Some(*key);
        }
    }

    /// The peer in this place asked nothing in one more lap; it, if it is no more among them for that: another one is in
    /// this place then. The one that asked last stays.
    #[inline]
    pub(super) fn was_silent(&mut self, place: usize) -> Option<Key> {
        let (key, laps) = self.peers.get_mut(place)?;
        *laps = laps.saturating_add(1);
        if *laps < LAPS || self.latest == Some(*key) {
            return None;
        }
        Some(self.peers.swap_remove(place).0)
    }

    /// These peers asked something, and looking at a peer costs a system call, during which the
    /// others wait: it pays only for one that was the only one [`ALONE`] times in a row.
    pub(super) fn note_only(&mut self, mut keys: impl Iterator<Item = Key>) {
        let Some(first) = keys.next() else {
            return;
        };
        let only = keys.all(|key| key == first).then_some(first);
        self.alone = match only {
            Some(_) if only == self.only => self.alone + 1,
            Some(_) => 1,
            None => 0,
        };
        self.only = only;
        self.peers.clear();
        self.latest = None;
        if self.alone >= ALONE {
            self.alone = ALONE;
            only.into_iter().for_each(|key| self.note(key));
        }
    }

    pub(super) fn forget(&mut self, key: Key) {
        self.peers.retain(|(other, _)| *other != key);
        if self.latest == Some(key) {
            self.latest = self.peers.first().map(|(key, _)| *key);
        }
    }

    /// The peer in this place.
    #[inline]
    pub(super) fn get(&self, place: usize) -> Option<Key> {
        self.peers.get(place).map(|(key, _)| *key)
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.peers.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(index: u32) -> Key {
        Key { index, round: 0 }
    }

    fn keys(recent: &Recent) -> Vec<u32> {
        let keys = (0..recent.len()).filter_map(|place| recent.get(place));
        keys.map(|key| key.index).collect()
    }

    #[test]
    fn one_that_is_silent_for_long_is_forgotten_unless_it_asked_last() {
        let mut recent = Recent::new();
        (0..4).for_each(|index| recent.note(key(index)));
        for _ in 1..LAPS {
            assert_eq!(recent.was_silent(0), None);
            assert_eq!(recent.was_silent(3), None);
        }
        assert_eq!(recent.was_silent(0), Some(key(0)));
        assert_eq!(keys(&recent), [3, 1, 2]);
        assert_eq!(recent.was_silent(0), None, "it asked last");
        recent.asked(1);
        assert_eq!(recent.latest, Some(key(1)));
        assert_eq!(recent.was_silent(0), Some(key(3)));
        for _ in 0..LAPS {
            assert_eq!(recent.was_silent(1), None);
        }
        assert_eq!(keys(&recent), [2, 1]);
    }

    #[test]
    fn one_that_asks_again_stays() {
        let mut recent = Recent::new();
        (0..2).for_each(|index| recent.note(key(index)));
        for _ in 0..3 {
            recent.asked(0);
            recent.asked(1);
            for _ in 1..LAPS {
                assert_eq!(recent.was_silent(0), None);
            }
        }
        assert_eq!(recent.was_silent(0), Some(key(0)));
    }

    #[test]
    fn the_one_that_asked_last_has_gone() {
        let mut recent = Recent::new();
        (0..2).for_each(|index| recent.note(key(index)));
        recent.forget(key(1));
        assert_eq!((recent.latest, keys(&recent)), (Some(key(0)), vec![0]));
        recent.forget(key(0));
        assert_eq!((recent.latest, recent.len()), (None, 0));
    }

    #[test]
    fn room_is_made_for_all_peers_once() {
        let mut recent = Recent::new();
        recent.reserve(100).unwrap();
        let room = recent.peers.capacity();
        (0..100).for_each(|index| recent.note(key(index)));
        recent.reserve(100).unwrap();
        assert_eq!(recent.peers.capacity(), room);
    }

    #[test]
    fn only_a_peer_that_is_alone_again_and_again_is_spun_for() {
        let mut recent = Recent::new();
        for _ in 1..ALONE {
            recent.note_only([key(1), key(1)].into_iter());
            assert_eq!(recent.len(), 0);
        }
        recent.note_only([key(1)].into_iter());
        assert_eq!(recent.get(0), Some(key(1)));
        recent.note_only([key(2)].into_iter());
        assert_eq!(recent.len(), 0);
        for _ in 0..=ALONE {
            recent.note_only([key(1), key(2)].into_iter());
        }
        assert_eq!(recent.len(), 0);
    }
}
