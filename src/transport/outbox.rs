//! Frames on their way out.

use super::inbox::SPARE_ROOM;
use crate::protocol::frame::{self, Notice, PREFIX, Sink};
use std::ops::Range;

/// Answers put together, one after another, in room that is zeroed once and then reused.
///
/// Each thread that serves has one for all its peers. A handler that may answer with 64 MiB is
/// given as much room, of which the system lends only the pages that it writes to.
pub struct Outbox {
    /// All of it may be written to; what counts is up to `filled`.
    room: Vec<u8>,
    filled: usize,
    max_message: usize,
}

/// Room for many small answers.
const FIRST_ROOM: usize = 4096;
impl Outbox {
    /// An empty one, for answers with bodies of up to `max_message` bytes.
    pub(crate) fn new(max_message: u32) -> Self {
        Self {
            room: vec![0; FIRST_ROOM],
            filled: 0,
            max_message: usize::try_from(max_message).unwrap_or(usize::MAX),
        }
    }

    /// The frames.
    #[inline]
    pub(crate) fn frames(&self) -> &[u8] {
        self.room.get(..self.filled).unwrap_or_default()
    }

    /// How many bytes of frames there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.filled
    }

    /// Takes all frames out.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.filled = 0;
        if self.room.len() > SPARE_ROOM {
            self.room = vec![0; FIRST_ROOM];
        }
    }

    /// Hands over the frames from `start` on, for a peer that does not take them yet, and goes on with the
    /// room in `spare`, so that it need not be made and they need not be copied; few frames in much
    /// room are copied all the same, so that no peer keeps more room than twice its frames.
    pub(super) fn hand_over(
        &mut self,
        start: usize,
        spare: &mut Vec<u8>,
    ) -> (Vec<u8>, Range<usize>) {
        let rest = start..self.filled;
        let room = if rest.len() > self.room.len() / 2 {
            let fresh = std::mem::take(spare);
            std::mem::replace(&mut self.room, fresh)
        } else {
            let copy = self.room.get(rest.clone()).unwrap_or_default().to_vec();
            self.clear();
            return (copy, 0..rest.len());
        };
        self.filled = 0;
        (room, rest)
    }

    /// Appends a frame whose body `write` puts at the start of the room it is given, as much as any
    /// answer may need. It gives the body's length; `None`, or more than the room, is no frame.
    pub fn append_body(&mut self, write: impl FnOnce(&mut [u8]) -> Option<usize>) -> bool {
        let capacity = self.max_message;
        self.reserve(PREFIX + capacity);
        let start = self.filled + PREFIX;
        let body = self
            .room
            .get_mut(start..start + capacity)
            .unwrap_or_default();
        let Some(length) = write(body).filter(|length| *length <= capacity) else {
            return false;
        };
        self.put(&frame::prefix(u32::try_from(length).unwrap_or(u32::MAX)));
        self.filled += length;
        true
    }

    /// Appends a notice.
    pub fn append_notice(&mut self, notice: Notice) {
        self.begin(PREFIX);
        self.put(&notice.to_bytes());
    }

    /// Makes room for this many bytes more. New room comes zeroed from the system, which does
    /// not touch it before it is used.
    fn reserve(&mut self, length: usize) {
        let needed = self.filled + length;
        if needed > self.room.len() {
            let mut room = vec![0; needed.next_power_of_two().max(FIRST_ROOM)];
            if let Some(start) = room.get_mut(..self.filled) {
                start.copy_from_slice(self.frames());
            }
            self.room = room;
        }
    }
}

impl Sink for Outbox {
    #[inline]
    fn begin(&mut self, length: usize) {
        self.reserve(length);
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        let end = self.filled + bytes.len();
        if let Some(place) = self.room.get_mut(self.filled..end) {
            place.copy_from_slice(bytes);
            self.filled = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_follow_one_another() {
        let mut outbox = Outbox::new(1000);
        for length in [0, 1, 999, 1000] {
            assert!(outbox.append_body(|room| {
                assert_eq!(room.len(), 1000);
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
        let mut outbox = Outbox::new(1000);
        outbox.append_notice(Notice::Refused);
        assert!(!outbox.append_body(|_| None));
        assert!(!outbox.append_body(|_| Some(1001)));
        assert_eq!(outbox.frames(), Notice::Refused.to_bytes());
    }
}
