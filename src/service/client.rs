//! The client: whose its connection is, that of one call after another or of calls that nobody waits for.

#[cfg(test)]
mod tests;

use super::calls::{Calls, Limit};
use super::flight::{Flight, Next};
use crate::error::{Error, Result, Status};
use crate::sys::{Source, fork};
use crate::transport::{Channel, ClientOptions};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::Duration;

/// A connection to one server.
///
/// It serves one call at a time: a call while another is under way gets [`Status::Busy`] at once. Calls that nobody waits
/// for ([`Client::submit`]) may be many, from any threads, and have the connection until all are told of. In a process
/// forked since, every call gets [`Status::Forked`].
pub struct Client {
    /// The server, for people.
    peer: String,
    lane: Mutex<Lane>,
    /// Calls that nobody waits for.
    flight: Flight,
    /// The process that made it.
    generation: u32,
}

/// Whose a connection is.
enum Lane {
    /// The next call's, which has it to itself.
    Free(Calls),
    /// That of calls which nobody waits for.
    InFlight,
}

impl Client {
    /// A client that calls over `channel`.
    pub fn new(channel: Box<dyn Channel>, options: &ClientOptions) -> Self {
        Self {
            peer: channel.peer().to_owned(),
            flight: Flight::new(channel.peer(), options),
            lane: Mutex::new(Lane::Free(Calls::new(channel, options))),
            generation: fork::generation(),
        }
    }

    /// Sends the one frame that `append` appends, and gives what `read` makes of its answer.
    #[inline]
    pub(super) fn ask<T>(
        &self,
        mut limit: Limit,
        append: impl FnOnce(&mut Vec<u8>),
        read: impl FnOnce(&[u8]) -> Result<T>,
    ) -> Result<T> {
        let mut lane = self.lane()?;
        lane.calls(self, &mut limit)?.ask(limit, append, read)
    }

    /// Sends the frames of each of `batches`, as many at a time as the transport carries: `append` appends
    /// them, to room for as many bytes as `length` says. The body of no answer is over `longest` bytes. Gives the answers to `read`, in order, up to the
    /// first one that it fails at. The call timeout restarts with each answer.
    pub(super) fn ask_many<B: Copy>(
        &self,
        batches: impl Iterator<Item = B>,
        length: impl Fn(B) -> usize,
        longest: u32,
        append: impl Fn(B, &mut Vec<u8>),
        mut read: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let mut lane = self.lane()?;
        let calls = lane.calls(self, &mut { Limit::Usual })?;
        for batch in batches {
            calls.ask_batch(
                length(batch),
                longest,
                |frames| append(batch, frames),
                &mut read,
            )?;
        }
        Ok(())
    }

    /// Sends a message of any kind and waits for the answer, which is written to the start of
    /// `answer`; gives its length. A length over that of `answer` means that it did not fit and is
    /// dropped. [`Status::TooLarge`] is a message over this client's limit, of which nothing was
    /// sent, or over the server's, which then closes, or an answer over this client's.
    pub fn call_bytes(&self, message: &[u8], answer: &mut [u8]) -> Result<usize> {
        self.call_bytes_within(Limit::Usual, message, answer)
    }

    /// [`Client::call_bytes`] within a limit of its own. [`Status::InvalidArgument`] is one of no time at all.
    pub fn call_bytes_within(
        &self,
        mut limit: Limit,
        message: &[u8],
        answer: &mut [u8],
    ) -> Result<usize> {
        let mut lane = self.lane()?;
        let calls = lane.calls(self, &mut limit)?;
        calls.call_bytes(limit, message, answer)
    }

    /// Sends `message` without waiting for its answer, and gives the call's number. Exactly one [`Completion`](super::Completion) will come,
    /// with that number and `tag`. The limit runs from here. [`Status::Busy`]: [`IN_FLIGHT_MAX`](super::IN_FLIGHT_MAX) calls are under way or
    /// not told of, or too much waits to be sent, or a call that is waited for has the connection.
    pub fn submit(&self, limit: Limit, message: &[u8], tag: u64) -> Result<u64> {
        self.submit_expecting(limit, message, u32::MAX, tag)
    }

    /// [`Client::submit`], where no answer has a body of over `longest_answer` bytes.
    pub(super) fn submit_expecting(
        &self,
        limit: Limit,
        message: &[u8],
        longest_answer: u32,
        tag: u64,
    ) -> Result<u64> {
        self.check_process()?;
        let free = || Ok(self.lane()?.take_off());
        self.flight
            .submit(limit, message, longest_answer, tag, free)
    }

    /// Takes the next completion, whose answer is written to the start of `answer`; waits for one this long at most
    /// (zero: not at all; `None`: without limit). [`Status::TimedOut`]: none came.
    pub fn next(&self, wait: Option<Duration>, answer: &mut [u8]) -> Result<Next> {
        self.check_process()?;
        self.flight.next(wait, answer)
    }

    /// Ends the call with this number, if it is not over: its completion says [`Status::Cancelled`]. The server is not
    /// told; a request that was not begun is never sent. [`Status::InvalidArgument`]: no call was given the number.
    pub fn cancel(&self, id: u64) -> Result<()> {
        self.check_process()?;
        self.flight.cancel(id)
    }

    /// What is readable at the latest when [`Client::next`] would give something, and no more once it said that it has
    /// nothing, until something happens.
    pub fn source(&self) -> Result<Source<'_>> {
        self.check_process()?;
        self.flight.source()
    }

    /// The connection, for this thread.
    #[inline]
    fn lane(&self) -> Result<MutexGuard<'_, Lane>> {
        self.check_process()?;
        self.lane.try_lock().map_err(|error| self.taken(&error))
    }

    /// Fails in a process forked since it was made.
    #[inline]
    fn check_process(&self) -> Result<()> {
        if self.generation != fork::generation() {
            return Err(self.forked());
        }
        Ok(())
    }

    #[cold]
    fn forked(&self) -> Error {
        let context =
            "the client belongs to the process that this one was forked from; create another";
        self.turned_away(Status::Forked, context)
    }

    #[cold]
    fn taken<T>(&self, by: &TryLockError<T>) -> Error {
        match by {
            TryLockError::WouldBlock => self.turned_away(
                Status::Busy,
                "another call on this client is under way; each thread needs a client of its own",
            ),
            TryLockError::Poisoned(_) => {
                self.turned_away(Status::Internal, "an earlier call on this client panicked")
            }
        }
    }

    fn turned_away(&self, status: Status, why: &'static str) -> Error {
        Error::new(status, why).at(&self.peer).not_executed()
    }
}

impl Lane {
    /// The calls of a connection that nobody else has. One that is in flight has landed first, for which calls that are
    /// over may have to be awaited, which takes its time off the limit.
    #[inline]
    fn calls(&mut self, client: &Client, limit: &mut Limit) -> Result<&mut Calls> {
        if let Self::InFlight = self {
            *self = Self::Free(client.flight.land(limit)?);
        }
        match self {
            Self::Free(calls) => Ok(calls),
            Self::InFlight => Err(client.turned_away(Status::Internal, "a connection is lost")),
        }
    }

    /// Takes the calls off, unless they are in flight already.
    fn take_off(&mut self) -> Option<Calls> {
        match std::mem::replace(self, Self::InFlight) {
            Self::Free(calls) => Some(calls),
            Self::InFlight => None,
        }
    }
}
