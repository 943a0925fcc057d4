//! The client: calls over one channel, with deadlines, and answers that come too late.

use crate::error::{Error, Result, Status};
use crate::protocol::frame::{FRAME_MAX, append_request};
use crate::protocol::{Request, Response, text};
use crate::sys::fork;
use crate::transport::{Channel, ClientOptions, Deadline};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::Duration;

/// A connection to one server.
///
/// It serves one thread at a time: a call while another is under way gets [`Status::Busy`] at once.
/// In a process forked since, every call gets [`Status::Forked`].
pub struct Client {
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

impl Client {
    /// A client that calls over `channel`.
    pub fn new(channel: Box<dyn Channel>, options: &ClientOptions) -> Self {
        Self {
            calls: Mutex::new(Calls {
                channel,
                timeout: options.call_timeout,
                max_message: usize::try_from(options.max_message).unwrap_or(usize::MAX),
                frame: Vec::with_capacity(FRAME_MAX),
                owed: 0,
                end: None,
            }),
            generation: fork::generation(),
        }
    }

    /// Sends `request` and waits for its response, at most for the call timeout.
    ///
    /// After [`Status::TimedOut`] the client stays usable: the late answer is awaited and dropped
    /// by the next call, within that call's own time, and never given to it. After
    /// [`Status::Closed`] or [`Status::PeerDied`] every call says the same. A request whose call
    /// failed may have been executed; nothing is sent twice.
    pub fn call(&self, request: &Request) -> Result<Response> {
        let mut response = Ok(0);
        self.call_with(request, |given| match given {
            Ok(result) => response = Ok(result),
            Err(error) => response = Err(error),
        })?;
        Ok(response)
    }

    /// [`Client::call`], handing the response to `take`: it is 264 bytes large, and each step that
    /// it is passed on by copies it.
    #[inline]
    pub(crate) fn call_with<T>(
        &self,
        request: &Request,
        take: impl FnOnce(Response) -> T,
    ) -> Result<T> {
        self.calls()?.call(request, take)
    }

    /// Sends `requests` as many at a time as the transport carries, and gives each response to
    /// `take`, in order. When it fails, what `take` got is right, and later requests may have been
    /// executed. The call timeout restarts with each response.
    pub fn call_many(&self, requests: &[Request], take: impl FnMut(Response)) -> Result<()> {
        self.calls()?.call_many(requests, take)
    }

    /// Sends a message of any kind and waits for the answer, which is written to the start of
    /// `answer`; gives its length. A length over that of `answer` means that it did not fit and is
    /// dropped. [`Status::TooLarge`] is a message over this client's limit, of which nothing was
    /// sent, or over the server's, which then closes, or an answer over this client's.
    pub fn call_bytes(&self, message: &[u8], answer: &mut [u8]) -> Result<usize> {
        self.calls()?.call_bytes(message, answer)
    }

    /// The calls, for this thread.
    fn calls(&self) -> Result<MutexGuard<'_, Calls>> {
        if self.generation != fork::generation() {
            return Err(Error::new(
                Status::Forked,
                "the client belongs to the parent process",
            ));
        }
        self.calls.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => {
                Error::new(Status::Busy, "another call on this client is under way")
            }
            TryLockError::Poisoned(_) => {
                Error::new(Status::Internal, "an earlier call on this client panicked")
            }
        })
    }
}

impl Calls {
    #[inline]
    fn call<T>(&mut self, request: &Request, take: impl FnOnce(Response) -> T) -> Result<T> {
        let deadline = self.begin()?;
        self.frame.clear();
        append_request(&mut self.frame, request);
        let sent = self.channel.send(&self.frame, &deadline);
        self.sent(sent)?;
        let answer = self.channel.recv(&deadline);
        let taken = answer.map(|body| text::parse_response(body).map(take));
        self.received(taken)?.ok_or_else(malformed)
    }

    fn call_bytes(&mut self, message: &[u8], answer: &mut [u8]) -> Result<usize> {
        if message.len() > self.max_message {
            let context = format!(
                "a message of {} bytes is over this client's max_message",
                message.len()
            );
            return Err(Error::new(Status::TooLarge, context));
        }
        let deadline = self.begin()?;
        let sent = self.channel.send_body(message, &deadline);
        self.sent(sent)?;
        let length = self.channel.recv_into(answer, &deadline);
        self.received(length)
    }

    fn call_many(&mut self, requests: &[Request], mut take: impl FnMut(Response)) -> Result<()> {
        for batch in requests.chunks(BATCH) {
            self.begin()?;
            self.frame.clear();
            batch
                .iter()
                .for_each(|request| append_request(&mut self.frame, request));
            let mut is_malformed = false;
            let exchanged = self
                .channel
                .exchange(
                    &self.frame,
                    self.timeout,
                    &mut |body| match text::parse_response(body).filter(|_| !is_malformed) {
                        Some(response) => take(response),
                        None => is_malformed = true,
                    },
                );
            self.owed += exchanged.owed;
            exchanged.result.map_err(|error| self.failed(error))?;
            if is_malformed {
                return Err(malformed());
            }
        }
        Ok(())
    }

    /// The deadline of a call, before which the answers to earlier ones have come and are dropped.
    fn begin(&mut self) -> Result<Deadline> {
        if let Some(end) = &self.end {
            return Err(end.clone());
        }
        let deadline = Deadline::after(self.timeout);
        while self.owed > 0 {
            let owed = self.owed;
            let late = self.channel.recv(&deadline).map(drop);
            match self.received(late) {
                Err(error) if self.owed == owed => return Err(error),
                // Whatever it was, it was not for this call.
                _ => {}
            }
        }
        Ok(deadline)
    }

    fn sent(&mut self, result: Result<()>) -> Result<()> {
        result.map_err(|error| self.failed(error))?;
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

/// As many requests go to a channel at once: a few of the channel's own batches, so that formatting
/// them takes little room.
const BATCH: usize = 4096;

fn malformed() -> Error {
    Error::new(
        Status::Malformed,
        "the answer is no response of a calculator",
    )
}
