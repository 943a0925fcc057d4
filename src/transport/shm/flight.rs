//! Calls over shared memory that nobody waits for.
//!
//! A line carries one publication at a time, so what is sent meanwhile waits for the answer, and then goes as one
//! batch.

use super::batch::is_failure;
use super::client::SharedChannel;
use super::layout::{self, INLINE, Record, WATCHING};
use super::pending::Pending;
use crate::error::{Error, Result, Status};
use crate::protocol::frame::{self, Notice, PREFIX};
use crate::transport::channel::{noticed, too_large};
use crate::transport::{Armed, Channel, Deadline, prefix_length};
use std::ops::Range;
use std::time::Duration;

/// What has arrived is not waited for.
fn now() -> Deadline {
    Deadline::after(Some(Duration::ZERO))
}

impl SharedChannel {
    /// See [`Channel::send_now`].
    pub(super) fn publish_now(&mut self, frames: &[u8], longest_answer: u32) -> Result<usize> {
        if self.pending != Pending::None || frames.is_empty() || !self.has_met()? {
            return Ok(0);
        }
        let session = self.session()?;
        session.manner = if session.rings { WATCHING } else { 0 };
        let sent = self.publish_first(frames, longest_answer);
        self.session()?.manner = 0;
        sent
    }

    /// Publishes the first of these frames, which are some, or a batch of the first ones.
    fn publish_first(&mut self, frames: &[u8], longest_answer: u32) -> Result<usize> {
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
        self.send_body(body, &now())?;
        self.pending = Pending::Single;
        Ok(PREFIX + body.len())
    }

    fn publish_batch(&mut self, batch: &[u8], count: u32) -> Result<usize> {
        if !self.has_buffer()? {
            return Ok(0);
        }
        self.put_into_buffer(batch, &now())?;
        let length = frame::prefix(prefix_length(batch)?);
        self.session()?.publish(layout::BATCH, &length);
        self.pending = Pending::Batch(count);
        Ok(batch.len())
    }

    /// See [`Channel::recv_now`].
    pub(super) fn take_now(&mut self) -> Result<Option<&[u8]>> {
        if !self.has_met()? || !self.is_answered_now() {
            return self.nothing_now();
        }
        match self.pending.clone() {
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
                let length = self.recv_batch(&now())?.len();
                self.take_of_batch(count, 0..length)
            }
            Pending::Answers(count, rest) => self.take_of_batch(count, rest),
        }
    }

    /// The first of these answers to a batch.
    fn take_of_batch(&mut self, count: u32, mut rest: Range<usize>) -> Result<Option<&[u8]>> {
        let answers = self.answers(rest.clone());
        let failed = is_failure(answers);
        let length = match frame::first_body(answers) {
            _ if failed => 0,
            Some(body) => body.len(),
            None => return Err(self.nonsense()),
        };
        let body = rest.start + PREFIX..rest.start + PREFIX + length;
        rest.start = body.end;
        self.pending = match count {
            1 => Pending::None,
            _ => Pending::Answers(count - 1, rest),
        };
        if failed {
            return Err(noticed(Notice::HandlerFailed, &self.peer));
        }
        if length > self.max_message as usize {
            return Err(too_large(&self.peer, length, self.max_message));
        }
        Ok(Some(self.answers(body)))
    }

    /// There is no answer: either it has not come, or none will.
    fn nothing_now(&self) -> Result<Option<&[u8]>> {
        match &self.session {
            Some(session) if session.slot.is_closed() => {
                Err(self.ended(Status::Closed, "the server has stopped"))
            }
            _ => Ok(None),
        }
    }

    /// See [`Channel::has_arrived`].
    pub(super) fn is_answered_now(&self) -> bool {
        let session = self.session.as_ref();
        match self.pending {
            Pending::None => false,
            Pending::Answers(..) => true,
            _ => session.is_some_and(|session| session.slot.is_answered()),
        }
    }

    /// See [`Channel::arm`].
    pub(super) fn arm_now(&mut self) -> Armed {
        match self.pending {
            Pending::None => Armed::Watched,
            _ if self.is_answered_now() => Armed::Arrived,
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
            Ok(Some(received)) if received.0 == Record::Buffer && !has_buffer => {
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
    fn has_met(&mut self) -> Result<bool> {
        if self.session.is_none()
            && let Some(received) = self.receive_now()?
        {
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
