//! Numbers that look random.

#![allow(clippy::indexing_slicing, reason = "these are tests")]

/// Numbers that look random and are the same for the same seed (xorshift64, Marsaglia 2003).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// One of the first so many numbers.
    pub fn pick(&mut self, count: u64) -> u64 {
        (self.number() >> 16) % count
    }

    pub fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap();
        usize::try_from((self.number() >> 8) % limit).unwrap()
    }

    pub fn byte(&mut self) -> u8 {
        self.number().to_le_bytes()[4]
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.byte()).collect()
    }
}
