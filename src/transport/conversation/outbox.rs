//! Frames on their way out.

use super::inbox::SPARE_ROOM;
use crate::protocol::frame::{self, FRAME_MAX, Notice, PREFIX, Sink};
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
    max_message: usize,
}

/// Answers are to be taken out when there are this many bytes of them.
const HIGH_WATER: usize = 64 << 10;

/// Room of which more than this was filled is given back.
const KEPT_ROOM: usize = SPARE_ROOM + HIGH_WATER;

impl Outbox {
    /// An empty one, for answers with bodies of up to `max_message` bytes, if [`Outbox::append_body`]
    /// puts any there, or else for the calculator's.
    pub(crate) fn new(max_message: u32, takes_bodies: bool) -> Result<Self, NoMemory> {
        let max_message = usize::try_from(max_message).unwrap_or(usize::MAX);
        let longest = match takes_bodies {
            true => max_message
                .saturating_add(PREFIX + ALIGNMENT)
                .max(FRAME_MAX),
            false => FRAME_MAX,
        };
        let size = longest.saturating_add(HIGH_WATER);
        Ok(Self {
            room: Room::new(size)?,
            end: 0,
            size,
            max_message,
        })
    }

    /// The frames.
    #[inline]
    pub(crate) fn frames(&self) -> &[u8] {
        self.room.get(..self.end).unwrap_or_default()
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
            let copy = Room::copy_of(self.room.get(rest.clone()).unwrap_or_default())?;
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
        let capacity = self.max_message;
        let start = self.end + PREFIX;
        let aligned = Room::next_aligned(start);
        let body = self.room.get_mut(aligned..aligned + capacity);
        let Some(length) = write(body.unwrap_or_default()).filter(|length| *length <= capacity)
        else {
            return false;
        };
        if aligned != start {
            self.room.copy_within(aligned..aligned + length, start);
        }
        self.put(&frame::prefix(u32::try_from(length).unwrap_or(u32::MAX)));
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
        debug_assert!(self.end + length <= self.room.len(), "nobody asked is_full");
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        let end = self.end + bytes.len();
        if let Some(place) = self.room.get_mut(self.end..end) {
            place.copy_from_slice(bytes);
            self.end = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_follow_one_another() {
        let mut outbox = Outbox::new(1000, true).unwrap();
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
        let mut outbox = Outbox::new(1000, true).unwrap();
        outbox.append_notice(Notice::Refused);
        assert!(!outbox.append_body(|_| None));
        assert!(!outbox.append_body(|_| Some(1001)));
        assert_eq!(outbox.frames(), Notice::Refused.to_bytes());
    }

    #[test]
    fn at_the_high_water_mark_there_is_room_for_one_more() {
        for max_message in [100, 1 << 20] {
            let mut outbox = Outbox::new(max_message, true).unwrap();
            while !outbox.is_full() {
                assert!(outbox.append_body(|_| Some(7)));
            }
            outbox.clear();
            outbox.end += HIGH_WATER - 1;
            let longest = max_message as usize;
            assert!(outbox.append_body(|room| (room.len() == longest).then_some(longest)));
            assert_eq!(outbox.len(), HIGH_WATER - 1 + PREFIX + longest);
        }
        let mut outbox = Outbox::new(64 << 20, false).unwrap();
        outbox.end += HIGH_WATER - 1;
        outbox.put(&[7; FRAME_MAX]);
        assert_eq!(outbox.len(), HIGH_WATER - 1 + FRAME_MAX);
    }

    #[test]
    fn what_is_handed_over_keeps_little_more_room_than_it_needs() {
        let mut outbox = Outbox::new(1 << 20, true).unwrap();
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
        for (max_message, comes_back) in [(1 << 20, true), (8 << 20, false)] {
            let outbox = Outbox::new(max_message, true).unwrap();
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
        let mut outbox = Outbox::new(8 << 20, true).unwrap();
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
    #[cfg(debug_assertions)]
    #[should_panic(expected = "nobody asked is_full")]
    fn a_frame_for_which_there_is_no_room_is_a_bug() {
        let mut outbox = Outbox::new(300, true).unwrap();
        let length = outbox.size;
        outbox.begin(length);
        outbox.end = 1;
        outbox.begin(length);
    }
}
