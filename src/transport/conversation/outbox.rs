//! Frames on their way out.

use super::spare::{Spare, USUAL_ROOM};
use crate::protocol::frame::{self, Notice, PREFIX};
use crate::sys::room::{ALIGNMENT, BEFORE, NoMemory, Room};
use std::mem;
use std::ops::Range;

/// Answers put together, one after another, in room that is zeroed once and then reused.
///
/// Each thread that serves has one for all its peers. A handler that may answer with 64 MiB is
/// given as much room, of which the system lends only the pages that it writes to.
pub(crate) struct Outbox {
    /// All of it may be written to; what counts is up to `end`. It always has the length `size`, so that
    /// no answer fails for want of memory.
    room: Room,
    end: usize,
    /// The room for frames up to the high-water mark, and one more.
    size: usize,
    /// The longest body, in bytes.
    longest: u32,
    /// Much of the room was filled since that was asked last.
    was_used: bool,
    /// The bits that are 0 in the place of a body less [`PREFIX`]: as many as [`ALIGNMENT`] asks for, or none.
    aligned_bits: usize,
}

/// Answers are to be taken out when there are this many bytes of them.
const HIGH_WATER: usize = 64 << 10;

/// As much as usual frames fill; more is given back once it is not in use any more.
const USUAL: usize = USUAL_ROOM + HIGH_WATER;

// A body right behind the first prefix is aligned, and so is each as many bytes further as an alignment has.
const _: () = assert!(BEFORE == PREFIX && ALIGNMENT.is_power_of_two());

/// Otherwise a bug is at hand, which is not to become a wrong frame.
const WITHIN: &str = "frames lie within their room";
const HAS_ROOM: &str = "whoever appends has asked is_full";
const KEPT_TO_ROOM: &str = "an answer is no longer than the room that it was given";

impl Outbox {
    /// An empty one, for answers with bodies of up to `longest` bytes; `aligns`: whoever writes a body is
    /// given room that is aligned to [`ALIGNMENT`].
    pub(crate) fn new(longest: u32, aligns: bool) -> Result<Self, NoMemory> {
        let size = (longest as usize).saturating_add(PREFIX + ALIGNMENT + HIGH_WATER);
        Ok(Self {
            room: Room::new(size)?,
            end: 0,
            size,
            longest,
            was_used: false,
            aligned_bits: if aligns { ALIGNMENT - 1 } else { 0 },
        })
    }

    /// The frames.
    #[inline]
    pub(crate) fn frames(&self) -> &[u8] {
        self.room.get(..self.end).expect(WITHIN)
    }

    /// How many bytes of frames there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.end
    }

    /// Whether the frames have to be taken out before there is room for one more.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.len() >= HIGH_WATER
    }

    /// Takes all frames out.
    #[inline]
    pub(crate) fn clear(&mut self) {
        if self.end > USUAL {
            self.was_used = true;
        }
        self.end = 0;
    }

    /// Whether much of the room was in use since that was asked last.
    #[inline]
    pub(crate) fn was_used(&mut self) -> bool {
        mem::take(&mut self.was_used)
    }

    /// Gives the pages back that were written to, while it is empty. Without memory for other room, this one does.
    pub(crate) fn trim(&mut self) {
        if self.end != 0 {
            return;
        }
        if let Ok(room) = Room::new(self.size) {
            self.room = room;
        }
    }

    /// Hands over the frames from `start` on, for a peer that does not take them yet, and goes on with the
    /// room in `spare`, so that it need not be made and they need not be copied; few frames in much
    /// room are copied all the same, so that no peer keeps more room than twice its frames.
    pub(super) fn hand_over(
        &mut self,
        start: usize,
        spare: &mut Spare,
    ) -> Result<(Room, Range<usize>), NoMemory> {
        let rest = start..self.end;
        if rest.len() <= self.room.len() / 2 {
            let copy = spare.copy_of(self.room.get(rest.clone()).expect(WITHIN))?;
            self.clear();
            return Ok((copy, 0..rest.len()));
        }
        let fresh = match spare.answers.len() == self.size {
            true => mem::take(&mut spare.answers),
            false => spare.make(self.size)?,
        };
        self.end = 0;
        Ok((mem::replace(&mut self.room, fresh), rest))
    }

    /// Takes back room that was handed over, for the next time.
    pub(super) fn take_back(&self, room: Room, spare: &mut Spare) {
        match room.len() == self.size {
            true => {
                spare.was_used |= self.size > USUAL_ROOM;
                spare.answers = room;
            }
            false => spare.take_back(room),
        }
    }

    /// Appends one frame: `write` is lent room for its body, as much as any answer may need, and says what
    /// became of it.
    ///
    /// It is inlined into all who append, though there are several: 30 instructions of each request.
    #[inline(always)]
    pub(crate) fn append(&mut self, write: impl FnOnce(&mut [u8]) -> Result<u32, Notice>) {
        self.append_if_written(|room| Some(write(room)));
    }

    /// The same, or nothing, where `write` gives nothing.
    #[inline(always)]
    pub(crate) fn append_if_written(
        &mut self,
        write: impl FnOnce(&mut [u8]) -> Option<Result<u32, Notice>>,
    ) {
        // As the compiler cannot know otherwise, it is less than an alignment: so no sum below wraps.
        let gap = self.end.wrapping_neg() & self.aligned_bits & (ALIGNMENT - 1);
        let free = self.room.get_mut(self.end..).expect(HAS_ROOM);
        let place = free.get_mut(..PREFIX + gap + self.longest as usize);
        let (prefix, rest) = place
            .and_then(<[u8]>::split_first_chunk_mut)
            .expect(HAS_ROOM);
        let Some(written) = write(rest.split_at_mut(gap).1) else {
            return;
        };
        let length = match written {
            Ok(length) => {
                assert!(length <= self.longest, "{KEPT_TO_ROOM}");
                *prefix = frame::prefix(length);
                length as usize
            }
            Err(notice) => {
                *prefix = notice.to_bytes();
                0
            }
        };
        if gap != 0 {
            rest.copy_within(gap..gap + length, 0);
        }
        self.end += PREFIX + length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Appends an answer of this length, all of it this byte.
    fn append(outbox: &mut Outbox, length: usize, byte: u8) {
        outbox.append(|room| {
            room[..length].fill(byte);
            Ok(u32::try_from(length).unwrap())
        });
    }

    #[test]
    fn frames_follow_one_another() {
        for aligns in [true, false] {
            let mut outbox = Outbox::new(1000, aligns).unwrap();
            for length in [0, 1, 999, 1000] {
                outbox.append(|room| {
                    assert_eq!(room.len(), 1000);
                    assert!(!aligns || room.as_ptr().addr().is_multiple_of(ALIGNMENT));
                    room[..length].fill(7);
                    Ok(u32::try_from(length).unwrap())
                });
            }
            outbox.append(|_| Err(Notice::HandlerFailed));
            let mut expected = Vec::new();
            for length in [0_u16, 1, 999, 1000] {
                expected.extend(u32::from(length).to_le_bytes());
                expected.extend(vec![7; length.into()]);
            }
            expected.extend(Notice::HandlerFailed.to_bytes());
            assert_eq!(outbox.frames(), expected);
            outbox.clear();
            assert_eq!(outbox.len(), 0);
        }
    }

    #[test]
    fn room_that_is_taken_back_leaves_a_notice_and_nothing_of_what_was_written() {
        let mut outbox = Outbox::new(1000, true).unwrap();
        append(&mut outbox, 3, 7);
        outbox.append(|room| {
            room.fill(9);
            Err(Notice::HandlerFailed)
        });
        append(&mut outbox, 1, 8);
        let notice = Notice::HandlerFailed.to_bytes();
        let expected = [b"\x03\0\0\0\x07\x07\x07", &notice[..], b"\x01\0\0\0\x08"].concat();
        assert_eq!(outbox.frames(), expected);
    }

    #[test]
    #[should_panic(expected = "no longer than the room")]
    fn an_answer_longer_than_its_room_is_a_bug() {
        Outbox::new(1000, true).unwrap().append(|_| Ok(1001));
    }

    #[test]
    fn at_the_high_water_mark_there_is_room_for_one_more() {
        for longest in [0, 100, 1 << 20] {
            let mut outbox = Outbox::new(longest, true).unwrap();
            while !outbox.is_full() {
                append(&mut outbox, 7.min(longest as usize), 7);
            }
            outbox.clear();
            outbox.end += HIGH_WATER - 1;
            let longest = longest as usize;
            append(&mut outbox, longest, 7);
            assert_eq!(outbox.len(), HIGH_WATER - 1 + PREFIX + longest);
        }
    }

    #[test]
    fn what_is_handed_over_keeps_little_more_room_than_it_needs() {
        let mut outbox = Outbox::new(1 << 20, true).unwrap();
        let mut spare = Spare::default();
        for length in [10, 1 << 20, 10, 1 << 20] {
            append(&mut outbox, length, 9);
            let (room, rest) = outbox.hand_over(PREFIX, &mut spare).unwrap();
            assert_eq!(room[rest], *vec![9; length]);
            assert!(room.len() <= 2 * length, "{} bytes", room.len());
            assert_eq!(outbox.len(), 0);
            outbox.take_back(room, &mut spare);
        }
        assert_eq!(spare.answers.len(), outbox.size);
    }

    #[test]
    fn room_comes_back_to_where_it_serves_the_next() {
        for (longest, is_long) in [(1 << 20, false), (8 << 20, true)] {
            let outbox = Outbox::new(longest, true).unwrap();
            for (length, is_own) in [(outbox.size, true), (outbox.size - 1, false)] {
                let mut spare = Spare::default();
                outbox.take_back(Room::new(length).unwrap(), &mut spare);
                let kept = if is_own { length } else { 0 };
                assert_eq!(spare.answers.len(), kept, "of {}", outbox.size);
                assert_eq!(spare.was_used(), is_long);
            }
        }
    }

    #[test]
    fn room_of_which_much_was_filled_is_kept_until_it_is_trimmed() {
        let mut outbox = Outbox::new(8 << 20, true).unwrap();
        append(&mut outbox, 9, 7);
        for (filled, is_much) in [(USUAL, false), (USUAL + 1, true), (8 << 20, true)] {
            outbox.end = filled;
            outbox.clear();
            assert_eq!((outbox.len(), outbox.was_used()), (0, is_much));
            assert!(!outbox.was_used(), "{filled} bytes: it was asked before");
        }
        let first = |outbox: &Outbox| outbox.room.get(PREFIX..PREFIX + 9).unwrap().to_vec();
        assert_eq!(first(&outbox), [7; 9]);
        append(&mut outbox, 9, 7);
        outbox.trim();
        assert_eq!(first(&outbox), [7; 9], "it is on its way out");
        outbox.clear();
        outbox.trim();
        assert_eq!(
            (first(&outbox), outbox.room.len()),
            (vec![0; 9], outbox.size)
        );
    }

    #[test]
    #[should_panic(expected = "asked is_full")]
    fn a_notice_for_which_there_is_no_room_is_a_bug() {
        let mut outbox = Outbox::new(0, false).unwrap();
        outbox.end = outbox.size - PREFIX;
        outbox.append(|_| Err(Notice::Refused));
        assert_eq!(outbox.len(), outbox.size);
        outbox.append(|_| Err(Notice::Refused));
    }

    #[test]
    #[should_panic(expected = "asked is_full")]
    fn a_body_for_which_there_is_no_room_is_a_bug() {
        let mut outbox = Outbox::new(300, true).unwrap();
        outbox.end = outbox.size - 300;
        outbox.append(|_| Ok(0));
    }
}
