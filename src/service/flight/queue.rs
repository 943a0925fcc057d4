//! The calls of one connection that nobody waits for, in the order in which they are sent and answered.

#[cfg(test)]
mod tests;

use crate::error::{self, Error, Status};
use crate::protocol::frame::{self, PREFIX};
use std::collections::VecDeque;
use std::time::Instant;

/// Calls that one connection may have under way, untaken, or still owed an answer.
pub const IN_FLIGHT_MAX: usize = 64;

/// Bytes beyond the longest message that may wait to be sent.
const SPARE: usize = 64 << 10;

/// As many bytes of what was sent are kept until it is known that the server takes the client in. One that does not reads
/// nothing, so that little more is ever sent.
const KEPT: usize = 1 << 20;

/// What a call is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// The library's, given once.
    pub(super) id: u64,
    /// The caller's.
    pub(super) tag: u64,
}

#[derive(Debug)]
struct Call {
    name: Name,
    /// When its time is over, if ever.
    deadline: Option<Instant>,
    /// The bytes of its frame, and how many of them were not sent yet.
    length: usize,
    unsent: usize,
    /// The longest body that its answer may have.
    longest_answer: u32,
    /// Its completion was given, or is about to be: what comes is dropped.
    is_over: bool,
}

impl Call {
    fn is_begun(&self) -> bool {
        self.unsent < self.length
    }
}

/// An answer that nobody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unasked;

/// A call that is over without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Over {
    pub(super) name: Name,
    /// Its frame was not sent wholly, and never will be, so that no handler is given the request.
    pub(super) is_not_executed: bool,
}

/// Calls in the order of their requests, which is that of their answers.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Answers that come first, to calls of which nothing else is known: they are over.
    owed: u32,
    calls: VecDeque<Call>,
    /// The frames of which not all was sent, one after another, from `start` on.
    frames: Vec<u8>,
    start: usize,
    /// What was sent is kept, since the server may refuse the connection.
    keeps_sent: bool,
}

impl Queue {
    /// One that keeps what was sent until an answer comes.
    pub(super) fn on_trial() -> Self {
        Self {
            keeps_sent: true,
            ..Self::default()
        }
    }

    /// Whether a call is in it, over or not.
    pub(super) fn is_empty(&self) -> bool {
        self.owed == 0 && self.calls.is_empty()
    }

    /// How many calls are in it, over or not.
    pub(super) fn len(&self) -> usize {
        self.calls.len().saturating_add(self.owed as usize)
    }

    /// Whether no answer is to come to what was sent so far.
    pub(super) fn is_unasked(&self) -> bool {
        self.owed == 0 && self.calls.front().is_none_or(|call| !call.is_begun())
    }

    /// Whether a call is in it that somebody still waits for.
    pub(super) fn has_open(&self) -> bool {
        self.calls.iter().any(|call| !call.is_over)
    }

    /// Whether a body of this length may wait to be sent; one may always.
    pub(super) fn has_room(&self, body: usize, max_message: usize) -> bool {
        let waiting = self.unsent().len();
        waiting == 0 || waiting + PREFIX + body <= max_message.saturating_add(SPARE)
    }

    /// Appends a call with this body.
    pub(super) fn push(
        &mut self,
        name: Name,
        body: &[u8],
        longest_answer: u32,
        deadline: Option<Instant>,
    ) -> error::Result<()> {
        let prefix = u32::try_from(body.len()).map(frame::prefix);
        let prefix = prefix.map_err(|_| lacks_room(body.len()))?;
        let length = PREFIX + body.len();
        self.make_room(length)?;
        self.frames.extend_from_slice(&prefix);
        self.frames.extend_from_slice(body);
        self.calls.push_back(Call {
            name,
            deadline,
            length,
            unsent: length,
            longest_answer,
            is_over: false,
        });
        Ok(())
    }

    /// Appends this call, of another queue, with its frame.
    fn push_frame(&mut self, call: &Call, frame: &[u8]) -> error::Result<()> {
        self.make_room(frame.len())?;
        self.frames.extend_from_slice(frame);
        self.calls.push_back(Call {
            unsent: frame.len(),
            ..*call
        });
        Ok(())
    }

    /// Makes room for one more call, whose frame has this length.
    fn make_room(&mut self, length: usize) -> error::Result<()> {
        self.compact();
        let has_room = self.frames.try_reserve(length).is_ok() && self.calls.try_reserve(1).is_ok();
        match has_room {
            true => Ok(()),
            false => Err(lacks_room(length)),
        }
    }

    /// So many calls are over whose answers come first.
    pub(super) fn owe(&mut self, count: u32) {
        self.owed = count;
    }

    /// What is to be sent next.
    pub(super) fn unsent(&self) -> &[u8] {
        self.frames.get(self.start..).unwrap_or(&[])
    }

    /// The longest body that an answer to what is to be sent may have.
    pub(super) fn longest_answer(&self) -> u32 {
        let unsent = self.calls.iter().filter(|call| call.unsent > 0);
        unsent.map(|call| call.longest_answer).max().unwrap_or(0)
    }

    /// So many bytes of it were sent.
    pub(super) fn sent(&mut self, count: usize) {
        self.start += count;
        let mut left = count;
        for call in self.calls.iter_mut().filter(|call| call.unsent > 0) {
            let taken = left.min(call.unsent);
            call.unsent -= taken;
            left -= taken;
            if left == 0 {
                break;
            }
        }
        if self.start == self.frames.len() {
            self.compact();
        }
    }

    /// Takes the call that an answer belongs to which came now; `None`: to one that is over.
    pub(super) fn answered(&mut self) -> Result<Option<Name>, Unasked> {
        self.keeps_sent = false;
        self.take_first(|call| call.unsent == 0)
    }

    /// The same of the word that a request is too large, which may come before all of it was sent. Nothing more is.
    pub(super) fn refused(&mut self) -> Result<Option<Name>, Unasked> {
        self.take_first(Call::is_begun)
    }

    fn take_first(&mut self, may_be: impl Fn(&Call) -> bool) -> Result<Option<Name>, Unasked> {
        if self.owed > 0 {
            self.owed -= 1;
            return Ok(None);
        }
        if !self.calls.front().is_some_and(may_be) {
            return Err(Unasked);
        }
        let call = self.calls.pop_front();
        Ok(call.filter(|call| !call.is_over).map(|call| call.name))
    }

    /// Ends the call with this id, if it is open: what was sent of it in part is sent to its end, and its answer is
    /// dropped; what was not begun never is sent.
    pub(super) fn end(&mut self, id: u64) -> Option<Over> {
        let is_it = |call: &Call| call.name.id == id && !call.is_over;
        let place = self.calls.iter().position(is_it)?;
        self.end_at(place)
    }

    /// Ends the first call whose time is over by now.
    pub(super) fn end_due(&mut self, now: Instant) -> Option<Over> {
        let is_due = |call: &Call| !call.is_over && call.deadline.is_some_and(|due| due <= now);
        let place = self.calls.iter().position(is_due)?;
        self.end_at(place)
    }

    /// Ends the first open call, since the connection has ended.
    pub(super) fn end_first(&mut self) -> Option<Over> {
        let call = self.calls.pop_front()?;
        if call.is_over {
            return self.end_first();
        }
        Some(Over {
            name: call.name,
            is_not_executed: call.unsent > 0,
        })
    }

    /// Moves the calls that are open to `other`, as if nothing of them had been sent; `false`: what was sent was not kept.
    pub(super) fn start_again_in(&mut self, other: &mut Self) -> bool {
        if !self.keeps_sent {
            return false;
        }
        let mut frames = self.frames.as_slice();
        while let Some(call) = self.calls.front() {
            let Some((frame, rest)) = frames.split_at_checked(call.length) else {
                return false;
            };
            if !call.is_over && other.push_frame(call, frame).is_err() {
                return false;
            }
            frames = rest;
            self.calls.pop_front();
        }
        *self = Self::default();
        true
    }

    /// Moves the first call to `other`; nothing of it was sent.
    pub(super) fn move_first(&mut self, other: &mut Self) -> error::Result<()> {
        let frame = self.calls.front().map_or(0, |call| call.length);
        let frame = self.unsent().get(..frame).unwrap_or(&[]);
        if let Some(call) = self.calls.front() {
            other.push_frame(call, frame)?;
        }
        self.forget(0);
        Ok(())
    }

    /// The length of the first call's message.
    pub(super) fn first_length(&self) -> Option<usize> {
        Some(self.calls.front()?.length.saturating_sub(PREFIX))
    }

    /// When the next call is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let open = self.calls.iter().filter(|call| !call.is_over);
        open.filter_map(|call| call.deadline).min()
    }

    fn end_at(&mut self, place: usize) -> Option<Over> {
        let call = self.calls.get_mut(place)?;
        let over = Over {
            name: call.name,
            is_not_executed: !call.is_begun(),
        };
        if call.is_begun() {
            call.is_over = true;
        } else {
            self.forget(place);
        }
        Some(over)
    }

    /// Takes out a call that was not begun, and its frame.
    fn forget(&mut self, place: usize) {
        let before = self
            .calls
            .iter()
            .take(place)
            .map(|call| call.unsent)
            .sum::<usize>();
        if let Some(call) = self.calls.remove(place) {
            let from = self.start + before;
            self.frames.drain(from..from + call.length);
        }
    }

    /// Lets go of what was sent.
    fn compact(&mut self) {
        if self.keeps_sent && self.start <= KEPT {
            return;
        }
        self.keeps_sent = false;
        if self.start > 0 {
            self.frames.drain(..self.start);
            self.start = 0;
        }
        if self.frames.is_empty() && self.frames.capacity() > SPARE {
            self.frames = Vec::new();
        }
    }
}

#[cold]
fn lacks_room(length: usize) -> Error {
    Error::new(
        Status::System,
        format!("no memory for a request of {length} bytes"),
    )
}
