//! Calls over shared memory that nobody waits for.
//!
//! A line carries one publication at a time, so what is sent meanwhile waits for the answer, and then goes as one
//! batch.

use super::batch::is_failure;
use super::client::{Session, SharedChannel};
use super::layout::{self, INLINE, Record, WATCHING};
use super::pending::{Arrived, Pending};
use crate::error::{Error, Result, Status};
use crate::protocol::frame::{self, Notice, PREFIX};
use crate::transport::channel::{noticed, too_large};
use crate::transport::{Armed, Channel, Deadline};
use std::time::Duration;

/// What has arrived is not waited for.
fn now() -> Deadline {
    Deadline::after(Some(Duration::ZERO))
}

impl SharedChannel {
    /// See [`Channel::send_now`].
    #[inline]
    pub(super) fn publish_now(&mut self, frames: &[u8], longest_answer: u32) -> Result<usize> {
        if (self.pending != Pending::None && !self.make_way()?) || !self.has_met()? {
            return Ok(0);
        }
        let published = match frame::body(frames) {
            Some(body) if body.len() <= INLINE => self.publish_line(frames),
            _ => self.publish_first(frames, longest_answer),
        };
        match published {
            // The server has gone. What it said before is to be taken first; then this fails again.
            Err(_) if self.is_answered_now() => Ok(0),
            published => published,
        }
    }

    /// Copies out what has come, if there is a place for it: then the line is free.
    fn make_way(&mut self) -> Result<bool> {
        if self.arrived.count > 0 || !self.is_answered() {
            return Ok(false);
        }
        match self.pending {
            Pending::Batch(count) => self.copy_batch(count)?,
            Pending::Single if self.arrived.line.is_none() => {
                self.arrived.line = self.copy_line();
            }
            _ => {}
        }
        Ok(self.pending == Pending::None)
    }

    fn copy_batch(&mut self, count: u32) -> Result<()> {
        let length = self.recv_batch(&now())?.len();
        self.pending = Pending::None;
        self.arrived.count = count;
        self.arrived.rest = 0..length;
        Ok(())
    }

    /// Copies the answer to one request out of its line, and gives its length; `None`: it is not there, or another place has it.
    #[inline]
    fn copy_line(&mut self) -> Option<usize> {
        let Some(Session { slot, .. }) = &self.session else {
            return None;
        };
        if self.pending != Pending::Single || !slot.is_answered() {
            return None;
        }
        let length = layout::load_prefix(slot.reply()) as usize;
        if length > INLINE {
            return None;
        }
        self.pending = Pending::None;
        self.line = layout::load(slot.reply(), length);
        Some(length)
    }

    /// Publishes this frame, which a line holds.
    #[inline]
    fn publish_line(&mut self, frame: &[u8]) -> Result<usize> {
        self.asked = frame.len() - PREFIX;
        self.pending = Pending::Single;
        let session = self.session()?;
        session.publish(layout::SINGLE | session.manner_of_flight(), frame);
        Ok(frame.len())
    }

    /// Publishes the first of these frames, or a batch of the first ones; nothing if there are none.
    fn publish_first(&mut self, frames: &[u8], longest_answer: u32) -> Result<usize> {
        if frames.is_empty() {
            return Ok(0);
        }
        let bounds = self.session()?.bounds(longest_answer);
        let (batch, count) = bounds.first_batch(frames);
        if count > 1 {
            return self.publish_batch(batch, count);
        }
        let Some(body) = frame::first_body(frames) else {
            return Err(Error::new(
                Status::Internal,
                "a request that is no whole frame",
            ));
        };
        let limit = self.session()?.max_message as usize;
        if body.len() > INLINE && body.len() <= limit && !self.has_buffer()? {
            return Ok(0);
        }
        let session = self.session()?;
        session.manner |= session.manner_of_flight();
        let sent = self.send_body(body, &now());
        self.session()?.manner &= !WATCHING;
        sent?;
        self.pending = Pending::Single;
        Ok(PREFIX + body.len())
    }

    fn publish_batch(&mut self, batch: &[u8], count: u32) -> Result<usize> {
        if !self.has_buffer()? {
            return Ok(0);
        }
        let reference = self.put_into_buffer(layout::BATCH, batch, &now())?;
        let session = self.session()?;
        session.publish(layout::BATCH | session.manner_of_flight(), &reference);
        self.pending = Pending::Batch(count);
        Ok(batch.len())
    }

    /// See [`Channel::recv_now`].
    #[inline]
    pub(super) fn take_now(&mut self) -> Result<Option<&[u8]>> {
        if let Some(length) = self.arrived.line.take() {
            return Ok(Some(self.line.body(length)));
        }
        if self.arrived.count > 0 {
            return self.take_arrived().map(Some);
        }
        match self.copy_line() {
            Some(length) => Ok(Some(self.line.body(length))),
            None => self.take_other(),
        }
    }

    /// What has come but a short answer.
    fn take_other(&mut self) -> Result<Option<&[u8]>> {
        if !self.has_met()? || !self.is_answered_now() {
            return self.nothing_now();
        }
        match self.pending {
            Pending::None => Ok(None),
            Pending::Single => {
                self.pending = Pending::None;
                self.recv(&now()).map(Some)
            }
            Pending::Owed(count) => {
                self.pending = Pending::owed(count - 1);
                Ok(Some(&[]))
            }
            Pending::Batch(count) => {
                self.copy_batch(count)?;
                self.take_arrived().map(Some)
            }
        }
    }

    /// The first of the answers to a batch that have arrived.
    #[inline]
    fn take_arrived(&mut self) -> Result<&[u8]> {
        let Arrived { count, rest, .. } = &mut self.arrived;
        let answers = self.answer.get(rest.clone()).unwrap_or_default();
        let (body, length) = match frame::split_first(answers) {
            Some((body, _)) => (rest.start + PREFIX, body.len()),
            None if is_failure(answers) => (rest.start + PREFIX, usize::MAX),
            None => return Err(self.nonsense()),
        };
        *count -= 1;
        if length > self.max_message as usize {
            return Err(self.pass_over(length));
        }
        rest.start = body + length;
        Ok(self.answers(body..body + length))
    }

    /// The failure that the first of the answers is that have arrived, and so many bytes long.
    #[cold]
    fn pass_over(&mut self, length: usize) -> Error {
        let rest = &mut self.arrived.rest;
        rest.start += PREFIX;
        if length == usize::MAX {
            return noticed(Notice::HandlerFailed, &self.peer);
        }
        rest.start += length;
        too_large(&self.peer, length, self.max_message)
    }

    /// See [`Channel::take_arrived`]: the first of the answers to a batch that was copied out.
    #[inline]
    pub(super) fn take_copied(&mut self, longest: usize) -> Option<&[u8]> {
        let Arrived { count, rest, line } = &mut self.arrived;
        if *count == 0 || line.is_some() {
            return None;
        }
        let (body, _) = frame::split_first(self.answer.get(rest.clone())?)?;
        let length = body.len();
        if length > longest.min(self.max_message as usize) {
            return None;
        }
        let start = rest.start + PREFIX;
        *count -= 1;
        rest.start = start + length;
        Some(self.answers(start..start + length))
    }

    /// There is no answer: either it has not come, or none will.
    #[inline]
    fn nothing_now(&self) -> Result<Option<&[u8]>> {
        match &self.session {
            Some(session) if session.slot.is_closed() => {
                Err(self.ended(Status::Closed, "the server has stopped"))
            }
            _ => Ok(None),
        }
    }

    /// See [`Channel::has_arrived`].
    #[inline]
    pub(super) fn is_answered_now(&self) -> bool {
        let has_arrived = self.arrived.line.is_some() || self.arrived.count > 0;
        has_arrived || (self.pending != Pending::None && self.is_answered())
    }

    /// Whether the server has answered what was published last.
    #[inline]
    fn is_answered(&self) -> bool {
        let session = self.session.as_ref();
        session.is_some_and(|session| session.slot.is_answered())
    }

    /// See [`Channel::arm`].
    pub(super) fn arm_now(&mut self) -> Armed {
        match self.pending {
            _ if self.is_answered_now() => Armed::Arrived,
            Pending::None => Armed::Watched,
            // It was published by who meant to wait, or the server is of an earlier version.
            Pending::Owed(_) => Armed::Unwatched,
            _ => match &self.session {
                Some(session) if !session.rings => Armed::Unwatched,
                Some(session) if !session.slot.arm() => Armed::Arrived,
                _ => Armed::Watched,
            },
        }
    }

    /// See [`Channel::look`].
    pub(super) fn listen_now(&mut self) -> Result<()> {
        if !self.has_met()? {
            return Ok(());
        }
        let has_buffer = self.session()?.has_buffer();
        match self.receive_now() {
            Ok(None) => Ok(()),
            Ok(Some(received @ (Record::Buffer(_), _))) if !has_buffer => {
                self.take_buffer(received)
            }
            Ok(Some(_)) => Err(self.nonsense()),
            // What it said before is to be taken first.
            Err(_) if self.is_answered_now() => Ok(()),
            Err(_) if self.has_died() => {
                self.nothing_now()?; // It has stopped in order.
                Err(self.ended(Status::PeerDied, "the server died before it answered"))
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the server has shared its memory.
    #[inline]
    fn has_met(&mut self) -> Result<bool> {
        match self.session {
            Some(_) => Ok(true),
            None => self.meets_now(),
        }
    }

    #[cold]
    fn meets_now(&mut self) -> Result<bool> {
        if let Some(received) = self.receive_now()? {
            self.session = Some(self.understand(received)?);
        }
        Ok(self.session.is_some())
    }

    /// Whether the buffer is there, for which the server is asked.
    fn has_buffer(&mut self) -> Result<bool> {
        if self.want_buffer()? {
            return Ok(true);
        }
        match self.receive_now()? {
            Some(received) => self.take_buffer(received).map(|()| true),
            None => Ok(false),
        }
    }
}
