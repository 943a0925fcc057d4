//! A channel over any two-way stream of bytes.

use super::inbox::{Inbox, Piece};
use super::{Channel, ClientOptions, Deadline};
use crate::error::{Error, Result, Status};
use crate::protocol::frame::Notice;
use crate::sys::wait::Spin;
use std::io::{self, ErrorKind};

/// A two-way stream of bytes, whatever it is made of.
pub(crate) trait Stream: Send {
    /// Reads once, without waiting: `Ok(0)` at the end, `WouldBlock` when nothing is there.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes once what there is room for, without waiting.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
}

/// A stream that can also be waited for.
pub(crate) trait Patient: Stream {
    /// Reads once, waiting until something is there; `TimedOut` when the deadline passes first.
    fn read_by(&mut self, buffer: &mut [u8], deadline: Deadline) -> io::Result<usize>;

    /// Waits until there is room to write; `TimedOut` when the deadline passes first.
    fn await_room(&mut self, deadline: Deadline) -> io::Result<()>;
}

/// Whole frames over a stream.
pub(crate) struct Framed<S> {
    stream: S,
    inbox: Inbox,
    spin: Spin,
    /// The server, for people: "unix socket /run/calc.sock".
    peer: String,
    /// Part of a frame was sent and the rest never will be.
    is_cut: bool,
}

impl<S: Patient> Framed<S> {
    /// A channel to `peer`, as it is called in messages.
    pub(crate) fn new(stream: S, peer: String, options: &ClientOptions) -> Self {
        Self {
            stream,
            inbox: Inbox::new(options.max_message),
            spin: Spin::new(options.spin),
            peer,
            is_cut: false,
        }
    }

    /// The server, for people.
    pub(crate) fn peer(&self) -> &str {
        &self.peer
    }

    /// What the channel is made of.
    pub(crate) fn stream_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Ends the channel, and gives what it was made of.
    pub(crate) fn into_stream(self) -> S {
        self.stream
    }

    /// Waits for the next piece; a body stays where it is until the next call.
    #[inline]
    pub(crate) fn next_piece(&mut self, deadline: Deadline) -> Result<Piece> {
        loop {
            if let Some(piece) = self.inbox.next() {
                return Ok(piece);
            }
            match self.read_some(deadline) {
                Ok(0) => return Err(self.closed("it closed the connection")),
                Ok(count) => self.inbox.fill(count),
                Err(error) => return Err(self.failure("no answer", &error)),
            }
        }
    }

    #[inline]
    fn read_some(&mut self, deadline: Deadline) -> io::Result<usize> {
        let Self {
            stream,
            inbox,
            spin,
            ..
        } = self;
        let room = inbox.room();
        let found = spin.until(|| match stream.read(room) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            result => Some(result),
        });
        match found {
            Some(result) => result,
            None => stream.read_by(room, deadline),
        }
    }

    /// Writes the rest of a frame whose first part, perhaps none of it, was taken.
    fn write_rest(&mut self, frame: &[u8], mut sent: usize, deadline: Deadline) -> Result<()> {
        while let Some(rest) = frame.get(sent..).filter(|rest| !rest.is_empty()) {
            let result = match self.stream.write(rest) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.stream.await_room(deadline).map(|()| 0)
                }
                result => result,
            };
            match result {
                Ok(count) => sent += count,
                Err(error) if is_gone(&error) => return self.look_for_last_word(),
                Err(error) => {
                    self.is_cut = sent > 0;
                    return Err(self.failure("the request was not sent", &error));
                }
            }
        }
        Ok(())
    }

    /// The server has gone, but may have said why: that is for `recv` to find.
    fn look_for_last_word(&mut self) -> Result<()> {
        self.is_cut = true;
        match self.stream.read(self.inbox.room()) {
            Ok(count) if count > 0 => {
                self.inbox.fill(count);
                Ok(())
            }
            _ => Err(self.closed("it closed the connection before the request was sent")),
        }
    }

    fn closed(&self, what: &str) -> Error {
        Error::new(Status::Closed, format!("{}: {what}", self.peer))
    }

    fn failure(&self, what: &str, cause: &io::Error) -> Error {
        match cause.kind() {
            ErrorKind::TimedOut => {
                let context = format!("{}: {what} before the deadline", self.peer);
                Error::new(Status::TimedOut, context)
            }
            _ => Error::os(&format!("{}: {what}", self.peer), cause),
        }
    }
}

impl<S: Patient> Channel for Framed<S> {
    #[inline]
    fn send(&mut self, frame: &[u8], deadline: Deadline) -> Result<()> {
        if self.is_cut {
            return Err(self.closed("an earlier request was only partly sent"));
        }
        match self.stream.write(frame) {
            Ok(count) if count == frame.len() => Ok(()),
            Ok(count) => self.write_rest(frame, count, deadline),
            Err(_) => self.write_rest(frame, 0, deadline),
        }
    }

    #[inline]
    fn recv(&mut self, deadline: Deadline) -> Result<&[u8]> {
        match self.next_piece(deadline)? {
            Piece::Body(range) => Ok(self.inbox.bytes(range)),
            Piece::Notice(notice) => Err(noticed(notice, &self.peer)),
            Piece::TooLarge(length) => Err(Error::new(
                Status::TooLarge,
                format!(
                    "{}: an answer of {length} bytes is over this client's max_message",
                    self.peer
                ),
            )),
        }
    }
}

/// The failure that a server reports by this notice.
pub(crate) fn noticed(notice: Notice, peer: &str) -> Error {
    let (status, what) = match notice {
        Notice::TooLarge => (
            Status::TooLarge,
            "the request is over the server's max_message",
        ),
        Notice::HandlerFailed => (Status::HandlerFailed, "its handler failed"),
        Notice::Refused => (Status::Refused, "it has as many clients as it takes"),
        Notice::Welcome => (
            Status::Malformed,
            "it welcomes a client that it has already",
        ),
    };
    Error::new(status, format!("{peer}: {what}"))
}

fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::NotConnected
    )
}
