//! What went wrong with a call, in words, and whether its request may have been executed.

use super::{Framed, Patient};
use crate::error::{Error, Status};
use crate::protocol::frame::Notice;
use crate::transport::Deadline;
use crate::transport::conversation::client::Failure;
use std::fmt;
use std::io::{self, ErrorKind};

/// The failure of a server that took too long.
pub(in crate::transport) fn too_late(peer: &str, deadline: &Deadline) -> Error {
    let limit = deadline.limit().unwrap_or_default();
    let context = format!(
        "{peer}: no answer within {limit:?} (call_timeout_ms, or the call's own timeout_ms)"
    );
    Error::new(Status::TimedOut, context)
}

/// The failure of an answer of `length` bytes, over the client's limit.
pub(in crate::transport) fn too_large(peer: &str, length: impl fmt::Display, limit: u32) -> Error {
    let context =
        format!("{peer}: its answer has {length} bytes, and this client's max_message is {limit}");
    Error::new(Status::TooLarge, context)
}

/// The failure of a request of `length` bytes, over the server's limit, which not every transport knows.
pub(in crate::transport) fn refused_length(peer: &str, length: usize, limit: Option<u32>) -> Error {
    let limit = limit.map_or(String::new(), |limit| format!(" of {limit}"));
    let context = format!(
        "{peer}: the request has {length} bytes, which is over the server's max_message{limit}"
    );
    Error::new(Status::TooLarge, context).not_executed()
}

/// The failure that a server reports by this notice.
pub(in crate::transport) fn noticed(notice: Notice, peer: &str) -> Error {
    let (status, what) = match notice {
        Notice::TooLarge => (Status::TooLarge, "the request is over its max_message"),
        Notice::HandlerFailed => (Status::HandlerFailed, "its handler failed"),
        Notice::Refused => (
            Status::Refused,
            "it has as many clients as its option max_clients lets in; try again later",
        ),
        Notice::Welcome => (
            Status::Malformed,
            "it welcomes a client that it has already",
        ),
    };
    let error = Error::new(status, format!("{peer}: {what}"));
    match notice {
        // Instead of giving it to a handler; the server closes and reads nothing further.
        Notice::TooLarge | Notice::Refused => error.not_executed(),
        Notice::HandlerFailed | Notice::Welcome => error,
    }
}

impl<S: Patient> Framed<S> {
    #[cold]
    pub(super) fn failed(&self, status: Status, what: &str) -> Error {
        Error::new(status, format!("{}: {what}", self.peer))
    }

    /// The failure of the conversation, for people.
    #[cold]
    pub(super) fn error(&self, failure: Failure) -> Error {
        let (status, what) = match failure {
            Failure::Notice(Notice::TooLarge) => {
                return refused_length(&self.peer, self.asked, None);
            }
            Failure::Notice(notice) => return noticed(notice, &self.peer),
            Failure::TooLarge(length) => return too_large(&self.peer, length, self.max_message),
            Failure::Cut => (Status::Closed, "an earlier request was only partly sent"),
            Failure::Unasked => (Status::Malformed, "an answer that nobody asked for"),
            Failure::TooEarly => (Status::Malformed, "it answered before it was asked"),
        };
        self.failed(status, what)
    }

    /// The failure of a server that closed the connection.
    #[cold]
    pub(super) fn ended(&self) -> Error {
        let how = self.stream.epitaph();
        let what = how.unwrap_or_else(|| "it closed the connection".into());
        self.failed(Status::Closed, &what)
    }

    #[cold]
    pub(super) fn failure(&self, what: &str, cause: &io::Error, deadline: &Deadline) -> Error {
        let system = || Error::os(&format!("{}: {what}", self.peer), cause);
        match cause.kind() {
            ErrorKind::TimedOut => too_late(&self.peer, deadline),
            // How the peer has ended is asked only where it has: that may take a moment.
            ErrorKind::ConnectionAborted => self
                .stream
                .epitaph()
                .map_or_else(system, |how| self.failed(Status::PeerDied, &how)),
            _ => system(),
        }
    }
}
