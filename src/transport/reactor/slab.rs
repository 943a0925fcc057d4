//! Things in numbered places, where a number never means a later thing in the same place.

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

    /// Puts a thing into a free place.
    pub(super) fn insert(&mut self, thing: T) -> Key {
        let index = self.free.pop().unwrap_or_else(|| {
            self.places.push((0, None));
            u32::try_from(self.places.len() - 1).unwrap_or(u32::MAX)
        });
        let mut round = 0;
        if let Some(place) = self.places.get_mut(index as usize) {
            place.1 = Some(thing);
            round = place.0;
        }
        Key { index, round }
    }

    /// The thing with this key, if it is still there.
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

    /// The keys of all things.
    pub(super) fn keys(&self) -> Vec<Key> {
        (0..self.places())
            .filter_map(|index| self.key_at(index))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_never_means_a_later_thing() {
        let mut slab = Slab::new();
        let first = slab.insert('a');
        assert_eq!(slab.remove(first), Some('a'));
        let second = slab.insert('b');
        assert_eq!(first.index, second.index);
        assert_eq!(slab.get_mut(first), None);
        assert_eq!(slab.remove(first), None);
        assert_eq!(slab.get_mut(second), Some(&mut 'b'));
        assert_eq!(slab.keys(), [second]);
    }
}
