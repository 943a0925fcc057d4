//! Frames on their way out.

use super::inbox::SPARE_ROOM;
use crate::protocol::frame::{self, Notice, PREFIX, Sink};
use crate::sys::room::{ALIGNMENT, NoMemory, Room};
use std::mem;
use std::ops::Range;

/// Answers put together, one after another, in room that is zeroed once and then reused.
///
/// Each thread that serves has one for all its peers. A handler that may answer with 64 MiB is
/// given as much room, of which the system lends only the pages that it writes to.
pub struct Outbox {
    /// All of it may be written to; what counts is up to `end`. It always has the length `size`, so that
    /// no answer fails for want of memory.
    room: Room,
    end: usize,
    /// The room for frames up to the high-water mark, and one more.
    size: usize,
    /// The longest body, in bytes.
    longest: u32,
}

/// Answers are to be taken out when there are this many bytes of them.
const HIGH_WATER: usize = 64 << 10;

/// Room of which more than this was filled is given back.
const KEPT_ROOM: usize = SPARE_ROOM + HIGH_WATER;

/// Otherwise a bug is at hand, which is not to become a wrong frame.
const WITHIN: &str = "frames lie within their room";
const HAS_ROOM: &str = "whoever appends has asked is_full";

impl Outbox {
    /// An empty one, for answers with bodies of up to `longest` bytes.
    pub(crate) fn new(longest: u32) -> Result<Self, NoMemory> {
        let size = (longest as usize).saturating_add(PREFIX + ALIGNMENT + HIGH_WATER);
        Ok(Self {
            room: Room::new(size)?,
            end: 0,
            size,
            longest,
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
        if self.end > KEPT_ROOM {
            self.renew();
        }
        self.end = 0;
    }

    /// Gives pages back that were written to. Without memory for other room, this one does.
    #[cold]
    fn renew(&mut self) {
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
        spare: &mut Room,
    ) -> Result<(Room, Range<usize>), NoMemory> {
        let rest = start..self.end;
        if rest.len() <= self.room.len() / 2 {
            let copy = Room::copy_of(self.room.get(rest.clone()).expect(WITHIN))?;
            self.clear();
            return Ok((copy, 0..rest.len()));
        }
        let fresh = match spare.len() == self.size {
            true => mem::take(spare),
            false => Room::new(self.size)?,
        };
        self.end = 0;
        Ok((mem::replace(&mut self.room, fresh), rest))
    }

    /// Takes back room that was handed over, for the next time, if it is worth that.
    pub(super) fn take_back(&self, room: Room, spare: &mut Room) {
        if room.len() == self.size && room.len() <= KEPT_ROOM {
            *spare = room;
        }
    }

    /// Appends a frame whose body `write` puts at the start of the room it is given, as much as any
    /// answer may need, and aligned. It gives the body's length; `None`, or more than the room, is no frame.
    pub fn append_body(&mut self, write: impl FnOnce(&mut [u8]) -> Option<usize>) -> bool {
        let start = self.end + PREFIX;
        let aligned = Room::next_aligned(start);
        let body = self.room.get_mut(aligned..aligned + self.longest as usize);
        let length = write(body.expect(HAS_ROOM)).and_then(|length| u32::try_from(length).ok());
        let Some(length) = length.filter(|length| *length <= self.longest) else {
            return false;
        };
        self.put(&frame::prefix(length));
        let length = length as usize;
        if aligned != start {
            self.room.copy_within(aligned..aligned + length, start);
        }
        self.end += length;
        true
    }

    /// Appends a notice.
    pub fn append_notice(&mut self, notice: Notice) {
        self.begin(PREFIX);
        self.put(&notice.to_bytes());
    }
}

impl Sink for Outbox {
    #[inline]
    fn begin(&mut self, length: usize) {
        debug_assert!(self.end + length <= self.room.len(), "{HAS_ROOM}");
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        let end = self.end + bytes.len();
        let place = self.room.get_mut(self.end..end).expect(HAS_ROOM);
        place.copy_from_slice(bytes);
        self.end = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_follow_one_another() {
        let mut outbox = Outbox::new(1000).unwrap();
        for length in [0, 1, 999, 1000] {
            assert!(outbox.append_body(|room| {
                assert_eq!(room.len(), 1000);
                assert!(room.as_ptr().addr().is_multiple_of(ALIGNMENT));
                room[..length].fill(7);
                Some(length)
            }));
        }
        outbox.append_notice(Notice::HandlerFailed);
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

    #[test]
    fn a_failure_leaves_no_frame() {
        let mut outbox = Outbox::new(1000).unwrap();
        outbox.append_notice(Notice::Refused);
        assert!(!outbox.append_body(|_| None));
        assert!(!outbox.append_body(|_| Some(1001)));
        assert_eq!(outbox.frames(), Notice::Refused.to_bytes());
    }

    #[test]
    fn at_the_high_water_mark_there_is_room_for_one_more() {
        for longest in [0, 100, 1 << 20] {
            let mut outbox = Outbox::new(longest).unwrap();
            while !outbox.is_full() {
                assert!(outbox.append_body(|_| Some(7.min(longest as usize))));
            }
            outbox.clear();
            outbox.end += HIGH_WATER - 1;
            let longest = longest as usize;
            assert!(outbox.append_body(|room| (room.len() == longest).then_some(longest)));
            assert_eq!(outbox.len(), HIGH_WATER - 1 + PREFIX + longest);
        }
    }

    #[test]
    fn what_is_handed_over_keeps_little_more_room_than_it_needs() {
        let mut outbox = Outbox::new(1 << 20).unwrap();
        let mut spare = Room::empty();
        for length in [10, 1 << 20, 10, 1 << 20] {
            assert!(outbox.append_body(|room| {
                room[..length].fill(9);
                Some(length)
            }));
            let (room, rest) = outbox.hand_over(PREFIX, &mut spare).unwrap();
            assert_eq!(room[rest], *vec![9; length]);
            assert!(room.len() <= 2 * length, "{} bytes", room.len());
            assert_eq!(outbox.len(), 0);
            outbox.take_back(room, &mut spare);
        }
        assert_eq!(spare.len(), outbox.size);
    }

    #[test]
    fn room_comes_back_if_it_is_the_outboxs_own_and_not_too_large() {
        for (longest, comes_back) in [(1 << 20, true), (8 << 20, false)] {
            let outbox = Outbox::new(longest).unwrap();
            for (length, is_own) in [(outbox.size, true), (outbox.size - 1, false)] {
                let mut spare = Room::empty();
                outbox.take_back(Room::new(length).unwrap(), &mut spare);
                let kept = if comes_back && is_own { length } else { 0 };
                assert_eq!(spare.len(), kept, "{length} bytes of {}", outbox.size);
            }
        }
    }

    #[test]
    fn room_of_which_more_was_filled_than_is_kept_is_given_back() {
        let mut outbox = Outbox::new(8 << 20).unwrap();
        outbox.put(&[7; 9]);
        for (filled, is_kept) in [
            (KEPT_ROOM - 1, true),
            (KEPT_ROOM, true),
            (KEPT_ROOM + 1, false),
        ] {
            outbox.end = filled;
            outbox.clear();
            assert_eq!(outbox.len(), 0);
            let first = if is_kept { 7 } else { 0 };
            assert_eq!(
                outbox.room.get(..9),
                Some(&[first; 9][..]),
                "{filled} bytes"
            );
        }
    }

    #[test]
    #[should_panic(expected = "asked is_full")]
    fn a_frame_for_which_there_is_no_room_is_a_bug() {
        let mut outbox = Outbox::new(300).unwrap();
        let frame = vec![7; outbox.size];
        outbox.put(&frame);
        assert_eq!(outbox.frames(), frame);
        outbox.put(&[7]);
    }

    #[test]
    #[should_panic(expected = "asked is_full")]
    fn a_body_for_which_there_is_no_room_is_a_bug() {
        let mut outbox = Outbox::new(300).unwrap();
        outbox.end = outbox.size - 300;
        outbox.append_body(|_| Some(0));
    }
}
