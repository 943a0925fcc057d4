//! The bytes of requests, from when they are submitted until they were sent.

use super::SPARE;
use std::mem;

/// As many bytes of what was sent are kept until it is known that the server takes the client in. One that does not reads
/// nothing, so that little more is ever sent.
const KEPT: usize = 1 << 20;

/// Frames of which not all was sent, one after another.
#[derive(Debug, Default)]
pub(super) struct Frames {
    bytes: Vec<u8>,
    /// So many bytes were sent.
    start: usize,
    /// What was sent is kept, since the server may refuse the connection.
    keeps_sent: bool,
}

impl Frames {
    /// Such that keep what was sent.
    pub(super) fn kept() -> Self {
        Self {
            keeps_sent: true,
            ..Self::default()
        }
    }

    /// Whether nothing waits, and nothing has to be kept.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty() && !self.keeps_sent
    }

    /// What is to be sent next.
    #[inline]
    pub(super) fn unsent(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or(&[])
    }

    /// Whether so many bytes more find room without its being made.
    #[inline]
    pub(super) fn has_room(&self, length: usize) -> bool {
        self.bytes.capacity() - self.bytes.len() >= length
    }

    /// Makes room for so many bytes more; whether there was memory.
    pub(super) fn makes_room(&mut self, length: usize) -> bool {
        // Moved only now and then, so that each byte is moved once on the average.
        if self.start > self.bytes.len() / 2 {
            self.compact();
        }
        self.bytes.try_reserve(length).is_ok()
    }

    #[inline]
    pub(super) fn append(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends a frame that `write` puts at the start of room, for which there is room; gives its length.
    #[inline]
    pub(super) fn append_short<const N: usize>(
        &mut self,
        write: impl FnOnce(&mut [u8; N]) -> usize,
    ) -> usize {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; N]);
        let room = self
            .bytes
            .get_mut(start..)
            .and_then(<[u8]>::first_chunk_mut);
        let length = room.map_or(0, write);
        self.bytes.truncate(start + length);
        length
    }

    /// So many bytes were sent.
    #[inline]
    pub(super) fn sent(&mut self, count: usize) {
        self.start += count;
        if self.start == self.bytes.len() {
            self.compact();
        }
    }

    /// Takes out so many bytes, which lie at this place of what is to be sent.
    pub(super) fn remove(&mut self, place: usize, length: usize) {
        let from = self.start + place;
        self.bytes.drain(from..from + length);
    }

    /// What is sent from now on is not kept, nor what was.
    #[inline]
    pub(super) fn keep_no_more(&mut self) {
        self.keeps_sent = false;
    }

    /// All that was kept, and what was not sent; `None`: something was not kept.
    pub(super) fn take_kept(&mut self) -> Option<Vec<u8>> {
        self.keeps_sent.then(|| mem::take(&mut self.bytes))
    }

    /// Lets go of what was sent.
    fn compact(&mut self) {
        if self.keeps_sent && self.start <= KEPT {
            return;
        }
        self.keeps_sent = false;
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        if self.bytes.is_empty() && self.bytes.capacity() > SPARE {
            self.bytes = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_there_once_it_was_made() {
        let mut frames = Frames::default();
        assert!(frames.has_room(0) && !frames.has_room(1));
        assert!(frames.makes_room(9) && frames.has_room(9));
        frames.append(&vec![0; frames.bytes.capacity()]);
        assert!(frames.has_room(0) && !frames.has_room(1));
    }

    #[test]
    fn what_was_sent_is_kept_no_longer_than_it_has_to_be() {
        let mut frames = Frames::kept();
        frames.append(&[7; 10]);
        frames.keep_no_more();
        frames.sent(10);
        assert!(frames.is_empty() && frames.bytes.capacity() > 0);
        frames.append(&vec![7; SPARE + 1]);
        frames.sent(SPARE + 1);
        assert_eq!(frames.bytes.capacity(), 0);
    }

    #[test]
    fn room_is_made_of_what_was_sent_once_that_is_most() {
        for (sent, left) in [(5, 10), (6, 4)] {
            let mut frames = Frames::default();
            frames.append(&[7; 10]);
            frames.sent(sent);
            assert!(frames.makes_room(1));
            assert_eq!(frames.bytes.len(), left);
        }
    }
}
