//! A client over a stream of bytes.

#[cfg(test)]
mod tests;

use super::{Happened, Peer, Quantum, Spare, TurnEnd, Work};
use crate::sys::Source;
use crate::sys::ready::{Ready, Want};
use crate::sys::room::Room;
use crate::transport::Outbox;
use crate::transport::channel::Stream;
use crate::transport::conversation::inbox::{Inbox, Piece};
use std::io::ErrorKind;
use std::ops::Range;

/// A stream that an event loop can watch.
pub(crate) trait Watched: Stream {
    /// Readable when requests come.
    fn input(&self) -> Source<'_>;

    /// Writable when answers may go, if that is another descriptor.
    fn output(&self) -> Option<Source<'_>>;

    /// Whether the last read ended early though more may be there.
    fn was_cut(&self) -> bool {
        false
    }

    /// A new answer is about to be written; what nobody will read any more may be discarded.
    fn before_answers(&mut self) {}
}

/// A client over a stream: its half-read requests and its half-written answers.
pub(crate) struct StreamPeer<S> {
    stream: S,
    inbox: Inbox,
    /// Where answers lie that could not be written at once, and those of its bytes that still
    /// have to be.
    backlog: Room,
    unwritten: Range<usize>,
    /// Answers go out, and then the connection ends.
    is_ending: bool,
    /// A read that ends early does not say that there is no more: the peer writes no more, and its end
    /// is to be seen, or it sent a byte out of band, where a read stops (tcp(7)).
    reads_until_empty: bool,
}

/// The places of a stream's descriptors among its watches.
const INPUT: usize = 0;
const OUTPUT: usize = 1;

/// How reading or writing ended.
enum Moved {
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
            backlog: Room::empty(),
            unwritten: 0..0,
            is_ending: false,
            reads_until_empty: false,
        }
    }

    /// Answers whole requests that have arrived until there are none, or enough answers to write, or
    /// it is others' turn; `true`: there are more.
    #[inline]
    fn answer_arrived(&mut self, quantum: &mut Quantum, work: &mut Work<'_>) -> bool {
        while !self.is_ending && self.inbox.has_whole_piece() {
            if work.out.is_full() || quantum.ends_before_next(work) {
                return true;
            }
            match self.inbox.next() {
                None => break,
                Some(Piece::Body(range)) => {
                    if work.out.len() == 0 {
                        self.stream.before_answers();
                    }
                    quantum.count_bytes(range.len());
                    let range = match work.aligns {
                        true => self.inbox.align(range),
                        false => range,
                    };
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
        false
    }

    /// Writes answers straight from where they were put together; the rest waits in the backlog.
    fn write_answers(&mut self, out: &mut Outbox, spare: &mut Spare) -> Moved {
        let mut written = 0;
        while let Some(rest) = out.frames().get(written..).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest) {
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let Ok((room, rest)) = out.hand_over(written, &mut spare.answers) else {
                        out.clear();
                        return Moved::Gone; // There is no memory for what it does not read.
                    };
                    (self.backlog, self.unwritten) = (room, rest);
                    return Moved::Blocked;
                }
                Err(_) => {
                    out.clear();
                    return Moved::Gone;
                }
            }
        }
        out.clear();
        Moved::Done
    }

    /// Writes what could not be written before.
    fn write_backlog(&mut self, work: &mut Work<'_>) -> Moved {
        if self.backlog.is_empty() {
            return Moved::Done;
        }
        while let Some(rest) = self
            .backlog
            .get(self.unwritten.clone())
            .filter(|rest| !rest.is_empty())
        {
            match self.stream.write(rest) {
                Ok(count) => self.unwritten.start += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Moved::Blocked,
                Err(_) => return Moved::Gone,
            }
        }
        let room = std::mem::take(&mut self.backlog);
        work.out.take_back(room, &mut work.spare.answers);
        Moved::Done
    }

    /// Reads once. `Done`: there may be more.
    fn read_requests(&mut self, spare: &mut Spare) -> Moved {
        self.inbox.return_room(&mut spare.requests);
        self.inbox.borrow_room(&mut spare.requests);
        let Ok(room) = self.inbox.room() else {
            return Moved::Gone; // There is no memory for what it sends.
        };
        let capacity = room.len();
        match self.stream.read(room) {
            Ok(0) => Moved::Gone,
            Ok(count) => {
                self.inbox.fill(count);
                if count < capacity && !self.reads_until_empty && !self.stream.was_cut() {
                    Moved::Blocked // What comes later, or its end, is another event.
                } else {
                    Moved::Done
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Moved::Blocked,
            Err(_) => Moved::Gone,
        }
    }

    /// Reads and answers until there is nothing to read, or answers wait for room, or it is others'
    /// turn.
    fn serve(&mut self, quantum: &mut Quantum, work: &mut Work<'_>) -> TurnEnd {
        let had_partial_frame = self.inbox.has_partial_frame();
        let (mut moved, mut is_empty) = (false, false);
        loop {
            let has_more = self.answer_arrived(quantum, work);
            match self.write_answers(&mut work.out, &mut work.spare) {
                Moved::Gone => return TurnEnd::Gone,
                Moved::Blocked => return TurnEnd::Blocked { moved: true },
                Moved::Done if self.is_ending => return TurnEnd::Gone,
                Moved::Done => {}
            }
            if quantum.is_over() {
                return TurnEnd::Unfinished;
            }
            if has_more {
                continue;
            }
            if is_empty {
                break;
            }
            if moved {
                quantum.look_at_clock();
                if quantum.is_over() {
                    return TurnEnd::Unfinished;
                }
            }
            let arrived = self.inbox.arrived();
            match self.read_requests(&mut work.spare) {
                Moved::Gone => return TurnEnd::Gone,
                Moved::Blocked => is_empty = true,
                Moved::Done => {}
            }
            moved |= self.inbox.arrived() > arrived;
        }
        let answered = quantum.answered() > 0;
        if self.inbox.has_partial_frame() {
            return TurnEnd::Partial {
                moved,
                is_new: answered || !had_partial_frame,
                length: self.inbox.begun_body(),
            };
        }
        self.inbox.return_room(&mut work.spare.requests);
        TurnEnd::Idle { answered }
    }
}

impl<S: Watched> Peer for StreamPeer<S> {
    /// Everything is edge-triggered, for which the kernel does less (5 % of a round trip over a Unix
    /// socket): what is not read at once is remembered as [`TurnEnd::Unfinished`].
    fn watches(&self, is_blocked: bool) -> [Option<(Source<'_>, Want)>; 2] {
        let requests = Want::READ | Want::URGENT | Want::END | Want::EDGE;
        let room = Want::WRITE | Want::EDGE;
        let input = self.stream.input();
        match (self.stream.output(), is_blocked) {
            (_, false) => [Some((input, requests)), None],
            (None, true) => [Some((input, room)), None],
            // A hang-up is always reported.
            (Some(output), true) => [Some((input, Want::EDGE)), Some((output, room))],
        }
    }

    #[inline]
    fn turn(&mut self, happened: Happened, work: &mut Work<'_>) -> TurnEnd {
        let events = happened.at(INPUT) | happened.at(OUTPUT);
        let hang_up = Ready::HANG_UP | Ready::ERROR;
        let read_on = hang_up | Ready::ENDED | Ready::URGENT;
        self.reads_until_empty |= events.intersects(read_on);
        let unwritten = self.unwritten.len();
        let end = match self.write_backlog(work) {
            Moved::Gone => TurnEnd::Gone,
            Moved::Blocked => TurnEnd::Blocked {
                moved: self.unwritten.len() < unwritten,
            },
            Moved::Done => {
                let mut quantum = Quantum::new();
                let end = self.serve(&mut quantum, work);
                work.count(quantum.answered(), quantum.bytes());
                end
            }
        };
        match end {
            // Nobody is left to read the answers.
            TurnEnd::Blocked { .. } if events.intersects(hang_up) => TurnEnd::Gone,
            end => end,
        }
    }
}
