//! Cuts a stream of bytes into frames.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod lent;
#[cfg(test)]
mod tests;

use super::spare::{KEPT_ROOM, Spare};
use crate::protocol::frame::{self, Notice, PREFIX};
use crate::sys::room::{BEFORE, NoMemory, Room};
use std::mem;
use std::ops::Range;

/// Bytes that have arrived and are not yet a whole frame, or not yet looked at.
///
/// A length is checked against the limit before a byte of room is made for it, and room grows with what
/// has arrived, so a hostile prefix costs nothing; the body of an answer that is over the limit is
/// dropped as it arrives.
#[derive(Debug)]
pub(crate) struct Inbox {
    /// None at first, so that a silent peer costs none.
    buffer: Room,
    /// The bytes of `buffer` that have arrived.
    filled: Range<usize>,
    /// Bytes still to come of a body that is dropped.
    dropping: usize,
    limit: u32,
}

/// What stands at the head of the stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A body, at this place of [`Inbox::bytes`].
    Body(Range<usize>),
    /// A word in place of a length.
    Notice(Notice),
    /// A body of this length, which is over the limit; its bytes follow.
    TooLarge(u32),
}

/// Where the body of a frame at the start of a room is aligned.
const _: () = assert!(BEFORE == PREFIX);

/// Room for some small frames; a peer that sends more at once gets more.
const FIRST_ROOM: usize = 1024;
/// The most room for many small frames: a read that filled its room with some is followed by larger ones, since the answers to what
/// one read brings are written together, and each read and write takes as long as a dozen small frames.
const ROOM_OF_MANY: usize = 16 << 10;

/// Otherwise a bug is at hand, which is not to become a wrong message.
const WITHIN: &str = "what has arrived lies within its room";

/// Room grows to so many times what has arrived, if the frame needs it: all copies of a frame that was
/// moved from one room to the next take a third of the time that one takes.
const GROWTH: usize = 4;

impl Inbox {
    /// An empty one; bodies longer than `limit` bytes are not taken.
    pub(crate) fn new(limit: u32) -> Self {
        Self {
            buffer: Room::empty(),
            filled: 0..0,
            dropping: 0,
            limit,
        }
    }

    /// Takes the next piece off the stream; `None`: more bytes are needed.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<Piece> {
        if self.dropping > 0 {
            self.drop_arrived();
        }
        let prefix = self.peek_prefix()?;
        let body = self.filled.start + PREFIX;
        if let Some(notice) = Notice::from_prefix(prefix) {
            self.filled.start = body;
            return Some(Piece::Notice(notice));
        }
        let length = prefix as usize;
        if prefix > self.limit {
            self.filled.start = body;
            self.dropping = length;
            return Some(Piece::TooLarge(prefix));
        }
        if self.filled.end - body < length {
            return None;
        }
        self.filled.start = body + length;
        Some(Piece::Body(body..body + length))
    }

    /// Takes the next piece if it is a body that has arrived, of so many bytes at most.
    #[inline]
    pub(crate) fn next_body(&mut self, longest: usize) -> Option<Range<usize>> {
        let prefix = self.peek_prefix()?;
        let length = prefix as usize;
        let body = self.filled.start + PREFIX;
        let is_body = self.dropping == 0 && prefix <= self.limit;
        if !is_body || length > longest || self.filled.end - body < length {
            return None;
        }
        self.filled.start = body + length;
        Some(body..body + length)
    }

    /// The bytes of a body, until the next call that takes `&mut self`.
    #[inline]
    pub(crate) fn bytes(&self, body: Range<usize>) -> &[u8] {
        self.buffer.get(body).expect(WITHIN)
    }

    /// Whether [`Inbox::next`] has something to give.
    #[inline]
    pub(crate) fn has_whole_piece(&self) -> bool {
        let arrived = self.filled.len();
        arrived >= PREFIX && arrived >= self.dropping.saturating_add(self.needed())
    }

    /// How many bytes are there that were not taken yet.
    #[inline]
    pub(crate) fn arrived(&self) -> usize {
        self.filled.len()
    }

    /// Whether bytes are there beyond those that are being dropped.
    #[inline]
    pub(crate) fn has_unasked(&self) -> bool {
        self.filled.len() > self.dropping
    }

    /// Whether a frame has begun and not ended.
    pub(crate) fn has_partial_frame(&self) -> bool {
        !self.filled.is_empty() || self.dropping > 0
    }

    /// The length of the body that has begun to arrive; 0: it is not known yet. One over the limit is a piece at
    /// once, as far as [`Inbox::next`] was asked.
    pub(crate) fn begun_body(&self) -> u32 {
        self.peek_prefix().unwrap_or(0)
    }

    /// A body that was just taken, moved to where any type may lie.
    #[inline]
    pub(crate) fn align(&mut self, body: Range<usize>) -> Range<usize> {
        self.buffer.align(body)
    }

    /// Room for the next read.
    #[inline]
    pub(crate) fn room(&mut self) -> Result<&mut [u8], NoMemory> {
        self.room_by(None)
    }

    /// The same; where there is no memory for it, `spare` room is given back.
    #[inline]
    pub(crate) fn room_beside(&mut self, spare: &mut Spare) -> Result<&mut [u8], NoMemory> {
        self.room_by(Some(spare))
    }

    #[inline]
    fn room_by(&mut self, spare: Option<&mut Spare>) -> Result<&mut [u8], NoMemory> {
        // From the first room to the most that is kept.
        let is_usual = self.buffer.len().wrapping_sub(FIRST_ROOM) <= KEPT_ROOM - FIRST_ROOM;
        if self.filled.is_empty() && is_usual && !self.was_filled() {
            self.filled = 0..0;
            return Ok(&mut self.buffer);
        }
        self.other_room(spare)
    }

    #[inline(never)]
    fn other_room(&mut self, spare: Option<&mut Spare>) -> Result<&mut [u8], NoMemory> {
        if let Err(lack) = self.see_to_room() {
            spare.ok_or(lack)?.give_back();
            self.see_to_room()?;
        }
        Ok(self.buffer.get_mut(self.filled.end..).expect(WITHIN))
    }

    fn see_to_room(&mut self) -> Result<(), NoMemory> {
        let room = self.buffer.len();
        if self.filled.is_empty() {
            self.begin_anew()
        } else if room - self.filled.start < self.needed() || self.filled.end == room {
            self.make_room()
        } else {
            Ok(())
        }
    }

    /// Takes the room in `spare` for the frame that has begun, if it needs it and enough of it has arrived.
    #[inline]
    pub(crate) fn borrow_room(&mut self, spare: &mut Spare) {
        if spare.longest() > self.buffer.len() {
            self.take_room(spare);
        }
    }

    #[inline(never)]
    fn take_room(&mut self, spare: &mut Spare) {
        let needed = self.needed();
        if needed <= self.buffer.len() {
            return;
        }
        let arrived = self.buffer.get(self.filled.clone()).expect(WITHIN);
        let Some(room) = spare.earned(needed, arrived.len()) else {
            return;
        };
        let place = room.get_mut(..arrived.len());
        place.expect("it is longer").copy_from_slice(arrived);
        self.filled = 0..arrived.len();
        mem::swap(&mut self.buffer, room);
    }

    /// Makes large room that is empty spare, for the next connection that needs some: the system takes longer to make
    /// room than a peer to fill it.
    #[inline]
    pub(crate) fn return_room(&mut self, spare: &mut Spare) {
        if self.buffer.len() > KEPT_ROOM && self.filled.is_empty() {
            self.leave_room(spare);
        }
    }

    #[inline(never)]
    fn leave_room(&mut self, spare: &mut Spare) {
        self.filled = 0..0;
        if let Some(place) = spare.place_for(self.buffer.len()) {
            mem::swap(&mut self.buffer, place);
        }
        if self.buffer.len() != KEPT_ROOM {
            self.buffer = Room::empty(); // Given back before.
            // The next may be as large. Where there is no memory now, there may be later.
            self.buffer = Room::new(KEPT_ROOM).unwrap_or_default();
        }
    }

    /// Takes the first bytes of a body of which more has to come, so that the rest can be received elsewhere; gives the
    /// body's length and where its first bytes are. If not all is received, they are put back by [`Inbox::put_back`].
    #[inline]
    pub(crate) fn take_partial_body(&mut self, longest: usize) -> Option<(u32, Range<usize>)> {
        let prefix = self.peek_prefix().filter(|prefix| *prefix <= self.limit)?;
        let length = prefix as usize;
        let arrived = self.filled.start + PREFIX..self.filled.end;
        if self.dropping > 0 || length > longest || arrived.len() >= length {
            return None;
        }
        self.filled = 0..0;
        Some((prefix, arrived))
    }

    /// Puts back the first bytes of a body of this length.
    pub(crate) fn put_back(&mut self, length: u32, arrived: &[u8]) -> Result<(), NoMemory> {
        let prefix = frame::prefix(length);
        let end = PREFIX + arrived.len();
        if end > self.buffer.len() {
            self.buffer = Room::new(end)?;
        }
        let place = self.buffer.get_mut(..end).expect(WITHIN);
        let (before, body) = place.split_at_mut(PREFIX);
        before.copy_from_slice(&prefix);
        body.copy_from_slice(arrived);
        self.filled = 0..end;
        Ok(())
    }

    /// Takes what has arrived, whatever it is, as far as `bytes` has room for it; says how much.
    pub(crate) fn take(&mut self, bytes: &mut [u8]) -> usize {
        let count = bytes.len().min(self.filled.len());
        let start = self.filled.start;
        self.filled.start += count;
        if let (Some(to), Some(from)) = (
            bytes.get_mut(..count),
            self.buffer.get(start..start + count),
        ) {
            to.copy_from_slice(from);
        }
        count
    }

    /// `count` bytes of the room were filled.
    #[inline]
    pub(crate) fn fill(&mut self, count: usize) {
        let end = self.filled.end + count;
        assert!(end <= self.buffer.len(), "{WITHIN}");
        self.filled.end = end;
    }

    #[inline]
    fn peek_prefix(&self) -> Option<u32> {
        let arrived = self.buffer.get(self.filled.clone()).expect(WITHIN);
        arrived.first_chunk().copied().map(u32::from_le_bytes)
    }

    fn drop_arrived(&mut self) {
        let count = self.dropping.min(self.filled.len());
        self.filled.start += count;
        self.dropping -= count;
    }

    /// How many bytes the piece at the head has: those of its frame, once its prefix has arrived, before that those of a
    /// prefix. While a body is dropped, those of the prefix after it.
    #[inline]
    fn needed(&self) -> usize {
        match self.peek_prefix() {
            Some(prefix) if self.dropping == 0 && prefix <= self.limit => PREFIX + prefix as usize,
            _ => PREFIX,
        }
    }

    /// Whether what was read last left no room behind it, so that there may be more to read.
    #[inline]
    fn was_filled(&self) -> bool {
        self.filled.end == self.buffer.len()
    }

    /// Makes the first room, or more of what a read has filled, or takes the place of empty room that is larger than is kept.
    fn begin_anew(&mut self) -> Result<(), NoMemory> {
        self.filled = 0..0;
        let kept = match self.buffer.len() {
            ..FIRST_ROOM => FIRST_ROOM,
            FIRST_ROOM..=KEPT_ROOM => {
                self.make_room_of_many();
                return Ok(());
            }
            _ => KEPT_ROOM,
        };
        self.buffer = Room::empty(); // Given back before.
        self.buffer = Room::new(kept)?;
        Ok(())
    }

    /// Makes room for more frames at once, if there is memory for that.
    fn make_room_of_many(&mut self) {
        let room = ROOM_OF_MANY.min(self.buffer.len() * GROWTH);
        if room > self.buffer.len() {
            let _ = self.buffer.grow(room, self.filled.clone());
        }
    }

    fn move_to_front(&mut self) {
        if self.filled.start != 0 {
            self.buffer.copy_within(self.filled.clone(), 0);
            self.filled = 0..self.filled.len();
        }
    }

    /// Moves what is there to the front. If it fills half of the room, makes more: as the frame at
    /// the head needs, or many small ones, and as it grows with what has arrived.
    fn make_room(&mut self) -> Result<(), NoMemory> {
        let was_filled = self.was_filled();
        self.move_to_front();
        if was_filled {
            self.make_room_of_many();
        }
        let arrived = self.filled.end;
        if arrived * 2 > self.buffer.len() {
            let wanted = self.needed().max(KEPT_ROOM);
            let room = wanted.min(arrived * GROWTH);
            if room > self.buffer.len() {
                self.buffer.grow(room, 0..arrived)?;
            }
        }
        Ok(())
    }
}
