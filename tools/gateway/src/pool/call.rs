//! A call that was asked for.

use super::lane::{Answer, Lane, expired};
use bytes::Bytes;
use calc_ipc::error::{Error, Result, Status};
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

/// Where a call was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placed {
    /// The library has it, and sees to its time; or it is over.
    Submitted,
    /// In the lane's line.
    Waiting,
}

/// A call that was asked for. Dropping it calls it off, as far as it was not sent.
pub struct Call {
    lane: Arc<Lane>,
    tag: u64,
    due: Instant,
    placed: Placed,
    answer: oneshot::Receiver<Answer>,
    is_over: bool,
}

impl Call {
    pub(super) fn new(
        lane: Arc<Lane>,
        tag: u64,
        due: Instant,
        placed: Placed,
        answer: oneshot::Receiver<Answer>,
    ) -> Self {
        Self {
            lane,
            tag,
            due,
            placed,
            answer,
            is_over: false,
        }
    }

    /// One that is over already.
    pub(super) fn ended(lane: &Arc<Lane>, answer: Answer) -> Self {
        let (reply, receiver) = oneshot::channel();
        let _ = reply.send(answer); // The other end is held right here.
        let mut call = Self::new(lane.clone(), 0, Instant::now(), Placed::Submitted, receiver);
        call.is_over = true;
        call
    }

    /// Waits for the answer, at most until the call is due.
    pub async fn answer(mut self) -> Result<Bytes> {
        if self.placed == Placed::Waiting {
            match timeout_at(self.due, &mut self.answer).await {
                Ok(answer) => return self.over(answer),
                Err(_) if self.lane.withdraw(self.tag) => {
                    self.is_over = true;
                    return Err(expired());
                }
                // It was submitted meanwhile: the library says what becomes of it.
                Err(_) => {}
            }
        }
        let answer = (&mut self.answer).await;
        self.over(answer)
    }

    fn over(&mut self, answer: std::result::Result<Answer, oneshot::error::RecvError>) -> Answer {
        self.is_over = true;
        answer.unwrap_or_else(|_| {
            let context = "the connection's task has ended";
            Err(Error::new(Status::Internal, context))
        })
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.is_over {
            self.lane.abandon(self.tag);
        }
    }
}
