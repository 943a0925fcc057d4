//! The client: calls over one channel, with deadlines, and answers that come too late.

#[cfg(test)]
mod tests;

use crate::calculator::frames::{REQUEST_MAX, append_request};
use crate::calculator::{Request, Response, text};
use crate::error::{Error, Result, Status};
use crate::protocol::frame::{FRAME_MAX, PREFIX};
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

impl Client {
    /// A client that calls over `channel`.
    pub fn new(channel: Box<dyn Channel>, options: &ClientOptions) -> Self {
        Self {
            peer: channel.peer().to_owned(),
            calls: Mutex::new(Calls {
                channel,
                timeout: options.call_timeout,
                max_message: usize::try_from(options.max_message).unwrap_or(usize::MAX),
                frame: Vec::with_capacity(REQUEST_MAX),
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
    /// failed may have been executed, unless [`Error::is_not_executed`]; nothing is sent twice.
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
    /// executed, unless [`Error::is_not_executed`]. The call timeout restarts with each response.
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
    fn call<T>(&mut self, request: &Request, take: impl FnOnce(Response) -> T) -> Result<T> {
        let deadline = self.begin()?;
        self.frame.clear();
        append_request(&mut self.frame, request);
        let sent = self.channel.send(&self.frame, &deadline);
        self.sent(sent)?;
        match self.channel.recv(&deadline) {
            Ok(body) => {
                self.owed -= 1;
                match text::parse_response(body) {
                    Some(response) => Ok(take(response)),
                    None => Err(malformed(body).at(self.channel.peer())),
                }
            }
            Err(error) => self.received(Err(error)),
        }
    }

    fn call_bytes(&mut self, message: &[u8], answer: &mut [u8]) -> Result<usize> {
        if message.len() > self.max_message {
            let context = format!(
                "{}: the message has {} bytes, and this client's max_message is {}",
                self.channel.peer(),
                message.len(),
                self.max_message
            );
            return Err(Error::new(Status::TooLarge, context).not_executed());
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
            self.make_room(batch.len() * REQUEST_MAX)?;
            batch
                .iter()
                .for_each(|request| append_request(&mut self.frame, request));
            let mut first_malformed = None;
            let exchanged =
                self.channel
                    .exchange(&self.frame, LONGEST_RESPONSE, self.timeout, &mut |body| {
                        match text::parse_response(body) {
                            _ if first_malformed.is_some() => {}
                            Some(response) => take(response),
                            None => first_malformed = Some(malformed(body)),
                        }
                    });
            self.owed += exchanged.owed;
            let result = exchanged.result.map_err(|error| self.failed(error));
            // What happened first: the request that was answered so may have been executed.
            if let Some(error) = first_malformed {
                return Err(error.at(self.channel.peer()));
            }
            result?;
        }
        Ok(())
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
    fn begin(&mut self) -> Result<Deadline> {
        if let Some(end) = &self.end {
            return Err(end.clone().not_executed());
        }
        let deadline = Deadline::after(self.timeout);
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

/// The longest response, in bytes of body.
const LONGEST_RESPONSE: u32 = 259;
const _: () = assert!(LONGEST_RESPONSE as usize == FRAME_MAX - PREFIX);

/// As many requests go to a channel at once: a few of the channel's own batches, so that formatting
/// them takes little room.
const BATCH: usize = 4096;

/// The failure of an answer with this body, which is no response. Most such come from a server of messages
/// of its own.
#[cold]
fn malformed(body: &[u8]) -> Error {
    const SHOWN: usize = 40;
    let begin = body.get(..SHOWN).unwrap_or(body).escape_ascii();
    let more = if body.len() > SHOWN { "..." } else { "" };
    let context = format!(
        "its answer '{begin}{more}' of {} bytes is no response of a calculator; \
         a server of messages of its own is asked by call_bytes",
        body.len()
    );
    Error::new(Status::Malformed, context)
}
