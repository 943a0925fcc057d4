//! Private memory for messages that the host writes and reads where they lie.

use super::place::Place;
use super::room::{NoMemory, Room};
use std::ops::{Deref, DerefMut};

/// What a loan is aligned to, in bytes: a cache line, so that any type of C may lie there.
pub const LOAN_ALIGNMENT: usize = 64;

/// Bytes, zeros at first, from a multiple of [`LOAN_ALIGNMENT`] on.
#[derive(Debug, Default)]
pub struct LoanRoom {
    room: Room,
    start: usize,
}

impl LoanRoom {
    /// One of no bytes, which takes no memory.
    pub(crate) const fn empty() -> Self {
        Self {
            room: Room::empty(),
            start: 0,
        }
    }

    /// One of `length` zeros, or of none. The system lends pages of a large one as they are first written to.
    pub(crate) fn new(length: usize) -> Result<Self, NoMemory> {
        let room = Room::new(length.saturating_add(LOAN_ALIGNMENT))?;
        let start = room.place(0).address().wrapping_neg() % LOAN_ALIGNMENT;
        Ok(Self { room, start })
    }

    /// Makes it as long as that, and of a byte at least; what is in one that is too short is gone.
    pub(crate) fn grow(&mut self, length: usize) -> Result<(), NoMemory> {
        if self.len() < length.max(1) {
            *self = Self::empty(); // Given back before.
            *self = Self::new(length)?;
        }
        Ok(())
    }

    /// Where it is, also of no bytes.
    pub(crate) fn place(&self) -> Place {
        self.room.place(self.start)
    }
}

impl Deref for LoanRoom {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.room.split_at(self.start).1
    }
}

impl DerefMut for LoanRoom {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        self.room.split_at_mut(self.start).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_where_loans_do_and_is_long_enough() {
        for length in (0..200).chain([4096, 100_000]) {
            let room = LoanRoom::new(length).unwrap();
            assert!(room.place().address().is_multiple_of(LOAN_ALIGNMENT));
            assert_eq!(room.place().address(), room.as_ptr().addr());
            assert!(room.len() >= length);
        }
        assert!(LoanRoom::new(usize::MAX).is_err());
        assert!(LoanRoom::empty().is_empty());
    }

    #[test]
    fn what_the_host_writes_is_what_is_read() {
        let room = LoanRoom::new(3).unwrap();
        // SAFETY: the room has three bytes, and nobody else has them now.
        unsafe { room.place().as_ptr().add(2).write(9) };
        assert_eq!(room[..3], [0, 0, 9]);
    }
}
