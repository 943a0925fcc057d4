//! What went wrong with a call, in words, and whether its request may have been executed.

use crate::error::{Error, Status};
use crate::protocol::frame::Notice;
use crate::transport::Deadline;
use std::fmt;

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
