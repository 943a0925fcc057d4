//! Many frames at once, and their answers.

#[cfg(test)]
mod tests;

use super::client::{ClientSide, Failure};
use super::sending::{self, Sending};
use std::ops::Range;

/// Many frames on their way out, and their answers on their way in.
#[derive(Debug)]
pub(crate) struct Batch<'a> {
    pub(crate) sending: Sending<'a>,
    /// How many frames there are.
    count: u32,
    answered: u32,
    /// How many of the answers had a body, which the caller took.
    taken: u32,
}

/// What is left of a batch that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    /// Answers still to come to requests that were sent.
    pub(crate) owed: u32,
    /// Every request that was wholly sent was answered, so that no other was executed.
    pub(crate) is_not_executed: bool,
}

impl<'a> Batch<'a> {
    /// A batch of these frames.
    pub(crate) fn new(frames: &'a [u8]) -> Self {
        let (count, _) = sending::count(frames);
        Self {
            sending: Sending::frames(frames),
            count,
            answered: 0,
            taken: 0,
        }
    }

    /// Whether answers are to come.
    pub(crate) fn awaits_answers(&self) -> bool {
        self.answered < self.count
    }

    /// How many answers have come.
    pub(crate) fn answered(&self) -> u32 {
        self.answered
    }

    /// Takes the next answer, as [`ClientSide::next`] does; `None`: more has to arrive, or nothing more.
    pub(crate) fn next(&mut self, side: &mut ClientSide) -> Option<Result<Range<usize>, Failure>> {
        if !self.awaits_answers() {
            return None;
        }
        let answer = side.next()?;
        match &answer {
            Ok(_) => {
                self.answered += 1;
                self.taken += 1;
            }
            // It was the answer, if none that can be given.
            Err(failure) => self.answered += u32::from(failure.is_answer()),
        }
        Some(answer)
    }

    /// All answers have come: so should all requests have gone.
    pub(crate) fn finish(&self, side: &mut ClientSide) -> Result<(), Failure> {
        if self.sending.unsent().is_empty() {
            return Ok(());
        }
        side.cut();
        Err(Failure::TooEarly)
    }

    /// The batch failed, and its rest is not sent.
    pub(crate) fn give_up(&self, side: &mut ClientSide) -> Left {
        side.give_up(&self.sending);
        let (_, whole) = self.sending.count_sent();
        Left {
            owed: whole.saturating_sub(self.answered),
            is_not_executed: whole == self.taken,
        }
    }
}
