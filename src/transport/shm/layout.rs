//! What lies where in the memory, and the records that hand it over. This is version 1, and version 2 where a record carries
//! the handles in itself.
//!
//! The header page, one for all clients, which cannot write it: a line whose word counts the
//! threads of the server that sleep, and one whose word says what the server can do ([`ABILITIES`]). A client's own page: two lines, R with its request and A
//! with its answer, at an offset that spreads clients over the sets of the cache. Its buffer,
//! made when first needed: room for one request's body, then for one answer's; or a memory for each, of which the client
//! can only read the second, and in which bodies may take turns.
//!
//! A line's word is `number << 1 | sleeper`. R carries the number of the request, A that of the
//! last answer; `sleeper` in A says that the client sleeps on it. A line's data is a frame, or
//! only the prefix of one whose body lies in the buffer, and where, or (`kind` is [`BATCH`]) the length of many
//! frames that lie there one after another, to be answered by as many.

#[cfg(test)]
mod tests;

use super::form::Form;
use crate::protocol::frame::{self, PREFIX};
use crate::sys::atomic::{Atomic, Memory};
use crate::sys::line::{LINE, LINE_WORDS, Line};
use crate::sys::socket::HANDLES_IN_BAND;
use crate::transport::ALIGNMENT;
use std::mem::offset_of;
use std::ops::Deref;
use std::sync::atomic::Ordering;

/// Bytes of a page: of the header, and of a client's own memory.
pub(super) const PAGE: usize = 4096;
/// The number of the header's line.
pub(super) const SLEEPERS: usize = 0;
/// The longest body that a line holds.
pub(super) const INLINE: usize = LINE_WORDS * 8 - PREFIX;
/// The kind of a line with one frame.
pub(super) const SINGLE: u16 = 0;
/// The kind of a line with many frames in the buffer.
pub(super) const BATCH: u16 = 1;
/// The bit of a kind that says that the client, if it sleeps on A, watches its socket.
pub(super) const WATCHING: u16 = 1 << 15;
/// The bit of an answer's kind that says that more clients ask than there are processors for them. A batch's never has it:
/// clients of an earlier version compare that as a whole.
pub(super) const CROWDED: u16 = 1 << 13;
/// The bits of a kind that say which it is.
pub(super) const KINDS: u16 = !(WATCHING | Form::BITS);
/// The number of the header's line whose word says what the server can do; one that can do nothing of it has 0 there.
pub(super) const ABILITIES: usize = 1;
/// It sends [`RING`] to clients that sleep and watch their sockets.
pub(super) const RINGS: u32 = 1;
/// Its answers may come later: those to a batch would wait for the last of them.
pub(super) const DEFERS: u32 = 2;
/// When it stops, A's `cpu` is the lower half of the number of the request that it answered last, which [`CLOSED`] took the place of.
pub(super) const TELLS_LAST: u32 = 4;
/// It makes buffers in parts for clients that take them.
pub(super) const PARTS: u32 = 8;
/// It copies long requests out while they are put in, as far as they are there.
pub(super) const FOLLOWS: u32 = 16;
/// Bodies take turns in the buffers that it makes for clients that take them so.
pub(super) const ROTATES: u32 = 32;
/// What every server of this version can do.
pub(super) const USUAL: u32 = RINGS | TELLS_LAST | PARTS;
/// The number that stands in A when the server has stopped; no request bears it.
pub(super) const CLOSED: u32 = u32::MAX >> 1;
/// The bit of A's word that says that the client sleeps.
pub(super) const SLEEPER: u32 = 1;
/// The bit of R's word, which bears the number of the request before, that says that one is being put into the buffer.
pub(super) const FILLING: u32 = 1;
/// The word of R's data that says how many of its bytes are there.
pub(super) const FILLED: usize = 1;

/// The bytes of two lines, and how many of such pairs a page holds.
const PAIR: u32 = 128;
const PAIRS: u32 = 32;
const _: () = assert!(PAIR as usize == 2 * LINE && (PAIR * PAIRS) as usize == PAGE);

/// Where R is in the page of the client with this serial number; A follows it.
pub(super) fn request_offset(serial: u32) -> u32 {
    serial % PAIRS * PAIR
}

/// The number of the line at this offset.
pub(super) fn line_at(offset: u32) -> usize {
    offset as usize / LINE
}

/// The number of the request after `number`.
#[inline]
pub(super) fn next(number: u32) -> u32 {
    (number + 1) % CLOSED
}

/// The word that bears `number`.
#[inline]
pub(super) fn word(number: u32) -> u32 {
    number << 1
}

/// The number that a word bears.
#[inline]
pub(super) fn number(word: u32) -> u32 {
    word >> 1
}

/// The lower half of a request's number, by which it is told from the one before it.
#[inline]
pub(super) fn half(number: u32) -> u16 {
    let [low, high, ..] = number.to_le_bytes();
    u16::from_le_bytes([low, high])
}

/// The bytes of each half of a buffer for bodies of up to `max_message`.
pub(super) fn half_of_buffer(max_message: u32) -> usize {
    (max_message as usize).next_multiple_of(PAGE)
}

/// What bounds a batch: requests fill one half of a buffer at most, and their answers the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// The bytes of each half.
    pub(super) half: usize,
    /// The longest request, in bytes of body.
    pub(super) request: u32,
    /// The longest answer, in bytes of body.
    pub(super) answer: u32,
}

impl Bounds {
    /// The first frames, as many as one batch carries, and their number; 0 if the first alone is too large for a batch.
    pub(super) fn first_batch(self, frames: &[u8]) -> (&[u8], u32) {
        let most_answers = self.half / (self.answer as usize).saturating_add(PREFIX);
        let (mut length, mut count, mut rest) = (0, 0, frames);
        while (count as usize) < most_answers
            && let Some((body, after)) = frame::split_first(rest)
            && body.len() <= self.request as usize
            && PREFIX + body.len() <= self.half - length
        {
            length += PREFIX + body.len();
            count += 1;
            rest = after;
        }
        (frames.split_at(length).0, count)
    }
}

/// The data of a line, copied out to where the body of the frame in it is aligned.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(16))]
pub(super) struct Data {
    lead: [u8; ALIGNMENT - PREFIX],
    bytes: [u8; LINE_WORDS * 8],
}

const _: () = assert!(
    align_of::<Data>() == ALIGNMENT && (offset_of!(Data, bytes) + PREFIX).is_multiple_of(ALIGNMENT)
);

impl Data {
    /// Of no line.
    pub(super) const EMPTY: Self = Self {
        lead: [0; ALIGNMENT - PREFIX],
        bytes: [0; LINE_WORDS * 8],
    };

    /// The body of this length in it, which is [`INLINE`] bytes long at most.
    #[inline]
    pub(super) fn body(&self, length: usize) -> &[u8] {
        let body = self.bytes.get(PREFIX..PREFIX + length);
        body.expect("no body in a line is longer than INLINE")
    }
}

impl Deref for Data {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Copies as much of a line's data out as a body of this length takes.
#[inline]
pub(super) fn load<M: Memory>(line: &Line<M>, body: usize) -> Data {
    let mut data = Data::EMPTY;
    let words = data.bytes.as_chunks_mut().0.iter_mut().zip(&line.data);
    for (to, from) in words.take((PREFIX + body).div_ceil(8)) {
        *to = from.load(Ordering::Relaxed).to_le_bytes();
    }
    data
}

/// The prefix in a line's data: it is read once, checked, and never read again.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the prefix is the low half of the word"
)]
pub(super) fn load_prefix<M: Memory>(line: &Line<M>) -> u32 {
    line.data[0].load(Ordering::Relaxed) as u32
}

/// What a line says of a body in the buffer: its prefix, and where it begins in its part, in one word. Earlier versions, whose bodies
/// begin at 0, put the prefix alone into that word.
pub(super) fn reference(length: u32, place: u32) -> [u8; 8] {
    (u64::from(place) << 32 | u64::from(length)).to_le_bytes()
}

/// Where a body in the buffer begins, as its writer says.
pub(super) fn load_place<M: Memory>(line: &Line<M>) -> usize {
    let place = line.data[0].load(Ordering::Relaxed) >> 32;
    usize::try_from(place).unwrap_or(usize::MAX)
}

/// Copies bytes, as many as fit, into a line's data.
#[inline]
pub(super) fn store<M: Memory>(line: &Line<M>, bytes: &[u8]) {
    // One after the other, so that a side that looks meanwhile takes the line away once at most.
    let (words, rest) = bytes.as_chunks();
    let mut places = line.data.iter();
    for (from, to) in words.iter().zip(&mut places) {
        to.store(u64::from_le_bytes(*from), Ordering::Relaxed);
    }
    if !rest.is_empty()
        && let Some(to) = places.next()
    {
        to.store(last_word(bytes, rest), Ordering::Relaxed);
    }
}

/// The `rest` of these bytes, which is less than a word, as a word.
#[inline]
fn last_word(bytes: &[u8], rest: &[u8]) -> u64 {
    match bytes.last_chunk() {
        // Whole words are quicker to read than bytes: what is before the rest is shifted out.
        Some(last) => u64::from_le_bytes(*last) >> (8 * (8 - rest.len())),
        None => {
            let byte = |word, byte: &u8| word << 8 | u64::from(*byte);
            rest.iter().rev().fold(0, byte)
        }
    }
}

/// What the server says over the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// You are a client: here are the header, your page, and the bell to ring when the server
    /// sleeps. Your lines begin at `offset`; bodies may have `max_message` bytes.
    Welcome { offset: u32, max_message: u32 },
    /// The server is full.
    Refused,
    /// Here is your buffer: one memory; or memory for requests, and memory for answers, which you can read.
    Buffer(Form),
}

/// The bytes of a record, behind whose fields the system may put the handles that go along.
pub(super) const RECORD: usize = 24 + HANDLES_IN_BAND;
/// What a server sends to a client that sleeps and watches its socket, when it has answered. No record begins so.
pub(super) const RING: u8 = b'R';

const MAGIC: [u8; 8] = *b"calc-shm";
const VERSION: u32 = if HANDLES_IN_BAND == 0 { 1 } else { 2 };

impl Record {
    /// Magic, then little-endian: version, kind, offset, max_message.
    pub(super) fn to_bytes(self) -> [u8; RECORD] {
        let (kind, offset, max_message) = match self {
            Self::Welcome {
                offset,
                max_message,
            } => (1, offset, max_message),
            Self::Refused => (2, 0, 0),
            Self::Buffer(Form::Whole) => (3, 0, 0),
            Self::Buffer(Form::Parts) => (4, 0, 0),
            Self::Buffer(Form::Rotating) => (5, 0, 0),
        };
        let mut bytes = [0; RECORD];
        let words = [VERSION, kind, offset, max_message];
        let fields = MAGIC
            .into_iter()
            .chain(words.into_iter().flat_map(u32::to_le_bytes));
        bytes
            .iter_mut()
            .zip(fields)
            .for_each(|(to, from)| *to = from);
        bytes
    }

    /// `None`: it is no record of this version, or its fields are out of range.
    pub(super) fn from_bytes(bytes: &[u8; RECORD]) -> Option<Self> {
        let mut words = bytes
            .strip_prefix(&MAGIC)?
            .as_chunks()
            .0
            .iter()
            .map(|word| u32::from_le_bytes(*word));
        let (version, kind) = (words.next()?, words.next()?);
        let (offset, max_message) = (words.next()?, words.next()?);
        if version != VERSION {
            return None;
        }
        match kind {
            1 => {
                let is_place_of_lines =
                    (offset as usize).is_multiple_of(2 * LINE) && (offset as usize) < PAGE;
                is_place_of_lines.then_some(Self::Welcome {
                    offset,
                    max_message,
                })
            }
            2 => Some(Self::Refused),
            3 => Some(Self::Buffer(Form::Whole)),
            4 => Some(Self::Buffer(Form::Parts)),
            5 => Some(Self::Buffer(Form::Rotating)),
            _ => None,
        }
    }
}

const _: () = assert!(INLINE == 52);
