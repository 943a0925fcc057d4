//! Frames on their way out.

#[cfg(test)]
mod tests;

use super::client::{ClientSide, Failure};
use crate::protocol::frame::{self, PREFIX};
use std::ops::Range;

/// Whole frames, in up to two parts, and how far they went.
#[derive(Debug)]
pub(crate) struct Sending<'a> {
    first: &'a [u8],
    second: &'a [u8],
    sent: usize,
    /// What is not sent never will be.
    is_over: bool,
}

impl<'a> Sending<'a> {
    /// One frame or many, one after another.
    #[inline]
    pub(crate) fn frames(frames: &'a [u8]) -> Self {
        Self::frame(frames, &[])
    }

    /// A frame with this prefix and this body.
    #[inline]
    pub(crate) fn frame(prefix: &'a [u8], body: &'a [u8]) -> Self {
        Self {
            first: prefix,
            second: body,
            sent: 0,
            is_over: false,
        }
    }

    /// What is to be written next; empty: all was, or nothing more will be.
    #[inline]
    pub(crate) fn unsent(&self) -> &'a [u8] {
        if self.is_over {
            return &[];
        }
        match self.first.get(self.sent..) {
            Some(rest) if !rest.is_empty() => rest,
            _ => {
                let sent = self.sent - self.first.len();
                self.second.get(sent..).unwrap_or_default()
            }
        }
    }

    /// So many bytes of it were written.
    #[inline]
    pub(crate) fn wrote(&mut self, count: usize) {
        self.sent += count;
    }

    /// Nothing more is to be written.
    pub(crate) fn end(&mut self) {
        self.is_over = true;
    }

    /// Whether a frame was sent in part.
    pub(super) fn is_amid_frame(&self) -> bool {
        if self.second.is_empty() {
            let (begun, whole) = self.count_sent();
            return begun != whole;
        }
        self.sent > 0 && self.sent < self.first.len() + self.second.len()
    }

    /// How many frames in one part were sent, at least in part, and how many wholly.
    fn count_sent(&self) -> (u32, u32) {
        count(self.first.get(..self.sent).unwrap_or(self.first))
    }
}

/// How many frames begin in these bytes, and how many of them end there.
fn count(bytes: &[u8]) -> (u32, u32) {
    let (mut begun, mut whole, mut rest) = (0, 0, bytes);
    while !rest.is_empty() {
        begun += 1;
        let Some(body) = frame::first_body(rest) else {
            break;
        };
        whole += 1;
        rest = rest.get(PREFIX + body.len()..).unwrap_or_default();
    }
    (begun, whole)
}

/// Many frames on their way out, and their answers on their way in.
#[derive(Debug)]
pub(crate) struct Batch<'a> {
    pub(crate) sending: Sending<'a>,
    /// How many frames there are.
    count: u32,
    answered: u32,
    /// Those of the answered that had a body, which was given away.
    taken: u32,
}

/// What is left of a batch that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    /// Answers still to come to requests that were sent.
    pub(crate) owed: u32,
    /// All that were sent wholly were answered, so that no other was executed.
    pub(crate) is_not_executed: bool,
}

impl<'a> Batch<'a> {
    /// One of these frames.
    pub(crate) fn new(frames: &'a [u8]) -> Self {
        let (count, _) = count(frames);
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

    /// It failed, and nothing more is sent of it.
    pub(crate) fn give_up(&self, side: &mut ClientSide) -> Left {
        side.give_up(&self.sending);
        let (_, whole) = self.sending.count_sent();
        Left {
            owed: whole.saturating_sub(self.answered),
            is_not_executed: whole == self.taken,
        }
    }
}
