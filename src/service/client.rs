//! The client: calls over one channel, with deadlines, and answers that come too late.

#[cfg(test)]
mod tests;

use crate::error::{Error, Result, Status};
use crate::sys::fork;
use crate::transport::{Channel, ClientOptions, Deadline};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::Duration;

/// A connection to one server.
///
/// It serves one thread at a time: a call while another is under way gets [`Status::Busy`] at once.
/// In a process forked since, every call gets [`Status::Forked`].
pub struct Client {
    /// The server, for people.
    peer: String,
    calls: Mutex<Calls>,
    /// The process that made it.
    generation: u32,
}

/// The calls of a client, one after another.
struct Calls {
    channel: Box<dyn Channel>,
    timeout: Option<Duration>,
    /// The longest body sent, in bytes.
    max_message: usize,
    /// The request's frame, in room that is reused.
    frame: Vec<u8>,
    /// Answers still to come to requests whose calls are over.
    owed: u32,
    /// Why there can be no further call.
    end: Option<Error>,
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
            calls: Mutex::new(Calls {
                channel,
                timeout: options.call_timeout,
                max_message: options.max_message as usize,
                frame: Vec::with_capacity(SHORT_FRAME),
                owed: 0,
                end: None,
            }),
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
        self.calls()?.ask(limit, append, read)
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
        let mut calls = self.calls()?;
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
        self.calls()?.call_bytes(limit, message, answer)
    }

    /// The calls, for this thread.
    #[inline]
    fn calls(&self) -> Result<MutexGuard<'_, Calls>> {
        if self.generation != fork::generation() {
            return Err(self.forked());
        }
        self.calls.try_lock().map_err(|error| self.taken(&error))
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

impl Calls {
    #[inline]
    fn ask<T>(
        &mut self,
        limit: Limit,
        append: impl FnOnce(&mut Vec<u8>),
        read: impl FnOnce(&[u8]) -> Result<T>,
    ) -> Result<T> {
        let deadline = self.begin(limit)?;
        self.frame.clear();
        append(&mut self.frame);
        let sent = self.channel.send(&self.frame, &deadline);
        self.sent(sent)?;
        match self.channel.recv(&deadline) {
            Ok(body) => {
                self.owed -= 1;
                match read(body) {
                    Ok(answer) => Ok(answer),
                    Err(error) => Err(error.at(self.channel.peer())),
                }
            }
            Err(error) => self.received(Err(error)),
        }
    }

    fn call_bytes(&mut self, limit: Limit, message: &[u8], answer: &mut [u8]) -> Result<usize> {
        if message.len() > self.max_message {
            let context = format!(
                "{}: the message has {} bytes, and this client's max_message is {}",
                self.channel.peer(),
                message.len(),
                self.max_message
            );
            return Err(Error::new(Status::TooLarge, context).not_executed());
        }
        let deadline = self.begin(limit)?;
        let sent = self.channel.send_body(message, &deadline);
        self.sent(sent)?;
        let length = self.channel.recv_into(answer, &deadline);
        self.received(length)
    }

    fn ask_batch(
        &mut self,
        length: usize,
        longest: u32,
        append: impl FnOnce(&mut Vec<u8>),
        mut read: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        self.begin(Limit::Usual)?;
        self.frame.clear();
        self.make_room(length)?;
        append(&mut self.frame);
        let mut first_unread = Ok(());
        let exchanged = self
            .channel
            .exchange(&self.frame, longest, self.timeout, &mut |body| {
                if first_unread.is_ok() {
                    first_unread = read(body);
                }
            });
        self.owed += exchanged.owed;
        let result = exchanged.result.map_err(|error| self.failed(error));
        // What happened first: the request that was answered so may have been executed.
        first_unread.map_err(|error| error.at(self.channel.peer()))?;
        result
    }

    /// Makes room for frames of so many bytes.
    fn make_room(&mut self, length: usize) -> Result<()> {
        self.frame.try_reserve(length).map_err(|_| {
            let context = format!(
                "{}: no memory for {length} bytes of requests",
                self.channel.peer()
            );
            Error::new(Status::System, context).not_executed()
        })
    }

    /// The deadline of a call, before which the answers to earlier ones have come and are dropped.
    /// Where that fails, the call's own request is not sent.
    #[inline]
    fn begin(&mut self, limit: Limit) -> Result<Deadline> {
        if let Some(end) = &self.end {
            return Err(end.clone().not_executed());
        }
        let deadline = Deadline::after(match limit {
            Limit::Usual => self.timeout,
            Limit::Own(limit) => limit,
        });
        if self.owed > 0 {
            self.drop_late(&deadline)?;
        }
        Ok(deadline)
    }

    #[cold]
    fn drop_late(&mut self, deadline: &Deadline) -> Result<()> {
        while self.owed > 0 {
            let owed = self.owed;
            let late = self.channel.recv(deadline).map(drop);
            match self.received(late) {
                Err(error) if self.owed == owed => return Err(error.not_executed()),
                // Whatever it was, it was not for this call.
                _ => {}
            }
        }
        Ok(())
    }

    fn sent(&mut self, result: Result<()>) -> Result<()> {
        result.map_err(|error| self.failed(error.not_executed()))?;
        self.owed += 1;
        Ok(())
    }

    /// Takes note of an answer, or of its failure to come.
    fn received<T>(&mut self, result: Result<T>) -> Result<T> {
        match result {
            Ok(answer) => {
                self.owed -= 1;
                Ok(answer)
            }
            Err(error) => {
                // These two are answers; after any other failure, it is still to come, or never will.
                if matches!(error.status(), Status::TooLarge | Status::HandlerFailed) {
                    self.owed -= 1;
                }
                Err(self.failed(error))
            }
        }
    }

    /// Remembers a failure that no later call can get past.
    fn failed(&mut self, error: Error) -> Error {
        let can_go_on = matches!(
            error.status(),
            Status::TimedOut | Status::TooLarge | Status::HandlerFailed
        );
        if !can_go_on {
            self.end = Some(error.clone());
        }
        error
    }
}
