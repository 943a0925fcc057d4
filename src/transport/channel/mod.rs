//! A channel over any two-way stream of bytes.

mod exchange;
mod failure;
#[cfg(test)]
mod tests;

pub(super) use failure::{noticed, refused_length, too_large, too_late};

use super::conversation::inbox::{Inbox, Piece};
use super::{Channel, ClientOptions, Deadline, Exchanged, Take};
use crate::error::{Error, Result, Status};
use crate::protocol::frame::{self, Notice, PREFIX};
use crate::sys::room::NoMemory;
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

    /// How the peer, which no longer answers, has ended, where that can be known.
    fn epitaph(&self) -> Option<String> {
        None
    }
}

/// Whole frames over a stream.
pub(crate) struct Framed<S> {
    stream: S,
    inbox: Inbox,
    spin: Spin,
    /// The server, for people: "Unix socket /run/calc.sock".
    peer: String,
    /// The longest answer taken, in bytes.
    max_message: u32,
    /// The length of the last request that was given as a body, for people.
    asked: usize,
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
            max_message: options.max_message,
            asked: 0,
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
            Piece::Notice(Notice::TooLarge) => Err(refused_length(&self.peer, self.asked, None)),
            Piece::Notice(notice) => Err(noticed(notice, &self.peer)),
            Piece::TooLarge(length) => Err(too_large(&self.peer, length, self.max_message)),
        }
    }

    /// Waits for bytes and takes them in.
    #[inline]
    fn receive(&mut self, deadline: &Deadline) -> Result<()> {
        let room = self.inbox.room().map_err(|lack| lacks(&self.peer, lack))?;
        match read_some(&mut self.stream, &mut self.spin, room, deadline) {
            Ok(0) => Err(self.ended()),
            Ok(count) => {
                self.inbox.fill(count);
                Ok(())
            }
            Err(error) => Err(self.failure("no answer", &error, deadline)),
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
                Ok(0) => self.ended(),
                Ok(count) => {
                    received += count;
                    continue;
                }
                Err(error) => self.failure("no answer", &error, deadline),
            };
            let arrived = answer.get(..received).unwrap_or_default();
            let put_back = self.inbox.put_back(length, arrived);
            return Err(put_back.map_or_else(|lack| lacks(&self.peer, lack), |()| failure)); // Without memory the client ends.
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
                    return Err(self.failure("the request was not sent", &error, deadline));
                }
            }
        }
        Ok(())
    }

    /// `error` of receiving the answer to the request that was sent last: none that was cut is ever
    /// whole, whatever the server said about it.
    fn of_last(&self, error: Error) -> Error {
        if self.is_cut {
            error.not_executed()
        } else {
            error
        }
    }

    /// Receives an answer to `answer`, see [`Channel::recv_into`].
    fn recv_body(&mut self, answer: &mut [u8], deadline: &Deadline) -> Result<usize> {
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

    /// The server has gone, but may have said why: that is for `recv` to find.
    fn look_for_last_word(&mut self) -> Result<()> {
        self.is_cut = true;
        let room = self.inbox.room().map_err(|lack| lacks(&self.peer, lack))?;
        match self.stream.read(room) {
            Ok(count) => {
                self.inbox.fill(count); // Of none, `recv` says that this is the end.
                Ok(())
            }
            Err(_) => Err(self.ended()),
        }
    }

    #[cold]
    fn failed(&self, status: Status, what: &str) -> Error {
        Error::new(status, format!("{}: {what}", self.peer))
    }

    #[cold]
    fn closed(&self, what: &str) -> Error {
        self.failed(Status::Closed, what)
    }

    /// The failure of a server that closed the connection.
    #[cold]
    fn ended(&self) -> Error {
        let how = self.stream.epitaph();
        self.closed(&how.unwrap_or_else(|| "it closed the connection".into()))
    }

    #[cold]
    fn failure(&self, what: &str, cause: &io::Error, deadline: &Deadline) -> Error {
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

impl<S: Patient> Channel for Framed<S> {
    fn peer(&self) -> &str {
        &self.peer
    }

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
        self.asked = body.len();
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
        match self.next_body(deadline) {
            Ok(body) => Ok(self.inbox.bytes(body)),
            Err(error) => Err(self.of_last(error)),
        }
    }

    fn recv_into(&mut self, answer: &mut [u8], deadline: &Deadline) -> Result<usize> {
        let received = self.recv_body(answer, deadline);
        received.map_err(|error| self.of_last(error))
    }

    fn exchange(
        &mut self,
        frames: &[u8],
        _longest_answer: u32,
        timeout: Option<Duration>,
        take: &mut Take<'_>,
    ) -> Exchanged {
        let mut flow = Flow::new(frames);
        let result = self.exchange_all(&mut flow, timeout, take);
        let Err(error) = result else {
            return Exchanged { owed: 0, result };
        };
        let (begun, whole) = flow.sent_frames();
        self.is_cut |= begun != whole;
        // All that were sent wholly were answered: the others are no requests.
        let error = if whole == flow.taken {
            error.not_executed()
        } else {
            error
        };
        Exchanged {
            owed: whole.saturating_sub(flow.answered),
            result: Err(error),
        }
    }
}

/// The failure for want of memory for an answer of `peer`.
#[cold]
fn lacks(peer: &str, lack: NoMemory) -> Error {
    Error::os(&format!("{peer}: receive an answer"), &lack.into())
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
