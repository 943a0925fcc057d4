//! A client over a stream of bytes.

use super::{Interest, Peer, Pumped, Work};
use crate::transport::Outbox;
use crate::transport::framed::Stream;
use crate::transport::inbox::{Inbox, Piece};
use std::io::ErrorKind;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

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
    /// Answers that could not be written at once, and how much of them has been since.
    backlog: Vec<u8>,
    written: usize,
    /// Answers go out, and then the connection ends.
    is_ending: bool,
}

/// The places of a stream's descriptors among its watches.
const INPUT: usize = 0;
const OUTPUT: usize = 1;

/// Answers are written when there are this many bytes of them.
const HIGH_WATER: usize = 64 << 10;

/// How long one peer's requests may keep the others waiting, if it sends many at once.
const SHIFT: Duration = Duration::from_millis(1);

/// The requests of one peer that are answered before it is the others' turn.
struct Shift {
    answered: u32,
    /// Looked at only when a second request follows the first.
    began: Option<Instant>,
    is_over: bool,
}

impl Shift {
    fn new() -> Self {
        Self {
            answered: 0,
            began: None,
            is_over: false,
        }
    }

    /// Whether the next request has to wait. The clock is read before the 2nd, 3rd, 5th, 9th ...
    /// 65th, and then before each 64th, so that many small ones are not slowed down by it.
    fn ends_before_next(&mut self, work: &Work<'_>) -> bool {
        let count = self.answered;
        self.answered += 1;
        if count > 0 && (count.is_power_of_two() || count.is_multiple_of(64)) {
            self.is_over |= self.began.get_or_insert_with(Instant::now).elapsed() > SHIFT;
        }
        self.is_over |= work.stop.has_rung();
        self.is_over
    }
}

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
            backlog: Vec::new(),
            written: 0,
            is_ending: false,
        }
    }

    /// Answers whole requests that have arrived until there are none, or enough answers to write, or
    /// it is others' turn.
    fn answer_arrived(&mut self, shift: &mut Shift, work: &mut Work<'_>) {
        while work.out.len() < HIGH_WATER && !self.is_ending && !shift.ends_before_next(work) {
            match self.inbox.next() {
                None => break,
                Some(Piece::Body(range)) => {
                    if work.out.len() == 0 {
                        self.stream.before_answers();
                    }
                    work.answer.answer(self.inbox.bytes(range), &mut work.out);
                }
                Some(Piece::TooLarge(_)) => {
                    work.answer.too_large(&mut work.out);
                    self.is_ending = true;
                }
                // Only servers send notices.
                Some(Piece::Notice(_)) => self.is_ending = true,
            }
        }
    }

    /// Writes answers straight from where they were put together; the rest waits in the backlog.
    fn write_answers(&mut self, out: &mut Outbox) -> Turn {
        let mut rest = out.frames();
        let mut turn = Turn::Done;
        while !rest.is_empty() {
            match self.stream.write(rest) {
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.backlog.extend_from_slice(rest);
                    turn = Turn::Blocked;
                    break;
                }
                Err(_) => {
                    turn = Turn::Gone;
                    break;
                }
            }
        }
        out.clear();
        turn
    }

    /// Writes what could not be written before.
    fn write_backlog(&mut self) -> Turn {
        while let Some(rest) = self
            .backlog
            .get(self.written..)
            .filter(|rest| !rest.is_empty())
        {
            match self.stream.write(rest) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Turn::Blocked,
                Err(_) => return Turn::Gone,
            }
        }
        if !self.backlog.is_empty() {
            self.backlog = Vec::new();
            self.written = 0;
        }
        Turn::Done
    }

    fn read_requests(&mut self) -> Turn {
        match self.stream.read(self.inbox.room()) {
            Ok(0) => Turn::Gone,
            Ok(count) => {
                self.inbox.fill(count);
                Turn::Done
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Turn::Blocked,
            Err(_) => Turn::Gone,
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
    fn ready(&mut self, watch: usize, events: Interest, work: &mut Work<'_>) -> Pumped {
        if watch == OUTPUT && events.contains(Interest::EPOLLERR) {
            return Pumped::Gone;
        }
        debug_assert!(watch == INPUT || watch == OUTPUT);
        self.pump(work)
    }

    #[inline]
    fn pump(&mut self, work: &mut Work<'_>) -> Pumped {
        let (mut answered, mut moved, mut has_read) = (false, false, false);
        let mut shift = Shift::new();
        let written = self.written;
        match self.write_backlog() {
            Turn::Gone => return Pumped::Gone,
            Turn::Blocked => {
                let moved = self.written > written;
                return Pumped::Waiting {
                    is_blocked: true,
                    moved,
                };
            }
            Turn::Done => {}
        }
        loop {
            self.answer_arrived(&mut shift, work);
            answered |= work.out.len() > 0;
            match self.write_answers(&mut work.out) {
                Turn::Gone => return Pumped::Gone,
                Turn::Blocked => {
                    return Pumped::Waiting {
                        is_blocked: true,
                        moved: true,
                    };
                }
                Turn::Done if self.is_ending => return Pumped::Gone,
                Turn::Done => {}
            }
            if self.inbox.has_whole_piece() {
                if shift.is_over {
                    return Pumped::Unfinished;
                }
                continue;
            }
            if has_read && !S::READS_UNTIL_EMPTY {
                break;
            }
            match self.read_requests() {
                Turn::Gone => return Pumped::Gone,
                Turn::Blocked => break,
                Turn::Done => (has_read, moved) = (true, true),
            }
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
