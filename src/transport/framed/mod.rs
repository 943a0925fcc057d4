//! A channel over any two-way stream of bytes.

mod exchange;

use super::inbox::{Inbox, Piece};
use super::{Channel, ClientOptions, Deadline, Exchanged, Take};
use crate::error::{Error, Result, Status};
use crate::protocol::frame::{self, Notice, PREFIX};
use crate::sys::wait::Spin;
use exchange::Flow;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::time::Duration;

/// A two-way stream of bytes, whatever it is made of.
pub(crate) trait Stream: Send {
    /// Reads once, without waiting: `Ok(0)` at the end, `WouldBlock` when nothing is there.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes once what there is room for, without waiting.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Writes a prefix and a body once, what there is room for, without waiting.
    fn write_frame(&mut self, prefix: &[u8], body: &[u8]) -> io::Result<usize>;
}

/// A stream that can also be waited for.
pub(crate) trait Patient: Stream {
    /// Reads once, waiting until something is there; `TimedOut` when the deadline passes first.
    fn read_by(&mut self, buffer: &mut [u8], deadline: &Deadline) -> io::Result<usize>;

    /// Waits until there is room to write; `TimedOut` when the deadline passes first.
    fn await_room(&mut self, deadline: &Deadline) -> io::Result<()>;

    /// Waits until something is there or there is room to write; `TimedOut` as above.
    fn await_any(&mut self, deadline: &Deadline) -> io::Result<()>;

    /// Whether the server has yet to take this client in, which it says by a notice.
    fn awaits_welcome(&self) -> bool {
        false
    }

    /// The server has taken this client in.
    fn welcomed(&mut self) {}
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

    /// Waits until the server has taken this client in, where it says so.
    #[inline]
    fn begin(&mut self, deadline: &Deadline) -> Result<()> {
        if self.is_cut {
            return Err(self.closed("an earlier request was only partly sent"));
        }
        if self.stream.awaits_welcome() {
            self.await_welcome(deadline)?;
        }
        // All answers that are owed have been taken by now: the next call would take this for its own.
        if self.inbox.has_unasked() {
            return Err(self.failed(Status::Malformed, "an answer that nobody asked for"));
        }
        Ok(())
    }

    fn await_welcome(&mut self, deadline: &Deadline) -> Result<()> {
        match self.next_piece(deadline)? {
            Piece::Notice(Notice::Welcome) => {
                self.stream.welcomed();
                Ok(())
            }
            Piece::Notice(notice) => Err(noticed(notice, &self.peer)),
            _ => Err(self.failed(Status::Malformed, "an answer before any request")),
        }
    }

    /// Waits for the next piece; a body stays where it is until the next call.
    #[inline]
    fn next_piece(&mut self, deadline: &Deadline) -> Result<Piece> {
        loop {
            if let Some(piece) = self.inbox.next() {
                return Ok(piece);
            }
            self.receive(deadline)?;
        }
    }

    /// Waits for the next answer.
    #[inline]
    fn next_body(&mut self, deadline: &Deadline) -> Result<Range<usize>> {
        let piece = self.next_piece(deadline)?;
        self.body_of(piece)
    }

    #[inline]
    fn body_of(&self, piece: Piece) -> Result<Range<usize>> {
        match piece {
            Piece::Body(range) => Ok(range),
            Piece::Notice(notice) => Err(noticed(notice, &self.peer)),
            Piece::TooLarge(length) => {
                let what = format!("an answer of {length} bytes is over this client's max_message");
                Err(self.failed(Status::TooLarge, &what))
            }
        }
    }

    /// Waits for bytes and takes them in.
    #[inline]
    fn receive(&mut self, deadline: &Deadline) -> Result<()> {
        let room = self.inbox.room();
        match read_some(&mut self.stream, &mut self.spin, room, deadline) {
            Ok(0) => Err(self.closed("it closed the connection")),
            Ok(count) => {
                self.inbox.fill(count);
                Ok(())
            }
            Err(error) => Err(self.failure("no answer", &error)),
        }
    }

    /// Receives the rest of a body straight to where it belongs.
    fn recv_rest(
        &mut self,
        answer: &mut [u8],
        length: usize,
        arrived: Range<usize>,
        deadline: &Deadline,
    ) -> Result<usize> {
        let mut received = arrived.len();
        if let Some(place) = answer.get_mut(..received) {
            place.copy_from_slice(self.inbox.bytes(arrived));
        }
        while let Some(rest) = answer
            .get_mut(received..length)
            .filter(|rest| !rest.is_empty())
        {
            let failure = match read_some(&mut self.stream, &mut self.spin, rest, deadline) {
                Ok(0) => self.closed("it closed the connection"),
                Ok(count) => {
                    received += count;
                    continue;
                }
                Err(error) => self.failure("no answer", &error),
            };
            self.inbox
                .put_back(length, answer.get(..received).unwrap_or_default());
            return Err(failure);
        }
        Ok(length)
    }

    /// Writes the rest of a frame whose first part, perhaps none of it, was taken.
    fn write_rest(&mut self, frame: &[u8], mut sent: usize, deadline: &Deadline) -> Result<()> {
        while let Some(rest) = frame.get(sent..).filter(|rest| !rest.is_empty()) {
            match write_some(&mut self.stream, &mut self.spin, rest, deadline) {
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

    fn failed(&self, status: Status, what: &str) -> Error {
        Error::new(status, format!("{}: {what}", self.peer))
    }

    fn closed(&self, what: &str) -> Error {
        self.failed(Status::Closed, what)
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
    fn send(&mut self, frame: &[u8], deadline: &Deadline) -> Result<()> {
        self.begin(deadline)?;
        match self.stream.write(frame) {
            Ok(count) if count == frame.len() => Ok(()),
            Ok(count) => self.write_rest(frame, count, deadline),
            Err(_) => self.write_rest(frame, 0, deadline),
        }
    }

    fn send_body(&mut self, body: &[u8], deadline: &Deadline) -> Result<()> {
        self.begin(deadline)?;
        let prefix = frame::prefix(u32::try_from(body.len()).unwrap_or(u32::MAX));
        let sent = self.stream.write_frame(&prefix, body).unwrap_or(0);
        match sent.checked_sub(PREFIX) {
            Some(sent) if sent == body.len() => Ok(()),
            Some(sent) => self
                .write_rest(body, sent, deadline)
                .inspect_err(|_| self.is_cut = true),
            None => {
                self.write_rest(&prefix, sent, deadline)?;
                if self.is_cut {
                    return Ok(()); // The server has gone, with a last word.
                }
                self.write_rest(body, 0, deadline)
                    .inspect_err(|_| self.is_cut = true)
            }
        }
    }

    #[inline]
    fn recv(&mut self, deadline: &Deadline) -> Result<&[u8]> {
        let body = self.next_body(deadline)?;
        Ok(self.inbox.bytes(body))
    }

    fn recv_into(&mut self, answer: &mut [u8], deadline: &Deadline) -> Result<usize> {
        loop {
            if let Some((length, arrived)) = self.inbox.take_partial_body(answer.len()) {
                return self.recv_rest(answer, length, arrived, deadline);
            }
            if let Some(piece) = self.inbox.next() {
                let body = self.body_of(piece)?;
                let body = self.inbox.bytes(body);
                if let Some(place) = answer.get_mut(..body.len()) {
                    place.copy_from_slice(body);
                }
                return Ok(body.len());
            }
            self.receive(deadline)?;
        }
    }

    fn exchange(
        &mut self,
        frames: &[u8],
        timeout: Option<Duration>,
        take: &mut Take<'_>,
    ) -> Exchanged {
        let mut flow = Flow::new(frames);
        let result = self.exchange_all(&mut flow, timeout, take);
        if result.is_ok() {
            return Exchanged { owed: 0, result };
        }
        let (begun, whole) = flow.sent_frames();
        self.is_cut |= begun != whole;
        Exchanged {
            owed: whole.saturating_sub(flow.answered),
            result,
        }
    }
}

/// The failure that a server reports by this notice.
pub(super) fn noticed(notice: Notice, peer: &str) -> Error {
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

/// Writes once, first without waiting as long as that pays.
fn write_some(
    stream: &mut impl Patient,
    spin: &mut Spin,
    bytes: &[u8],
    deadline: &Deadline,
) -> io::Result<usize> {
    loop {
        let written = spin.until(|| match stream.write(bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            result => Some(result),
        });
        match written.unwrap_or_else(|| stream.write(bytes)) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => stream.await_room(deadline)?,
            result => return result,
        }
    }
}

/// Reads once, first without waiting as long as that pays.
#[inline]
fn read_some(
    stream: &mut impl Patient,
    spin: &mut Spin,
    room: &mut [u8],
    deadline: &Deadline,
) -> io::Result<usize> {
    let found = spin.until(|| match stream.read(room) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => None,
        result => Some(result),
    });
    match found {
        Some(result) => result,
        None => stream.read_by(room, deadline),
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::NotConnected
    )
}
