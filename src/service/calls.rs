//! The calls of one connection, one after another, each of which is waited for.

use super::rooms::Rooms;
use crate::error::{Error, Result, Status};
use crate::transport::{Channel, ClientOptions, Deadline};
use std::time::{Duration, Instant};

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

impl Limit {
    /// How long that is, where `usual` is the option.
    #[inline]
    pub(super) fn or(self, usual: Option<Duration>) -> Option<Duration> {
        match self {
            Self::Usual => usual,
            Self::Own(limit) => limit,
        }
    }
}

/// Fails for a message of `length` bytes that is over the client's `max_message`.
#[inline]
pub(super) fn check_length(length: usize, max_message: usize, peer: &str) -> Result<()> {
    match length <= max_message {
        true => Ok(()),
        false => Err(too_long(length, max_message, peer)),
    }
}

#[cold]
fn too_long(length: usize, max_message: usize, peer: &str) -> Error {
    let context = format!(
        "{peer}: the message has {length} bytes, and this client's max_message is {max_message}"
    );
    Error::new(Status::TooLarge, context).not_executed()
}

/// A connection, and its calls.
pub(super) struct Calls {
    pub(super) channel: Box<dyn Channel>,
    timeout: Option<Duration>,
    /// The longest body sent, in bytes.
    pub(super) max_message: usize,
    /// The request's frame, in room that is reused.
    frame: Vec<u8>,
    /// Answers still to come to requests whose calls are over.
    pub(super) owed: u32,
    /// Why there can be no further call.
    pub(super) end: Option<Error>,
    /// Others may take its place if the server refuses it.
    pub(super) is_on_trial: bool,
    /// When it was known last that the server lives.
    seen_alive: Instant,
    /// What the host is lent of this side's own.
    pub(super) rooms: Rooms,
}

/// A connection that was not used for so long is looked at before it is used, where it could be made anew.
const IDLE: Duration = Duration::from_millis(10);

impl Calls {
    /// Over `channel`.
    pub(super) fn new(channel: Box<dyn Channel>, options: &ClientOptions) -> Self {
        Self {
            channel,
            timeout: options.call_timeout,
            max_message: options.max_message as usize,
            frame: Vec::with_capacity(SHORT_FRAME),
            owed: 0,
            end: None,
            is_on_trial: false,
            seen_alive: Instant::now(),
            rooms: Rooms::none(),
        }
    }

    /// One of several, whose place others may take.
    pub(super) fn on_trial(self) -> Self {
        Self {
            is_on_trial: true,
            ..self
        }
    }

    /// Finds out, without waiting, whether the server has gone, if nothing was asked for a while.
    pub(super) fn is_alive(&mut self) -> bool {
        let now = Instant::now();
        if self.end.is_none() && now - self.seen_alive >= IDLE {
            match self.channel.look() {
                Ok(()) => self.take_late(),
                Err(error) => self.end = Some(error),
            }
        }
        self.seen_alive = now;
        self.end.is_none()
    }

    /// Drops what has come, which can be answers to calls that are over alone.
    fn take_late(&mut self) {
        while self.end.is_none() {
            let owed = self.owed;
            let came = match self.channel.recv_now() {
                Ok(None) => return,
                Ok(Some(_)) => Ok(()),
                Err(error) => Err(error),
            };
            match came {
                Ok(()) if owed == 0 => self.end = Some(self.unasked()),
                came => drop(self.received(came)),
            }
        }
    }

    /// The failure of a server that says more than it was asked.
    #[cold]
    pub(super) fn unasked(&self) -> Error {
        let context = "an answer that nobody asked for";
        Error::new(Status::Malformed, context).at(self.channel.peer())
    }

    #[inline]
    pub(super) fn ask<T>(
        &mut self,
        deadline: &Deadline,
        append: impl FnOnce(&mut Vec<u8>),
        read: impl FnOnce(&[u8]) -> Result<T>,
    ) -> Result<T> {
        self.begin(deadline)?;
        self.frame.clear();
        append(&mut self.frame);
        let sent = self.channel.send(&self.frame, deadline);
        self.sent(sent)?;
        match self.channel.recv(deadline) {
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

    pub(super) fn call_bytes(
        &mut self,
        deadline: &Deadline,
        message: &[u8],
        answer: &mut [u8],
    ) -> Result<usize> {
        check_length(message.len(), self.max_message, self.channel.peer())?;
        self.begin(deadline)?;
        let sent = self.channel.send_body(message, deadline);
        self.sent(sent)?;
        let length = self.channel.recv_into(answer, deadline);
        self.received(length)
    }

    pub(super) fn ask_batch(
        &mut self,
        deadline: &Deadline,
        length: usize,
        longest: u32,
        append: impl FnOnce(&mut Vec<u8>),
        mut read: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        self.begin(deadline)?;
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

    /// Begins a call: before its deadline, the answers to earlier ones have come and are dropped.
    /// Where that fails, the call's own request is not sent.
    #[inline]
    pub(super) fn begin(&mut self, deadline: &Deadline) -> Result<()> {
        if let Some(end) = &self.end {
            return Err(end.clone().not_executed());
        }
        if self.owed > 0 {
            self.drop_late(deadline)?;
        }
        Ok(())
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

    pub(super) fn sent(&mut self, result: Result<()>) -> Result<()> {
        result.map_err(|error| self.failed(error.not_executed()))?;
        self.owed += 1;
        Ok(())
    }

    /// Takes note of an answer, or of its failure to come.
    pub(super) fn received<T>(&mut self, result: Result<T>) -> Result<T> {
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
    pub(super) fn failed(&mut self, error: Error) -> Error {
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
