//! A client over a stream of bytes.

#[cfg(test)]
mod tests;

use super::{Happened, Peer, Quantum, TurnEnd, Work};
use crate::sys::Source;
use crate::sys::ready::{Ready, Want};
use crate::transport::channel::Stream;
use crate::transport::conversation::inbox::Piece;
use crate::transport::conversation::server::ServerSide;
use crate::transport::conversation::spare::Spare;
use crate::transport::deferral::{Manner, Parking, Prompt};
use crate::transport::{Cause, Visitor};
use std::io::{self, ErrorKind};
use std::mem;

/// A stream that an event loop can watch.
pub(crate) trait Watched: Stream {
    /// Readable when requests come.
    fn input(&self) -> Source<'_>;

    /// Writable when answers may go, if that is another source.
    fn output(&self) -> Option<Source<'_>>;

    /// Whether the last read ended early though more may be there.
    fn was_cut(&self) -> bool {
        false
    }

    /// A new answer is about to be written; what nobody will read any more may be discarded.
    fn before_answers(&mut self) {}

    /// Whether bytes that count as written would be cut if the stream ended now.
    fn is_sending(&self) -> bool {
        false
    }

    /// Whether a hang-up means that nobody is left to read answers.
    fn ends_by_hang_up(&self) -> bool {
        true
    }
}

/// A client over a stream.
pub(crate) struct StreamPeer<S, M = Prompt> {
    stream: S,
    visitor: Visitor,
    side: ServerSide,
    manner: M,
    /// Why the connection ends, if a request ends it.
    fault: Cause,
    /// A read that ends early does not say that there is no more: the peer writes no more, and its end
    /// is to be seen, or it sent a byte out of band, where a read stops (tcp(7)).
    reads_until_empty: bool,
}

/// The places of a stream's sources among its watches.
const INPUT: usize = 0;
const OUTPUT: usize = 1;

/// How reading or writing ended.
enum Moved {
    /// All is done that can be.
    Done,
    /// The other side has to go on first.
    Blocked,
    /// The connection is over: the client has gone, or is dropped.
    Over(TurnEnd),
}

impl<S: Watched> StreamPeer<S> {
    /// A client whose requests are at most `max_message` bytes long.
    pub(crate) fn new(stream: S, visitor: Visitor, max_message: u32) -> Self {
        Self {
            stream,
            visitor,
            side: ServerSide::new(max_message),
            manner: Prompt,
            fault: Cause::Malformed,
            reads_until_empty: false,
        }
    }
}

impl<S: Watched, M: Manner> StreamPeer<S, M> {
    /// The same client, answered in this manner.
    fn with_manner<N>(self, manner: N) -> StreamPeer<S, N> {
        StreamPeer {
            stream: self.stream,
            visitor: self.visitor,
            side: self.side,
            fault: self.fault,
            manner,
            reads_until_empty: self.reads_until_empty,
        }
    }

    /// Answers whole requests that have arrived until there are none, or enough answers to write, or
    /// it is others' turn; `true`: there are more.
    #[inline]
    fn answer_arrived(&mut self, quantum: &mut Quantum, work: &mut Work<'_>) -> bool {
        while !self.manner.is_parked() && self.side.has_next() {
            if work.out.is_full() || quantum.ends_before_next(work) {
                return true;
            }
            match self.side.next() {
                None => break,
                Some(Piece::Body(body)) => {
                    if work.out.len() == 0 {
                        self.stream.before_answers();
                    }
                    quantum.count_bytes(body.len());
                    let body = self.side.body(body, work.aligns);
                    work.serve(&mut self.manner, &self.visitor, body);
                }
                Some(Piece::TooLarge(_)) => {
                    self.fault = Cause::TooLarge;
                    work.refuse();
                }
                Some(Piece::Notice(_)) => {}
            }
        }
        false
    }

    /// Writes answers straight from where they were put together; the rest waits in the backlog.
    #[inline]
    fn write_answers(&mut self, work: &mut Work<'_>) -> Moved {
        let answers = work.out.frames();
        if answers.is_empty() {
            return Moved::Done;
        }
        match self.stream.write(answers) {
            Ok(count) if count == answers.len() => {
                work.out.clear();
                Moved::Done
            }
            Ok(count) => {
                self.side.wrote(count);
                self.write_rest(work)
            }
            Err(error) => self.write_failed(&error, work),
        }
    }

    /// Writes what is left, of answers or of the backlog.
    fn write_rest(&mut self, work: &mut Work<'_>) -> Moved {
        loop {
            let rest = self.side.unwritten(&work.out);
            if rest.is_empty() {
                self.side.wrote_all(&mut work.out, &mut work.spare);
                return Moved::Done;
            }
            match self.stream.write(rest) {
                Ok(count) => self.side.wrote(count),
                Err(error) => return self.write_failed(&error, work),
            }
        }
    }

    /// The client takes no more for now, has gone, or there is no memory for what it does not read.
    #[cold]
    fn write_failed(&mut self, error: &io::Error, work: &mut Work<'_>) -> Moved {
        let may_go_on = error.kind() == ErrorKind::WouldBlock;
        let kept = may_go_on.then(|| self.side.keep(&mut work.out, &mut work.spare));
        if let Some(Ok(())) = kept {
            return Moved::Blocked;
        }
        work.out.clear();
        Moved::Over(match kept {
            Some(_) => TurnEnd::Dropped(Cause::Shortage),
            None => TurnEnd::Gone,
        })
    }

    /// Writes what could not be written before; `None`: all of it has gone.
    #[inline]
    fn write_backlog(&mut self, work: &mut Work<'_>) -> Option<TurnEnd> {
        if !self.side.has_backlog() {
            return None;
        }
        let unwritten = self.side.unwritten(&work.out).len();
        match self.write_rest(work) {
            Moved::Done => None,
            Moved::Over(end) => Some(end),
            Moved::Blocked => Some(TurnEnd::Blocked {
                moved: self.side.unwritten(&work.out).len() < unwritten,
            }),
        }
    }

    /// Reads once. `Done`: there may be more.
    fn read_requests(&mut self, spare: &mut Spare) -> Moved {
        let room = match S::LEAST_ROOM {
            0 => self.side.room(spare),
            least => self.side.room_of(least, spare),
        };
        let Ok(room) = room else {
            return Moved::Over(TurnEnd::Dropped(Cause::Shortage)); // There is no memory for what it sends.
        };
        let capacity = room.len();
        match self.stream.read(room) {
            Ok(0) => Moved::Over(TurnEnd::Gone),
            Ok(count) => {
                self.side.fill(count);
                if count < capacity && !self.reads_until_empty && !self.stream.was_cut() {
                    Moved::Blocked // What comes later, or its end, is another event.
                } else {
                    Moved::Done
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Moved::Blocked,
            Err(_) => Moved::Over(TurnEnd::Gone),
        }
    }

    /// Reads and answers until there is nothing to read, or answers wait for room, or it is others'
    /// turn.
    fn serve(&mut self, quantum: &mut Quantum, work: &mut Work<'_>) -> TurnEnd {
        let had_partial = self.side.has_partial();
        let has_resumed = self.resume(work);
        let (mut moved, mut is_empty) = (false, false);
        // Mostly nothing is left of the last turn, and reading comes first.
        let is_left = had_partial || has_resumed || self.manner.is_parked();
        let mut reads_first = !is_left && !self.side.is_ending();
        loop {
            while !mem::take(&mut reads_first) {
                let has_more = self.answer_arrived(quantum, work);
                match self.write_answers(work) {
                    Moved::Over(end) => return end,
                    Moved::Blocked => return TurnEnd::Blocked { moved: true },
                    Moved::Done if self.side.is_ending() => return TurnEnd::Dropped(self.fault),
                    Moved::Done => {}
                }
                if self.manner.is_parked() {
                    let answered = has_resumed || quantum.answered() > 0;
                    return self.park(answered, work);
                }
                if quantum.is_over() {
                    return TurnEnd::Unfinished;
                }
                if !has_more {
                    break;
                }
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
            let arrived = self.side.arrived();
            match self.read_requests(&mut work.spare) {
                Moved::Over(end) => return end,
                Moved::Blocked => is_empty = true,
                Moved::Done => {}
            }
            moved |= self.side.arrived() > arrived;
        }
        let answered = has_resumed || quantum.answered() > 0;
        self.end_turn(had_partial, moved, answered, work)
    }

    /// Appends the answer for which the client was parked, if it has come.
    #[inline]
    fn resume(&mut self, work: &mut Work<'_>) -> bool {
        if !self.manner.is_parked() || self.manner.awaits_answer() {
            return false;
        }
        self.stream.before_answers();
        work.resume(&mut self.manner, &self.visitor)
    }

    /// The answer to a request is to come; what follows is left where it is.
    fn park(&mut self, answered: bool, work: &mut Work<'_>) -> TurnEnd {
        if self.manner.is_given_up() {
            return TurnEnd::Gone;
        }
        if !self.side.has_partial() {
            self.rest(work);
        }
        TurnEnd::Parked { answered }
    }

    /// There is nothing more to read, and all answers are written.
    #[inline]
    fn end_turn(
        &mut self,
        had_partial: bool,
        moved: bool,
        answered: bool,
        work: &mut Work<'_>,
    ) -> TurnEnd {
        match self.side.half(had_partial, answered) {
            Some(half) => TurnEnd::partial(half, moved),
            None => {
                self.rest(work);
                TurnEnd::Idle { answered }
            }
        }
    }

    /// No request is there: room is for others.
    #[inline]
    fn rest(&mut self, work: &mut Work<'_>) {
        match S::LEAST_ROOM {
            0 => self.side.rest(&mut work.spare),
            _ => self.side.rest_without_room(&mut work.spare),
        }
    }
}

impl<S: Watched + 'static, M: Manner + 'static> Peer for StreamPeer<S, M> {
    fn visitor(&self) -> &Visitor {
        &self.visitor
    }

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
        if events.intersects(hang_up) && self.stream.ends_by_hang_up() {
            self.manner.give_up();
        }
        let end = match self.write_backlog(work) {
            Some(end) => end,
            None => {
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

    fn is_sending(&self) -> bool {
        self.stream.is_sending()
    }

    fn deferring(self: Box<Self>, parking: Parking) -> Box<dyn Peer> {
        Box::new(self.with_manner(parking))
    }
}
