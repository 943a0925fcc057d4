//! What most submits and most takes of a busy client are: nothing has to be seen to but the one call, so that no system call is
//! made, no memory asked for, and nobody waited for. What is not so is left as it was.

#[cfg(test)]
mod tests;

use super::queue::{IN_FLIGHT_MAX, Name};
use super::{Completion, Flight, Limit, Next};
use crate::service::lanes::Lanes;

/// An answer that was taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answered {
    /// The number that submitting gave.
    pub(crate) id: u64,
    /// What the caller gave with it.
    pub(crate) tag: u64,
    /// Its bytes.
    pub(crate) length: usize,
}

impl From<Answered> for Next {
    #[inline]
    fn from(Answered { id, tag, length }: Answered) -> Self {
        let outcome = Ok(length);
        Self::Completion(Completion { id, tag, outcome })
    }
}

impl Flight {
    /// [`Flight::submit`] of a frame that `write` puts at the start of room, if it has but to wait with others.
    #[inline]
    pub(in crate::service) fn gather<const N: usize>(
        &self,
        lanes: &Lanes,
        limit: Limit,
        write: impl FnOnce(&mut [u8; N]) -> usize,
        longest_answer: u32,
        tag: u64,
    ) -> Option<u64> {
        let mut state = self.state.try_lock().ok()?;
        let comes_back = state.is_attended();
        let last = state.last + 1;
        let name = Name { id: last, tag };
        let (connection, done) = state.only().filter(|_| lanes.is_one())?;
        let has_place = connection.queue.len() + done.len() < IN_FLIGHT_MAX;
        let due = || self.due(limit);
        if !has_place || !connection.gather(name, write, longest_answer, due, comes_back) {
            return None;
        }
        state.last = last;
        Some(last)
    }

    /// [`Flight::next`], if it is an answer that has arrived.
    #[inline]
    pub(in crate::service) fn take_arrived(
        &self,
        lanes: &Lanes,
        answer: &mut [u8],
    ) -> Option<Answered> {
        let mut state = self.state.try_lock().ok()?;
        let (connection, done) = state.only().filter(|_| lanes.is_one())?;
        if !done.is_empty() || self.is_stopped() {
            return None;
        }
        let (Name { id, tag }, length) = connection.take_arrived(answer)?;
        Some(Answered { id, tag, length })
    }
}
