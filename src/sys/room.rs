//! Memory whose size a peer, an option or a message decides: one place asks for it, and its lack is an error.
//!
//! Collections of the standard library end the process instead (`handle_alloc_error`).

use super::pages;
use super::place::Place;
use std::alloc::{self, Layout};
use std::fmt;
use std::hint::black_box;
use std::io::{self, ErrorKind};
use std::num::NonZeroUsize;
use std::ops::{Deref, DerefMut, Range};
use std::ptr::NonNull;
use std::slice;

/// What the bodies that handlers are given are aligned to, in bytes, and the room for their answers.
pub const ALIGNMENT: usize = 16;

/// This much memory was not to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMemory {
    bytes: usize,
}

impl fmt::Display for NoMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no memory for {} bytes", self.bytes)
    }
}

impl std::error::Error for NoMemory {}

impl From<NoMemory> for io::Error {
    fn from(lack: NoMemory) -> Self {
        Self::new(ErrorKind::OutOfMemory, lack)
    }
}

/// The bytes of a length before a message.
pub(crate) const BEFORE: usize = 4;

/// Bytes, zeros at first, for messages with their lengths: the message of a first one, [`BEFORE`] bytes
/// from the start, lies where any type of up to [`ALIGNMENT`] may.
pub(crate) struct Room {
    start: NonNull<u8>,
    length: usize,
    /// What the allocator gave, of [`Room::layout`], or the system, as many bytes; nothing for a room of no bytes.
    allocation: Option<NonNull<u8>>,
}

// SAFETY: it owns its bytes, as a Vec does.
unsafe impl Send for Room {}
// SAFETY: as above.
unsafe impl Sync for Room {}

/// A room from this size on is large: with it, [`HEADROOM`] has to be left.
const LARGE: usize = 16 << 10;

/// A room longer than this is the system's, and not the allocator's: giving it back leaves nothing behind, and what is not written to
/// takes no memory. A shorter one is made faster by the allocator, which has its pages already.
const OF_SYSTEM: usize = 4 << 20;

/// What is left for allocations that cannot fail when a large room is made, in this thread and
/// others: where a program break cannot be raised, malloc(3) of glibc takes so much at once.
const HEADROOM: usize = 1 << 20;

impl Room {
    /// One of no bytes, which takes no memory.
    pub(crate) const fn empty() -> Self {
        Self {
            start: NonNull::dangling(),
            length: 0,
            allocation: None,
        }
    }

    /// One of `length` zeros. The system lends pages of a large one as they are first written to.
    pub(crate) fn new(length: usize) -> Result<Self, NoMemory> {
        let lack = NoMemory { bytes: length };
        if length == 0 {
            return Ok(Self::empty());
        }
        let layout = Self::layout(length).ok_or(lack)?;
        let allocation = match Self::of_system(length, layout) {
            Some(bytes) => pages::take(bytes),
            // SAFETY: the layout is not of size 0.
            None => NonNull::new(unsafe { alloc::alloc_zeroed(layout) }),
        };
        let allocation = allocation.ok_or(lack)?;
        let first = allocation.addr().get() + BEFORE;
        let lead = first.wrapping_neg() % ALIGNMENT;
        let room = Self {
            // SAFETY: `lead` is less than ALIGNMENT, by as much less one the layout is larger than `length`.
            start: unsafe { allocation.add(lead) },
            length,
            allocation: Some(allocation),
        };
        if length >= LARGE && !has_headroom() {
            return Err(lack);
        }
        Ok(room)
    }

    /// Where the byte with this number is, or would be behind the last. Whatever was lent of the room is to be given back
    /// before the host looks there.
    pub(crate) fn place(&self, byte: usize) -> Place {
        assert!(byte <= self.length, "byte {byte} of {}", self.length);
        // SAFETY: within the allocation, or one byte behind it.
        Place::new(unsafe { self.start.add(byte) })
    }

    /// One with just these bytes.
    pub(crate) fn copy_of(bytes: &[u8]) -> Result<Self, NoMemory> {
        let mut room = Self::new(bytes.len())?;
        room.copy_from_slice(bytes);
        Ok(room)
    }

    /// Makes it longer, with these of its bytes where they are; the others are zeros.
    pub(crate) fn grow(&mut self, length: usize, kept: Range<usize>) -> Result<(), NoMemory> {
        let mut room = Self::new(length)?;
        let place = room.get_mut(kept.clone()).expect(KEPT);
        place.copy_from_slice(self.get(kept).expect(KEPT));
        *self = room;
        Ok(())
    }

    /// Moves a message down to where it is aligned, and says where that is. What lay in the up to
    /// `ALIGNMENT - 1` bytes before it is gone.
    #[inline]
    pub(crate) fn align(&mut self, message: Range<usize>) -> Range<usize> {
        let over = message.start.wrapping_sub(BEFORE) % ALIGNMENT;
        if over == 0 || over > message.start {
            return message;
        }
        let start = message.start - over;
        let aligned = start..start + message.len();
        self.copy_within(message, start);
        aligned
    }

    /// Of an allocation with a right start of `length` bytes in it. An alignment in the layout would
    /// keep some systems from giving zeros that nobody has to write.
    fn layout(length: usize) -> Option<Layout> {
        let size = length.checked_add(ALIGNMENT - 1)?;
        Layout::from_size_align(size, 1).ok()
    }

    /// How many bytes a room of this length, with this layout, takes from the system, if it does.
    fn of_system(length: usize, layout: Layout) -> Option<NonZeroUsize> {
        NonZeroUsize::new(layout.size()).filter(|_| length > OF_SYSTEM)
    }
}

/// Otherwise a bug is at hand, which is not to become a message of zeros.
const KEPT: &str = "what is kept lies within both rooms";

impl Default for Room {
    fn default() -> Self {
        Self::empty()
    }
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.length)
    }
}

impl Deref for Room {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        // SAFETY: that many bytes, all of them initialised, live there as long as `self`.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }
}

impl DerefMut for Room {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `deref`, and nothing else points to them.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.length) }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if let (Some(allocation), Some(layout)) = (self.allocation, Self::layout(self.length)) {
            match Self::of_system(self.length, layout) {
                // SAFETY: it was taken with this length, once, in `new`.
                Some(bytes) => unsafe { pages::give_back(allocation, bytes) },
                // SAFETY: it was allocated with this layout, once, in `new`.
                None => unsafe { alloc::dealloc(allocation.as_ptr(), layout) },
            }
        }
    }
}

/// Whether there is still memory for allocations that cannot fail.
pub(crate) fn has_headroom() -> bool {
    let Ok(layout) = Layout::from_size_align(HEADROOM, 1) else {
        return false;
    };
    // The compiler may not leave out what it cannot see through.
    // SAFETY: the layout is not of size 0.
    let probe = black_box(unsafe { alloc::alloc(layout) });
    if !probe.is_null() {
        // SAFETY: just allocated with this layout.
        unsafe { alloc::dealloc(probe, layout) };
    }
    !probe.is_null()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_aligned(bytes: &[u8]) -> bool {
        bytes.as_ptr().addr().is_multiple_of(ALIGNMENT)
    }

    #[test]
    fn a_room_of_any_length_is_zero_and_its_first_message_is_aligned() {
        let lengths = (0..100).chain([OF_SYSTEM, OF_SYSTEM + 1]);
        let rooms: Vec<_> = lengths
            .map(|length| (length, Room::new(length).unwrap()))
            .collect();
        for (length, room) in &rooms {
            let length = *length;
            assert!(length < BEFORE || is_aligned(&room[BEFORE..]), "{length}");
            assert_eq!(**room, *vec![0; length]);
        }
    }

    #[test]
    fn what_cannot_be_had_is_an_error_that_says_how_much() {
        for length in [usize::MAX, isize::MAX as usize, isize::MAX as usize - 4096] {
            // With 32 bits there may be room for one of the shortest, and for two there is none.
            let two = [(); 2].map(|()| Room::new(length));
            let lack = two.into_iter().find_map(Result::err).unwrap();
            assert_eq!(lack.to_string(), format!("no memory for {length} bytes"));
            assert_eq!(io::Error::from(lack).kind(), ErrorKind::OutOfMemory);
        }
    }

    #[test]
    fn growing_keeps_what_it_is_told_to() {
        let mut room = Room::copy_of(b"0123456789").unwrap();
        room.grow(40_000, 3..6).unwrap();
        assert_eq!(room[..8], [0, 0, 0, b'3', b'4', b'5', 0, 0]);
        assert_eq!(room.len(), 40_000);
        room.grow(usize::MAX, 0..0).unwrap_err();
        assert_eq!(&room[3..6], b"345");
    }

    #[test]
    fn messages_move_down_to_where_they_are_aligned() {
        for at in BEFORE..40 {
            let mut room = Room::new(64).unwrap();
            room[at..at + 7].copy_from_slice(b"message");
            let aligned = room.align(at..at + 7);
            assert!(aligned.start <= at && at - aligned.start < ALIGNMENT);
            assert!(is_aligned(&room[aligned.clone()]));
            assert_eq!(&room[aligned], b"message");
        }
    }
}
