//! The calculator's messages over those of any kind: a client's calls, and the handlers that answer them.

#[cfg(test)]
mod tests;

use super::calls::{Limit, SHORT_FRAME};
use super::client::Client;
use super::deferred::Reply;
use super::user_code::UserCode;
use crate::calculator::frames::{BODY_MAX, REQUEST_MAX, append_request, put_request};
use crate::calculator::{ErrorText, Request, Response, execute, text};
use crate::error::{Error, Result, Status};
use crate::transport::{Answer, MAX_MESSAGE_RANGE, Visit, Visitor, Written};
use std::sync::Arc;

// No option makes a message of the calculator too long.
const _: () = assert!(BODY_MAX <= *MAX_MESSAGE_RANGE.start());
// No request makes a client look for more room.
const _: () = assert!(REQUEST_MAX <= SHORT_FRAME);

impl Client {
    /// Sends `request` and waits for its response, at most for the call timeout.
    ///
    /// After [`Status::TimedOut`] the client stays usable: the late answer is awaited and dropped
    /// by the next call, within that call's own time, and never given to it. After
    /// [`Status::Closed`] or [`Status::PeerDied`] every call says the same. A request whose call
    /// failed may have been executed, unless [`Error::is_not_executed`]; nothing is sent twice.
    pub fn call(&self, request: &Request) -> Result<Response> {
        self.call_within(Limit::Usual, request)
    }

    /// [`Client::call`] within a limit of its own.
    pub fn call_within(&self, limit: Limit, request: &Request) -> Result<Response> {
        let mut response = Ok(0);
        self.call_with(limit, request, |given| match given {
            Ok(result) => response = Ok(result),
            Err(error) => response = Err(error),
        })?;
        Ok(response)
    }

    /// [`Client::call_within`], handing the response to `take`: it is 264 bytes large, and each step that
    /// it is passed on by copies it.
    #[inline]
    pub(crate) fn call_with<T>(
        &self,
        limit: Limit,
        request: &Request,
        mut take: impl FnMut(Response) -> T,
    ) -> Result<T> {
        self.ask(
            limit,
            |frame| append_request(frame, request),
            |body| match text::parse_response(body) {
                Some(response) => Ok(take(response)),
                None => Err(malformed(body)),
            },
        )
    }

    /// [`Client::submit`] of a request. [`parse_response`](text::parse_response) reads the answer.
    pub fn submit_request(&self, limit: Limit, request: &Request, tag: u64) -> Result<u64> {
        if let Some(number) = self.gather_request(limit, request, tag) {
            return Ok(number);
        }
        let mut room = [0; REQUEST_MAX];
        let frame = put_request(request, &mut room);
        self.submit_frame(limit, (frame, &[]), BODY_MAX, tag)
    }

    /// [`Client::submit_request`], if it has but to wait with others: then neither the system is asked for anything nor anybody
    /// waited for. `None`: nothing was done.
    #[inline]
    pub(crate) fn gather_request(&self, limit: Limit, request: &Request, tag: u64) -> Option<u64> {
        let write = |room: &mut _| put_request(request, room).len();
        self.gather::<REQUEST_MAX>(limit, write, BODY_MAX, tag)
    }

    /// Sends `requests` as many at a time as the transport carries, and gives each response to
    /// `take`, in order. When it fails, what `take` got is right, and later requests may have been
    /// executed, unless [`Error::is_not_executed`]. The call timeout restarts with each response.
    pub fn call_many(&self, requests: &[Request], mut take: impl FnMut(Response)) -> Result<()> {
        self.ask_many(
            requests.chunks(BATCH),
            |batch| batch.len() * REQUEST_MAX,
            BODY_MAX,
            |batch, frames| {
                let requests = batch.iter();
                requests.for_each(|request| append_request(frames, request));
            },
            |body| match text::parse_response(body) {
                Some(response) => {
                    take(response);
                    Ok(())
                }
                None => Err(malformed(body)),
            },
        )
    }
}

/// As many requests go to a channel at once: a few of the channel's own batches, so that formatting
/// them takes little room.
const BATCH: usize = 4096;

impl Reply {
    /// [`Reply::send`] of what a calculator answers.
    pub fn send_response(self, response: &Response) -> Result<()> {
        let mut body = [0; BODY_MAX as usize];
        let length = text::write_response(response, &mut body);
        self.send(body.split_at(length).0)
    }
}

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

/// The type of a function behind [`Handler::Custom`](super::Handler::Custom).
pub type CalculatorFunction = dyn Fn(&Request) -> Response + Send + Sync;

/// The answers of the built-in calculator, which any number of threads may ask.
pub(super) fn built_in(user_code: Arc<UserCode>) -> Box<dyn Answer + Send> {
    Box::new(Calculator {
        respond: |_: &Visitor, request: &Request, _: &UserCode| execute(request),
        is_for_many_threads: true,
        user_code,
    })
}

/// The answers that `function` gives.
pub(super) fn custom(
    function: Box<CalculatorFunction>,
    user_code: Arc<UserCode>,
) -> Box<dyn Answer + Send> {
    Box::new(Calculator {
        respond: move |from: &Visitor, request: &Request, user_code: &UserCode| {
            let response = user_code.call(from, || function(request));
            let has_failed = match &response {
                None => true,
                Some(Err(_)) => user_code.is_failing(), // Else it is an answer as any other.
                Some(Ok(_)) => false,
            };
            user_code.has_answered(from, has_failed);
            response.unwrap_or_else(|| Err(ErrorText::from("Handler panicked")))
        },
        is_for_many_threads: false,
        user_code,
    })
}

/// Writes the body of `response` to the start of the room, into which any fits, and gives its length.
#[inline]
fn respond(response: &Response, room: &mut [u8]) -> u32 {
    let room = room.first_chunk_mut::<{ BODY_MAX as usize }>();
    let room = room.expect("it is as long as longest_answer says");
    let length = text::write_response(response, room);
    u32::try_from(length).expect("texts are far below 4 GiB")
}

/// Answers the calculator's requests: parses, responds, formats.
struct Calculator<F> {
    respond: F,
    is_for_many_threads: bool,
    user_code: Arc<UserCode>,
}

impl<F: Fn(&Visitor, &Request, &UserCode) -> Response + Sync> Answer for Calculator<F> {
    #[inline]
    fn answer(&self, from: &Visitor, body: &[u8], room: &mut [u8]) -> Written {
        let response = match text::parse_request(body) {
            Ok(request) => (self.respond)(from, &request, &self.user_code),
            Err(reject) => Err(ErrorText::from(reject)),
        };
        Ok(respond(&response, room))
    }

    fn too_large(&self, room: &mut [u8]) -> Written {
        let error = Err(ErrorText::from(text::MESSAGE_TOO_LARGE));
        Ok(respond(&error, room))
    }

    fn longest_answer(&self, _max_message: u32) -> u32 {
        BODY_MAX
    }

    fn takes_aligned(&self) -> bool {
        false
    }

    fn is_for_many_threads(&self) -> bool {
        self.is_for_many_threads
    }

    fn note(&self, visitor: &Visitor, visit: Visit) {
        self.user_code.note(visitor, visit);
    }
}
