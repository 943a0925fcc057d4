//! The client: calls of every kind over its connections.

#[cfg(test)]
mod tests;

use super::calls::{Calls, Limit, SHORT_FRAME};
use super::flight::{Answered, Flight, Next};
use super::lanes::Lanes;
use super::loans::{Loan, Place};
use super::pool::{Held, Pool};
use crate::error::{Error, Result, Status};
use crate::protocol::frame::PREFIX;
use crate::sys::{Source, fork};
use crate::transport::{Address, Channel, ClientOptions, Deadline, Dial, InPlace};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A client of one server.
///
/// It has one connection, or up to as many as its options say. Each serves one call at a time: where there is but the
/// one, a call while another is under way gets [`Status::Busy`] at once; else it waits for one that is free. Calls that
/// nobody waits for ([`Client::submit`]) may be many, from any threads. In a process forked since, every call gets
/// [`Status::Forked`].
pub struct Client {
    pool: Pool,
    /// How long a call may take.
    timeout: Option<Duration>,
    /// The process that made it.
    generation: u32,
    /// The process that may use it, or [`NONE`] once the client was stopped.
    user: AtomicU64,
}

/// The number of no process's generation.
const NONE: u64 = u64::MAX;

impl Client {
    /// A client that calls over `channel`, its only connection, which stays lost once it is lost.
    pub fn new(channel: Box<dyn Channel>, options: &ClientOptions) -> Self {
        let peer = channel.peer().to_owned();
        let calls = Calls::new(channel, options);
        let lanes = match options.connections {
            0 => Lanes::one(calls),
            _ => Lanes::awaited(calls),
        };
        Self::over(peer, lanes, options)
    }

    /// A client of the server at this address. Its first connection is made at once, unless it may be made anew: then it
    /// need not be there yet.
    pub fn connect(address: &Address, options: &ClientOptions) -> Result<Self> {
        let deadline = Deadline::after(options.connect_timeout);
        let mut dial = Dial::new(address, options, &deadline)?;
        if options.connections == 0 && !options.reconnect {
            return Ok(Self::new(dial.connect(&deadline)?, options));
        }
        let first = match options.reconnect {
            false => Ok(Some(dial.connect(&deadline)?)),
            true => dial.connect_at_once(),
        };
        let (peer, first) = match first {
            Ok(Some(channel)) => (channel.peer().to_owned(), Some(channel)),
            Ok(None) => (dial.peer(), None),
            Err(error) if error.status() == Status::InvalidArgument => return Err(error),
            Err(_) => (dial.peer(), None), // The first call finds out.
        };
        dial.stay();
        let first = first.map(|channel| Calls::new(channel, options).on_trial());
        Ok(Self::over(peer, Lanes::many(dial, first), options))
    }

    fn over(peer: String, lanes: Lanes, options: &ClientOptions) -> Self {
        let generation = fork::generation();
        let flight = Flight::new(&peer, options);
        Self {
            pool: Pool::new(lanes, flight),
            timeout: options.call_timeout,
            generation,
            user: AtomicU64::new(generation.into()),
        }
    }

    /// Has `ask` ask over a connection that nobody else has. If the server refuses one of several, it asks over another.
    #[inline]
    fn over_one<T>(
        &self,
        limit: Limit,
        mut ask: impl FnMut(&mut Calls, &Deadline) -> Result<T>,
    ) -> Result<T> {
        self.check_use()?;
        let deadline = &Deadline::after(limit.or(self.timeout));
        let mut held = match self.pool.own() {
            Some(held) => held,
            None => self.hold(deadline)?,
        };
        loop {
            match ask(held.calls()?, deadline) {
                Ok(answer) => return Ok(answer),
                Err(error) => held = self.hold_another(held, error, deadline)?,
            }
        }
    }

    /// A connection that has to be looked for, or waited for.
    #[cold]
    fn hold(&self, deadline: &Deadline) -> Result<Held<'_>> {
        let held = self.pool.hold(deadline);
        held.map_err(|error| self.pool.flight.told(error))
    }

    /// Another connection for a call over this one that failed so, if there are others and the server refused this one.
    #[cold]
    fn hold_another<'a>(
        &'a self,
        held: Held<'a>,
        error: Error,
        deadline: &Deadline,
    ) -> Result<Held<'a>> {
        match self.pool.may_go_elsewhere(held, &error) {
            true => self.hold(deadline),
            false => Err(self.pool.flight.told(error)),
        }
    }

    /// Sends the one frame that `append` appends, and gives what `read` makes of its answer.
    #[inline]
    pub(super) fn ask<T>(
        &self,
        limit: Limit,
        append: impl Fn(&mut Vec<u8>),
        mut read: impl FnMut(&[u8]) -> Result<T>,
    ) -> Result<T> {
        self.over_one(limit, |calls, deadline| {
            calls.ask(deadline, &append, &mut read)
        })
    }

    /// Sends the frames of each of `batches`, as many at a time as the transport carries: `append` appends
    /// them, to room for as many bytes as `length` says. The body of no answer is over `longest` bytes. Gives the
    /// answers to `read`, in order, up to the first one that it fails at. The call timeout restarts with each answer.
    pub(super) fn ask_many<B: Copy>(
        &self,
        batches: impl Iterator<Item = B> + Clone,
        length: impl Fn(B) -> usize,
        longest: u32,
        append: impl Fn(B, &mut Vec<u8>),
        mut read: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        self.over_one(Limit::Usual, |calls, _| {
            for batch in batches.clone() {
                calls.ask_batch(
                    &Deadline::after(self.timeout),
                    length(batch),
                    longest,
                    |frames| append(batch, frames),
                    &mut read,
                )?;
            }
            Ok(())
        })
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
        limit: Limit,
        message: &[u8],
        answer: &mut [u8],
    ) -> Result<usize> {
        self.over_one(limit, |calls, deadline| {
            calls.call_bytes(deadline, message, answer)
        })
    }

    /// Memory for a message of `length` bytes, aligned to [`LOAN_ALIGNMENT`](super::LOAN_ALIGNMENT), where the transport
    /// reads it. With it goes one connection, until [`Client::give_back`]. It may wait as a call does.
    /// [`Status::TooLarge`]: more than this client's limit.
    pub fn loan(&self, length: usize) -> Result<Place> {
        self.check_use()?;
        let deadline = &Deadline::after(self.timeout);
        let mut held = self.hold(deadline)?;
        loop {
            match held.calls()?.lend(deadline, length) {
                Ok(place) => {
                    self.pool
                        .loan(held, place, |calls| Loan::new(calls, length))?;
                    return Ok(place);
                }
                Err(error) => held = self.hold_another(held, error, deadline)?,
            }
        }
    }

    /// Sends the first `length` bytes of what was lent at `message`, and waits for the answer, which stays where it is until
    /// the next such call with this loan, or until that is given back. [`Status::InvalidArgument`]: nothing was lent there,
    /// or less, or the loan is spent. [`Status::Busy`]: another call with it is under way.
    pub fn call_loaned(&self, limit: Limit, message: Place, length: usize) -> Result<InPlace> {
        self.check_use()?;
        let deadline = Deadline::after(limit.or(self.timeout));
        let flight = &self.pool.flight;
        let found = self.pool.lanes.loaned(message);
        let mut loan = found
            .ok_or_else(|| flight.no_loan())?
            .map_err(|why| flight.loan_untaken(why))?;
        let loan = loan.as_mut().ok_or_else(|| flight.no_loan())?;
        loan.call(&deadline, length)
            .map_err(|error| flight.told(error))
    }

    /// Ends a loan. What was not lent, and what a call is under way with, is ignored.
    pub fn give_back(&self, message: Place) {
        if self.check_process().is_ok() {
            self.pool.take_back(message);
        }
    }

    /// Sends `message` without waiting for its answer, and gives the call's number. Exactly one
    /// [`Completion`](super::Completion) will come, with that number and `tag`. The limit runs from here.
    /// [`Status::Busy`]: for each connection, [`IN_FLIGHT_MAX`](super::IN_FLIGHT_MAX) calls are under way or not told
    /// of, or too much waits to be sent, or a call that is waited for has the only connection.
    pub fn submit(&self, limit: Limit, message: &[u8], tag: u64) -> Result<u64> {
        let prefix = self.pool.flight.prefix(message)?;
        let length = PREFIX + message.len();
        if length > SHORT_FRAME {
            return self.submit_frame(limit, (&prefix, message), u32::MAX, tag);
        }
        let write = |room: &mut [u8; SHORT_FRAME]| {
            let (before, body) = room.split_at_mut(PREFIX);
            before.copy_from_slice(&prefix);
            body.iter_mut()
                .zip(message)
                .for_each(|(to, from)| *to = *from);
            length
        };
        if let Some(number) = self.gather(limit, write, u32::MAX, tag) {
            return Ok(number);
        }
        // In one part, it may go without being copied again.
        let mut short = [0; SHORT_FRAME];
        write(&mut short);
        let (frame, _) = short.split_at(length);
        self.submit_frame(limit, (frame, &[]), u32::MAX, tag)
    }

    /// [`Client::submit_frame`] of a frame that `write` puts at the start of room, if it has but to wait with others: then neither
    /// the system is asked for anything nor anybody waited for. `None`: nothing was done.
    #[inline]
    pub(super) fn gather<const N: usize>(
        &self,
        limit: Limit,
        write: impl FnOnce(&mut [u8; N]) -> usize,
        longest_answer: u32,
        tag: u64,
    ) -> Option<u64> {
        let Pool { lanes, flight, .. } = &self.pool;
        let may_be_used = self.may_be_used();
        may_be_used.then(|| flight.gather(lanes, limit, write, longest_answer, tag))?
    }

    /// [`Client::submit`] of a frame in two parts, where no answer has a body of over `longest_answer` bytes.
    #[inline]
    pub(super) fn submit_frame(
        &self,
        limit: Limit,
        frame: (&[u8], &[u8]),
        longest_answer: u32,
        tag: u64,
    ) -> Result<u64> {
        self.check_use()?;
        let Pool { lanes, flight, .. } = &self.pool;
        flight.submit(lanes, limit, frame, longest_answer, tag)
    }

    /// Takes the next completion, whose answer is written to the start of `answer`; waits for one this long at most
    /// (zero: not at all; `None`: without limit). [`Status::TimedOut`]: none came. [`Status::Cancelled`]: the client was
    /// stopped, and all completions are taken.
    pub fn next(&self, wait: Option<Duration>, answer: &mut [u8]) -> Result<Next> {
        if let Some(answered) = self.take_arrived(answer) {
            return Ok(answered.into());
        }
        self.check_process()?;
        self.pool.flight.next(&self.pool.lanes, wait, answer)
    }

    /// [`Client::next`], if it is an answer that has arrived: then neither the system is asked for anything nor anybody waited
    /// for. `None`: nothing was done.
    #[inline]
    pub(crate) fn take_arrived(&self, answer: &mut [u8]) -> Option<Answered> {
        let Pool { lanes, flight, .. } = &self.pool;
        let is_own = self.generation == fork::generation();
        is_own.then(|| flight.take_arrived(lanes, answer))?
    }

    /// How many calls that nobody waits for are under way, are not told of, or are over while the server still owes their
    /// answers. Answers that come late are taken note of in [`Client::next`].
    pub fn under_way(&self) -> Result<usize> {
        self.check_process()?;
        Ok(self.pool.flight.under_way())
    }

    /// Ends the call with this number, if it is not over: its completion says [`Status::Cancelled`]. The server is not
    /// told; a request that was not begun is never sent. [`Status::InvalidArgument`]: no call was given the number.
    pub fn cancel(&self, id: u64) -> Result<()> {
        self.check_process()?;
        self.pool.flight.cancel(&self.pool.lanes, id)
    }

    /// What is readable at the latest when [`Client::next`] would give something, and no more once it said that it has
    /// nothing, until something happens.
    pub fn source(&self) -> Result<Source<'_>> {
        self.check_process()?;
        self.pool.flight.source(&self.pool.lanes)
    }

    /// Ends all calls under way, of any kind, with [`Status::Cancelled`], soon, and later ones at once. It never waits.
    /// Async-signal-safe.
    pub fn request_stop(&self) {
        if self.generation == fork::generation() {
            self.user.store(NONE, Ordering::SeqCst);
            self.pool.stop();
        }
    }

    /// Fails in a process forked since it was made, and once it was stopped.
    #[inline]
    fn check_use(&self) -> Result<()> {
        match self.may_be_used() {
            true => Ok(()),
            false => Err(self.unusable()),
        }
    }

    /// Whether it was made in this process, and not stopped.
    #[inline]
    fn may_be_used(&self) -> bool {
        self.user.load(Ordering::Relaxed) == u64::from(fork::generation())
    }

    #[cold]
    fn unusable(&self) -> Error {
        match self.check_process() {
            Ok(()) => self.pool.flight.stopped(),
            Err(error) => error,
        }
    }

    /// Fails in a process forked since it was made.
    fn check_process(&self) -> Result<()> {
        if self.generation != fork::generation() {
            let why =
                "the client belongs to the process that this one was forked from; create another";
            return Err(self.pool.flight.turned_away(Status::Forked, why));
        }
        Ok(())
    }
}
