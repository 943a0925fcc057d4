//! The peers that a spinning thread keeps an eye on.

use super::slab::Key;

/// More than this many are not worth a look in every lap.
const CAPACITY: usize = 8;

/// By chance, one of a few busy peers is alone twice or thrice in a row.
const ALONE: u32 = 8;

/// The peers that asked something lately, the latest first.
#[derive(Debug)]
pub(super) struct Recent {
    keys: Vec<Key>,
    /// The peer that alone asked something last time, and how often it has in a row.
    only: Option<Key>,
    alone: u32,
}

impl Recent {
    pub(super) fn new() -> Self {
        Self {
            keys: Vec::with_capacity(CAPACITY + 1),
            only: None,
            alone: 0,
        }
    }

    /// This peer asked something.
    pub(super) fn note(&mut self, key: Key) {
        if self.keys.first() == Some(&key) {
            return;
        }
        self.forget(key);
        self.keys.insert(0, key);
        self.keys.truncate(CAPACITY);
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
        self.keys.clear();
        if self.alone >= ALONE {
            self.alone = ALONE;
            self.keys.extend(only);
        }
    }

    pub(super) fn forget(&mut self, key: Key) {
        self.keys.retain(|&other| other != key);
    }

    /// The peer in this place.
    #[inline]
    pub(super) fn get(&self, place: usize) -> Option<Key> {
        self.keys.get(place).copied()
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(index: u32) -> Key {
        Key { index, round: 0 }
    }

    #[test]
    fn the_latest_come_first_and_the_list_is_short() {
        let mut recent = Recent::new();
        (0..20).for_each(|index| recent.note(key(index)));
        recent.note(key(15));
        let indexes: Vec<_> = (0..recent.len())
            .filter_map(|place| recent.get(place))
            .map(|key| key.index)
            .collect();
        assert_eq!(indexes, [15, 19, 18, 17, 16, 14, 13, 12]);
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
