//! The client: calls over one channel, with deadlines, and answers that come too late.

#[cfg(test)]
mod tests;

use super::calls::Calls;
use super::flight::Flight;
use crate::error::{Error, Result, Status};
use crate::sys::fork;
use crate::transport::{Channel, ClientOptions};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::Duration;

/// A connection to one server.
///
/// It serves one thread at a time: a call while another is under way gets [`Status::Busy`] at once.
/// In a process forked since, every call gets [`Status::Forked`].
pub struct Client {
    /// The server, for people.
    peer: String,
    lane: Mutex<Lane>,
    /// Calls that nobody waits for.
    pub(super) flight: Flight,
    /// The process that made it.
    generation: u32,
}

/// Whose a connection is.
pub(super) enum Lane {
    /// The next call's, which has it to itself.
    Free(Calls),
    /// That of calls which nobody waits for.
    InFlight,
}

/// The room for a request that a client has from the start, in bytes.
pub(super) const SHORT_FRAME: usize = 64;

/// How long a call may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// As the client's option `call_timeout` says.
    Usual,
    /// This long, which is not zero; `None`: without limit.
    Own(Option<Duration>),
}

impl Client {
    /// A client that calls over `channel`.
    pub fn new(channel: Box<dyn Channel>, options: &ClientOptions) -> Self {
        Self {
            peer: channel.peer().to_owned(),
            flight: Flight::new(options),
            lane: Mutex::new(Lane::Free(Calls::new(channel, options))),
            generation: fork::generation(),
        }
    }

    /// Sends the one frame that `append` appends, and gives what `read` makes of its answer.
    #[inline]
    pub(super) fn ask<T>(
        &self,
        limit: Limit,
        append: impl FnOnce(&mut Vec<u8>),
        read: impl FnOnce(&[u8]) -> Result<T>,
    ) -> Result<T> {
        self.lane()?.calls(self, limit)?.ask(limit, append, read)
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
        let calls = lane.calls(self, Limit::Usual)?;
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
        limit: Limit,
        message: &[u8],
        answer: &mut [u8],
    ) -> Result<usize> {
        let mut lane = self.lane()?;
        lane.calls(self, limit)?.call_bytes(limit, message, answer)
    }

    /// The connection, for this thread.
    #[inline]
    pub(super) fn lane(&self) -> Result<MutexGuard<'_, Lane>> {
        self.check_process()?;
        self.lane.try_lock().map_err(|error| self.taken(&error))
    }

    /// Fails in a process forked since it was made.
    #[inline]
    pub(super) fn check_process(&self) -> Result<()> {
        if self.generation != fork::generation() {
            return Err(self.forked());
        }
        Ok(())
    }

    /// The server, for people.
    pub(super) fn peer(&self) -> &str {
        &self.peer
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

    pub(super) fn turned_away(&self, status: Status, why: &'static str) -> Error {
        Error::new(status, why).at(&self.peer).not_executed()
    }
}

impl Lane {
    /// The calls of a connection that nobody else has. One that is in flight has landed first, for which calls that are
    /// over may have to be awaited.
    #[inline]
    fn calls(&mut self, client: &Client, limit: Limit) -> Result<&mut Calls> {
        if let Self::InFlight = self {
            *self = Self::Free(client.land(limit)?);
        }
        match self {
            Self::Free(calls) => Ok(calls),
            Self::InFlight => Err(client.turned_away(Status::Internal, "a connection is lost")),
        }
    }

    /// Takes the calls off, unless they are in flight already.
    pub(super) fn take_off(&mut self) -> Option<Calls> {
        match std::mem::replace(self, Self::InFlight) {
            Self::Free(calls) => Some(calls),
            Self::InFlight => None,
        }
    }
}
