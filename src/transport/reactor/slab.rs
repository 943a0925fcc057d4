//! Things in numbered places, where a number never means a later thing in the same place.

use std::collections::TryReserveError;

/// Where a thing is, and which one of those that were there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) index: u32,
    pub(super) round: u16,
}

/// Things in numbered places.
#[derive(Debug)]
pub(super) struct Slab<T> {
    places: Vec<(u16, Option<T>)>,
    free: Vec<u32>,
}

impl<T> Slab<T> {
    pub(super) fn new() -> Self {
        Self {
            places: Vec::new(),
            free: Vec::new(),
        }
    }

    /// Puts a thing into a free place; where there is no memory for one more, gives it back.
    pub(super) fn insert(&mut self, thing: T) -> Result<Key, T> {
        if self.free.is_empty() && self.add_place().is_err() {
            return Err(thing);
        }
        let index = self.free.pop().unwrap_or(u32::MAX);
        let mut round = 0;
        if let Some(place) = self.places.get_mut(index as usize) {
            place.1 = Some(thing);
            round = place.0;
        }
        Ok(Key { index, round })
    }

    /// Makes one more place, and sees to it that all of them can be free.
    fn add_place(&mut self) -> Result<(), TryReserveError> {
        self.places.try_reserve(1)?;
        self.free.try_reserve(self.places.len() + 1)?;
        self.free.push(self.places());
        self.places.push((0, None));
        Ok(())
    }

    /// The thing with this key, if it is still there.
    #[inline]
    pub(super) fn get(&self, key: Key) -> Option<&T> {
        match self.places.get(key.index as usize) {
            Some((round, thing)) if *round == key.round => thing.as_ref(),
            _ => None,
        }
    }

    /// The thing with this key, if it is still there, to change it.
    #[inline]
    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        match self.places.get_mut(key.index as usize) {
            Some((round, thing)) if *round == key.round => thing.as_mut(),
            _ => None,
        }
    }

    /// Takes the thing with this key out.
    pub(super) fn remove(&mut self, key: Key) -> Option<T> {
        let (round, thing) = self.places.get_mut(key.index as usize)?;
        if *round != key.round {
            return None;
        }
        let thing = thing.take()?;
        *round = round.wrapping_add(1);
        self.free.push(key.index);
        Some(thing)
    }

    /// The key of what is in the place with this number.
    #[inline]
    pub(super) fn key_at(&self, index: u32) -> Option<Key> {
        let (round, thing) = self.places.get(index as usize)?;
        thing.is_some().then_some(Key {
            index,
            round: *round,
        })
    }

    /// How many places there are, taken or free.
    pub(super) fn places(&self) -> u32 {
        u32::try_from(self.places.len()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_never_means_a_later_thing() {
        let mut slab = Slab::new();
        let first = slab.insert('a').unwrap();
        assert_eq!(slab.remove(first), Some('a'));
        let second = slab.insert('b').unwrap();
        assert_eq!(first.index, second.index);
        assert_eq!(slab.get(first), None);
        assert_eq!(slab.get_mut(first), None);
        assert_eq!(slab.remove(first), None);
        assert_eq!(slab.get(second), Some(&'b'));
        assert_eq!(slab.get_mut(second), Some(&mut 'b'));
        assert_eq!((slab.places(), slab.key_at(0)), (1, Some(second)));
    }

    #[test]
    fn there_is_room_to_note_every_place_as_free() {
        let mut slab = Slab::new();
        let keys: Vec<_> = (0..40)
            .map(|thing| {
                let key = slab.insert(thing).unwrap();
                assert!(slab.free.capacity() >= slab.places.len());
                key
            })
            .collect();
        assert_eq!(slab.places(), 40);
        for (thing, key) in (0..).zip(&keys) {
            assert_eq!(slab.key_at(thing), Some(*key));
            assert_eq!(slab.remove(*key), Some(thing));
            assert_eq!(slab.key_at(thing), None);
        }
        assert_eq!((slab.places(), slab.key_at(40)), (40, None));
    }
}
