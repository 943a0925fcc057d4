//! Cuts a stream of bytes into frames.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;

use crate::protocol::frame::{self, Notice, PREFIX};
use std::ops::Range;

/// Bytes that have arrived and are not yet a whole frame, or not yet looked at.
///
/// A length is checked against the limit before a byte of room is made for it, so a hostile
/// prefix costs nothing; the body of an answer that is over it is dropped as it arrives.
#[derive(Debug)]
pub(crate) struct Inbox {
    buffer: Vec<u8>,
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

/// Room for many small frames; a peer that sends more at once gets more.
const FIRST_ROOM: usize = 1024;
/// The most room that a peer keeps while it has nothing in it, and that one read asks for: the longest
/// frame that a limit lets in which nobody changed. With less, each one would get room and give it back.
const KEPT_ROOM: usize = PREFIX + (64 << 10);

/// The most room that is passed on from one peer to the next.
pub(super) const SPARE_ROOM: usize = 4 << 20;

impl Inbox {
    /// An empty one; bodies longer than `limit` bytes are not taken.
    pub(crate) fn new(limit: u32) -> Self {
        Self {
            buffer: vec![0; FIRST_ROOM],
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
        let length = usize::try_from(prefix).unwrap_or(usize::MAX);
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

    /// The bytes of a body, until the next call that takes `&mut self`.
    #[inline]
    pub(crate) fn bytes(&self, body: Range<usize>) -> &[u8] {
        self.buffer.get(body).unwrap_or_default()
    }

    /// Whether [`Inbox::next`] has something to give.
    #[inline]
    pub(crate) fn has_whole_piece(&self) -> bool {
        let arrived = self.filled.len();
        arrived >= self.dropping.saturating_add(self.needed())
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

    /// Room for the next read: at least for the rest of the frame that has begun.
    #[inline]
    pub(crate) fn room(&mut self) -> &mut [u8] {
        if self.filled.is_empty() {
            self.filled = 0..0;
            if self.buffer.len() > KEPT_ROOM {
                self.buffer.truncate(KEPT_ROOM);
                self.buffer.shrink_to_fit();
            }
            return &mut self.buffer; // It holds any prefix.
        }
        if self.buffer.len() - self.filled.start < self.needed()
            || self.filled.end == self.buffer.len()
        {
            self.make_room();
        }
        self.buffer.get_mut(self.filled.end..).unwrap_or_default()
    }

    /// Takes the room in `spare` for the frame that has begun, if it is needed and large enough.
    pub(crate) fn borrow_room(&mut self, spare: &mut Vec<u8>) {
        let needed = self.needed();
        if needed <= self.buffer.len() || needed > spare.len() {
            return;
        }
        let arrived = self.buffer.get(self.filled.clone()).unwrap_or_default();
        if let Some(place) = spare.get_mut(..arrived.len()) {
            place.copy_from_slice(arrived);
            self.filled = 0..arrived.len();
            std::mem::swap(&mut self.buffer, spare);
        }
    }

    /// Leaves large room that nothing is in to whoever needs some next: making it anew takes the
    /// system longer than filling it.
    pub(crate) fn return_room(&mut self, spare: &mut Vec<u8>) {
        let length = self.buffer.len();
        let is_worth_it = length > KEPT_ROOM && length <= SPARE_ROOM && length > spare.len();
        if is_worth_it && self.filled.is_empty() {
            std::mem::swap(&mut self.buffer, spare);
            self.buffer.resize(self.buffer.len().max(FIRST_ROOM), 0);
            self.filled = 0..0;
        }
    }

    /// Takes what has arrived of a body that has not all arrived, to be received elsewhere: its
    /// length and its first bytes. What is not received is to be put back with [`Inbox::put_back`].
    pub(crate) fn take_partial_body(&mut self, longest: usize) -> Option<(usize, Range<usize>)> {
        let prefix = self.peek_prefix().filter(|prefix| *prefix <= self.limit)?;
        let length = usize::try_from(prefix).ok()?;
        let arrived = self.filled.start + PREFIX..self.filled.end;
        if self.dropping > 0 || length > longest || arrived.len() >= length {
            return None;
        }
        self.filled = 0..0;
        Some((length, arrived))
    }

    /// Puts back the first bytes of a body of this length.
    pub(crate) fn put_back(&mut self, length: usize, arrived: &[u8]) {
        let prefix = frame::prefix(u32::try_from(length).unwrap_or(u32::MAX));
        self.buffer
            .resize((PREFIX + length).max(self.buffer.len()), 0);
        self.filled = 0..0;
        for bytes in [&prefix[..], arrived] {
            if let Some(place) = self
                .buffer
                .get_mut(self.filled.end..)
                .and_then(|room| room.get_mut(..bytes.len()))
            {
                place.copy_from_slice(bytes);
                self.filled.end += bytes.len();
            }
        }
    }

    /// `count` bytes of the room were filled.
    #[inline]
    pub(crate) fn fill(&mut self, count: usize) {
        self.filled.end = (self.filled.end + count).min(self.buffer.len());
    }

    #[inline]
    fn peek_prefix(&self) -> Option<u32> {
        let arrived = self.buffer.get(self.filled.clone())?;
        arrived.first_chunk().copied().map(u32::from_le_bytes)
    }

    fn drop_arrived(&mut self) {
        let count = self.dropping.min(self.filled.len());
        self.filled.start += count;
        self.dropping -= count;
    }

    /// How many bytes make a piece of what is at the head, as far as that is known: a frame that
    /// is taken, or a prefix. While a body is dropped, the prefix after it.
    #[inline]
    fn needed(&self) -> usize {
        match self.peek_prefix() {
            Some(prefix) if self.dropping == 0 && prefix <= self.limit => {
                PREFIX + usize::try_from(prefix).unwrap_or(0)
            }
            _ => PREFIX,
        }
    }

    /// Moves what is there to the front; if that is not enough, makes room for the frame at the
    /// head, or twice the room.
    fn make_room(&mut self) {
        self.buffer.copy_within(self.filled.clone(), 0);
        self.filled = 0..self.filled.len();
        if self.filled.end * 2 > self.buffer.len() {
            let doubled = (self.buffer.len() * 2).min(KEPT_ROOM);
            self.buffer.resize(doubled.max(self.buffer.len()), 0);
        }
        let needed = self.needed();
        if needed > self.buffer.len() {
            self.buffer.resize(needed, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(inbox: &mut Inbox, mut bytes: &[u8], step: usize) -> Vec<Result<Vec<u8>, Piece>> {
        let mut pieces = Vec::new();
        loop {
            while let Some(piece) = inbox.next() {
                pieces.push(match piece {
                    Piece::Body(range) => Ok(inbox.bytes(range).to_vec()),
                    other => Err(other),
                });
            }
            if bytes.is_empty() {
                return pieces;
            }
            let room = inbox.room();
            let count = room.len().min(bytes.len()).min(step);
            room[..count].copy_from_slice(&bytes[..count]);
            inbox.fill(count);
            bytes = &bytes[count..];
        }
    }

    fn frame(body: &[u8]) -> Vec<u8> {
        [&u32::try_from(body.len()).unwrap().to_le_bytes()[..], body].concat()
    }

    #[test]
    fn frames_come_out_however_the_bytes_come_in() {
        let bodies = [
            vec![],
            vec![7; 1],
            vec![1; 1020],
            vec![2; 5000],
            vec![3; 65536],
            vec![4; 9],
        ];
        let stream: Vec<u8> = bodies.iter().flat_map(|body| frame(body)).collect();
        for step in [1, 3, 4, 5, 1000, 1 << 20] {
            let mut inbox = Inbox::new(65536);
            let pieces: Vec<_> = feed(&mut inbox, &stream, step);
            assert_eq!(pieces, bodies.clone().map(Ok), "in steps of {step}");
            assert!(!inbox.has_partial_frame());
        }
    }

    #[test]
    fn a_body_over_the_limit_is_dropped_and_takes_no_room() {
        let stream = [frame(&[1; 70_000]), frame(b"next")].concat();
        for step in [1, 7, 1 << 20] {
            let mut inbox = Inbox::new(65536);
            let pieces = feed(&mut inbox, &stream, step);
            assert_eq!(pieces, [Err(Piece::TooLarge(70_000)), Ok(b"next".to_vec())]);
            assert!(inbox.buffer.len() <= KEPT_ROOM);
        }
    }

    #[test]
    fn a_hostile_prefix_allocates_nothing() {
        let mut inbox = Inbox::new(65536);
        let pieces = feed(&mut inbox, &0xFFFF_0000_u32.to_le_bytes(), 4);
        assert_eq!(pieces, [Err(Piece::TooLarge(0xFFFF_0000))]);
        assert_eq!(inbox.buffer.len(), FIRST_ROOM);
    }

    #[test]
    fn notices_have_no_body() {
        let stream = [&Notice::Refused.to_bytes()[..], &frame(b"x")].concat();
        let pieces = feed(&mut Inbox::new(65536), &stream, 1);
        assert_eq!(
            pieces,
            [Err(Piece::Notice(Notice::Refused)), Ok(b"x".to_vec())]
        );
    }

    #[test]
    fn room_for_a_large_frame_is_given_back() {
        let mut inbox = Inbox::new(1 << 20);
        assert_eq!(feed(&mut inbox, &frame(&[0; 1 << 20]), 1 << 20).len(), 1);
        assert!(inbox.buffer.len() > KEPT_ROOM);
        inbox.room();
        assert_eq!(inbox.buffer.len(), KEPT_ROOM);
    }
}
