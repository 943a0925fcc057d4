//! A client over a stream of bytes.

use super::{Interest, Peer, Pumped, Spare, Work};
use crate::transport::Outbox;
use crate::transport::framed::Stream;
use crate::transport::inbox::{Inbox, Piece, SPARE_ROOM};
use std::io::ErrorKind;
use std::ops::Range;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// A stream that an event loop can watch.
pub(crate) trait Watched: Stream {
    /// Readable when requests come.
    fn input(&self) -> BorrowedFd<'_>;

    /// Writable when answers may go, if that is another descriptor.
    fn output(&self) -> Option<BorrowedFd<'_>>;

    /// A new answer is about to be written; what nobody will read any more may be discarded.
    fn before_answers(&mut self) {}
}

/// A client over a stream: its half-read requests and its half-written answers.
pub(crate) struct StreamPeer<S> {
    stream: S,
    inbox: Inbox,
    /// Where answers lie that could not be written at once, and those of its bytes that still
    /// have to be.
    backlog: Vec<u8>,
    unwritten: Range<usize>,
    /// Answers go out, and then the connection ends.
    is_ending: bool,
    /// The peer writes no more: reading goes on until the end of what it wrote.
    has_ended: bool,
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
            self.look_at_clock();
        }
        self.is_over |= work.stop.has_rung();
        self.is_over
    }

    fn look_at_clock(&mut self) {
        self.is_over |= self.began.get_or_insert_with(Instant::now).elapsed() > SHIFT;
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
            unwritten: 0..0,
            is_ending: false,
            has_ended: false,
        }
    }

    /// Answers whole requests that have arrived until there are none, or enough answers to write, or
    /// it is others' turn.
    fn answer_arrived(&mut self, shift: &mut Shift, work: &mut Work<'_>) {
        while work.out.len() < HIGH_WATER
            && !self.is_ending
            && self.inbox.has_whole_piece()
            && !shift.ends_before_next(work)
        {
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
    fn write_answers(&mut self, out: &mut Outbox, spare: &mut Spare) -> Turn {
        let mut written = 0;
        while let Some(rest) = out.frames().get(written..).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest) {
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    (self.backlog, self.unwritten) = out.hand_over(written, &mut spare.answers);
                    return Turn::Blocked;
                }
                Err(_) => {
                    out.clear();
                    return Turn::Gone;
                }
            }
        }
        out.clear();
        Turn::Done
    }

    /// Writes what could not be written before.
    fn write_backlog(&mut self, spare: &mut Spare) -> Turn {
        while let Some(rest) = self
            .backlog
            .get(self.unwritten.clone())
            .filter(|rest| !rest.is_empty())
        {
            match self.stream.write(rest) {
                Ok(count) => self.unwritten.start += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Turn::Blocked,
                Err(_) => return Turn::Gone,
            }
        }
        let room = std::mem::take(&mut self.backlog);
        if room.len() > spare.answers.len() && room.len() <= SPARE_ROOM {
            spare.answers = room;
        }
        Turn::Done
    }

    /// Reads once. `Done`: there may be more.
    fn read_requests(&mut self, spare: &mut Spare) -> Turn {
        self.inbox.return_room(&mut spare.requests);
        self.inbox.borrow_room(&mut spare.requests);
        let room = self.inbox.room();
        let capacity = room.len();
        match self.stream.read(room) {
            Ok(0) => Turn::Gone,
            Ok(count) => {
                self.inbox.fill(count);
                if count < capacity && !self.has_ended {
                    Turn::Blocked // What comes later, or its end, is another event (epoll(7), Q9).
                } else {
                    Turn::Done
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Turn::Blocked,
            Err(_) => Turn::Gone,
        }
    }

    /// Reads and answers until there is nothing to read, or answers wait for room, or it is others'
    /// turn.
    fn serve(&mut self, work: &mut Work<'_>) -> Pumped {
        let (mut answered, mut moved, mut is_empty) = (false, false, false);
        let mut shift = Shift::new();
        loop {
            self.answer_arrived(&mut shift, work);
            answered |= work.out.len() > 0;
            match self.write_answers(&mut work.out, &mut work.spare) {
                Turn::Gone => return Pumped::Gone,
                Turn::Blocked => return blocked(true),
                Turn::Done if self.is_ending => return Pumped::Gone,
                Turn::Done => {}
            }
            let has_more = self.inbox.has_whole_piece();
            if shift.is_over && (has_more || !is_empty) {
                return Pumped::Unfinished;
            }
            if has_more {
                continue;
            }
            if is_empty {
                break;
            }
            if moved {
                shift.look_at_clock();
            }
            let arrived = self.inbox.arrived();
            match self.read_requests(&mut work.spare) {
                Turn::Gone => return Pumped::Gone,
                Turn::Blocked => is_empty = true,
                Turn::Done => {}
            }
            moved |= self.inbox.arrived() > arrived;
        }
        if self.inbox.has_partial_frame() {
            return Pumped::Waiting {
                is_blocked: false,
                moved,
            };
        }
        self.inbox.return_room(&mut work.spare.requests);
        Pumped::Idle { answered }
    }
}

/// Answers wait for room; `moved`: some have gone.
fn blocked(moved: bool) -> Pumped {
    Pumped::Waiting {
        is_blocked: true,
        moved,
    }
}

impl<S: Watched> Peer for StreamPeer<S> {
    /// Everything is edge-triggered, for which the kernel does less (5 % of a round trip over a Unix
    /// socket): what is not read at once is remembered as [`Pumped::Unfinished`].
    fn watches(&self, is_blocked: bool) -> [Option<(BorrowedFd<'_>, Interest)>; 2] {
        let requests = Interest::EPOLLIN | Interest::EPOLLRDHUP | Interest::EPOLLET;
        let room = Interest::EPOLLOUT | Interest::EPOLLET;
        let input = self.stream.input();
        match (self.stream.output(), is_blocked) {
            (_, false) => [Some((input, requests)), None],
            (None, true) => [Some((input, room)), None],
            // A hang-up is always reported.
            (Some(output), true) => [Some((input, Interest::EPOLLET)), Some((output, room))],
        }
    }

    #[inline]
    fn ready(&mut self, watch: usize, events: Interest, work: &mut Work<'_>) -> Pumped {
        debug_assert!(watch == INPUT || watch == OUTPUT);
        let hang_up = Interest::EPOLLHUP | Interest::EPOLLERR;
        self.has_ended |= events.intersects(hang_up | Interest::EPOLLRDHUP);
        let pumped = self.pump(work);
        match pumped {
            // Nobody is left to read the answers.
            Pumped::Waiting {
                is_blocked: true, ..
            } if events.intersects(hang_up) => Pumped::Gone,
            pumped => pumped,
        }
    }

    #[inline]
    fn pump(&mut self, work: &mut Work<'_>) -> Pumped {
        let unwritten = self.unwritten.len();
        match self.write_backlog(&mut work.spare) {
            Turn::Gone => Pumped::Gone,
            Turn::Blocked => blocked(self.unwritten.len() < unwritten),
            Turn::Done => self.serve(work),
        }
    }
}
