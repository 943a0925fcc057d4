//! Many requests in one publication.

use super::client::{Session, SharedChannel};
use super::layout::{self, Bounds};
use crate::error::{Error, Result, Status};
use crate::protocol::frame::{self, Notice, PREFIX};
use crate::transport::channel::{noticed, too_large};
use crate::transport::{Channel, Deadline, Exchanged, Take};
use std::sync::atomic::Ordering;
use std::time::Duration;

impl SharedChannel {
    /// Sends as many of the frames as one publication carries, and takes their answers. Gives how
    /// many bytes were sent.
    pub(super) fn exchange_some(
        &mut self,
        frames: &[u8],
        longest_answer: u32,
        timeout: Option<Duration>,
        take: &mut Take<'_>,
    ) -> std::result::Result<usize, Exchanged> {
        let deadline = Deadline::after(timeout);
        self.begin(&deadline).map_err(unsent)?;
        let session = self.session().map_err(unsent)?;
        let (batch, count) = session.bounds(longest_answer).first_batch(frames);
        if count == 0 {
            return self.exchange_one(frames, &deadline, take);
        }
        let reference = self
            .put_into_buffer(layout::BATCH, batch, &deadline)
            .map_err(unsent)?;
        self.session()
            .map_err(unsent)?
            .publish(layout::BATCH, &reference);
        let taken = self.take_batch(count, &deadline, take);
        taken.map_err(|(owed, error)| Exchanged {
            owed,
            result: Err(error),
        })?;
        Ok(batch.len())
    }

    /// Sends the first of the frames as a single request: a half of the buffer holds any one body, but not always a
    /// frame, which has a prefix too.
    fn exchange_one(
        &mut self,
        frames: &[u8],
        deadline: &Deadline,
        take: &mut Take<'_>,
    ) -> std::result::Result<usize, Exchanged> {
        let Some(body) = frame::first_body(frames) else {
            let error = Error::new(Status::Internal, "a request that is no whole frame");
            return Err(unsent(error));
        };
        self.send_body(body, deadline).map_err(unsent)?;
        match self.recv(deadline) {
            Ok(answer) => take(answer),
            Err(error) => {
                // These two are answers, if none that can be given.
                let is_answered =
                    matches!(error.status(), Status::TooLarge | Status::HandlerFailed);
                return Err(Exchanged {
                    owed: u32::from(!is_answered),
                    result: Err(error),
                });
            }
        }
        Ok(PREFIX + body.len())
    }

    /// Waits for the answers to a batch and gives each to `take`; with a failure, how many are owed.
    fn take_batch(
        &mut self,
        count: u32,
        deadline: &Deadline,
        take: &mut Take<'_>,
    ) -> std::result::Result<(), (u32, Error)> {
        let max_message = self.max_message;
        let answers = self.recv_batch(deadline).map_err(|error| (count, error))?;
        let mut rest = answers;
        for taken in 0..count {
            if is_failure(rest) {
                // All the others are there, too.
                return Err((0, noticed(Notice::HandlerFailed, &self.peer)));
            }
            let Some((body, after)) = frame::split_first(rest) else {
                return Err((count - taken, self.nonsense()));
            };
            if body.len() > max_message as usize {
                let length = body.len();
                return Err((0, too_large(&self.peer, length, max_message)));
            }
            take(body);
            rest = after;
        }
        Ok(())
    }

    pub(super) fn recv_batch(&mut self, deadline: &Deadline) -> Result<&[u8]> {
        self.await_answer(deadline)?;
        let session = self.session()?;
        let length = layout::load_prefix(session.slot.reply()) as usize;
        let is_batch = session.slot.reply().kind.load(Ordering::Relaxed) == layout::BATCH;
        if !is_batch || length > layout::half_of_buffer(session.max_message) {
            return Err(self.nonsense());
        }
        self.take_from_buffer(length, deadline)
    }
}

impl Session {
    /// What bounds a batch whose answers are so long at most.
    pub(super) fn bounds(&self, longest_answer: u32) -> Bounds {
        Bounds {
            half: layout::half_of_buffer(self.max_message),
            request: self.max_message,
            // Each request goes alone where an answer that is there would wait for one that comes later.
            answer: if self.defers {
                u32::MAX
            } else {
                longest_answer
            },
        }
    }
}

/// Of requests that were not sent.
fn unsent(error: Error) -> Exchanged {
    Exchanged {
        owed: 0,
        result: Err(error.not_executed()),
    }
}

/// Whether the first of these answers is that the handler failed.
pub(super) fn is_failure(answers: &[u8]) -> bool {
    answers.starts_with(&Notice::HandlerFailed.to_bytes())
}
