//! A connection in flight: it has calls that nobody waits for.

mod asking;
mod bursts;

use super::queue::{Name, Over, Queue, Unasked};
use super::watch::{Watch, Watched};
use super::{Completion, Next};
use crate::error::{Error, Result, Status};
use crate::service::calls::Calls;
use crate::sys::moment::Moment;
use crate::transport::Armed;
use bursts::Bursts;
use std::collections::VecDeque;
use std::io;

/// A call that is over without an answer, and why.
pub(super) struct Done {
    pub(super) name: Name,
    pub(super) error: Error,
}

impl Done {
    /// That of `over`, for the reason of `error`.
    pub(super) fn new(over: Over, error: Error) -> Self {
        let error = match over.is_not_executed {
            true => error.not_executed(),
            false => error,
        };
        Self {
            name: over.name,
            error,
        }
    }
}

/// A connection, and the calls of it that nobody waits for.
pub(super) struct Connection {
    /// The number of its lane.
    pub(super) lane: usize,
    calls: Calls,
    pub(super) queue: Queue,
    watched: Watched,
    /// The answer that a caller had no room for.
    kept: Option<(Name, Vec<u8>)>,
    /// Requests can be sent while others are not answered.
    is_stream: bool,
    /// Requests wait to go together, though each could be sent at once.
    is_gathering: bool,
    bursts: Bursts,
}

/// An answer that has come.
pub(super) enum Taken {
    /// To this call, and so long; it was written to the start of the caller's room.
    Whole(Name, usize),
    /// So long, for which the caller has no room. It is kept.
    Kept(usize),
}

impl From<Taken> for Next {
    #[inline]
    fn from(taken: Taken) -> Self {
        match taken {
            Taken::Whole(Name { id, tag }, length) => {
                let outcome = Ok(length);
                Self::Completion(Completion { id, tag, outcome })
            }
            Taken::Kept(length) => Self::NoRoom(length),
        }
    }
}

impl Connection {
    pub(super) fn new(lane: usize, mut calls: Calls) -> Self {
        let mut queue = match calls.is_on_trial {
            true => Queue::on_trial(),
            false => Queue::default(),
        };
        queue.owe(calls.owed);
        if calls.end.is_none() {
            calls.end = calls.channel.begin_flight(calls.owed).err();
        }
        calls.owed = 0;
        Self {
            is_stream: calls.channel.is_stream(),
            lane,
            calls,
            queue,
            watched: Watched::default(),
            kept: None,
            is_gathering: false,
            bursts: Bursts::default(),
        }
    }

    /// The queue, to which one more call is submitted.
    pub(super) fn queue_for_one_more(&mut self) -> &mut Queue {
        self.bursts.grow();
        &mut self.queue
    }

    /// Why there can be no further call.
    #[inline]
    pub(super) fn end(&self) -> Option<&Error> {
        self.calls.end.as_ref()
    }

    /// The connection, for calls that are waited for, once all that was sent is answered.
    pub(super) fn give_back(mut self, watch: Option<&Watch>) -> Calls {
        self.unwatch(watch);
        self.calls
    }

    /// Whether it has no call any more that it has to stay for: all are told of, and none can be answered.
    pub(super) fn is_over(&self) -> bool {
        !self.is_open() && (self.queue.is_empty() || self.end().is_some())
    }

    /// Whether a call of it is still to be told of.
    #[inline]
    pub(super) fn is_open(&self) -> bool {
        self.kept.is_some() || self.queue.has_open()
    }

    /// Whether all that was asked is answered and told.
    #[inline]
    pub(super) fn is_quiet(&self) -> bool {
        self.kept.is_none() && self.queue.is_empty()
    }

    /// Whether there is an answer to take that no watch tells of, or requests to send, or its calls are to go to another
    /// connection.
    pub(super) fn has_news(&self) -> bool {
        match self.end() {
            None => {
                let has_arrived = || self.calls.channel.has_arrived();
                let has_answer = || !self.queue.is_empty() && has_arrived();
                self.is_gathering || self.kept.is_some() || has_answer()
            }
            Some(_) => self.is_open(),
        }
    }

    /// Finds out, without waiting, whether the server has gone, if nothing was asked for a while.
    pub(super) fn is_alive(&mut self) -> bool {
        self.calls.is_alive()
    }

    /// Takes the answer to the first call, which is open, if that has arrived, `answer` has room for it, and nothing waits to be
    /// sent: no system call.
    #[inline]
    pub(super) fn take_arrived(&mut self, answer: &mut [u8]) -> Option<(Name, usize)> {
        if self.kept.is_some() || !self.queue.unsent().is_empty() {
            return None;
        }
        let name = self.queue.awaits_first()?;
        let body = self.calls.channel.take_arrived(answer.len())?;
        let length = body.len();
        answer.get_mut(..length)?.copy_from_slice(body);
        let _ = self.queue.answered();
        self.bursts.end();
        Some((name, length))
    }

    /// Takes the next answer that has come to a call that is still open.
    #[inline]
    pub(super) fn take(&mut self, answer: &mut [u8], done: &mut VecDeque<Done>) -> Option<Taken> {
        self.bursts.end();
        if self.kept.is_some() || self.calls.end.is_some() {
            return self.take_kept(answer);
        }
        loop {
            let body = match self.calls.channel.recv_now() {
                Ok(Some(body)) => body,
                Ok(None) => return None,
                Err(error) => match self.take_failure(error, done) {
                    true => continue,
                    false => return None,
                },
            };
            match (self.queue.answered(), answer.get_mut(..body.len())) {
                (Ok(Some(name)), Some(place)) => {
                    place.copy_from_slice(body);
                    return Some(Taken::Whole(name, body.len()));
                }
                (Ok(Some(name)), None) => {
                    let kept = keep(body).map_err(|error| error.at(self.calls.channel.peer()));
                    return self.keep(name, kept, done);
                }
                (Ok(None), _) => {} // It was late.
                (Err(Unasked), _) => {
                    self.fail_unasked(done);
                    return None;
                }
            }
        }
    }

    /// Takes the answer that a caller had no room for, if there is one.
    #[cold]
    fn take_kept(&mut self, answer: &mut [u8]) -> Option<Taken> {
        let (name, body) = self.kept.as_ref()?;
        let Some(place) = answer.get_mut(..body.len()) else {
            return Some(Taken::Kept(body.len()));
        };
        place.copy_from_slice(body);
        let taken = Taken::Whole(*name, body.len());
        self.kept = None;
        Some(taken)
    }

    /// Keeps the answer to this call, which the caller has no room for.
    #[cold]
    fn keep(
        &mut self,
        name: Name,
        kept: Result<Vec<u8>>,
        done: &mut VecDeque<Done>,
    ) -> Option<Taken> {
        match kept {
            Ok(kept) => {
                let length = kept.len();
                self.kept = Some((name, kept));
                Some(Taken::Kept(length))
            }
            Err(error) => {
                done.push_back(Done { name, error });
                None
            }
        }
    }

    /// This came in place of an answer; whether in that of a late one.
    #[cold]
    fn take_failure(&mut self, error: Error, done: &mut VecDeque<Done>) -> bool {
        if is_answer(&error) {
            match self.queue.answered() {
                Ok(Some(name)) => done.push_back(Done { name, error }),
                Ok(None) => return true,
                Err(Unasked) => self.fail_unasked(done),
            }
        } else if error.status() == Status::TooLarge {
            self.refuse(error, done);
        } else {
            self.fail(&error, done);
        }
        false
    }

    /// Drops the answers that have come; no call is open.
    pub(super) fn drop_late(&mut self, done: &mut VecDeque<Done>) {
        self.send(done);
        let _ = self.take(&mut [], done);
    }

    /// Ends the calls whose time is over by now.
    pub(super) fn end_due(&mut self, now: Moment, done: &mut VecDeque<Done>) {
        end_due(&mut self.queue, now, self.calls.channel.peer(), done);
    }

    /// The watches told of something that was no answer.
    pub(super) fn look(&mut self, done: &mut VecDeque<Done>) {
        if self.calls.end.is_none()
            && let Err(error) = self.calls.channel.look()
        {
            self.fail(&error, done);
        }
    }

    /// Arms the watches for what has not arrived.
    pub(super) fn arm(&mut self) -> Armed {
        self.calls.channel.arm()
    }

    /// Watches the connection for what it waits for now; once it has ended, no more.
    pub(super) fn watch(&mut self, watch: &Watch) -> io::Result<()> {
        if self.calls.end.is_some() {
            self.unwatch(Some(watch));
            return Ok(());
        }
        let for_room = !self.is_gathering && !self.queue.unsent().is_empty();
        let channel = &*self.calls.channel;
        self.watched.renew(watch, self.lane, channel, for_room)
    }

    fn unwatch(&mut self, watch: Option<&Watch>) {
        if let Some(watch) = watch {
            self.watched.end(watch, &*self.calls.channel);
        }
    }

    /// The server refuses the request that it reads, says so in this error, and closes.
    fn refuse(&mut self, error: Error, done: &mut VecDeque<Done>) {
        let context = "it closed the connection after a request over its max_message";
        let closed = Error::new(Status::Closed, context).at(self.calls.channel.peer());
        match self.queue.refused() {
            Ok(name) => {
                done.extend(name.map(|name| Done { name, error }));
                self.fail(&closed, done);
            }
            Err(Unasked) => self.fail_unasked(done),
        }
    }

    fn fail_unasked(&mut self, done: &mut VecDeque<Done>) {
        let error = self.calls.unasked();
        self.fail(&error, done);
    }

    /// Moves its calls to `others`, if the server did not take the client in: none was executed.
    pub(super) fn start_again_in(&mut self, others: &mut Queue) -> bool {
        self.was_refused() && self.queue.start_again_in(others)
    }

    /// Whether the server did not take the client in.
    pub(super) fn was_refused(&self) -> bool {
        self.end()
            .is_some_and(|end| end.status() == Status::Refused)
    }

    /// The connection has ended, and with it all of its calls, unless they may go to another one.
    pub(super) fn fail(&mut self, error: &Error, done: &mut VecDeque<Done>) {
        self.calls.end = Some(error.clone());
        self.is_gathering = false;
        if !(self.calls.is_on_trial && self.was_refused()) {
            self.end_all(error, done);
        }
    }

    /// Ends all of its calls with this error.
    pub(super) fn end_all(&mut self, error: &Error, done: &mut VecDeque<Done>) {
        while let Some(over) = self.queue.end_first() {
            done.push_back(Done::new(over, error.clone()));
        }
    }
}

/// Ends the calls of this queue whose time is over by now. `peer`: the server, for people.
pub(super) fn end_due(queue: &mut Queue, now: Moment, peer: &str, done: &mut VecDeque<Done>) {
    while let Some(over) = queue.end_due(now) {
        let error = Error::new(Status::TimedOut, "no answer within the call's time");
        done.push_back(Done::new(over, error.at(peer)));
    }
}

/// A copy of an answer.
fn keep(body: &[u8]) -> Result<Vec<u8>> {
    let mut kept = Vec::new();
    if kept.try_reserve_exact(body.len()).is_err() {
        return Err(Error::new(Status::System, "no memory for an answer"));
    }
    kept.extend_from_slice(body);
    Ok(kept)
}

/// Whether this came in place of an answer, and the connection goes on.
fn is_answer(error: &Error) -> bool {
    matches!(error.status(), Status::HandlerFailed)
        || (error.status() == Status::TooLarge && !error.is_not_executed())
}
