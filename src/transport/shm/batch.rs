//! Many requests in one publication.

use super::client::SharedChannel;
use super::layout;
use crate::error::{Error, Result};
use crate::protocol::frame::{self, PREFIX};
use crate::transport::{Deadline, Exchanged, Take};
use std::sync::atomic::Ordering;
use std::time::Duration;

impl SharedChannel {
    /// Sends as many of the frames as one publication carries, and takes their answers. Gives how
    /// many bytes were sent.
    pub(super) fn exchange_some(
        &mut self,
        frames: &[u8],
        timeout: Option<Duration>,
        take: &mut Take<'_>,
    ) -> std::result::Result<usize, Exchanged> {
        let unsent = |error: Error| Exchanged {
            owed: 0,
            result: Err(error.not_executed()),
        };
        let deadline = Deadline::after(timeout);
        self.begin(&deadline).map_err(unsent)?;
        let half = layout::half_of_buffer(self.session().map_err(unsent)?.max_message);
        let (batch, count) = layout::first_batch(frames, half);
        self.put_into_buffer(batch, &deadline).map_err(unsent)?;
        let length = frame::prefix(u32::try_from(batch.len()).unwrap_or(u32::MAX));
        self.session()
            .map_err(unsent)?
            .publish(layout::BATCH, &length);
        let taken = self.take_batch(count, &deadline, take);
        taken.map_err(|(taken, error)| Exchanged {
            owed: count - taken,
            result: Err(error),
        })?;
        Ok(batch.len())
    }

    /// Waits for the answers to a batch and gives each to `take`; with a failure, how many it gave.
    fn take_batch(
        &mut self,
        count: u32,
        deadline: &Deadline,
        take: &mut Take<'_>,
    ) -> std::result::Result<(), (u32, Error)> {
        let answers = self.recv_batch(deadline).map_err(|error| (0, error))?;
        let mut rest = answers;
        for taken in 0..count {
            let Some(body) = frame::first_body(rest) else {
                return Err((taken, self.nonsense()));
            };
            take(body);
            rest = rest.get(PREFIX + body.len()..).unwrap_or_default();
        }
        Ok(())
    }

    fn recv_batch(&mut self, deadline: &Deadline) -> Result<&[u8]> {
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
