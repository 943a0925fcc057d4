//! The client: calls over one channel, with deadlines, and answers that come too late.

use crate::error::{Error, Result, Status};
use crate::protocol::frame::{FRAME_MAX, append_request};
use crate::protocol::{Request, Response, text};
use crate::sys::fork;
use crate::transport::{Channel, ClientOptions, Deadline};
use std::sync::{Mutex, TryLockError};
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
        if self.generation != fork::generation() {
            return Err(Error::new(
                Status::Forked,
                "the client belongs to the parent process",
            ));
        }
        match self.calls.try_lock() {
            Ok(mut calls) => calls.call(request),
            Err(TryLockError::WouldBlock) => Err(Error::new(
                Status::Busy,
                "another call on this client is under way",
            )),
            Err(TryLockError::Poisoned(_)) => Err(Error::new(
                Status::Internal,
                "an earlier call on this client panicked",
            )),
        }
    }
}

impl Client {
    /// Sends `requests` as many at a time as the transport carries, and gives each response to
    /// `take`, in order. When it fails, what `take` got is right, and later requests may have been
    /// executed. The call timeout restarts with each response.
    pub fn call_many(&self, requests: &[Request], mut take: impl FnMut(Response)) -> Result<()> {
        for request in requests {
            take(self.call(request)?);
        }
        Ok(())
    }

    /// Sends a message of any kind and waits for the answer, which is written to the start of
    /// `answer`; gives its length. A length over that of `answer` means that it did not fit and is
    /// dropped.
    pub fn call_bytes(&self, _message: &[u8], _answer: &mut [u8]) -> Result<usize> {
        Err(Error::new(Status::Unsupported, "call_bytes"))
    }
}

impl Calls {
    fn call(&mut self, request: &Request) -> Result<Response> {
        if let Some(end) = &self.end {
            return Err(end.clone());
        }
        let deadline = Deadline::after(self.timeout);
        while self.owed > 0 {
            match self.receive(deadline) {
                Err(error) if self.owed > 0 => return Err(error),
                // Whatever it was, it was not for this call.
                _ => {}
            }
        }
        self.frame.clear();
        append_request(&mut self.frame, request);
        if let Err(error) = self.channel.send(&self.frame, deadline) {
            return Err(self.failed(error));
        }
        self.owed += 1;
        self.receive(deadline)
    }

    /// Receives the answer to the oldest request that is owed one.
    fn receive(&mut self, deadline: Deadline) -> Result<Response> {
        let error = match self.channel.recv(deadline) {
            Ok(body) => {
                self.owed -= 1;
                return text::parse_response(body).ok_or_else(|| {
                    Error::new(
                        Status::Malformed,
                        "the answer is no response of a calculator",
                    )
                });
            }
            Err(error) => error,
        };
        // These two are answers; after any other failure, the answer is still to come, or never will.
        if matches!(error.status(), Status::TooLarge | Status::HandlerFailed) {
            self.owed -= 1;
        }
        Err(self.failed(error))
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
