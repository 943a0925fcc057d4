//! Numbers that a seed repeats, and how long runs are.

use std::hash::{BuildHasher, RandomState};

/// `SplitMix64` (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap();
        usize::try_from(self.next() % limit).unwrap()
    }

    pub(crate) fn is_heads(&mut self) -> bool {
        self.next().is_multiple_of(2)
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for place in (1..items.len()).rev() {
            items.swap(place, self.below(place + 1));
        }
    }
}

/// The seed of this run: the one that is asked for, or a fixed one, or with "random" a new one.
pub(crate) fn seed() -> u64 {
    match std::env::var("CALC_IPC_SEED") {
        Ok(word) if word == "random" => RandomState::new().hash_one(0),
        Ok(number) => number.parse().unwrap(),
        Err(_) => 20_260,
    }
}

/// How often: as often as the environment asks by this name, or `few` times.
pub(crate) fn how_often(name: &str, few: usize) -> usize {
    std::env::var(name).map_or(few, |number| number.parse().unwrap())
}
