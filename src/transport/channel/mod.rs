//! A channel over any two-way stream of bytes, which waits in the kernel.

mod exchange;
mod failure;
mod stream;
#[cfg(test)]
mod tests;

pub(super) use failure::{noticed, refused_length, too_large, too_late};
pub(crate) use stream::{Patient, Stream};

use super::conversation::batch::Batch;
use super::conversation::client::{ClientSide, Direct, Failure};
use super::conversation::sending::Sending;
use super::{
    Armed, Channel, ClientOptions, Deadline, Exchanged, Lifeline, Take, Watches, prefix_length,
};
use crate::error::{Error, Result, Status};
use crate::protocol::frame::{self, PREFIX};
use crate::sys::room::NoMemory;
use crate::sys::wait::Spin;
use std::io::ErrorKind;
use std::time::Duration;
use stream::{is_gone, read_some, write_some};

/// Whole frames over a stream.
pub(crate) struct Framed<S> {
    stream: S,
    side: ClientSide,
    spin: Spin,
    /// The server, for people: "Unix socket /run/calc.sock".
    peer: String,
    /// The longest answer taken, in bytes.
    max_message: u32,
    /// The length of the last request that was given as a body, for people.
    asked: usize,
}

impl<S: Patient> Framed<S> {
    /// A channel to `peer`, its name in error texts.
    pub(crate) fn new(stream: S, peer: String, options: &ClientOptions) -> Self {
        Self {
            stream,
            side: ClientSide::new(options.max_message),
            spin: Spin::of_stream(options.spin),
            peer,
            max_message: options.max_message,
            asked: 0,
        }
    }

    /// Waits until the server has accepted this client, on transports where it says so.
    #[inline]
    fn begin(&mut self, deadline: &Deadline) -> Result<()> {
        if self.stream.awaits_welcome() {
            self.await_welcome(deadline)?;
        }
        self.side.can_ask().map_err(|failure| self.error(failure))
    }

    fn await_welcome(&mut self, deadline: &Deadline) -> Result<()> {
        loop {
            match self.side.welcome() {
                Some(word) => return self.take_word(word),
                None => self.receive(deadline)?,
            }
        }
    }

    /// Takes the first word of the server, which is whether it has taken this client in.
    fn take_word(&mut self, word: std::result::Result<(), Failure>) -> Result<()> {
        match word {
            Ok(()) => {
                self.stream.welcomed();
                Ok(())
            }
            Err(Failure::Notice(notice)) => Err(noticed(notice, &self.peer)),
            Err(_) => Err(self.failed(Status::Malformed, "an answer before any request")),
        }
    }

    /// Whether the server has taken this client in, where it says so.
    fn is_taken_in(&mut self) -> Result<bool> {
        while self.stream.awaits_welcome() {
            match self.side.welcome() {
                Some(word) => self.take_word(word)?,
                None if self.receive_now()? => {}
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Takes bytes in that are there; `false`: none are.
    fn receive_now(&mut self) -> Result<bool> {
        let room = room::<S>(&mut self.side, &self.peer)?;
        match self.stream.read(room) {
            Ok(0) => Err(self.ended()),
            Ok(count) => {
                self.side.fill(count);
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(self.failure("no answer", &error, &Deadline::never())),
        }
    }

    /// Waits for bytes and takes them in.
    #[inline(always)]
    fn receive(&mut self, deadline: &Deadline) -> Result<()> {
        let room = room::<S>(&mut self.side, &self.peer)?;
        match read_some(&mut self.stream, &mut self.spin, room, deadline) {
            Ok(0) => Err(self.ended()),
            Ok(count) => {
                self.side.fill(count);
                Ok(())
            }
            Err(error) => Err(self.failure("no answer", &error, deadline)),
        }
    }

    /// Receives the rest of a body straight to where it belongs.
    fn recv_rest(
        &mut self,
        answer: &mut [u8],
        mut direct: Direct,
        deadline: &Deadline,
    ) -> Result<usize> {
        while let Some(rest) = direct.rest(answer) {
            match self.recv_to(rest, deadline) {
                Ok(count) => direct.fill(count),
                Err(failure) => {
                    let put_back = self.side.put_back(&direct, answer);
                    return Err(put_back.map_or_else(|lack| lacks(&self.peer, lack), |()| failure)); // Without memory the client ends.
                }
            }
        }
        Ok(direct.length())
    }

    /// Receives once, to the start of `rest`: all that is there, or where that may be more, as much as is wanted.
    #[inline]
    fn recv_to(&mut self, rest: &mut [u8], deadline: &Deadline) -> Result<usize> {
        if rest.len() < S::LEAST_ROOM {
            self.receive(deadline)?;
            return Ok(self.side.take(rest));
        }
        match read_some(&mut self.stream, &mut self.spin, rest, deadline) {
            Ok(0) => Err(self.ended()),
            Ok(count) => Ok(count),
            Err(error) => Err(self.failure("no answer", &error, deadline)),
        }
    }

    /// Writes the rest of a frame, which may be all of it.
    fn send_rest(&mut self, mut sending: Sending<'_>, deadline: &Deadline) -> Result<()> {
        loop {
            let rest = sending.unsent_parts();
            if rest.0.is_empty() {
                return Ok(());
            }
            match write_some(&mut self.stream, &mut self.spin, rest, deadline) {
                Ok(count) => sending.wrote(count),
                Err(error) if is_gone(&error) => return self.look_for_last_word(),
                Err(error) => {
                    self.side.give_up(&sending);
                    return Err(self.failure("the request was not sent", &error, deadline));
                }
            }
        }
    }

    /// The error of receiving the answer to the last request. If the request was cut, the server never gets all of it, and
    /// no handler runs, whatever the server answered.
    fn of_last(&self, error: Error) -> Error {
        if self.side.is_cut() {
            error.not_executed()
        } else {
            error
        }
    }

    /// Receives an answer to `answer`, see [`Channel::recv_into`].
    fn recv_body(&mut self, answer: &mut [u8], deadline: &Deadline) -> Result<usize> {
        loop {
            if let Some(direct) = self.side.direct(answer) {
                return self.recv_rest(answer, direct, deadline);
            }
            if let Some(received) = self.side.next_into(answer) {
                return received.map_err(|failure| self.error(failure));
            }
            self.receive(deadline)?;
        }
    }

    /// The server has gone, but may have said why: reads that, so that `recv` finds it.
    fn look_for_last_word(&mut self) -> Result<()> {
        self.side.cut();
        let room = room::<S>(&mut self.side, &self.peer)?;
        match self.stream.read(room) {
            Ok(count) => {
                self.side.fill(count); // Of none, `recv` says that this is the end.
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => {
                Err(self.failure("no answer", &error, &Deadline::never()))
            }
            Err(_) => Err(self.ended()),
        }
    }

    /// The server has ended, but what it said before may be there.
    fn take_last_word(&mut self) -> Result<()> {
        match self.receive_now()? {
            true => Ok(()),
            false => Err(self.ended()),
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
        let mut sending = Sending::frames(frame);
        match self.stream.write(frame) {
            Ok(count) if count == frame.len() => return Ok(()),
            Ok(count) => sending.wrote(count),
            Err(_) => {} // It is tried again.
        }
        self.send_rest(sending, deadline)
    }

    fn send_body(&mut self, body: &[u8], deadline: &Deadline) -> Result<()> {
        self.begin(deadline)?;
        self.asked = body.len();
        let prefix = frame::prefix(prefix_length(body)?);
        let sent = self.stream.write_frame(&prefix, body).unwrap_or(0);
        if sent == PREFIX + body.len() {
            return Ok(());
        }
        let mut sending = Sending::frame(&prefix, body);
        sending.wrote(sent);
        self.send_rest(sending, deadline)
    }

    #[inline]
    fn recv(&mut self, deadline: &Deadline) -> Result<&[u8]> {
        let answer = loop {
            if let Some(answer) = self.side.next() {
                break answer.map_err(|failure| self.error(failure));
            }
            if let Err(error) = self.receive(deadline) {
                break Err(error);
            }
        };
        match answer {
            Ok(body) => Ok(self.side.bytes(body)),
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
        let mut batch = Batch::new(frames);
        let result = self.exchange_all(&mut batch, timeout, take);
        let Err(error) = result else {
            return Exchanged { owed: 0, result };
        };
        let left = batch.give_up(&mut self.side);
        let error = match left.is_not_executed {
            true => error.not_executed(),
            false => error,
        };
        Exchanged {
            owed: left.owed,
            result: Err(error),
        }
    }

    fn begin_flight(&mut self, owed: u32) -> Result<()> {
        let begun = match self.side.can_ask() {
            // It is an answer that is owed.
            Err(Failure::Unasked) if owed > 0 => Ok(()),
            begun => begun,
        };
        begun.map_err(|failure| self.error(failure))
    }

    fn send_now(&mut self, frames: &[u8], _longest_answer: u32) -> Result<usize> {
        if self.side.is_cut() || !self.is_taken_in()? {
            return Ok(0);
        }
        match self.stream.write(frames) {
            Ok(count) => Ok(count),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            Err(error) if is_gone(&error) => {
                self.side.cut(); // What was answered, or why it has gone, may be there.
                Ok(0)
            }
            Err(error) => {
                let deadline = Deadline::never();
                Err(self.failure("the request was not sent", &error, &deadline))
            }
        }
    }

    fn is_stream(&self) -> bool {
        true
    }

    fn recv_now(&mut self) -> Result<Option<&[u8]>> {
        if !self.is_taken_in()? {
            return Ok(None);
        }
        loop {
            if let Some(answer) = self.side.next() {
                let body = answer.map_err(|failure| self.error(failure))?;
                return Ok(Some(self.side.bytes(body)));
            }
            if !self.receive_now()? {
                return Ok(None);
            }
        }
    }

    #[inline]
    fn take_arrived(&mut self, longest: usize) -> Option<&[u8]> {
        self.side.next_body(longest)
    }

    fn has_arrived(&self) -> bool {
        self.side.has_next()
    }

    fn watches(&self, for_room: bool) -> Watches<'_> {
        // Before the server has taken this client in, room is not what is missing.
        let can_send = !self.side.is_cut() && !self.stream.awaits_welcome();
        self.stream.watches(for_room && can_send)
    }

    fn arm(&mut self) -> Armed {
        Armed::Watched
    }

    fn lifeline(&self) -> Lifeline<'_> {
        self.stream.lifeline()
    }

    fn look(&mut self) -> Result<()> {
        match self.stream.peer_has_ended() && !self.side.has_next() {
            true => self.take_last_word(),
            false => Ok(()),
        }
    }
}

/// Room for the next read.
#[inline]
fn room<'a, S: Stream>(side: &'a mut ClientSide, peer: &str) -> Result<&'a mut [u8]> {
    let room = match S::LEAST_ROOM {
        0 => side.room(),
        least => side.room_of(least),
    };
    room.map_err(|lack| lacks(peer, lack))
}

/// The failure for want of memory for an answer of `peer`.
#[cold]
fn lacks(peer: &str, lack: NoMemory) -> Error {
    Error::os(&format!("{peer}: receive an answer"), &lack.into())
}
