//! A client over a stream of bytes.

use super::{Interest, Peer, Pumped};
use crate::transport::Answer;
use crate::transport::framed::Stream;
use crate::transport::inbox::{Inbox, Piece};
use std::io::ErrorKind;
use std::os::fd::BorrowedFd;

/// A stream that an event loop can watch.
pub(crate) trait Watched: Stream {
    /// Readable when requests come.
    fn input(&self) -> BorrowedFd<'_>;

    /// Writable when answers may go, if that is another descriptor. Its failure is the peer's end.
    fn output(&self) -> Option<BorrowedFd<'_>>;

    /// A new answer is about to be written; what nobody will read any more may be discarded.
    fn before_answers(&mut self) {}

    /// Whether reading must go on until nothing is there, as edge-triggered watching needs it.
    const READS_UNTIL_EMPTY: bool = false;
}

/// A client over a stream: its half-read requests and its half-written answers.
pub(crate) struct StreamPeer<S> {
    stream: S,
    inbox: Inbox,
    answers: Vec<u8>,
    written: usize,
    /// Answers go out, and then the connection ends.
    is_ending: bool,
}

/// The places of a stream's descriptors among its watches.
const INPUT: usize = 0;
const OUTPUT: usize = 1;

/// Room for many small answers.
const FIRST_ROOM: usize = 512;
/// Answers are written when there are this many bytes of them, and no more room is kept for them.
const HIGH_WATER: usize = 64 << 10;

/// How a turn of reading or writing ended.
enum Turn {
    /// All is done that can be.
    Done,
    /// The other side has to go on first.
    Blocked,
    /// The connection is over.
    Gone,
}

impl<S: Watched> StreamPeer<S> {
    /// A client whose requests are at most `max_message` bytes long.
    pub(crate) fn new(stream: S, max_message: u32) -> Self {
        Self {
            stream,
            inbox: Inbox::new(max_message),
            answers: Vec::with_capacity(FIRST_ROOM),
            written: 0,
            is_ending: false,
        }
    }

    /// Answers whole requests that have arrived until there are none, or enough answers to write.
    fn answer_arrived(&mut self, answer: &dyn Answer) -> bool {
        let before = self.answers.len();
        while self.answers.len() < HIGH_WATER && !self.is_ending {
            match self.inbox.next() {
                None => break,
                Some(Piece::Body(range)) => {
                    if self.answers.is_empty() {
                        self.stream.before_answers();
                    }
                    answer.answer(self.inbox.bytes(range), &mut self.answers);
                }
                Some(Piece::TooLarge(_)) => {
                    answer.too_large(&mut self.answers);
                    self.is_ending = true;
                }
                // Only servers send notices.
                Some(Piece::Notice(_)) => self.is_ending = true,
            }
        }
        self.answers.len() > before
    }

    fn write_answers(&mut self) -> Turn {
        while let Some(rest) = self
            .answers
            .get(self.written..)
            .filter(|rest| !rest.is_empty())
        {
            match self.stream.write(rest) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Turn::Blocked,
                Err(_) => return Turn::Gone,
            }
        }
        self.answers.clear();
        self.answers.shrink_to(HIGH_WATER);
        self.written = 0;
        if self.is_ending {
            Turn::Gone
        } else {
            Turn::Done
        }
    }

    fn read_requests(&mut self) -> (Turn, bool) {
        match self.stream.read(self.inbox.room()) {
            Ok(0) => (Turn::Gone, false),
            Ok(count) => {
                self.inbox.fill(count);
                (Turn::Done, true)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => (Turn::Blocked, false),
            Err(_) => (Turn::Gone, false),
        }
    }
}

impl<S: Watched> Peer for StreamPeer<S> {
    fn watches(&self, is_blocked: bool) -> [Option<(BorrowedFd<'_>, Interest)>; 2] {
        let edge = Interest::EPOLLET;
        match (self.stream.output(), is_blocked) {
            (None, false) => [Some((self.stream.input(), Interest::EPOLLIN)), None],
            (None, true) => [Some((self.stream.input(), Interest::EPOLLOUT)), None],
            // A hang-up is always reported; edge-triggered, at least only once.
            (Some(output), false) => {
                let input = if S::READS_UNTIL_EMPTY {
                    Interest::EPOLLIN | edge
                } else {
                    Interest::EPOLLIN
                };
                [Some((self.stream.input(), input)), Some((output, edge))]
            }
            (Some(output), true) => [
                Some((self.stream.input(), edge)),
                Some((output, Interest::EPOLLOUT | edge)),
            ],
        }
    }

    #[inline]
    fn ready(&mut self, watch: usize, events: Interest, answer: &dyn Answer) -> Pumped {
        if watch == OUTPUT && events.contains(Interest::EPOLLERR) {
            return Pumped::Gone;
        }
        debug_assert!(watch == INPUT || watch == OUTPUT);
        self.pump(answer)
    }

    #[inline]
    fn pump(&mut self, answer: &dyn Answer) -> Pumped {
        let mut answered = false;
        let mut moved = false;
        let mut has_read = false;
        loop {
            answered |= self.answer_arrived(answer);
            let written = self.written;
            match self.write_answers() {
                Turn::Gone => return Pumped::Gone,
                Turn::Blocked => {
                    let moved = moved || self.written > written;
                    return Pumped::Waiting {
                        is_blocked: true,
                        moved,
                    };
                }
                Turn::Done => {}
            }
            if self.inbox.has_whole_piece() {
                continue;
            }
            if has_read && !S::READS_UNTIL_EMPTY {
                break;
            }
            match self.read_requests() {
                (Turn::Gone, _) => return Pumped::Gone,
                (Turn::Blocked, _) => break,
                (Turn::Done, some) => moved |= some,
            }
            has_read = true;
        }
        match self.inbox.has_partial_frame() {
            true => Pumped::Waiting {
                is_blocked: false,
                moved,
            },
            false => Pumped::Idle { answered },
        }
    }
}
