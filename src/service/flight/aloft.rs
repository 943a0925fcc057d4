//! A connection in flight: it has calls that nobody waits for.

use super::queue::{Name, Over, Queue, Unasked};
use super::watch::{Watch, Watched};
use crate::error::{Error, Result, Status};
use crate::service::calls::Calls;
use crate::transport::Armed;
use std::collections::VecDeque;
use std::io;
use std::time::Instant;

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
pub(super) struct Aloft {
    /// The number of its lane.
    pub(super) lane: usize,
    calls: Calls,
    pub(super) queue: Queue,
    watched: Watched,
    /// The answer that a caller had no room for.
    kept: Option<(Name, Vec<u8>)>,
}

/// An answer that has come.
pub(super) enum Taken {
    /// To this call, and so long; it was written to the start of the caller's room.
    Whole(Name, usize),
    /// So long, for which the caller has no room. It is kept.
    Kept(usize),
}

impl Aloft {
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
            lane,
            calls,
            queue,
            watched: Watched::default(),
            kept: None,
        }
    }

    /// Why there can be no further call.
    pub(super) fn end(&self) -> Option<&Error> {
        self.calls.end.as_ref()
    }

    /// The connection, for calls that are waited for, once all that was sent is answered.
    pub(super) fn land(mut self, watch: Option<&Watch>) -> Calls {
        self.unwatch(watch);
        self.calls
    }

    /// Whether it has no call any more that it has to stay for: all are told of, and none can be answered.
    pub(super) fn is_over(&self) -> bool {
        !self.is_open() && (self.queue.is_empty() || self.end().is_some())
    }

    /// Whether a call of it is still to be told of.
    pub(super) fn is_open(&self) -> bool {
        self.kept.is_some() || self.queue.has_open()
    }

    /// Whether all that was asked is answered and told.
    pub(super) fn is_quiet(&self) -> bool {
        self.kept.is_none() && self.queue.is_empty()
    }

    /// Whether there is an answer to take that no watch tells of, or its calls are to go to another connection.
    pub(super) fn has_news(&self) -> bool {
        match self.end() {
            None => {
                let has_arrived = || self.calls.channel.has_arrived();
                self.kept.is_some() || (!self.queue.is_empty() && has_arrived())
            }
            Some(_) => self.is_open(),
        }
    }

    /// Finds out, without waiting, whether the server has gone, if nothing was asked for a while.
    pub(super) fn is_alive(&mut self) -> bool {
        self.calls.is_alive()
    }

    /// Sends what can be sent at once.
    pub(super) fn send(&mut self, done: &mut VecDeque<Done>) {
        if self.queue.is_unasked() && !self.queue.is_empty() && self.calls.channel.has_arrived() {
            self.fail_unasked(done);
        }
        while !self.queue.unsent().is_empty() && self.calls.end.is_none() {
            let longest = self.queue.longest_answer();
            match self.calls.channel.send_now(self.queue.unsent(), longest) {
                Ok(0) => break,
                Ok(count) => self.queue.sent(count),
                Err(error) => self.fail(&error, done),
            }
        }
    }

    /// Takes the next answer that has come to a call that is still open.
    pub(super) fn take(&mut self, answer: &mut [u8], done: &mut VecDeque<Done>) -> Option<Taken> {
        if let Some((name, body)) = &self.kept {
            let Some(place) = answer.get_mut(..body.len()) else {
                return Some(Taken::Kept(body.len()));
            };
            place.copy_from_slice(body);
            let taken = Taken::Whole(*name, body.len());
            self.kept = None;
            return Some(taken);
        }
        while self.calls.end.is_none() {
            match self.next(answer) {
                Ok(Next::Nothing) => return None,
                Ok(Next::Late) => {}
                Ok(Next::Unasked) => self.fail_unasked(done),
                Ok(Next::Answer(taken)) => return Some(taken),
                Ok(Next::Lost(name, error)) => {
                    done.push_back(Done { name, error });
                    return None;
                }
                Err(error) if is_answer(&error) => match self.queue.answered() {
                    Ok(Some(name)) => {
                        done.push_back(Done { name, error });
                        return None;
                    }
                    Ok(None) => {}
                    Err(Unasked) => self.fail_unasked(done),
                },
                Err(error) if error.status() == Status::TooLarge => self.refuse(error, done),
                Err(error) => self.fail(&error, done),
            }
        }
        None
    }

    fn next(&mut self, answer: &mut [u8]) -> Result<Next> {
        let Some(body) = self.calls.channel.recv_now()? else {
            return Ok(Next::Nothing);
        };
        let name = match self.queue.answered() {
            Ok(Some(name)) => name,
            Ok(None) => return Ok(Next::Late),
            Err(Unasked) => return Ok(Next::Unasked),
        };
        if let Some(place) = answer.get_mut(..body.len()) {
            place.copy_from_slice(body);
            return Ok(Next::Answer(Taken::Whole(name, body.len())));
        }
        let mut kept = Vec::new();
        if kept.try_reserve_exact(body.len()).is_err() {
            let error = Error::new(Status::System, "no memory for an answer");
            return Ok(Next::Lost(name, error.at(self.calls.channel.peer())));
        }
        kept.extend_from_slice(body);
        let length = kept.len();
        self.kept = Some((name, kept));
        Ok(Next::Answer(Taken::Kept(length)))
    }

    /// Drops the answers that have come; no call is open.
    pub(super) fn drop_late(&mut self, done: &mut VecDeque<Done>) {
        self.send(done);
        let _ = self.take(&mut [], done);
    }

    /// Ends the calls whose time is over.
    pub(super) fn end_due(&mut self, done: &mut VecDeque<Done>) {
        end_due(&mut self.queue, self.calls.channel.peer(), done);
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
        let for_room = !self.queue.unsent().is_empty();
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

/// Ends the calls of this queue whose time is over. `peer`: the server, for people.
pub(super) fn end_due(queue: &mut Queue, peer: &str, done: &mut VecDeque<Done>) {
    if queue.next_due().is_none() {
        return;
    }
    let now = Instant::now();
    while let Some(over) = queue.end_due(now) {
        let error = Error::new(Status::TimedOut, "no answer within the call's time");
        done.push_back(Done::new(over, error.at(peer)));
    }
}

/// What has come.
enum Next {
    Nothing,
    /// The answer to a call that is over.
    Late,
    /// An answer to none.
    Unasked,
    Answer(Taken),
    /// The answer to this call was dropped, for this reason.
    Lost(Name, Error),
}

/// Whether this came in place of an answer, and the connection goes on.
fn is_answer(error: &Error) -> bool {
    matches!(error.status(), Status::HandlerFailed)
        || (error.status() == Status::TooLarge && !error.is_not_executed())
}
