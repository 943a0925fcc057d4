//! The calls of one connection that nobody waits for, in the order in which they are sent and answered.

mod frames;
mod quick;
#[cfg(test)]
mod tests;

use crate::error::{self, Error, Status};
use crate::sys::moment::Moment;
use frames::Frames;
use std::collections::VecDeque;

/// Calls that one connection may have under way, untaken, or still owed an answer.
pub const IN_FLIGHT_MAX: usize = 64;

/// Bytes beyond the longest message that may wait to be sent.
const SPARE: usize = 64 << 10;

/// What a call is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// The library's, given once.
    pub(super) id: u64,
    /// The caller's.
    pub(super) tag: u64,
}

#[derive(Clone, Copy, Debug)]
struct Call {
    name: Name,
    /// When its time is over.
    due: Moment,
    /// The bytes of its frame.
    length: usize,
    /// The longest body that its answer may have.
    longest_answer: u32,
    /// Its completion was given, or is about to be: what comes is dropped.
    is_over: bool,
}

impl Call {
    #[inline]
    fn new(name: Name, length: usize, longest_answer: u32, due: Moment) -> Self {
        Self {
            name,
            due,
            length,
            longest_answer,
            is_over: false,
        }
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
    /// So many calls, the first ones, were sent wholly, and so many bytes of the next.
    sent: usize,
    begun: usize,
    /// So many calls are not over.
    open: usize,
    /// No call is due before.
    next_due: Moment,
    /// The longest body that an answer to what is to be sent may have.
    longest_answer: u32,
    frames: Frames,
}

impl Queue {
    /// One that keeps what was sent until an answer comes.
    pub(super) fn on_trial() -> Self {
        Self {
            frames: Frames::kept(),
            ..Self::default()
        }
    }

    /// Whether no call is in it, over or not.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.owed == 0 && self.calls.is_empty()
    }

    /// How many calls are in it, over or not.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.calls.len().saturating_add(self.owed as usize)
    }

    /// Whether no answer is to come to what was sent so far.
    #[inline]
    pub(super) fn is_unasked(&self) -> bool {
        self.owed == 0 && !self.is_begun(0)
    }

    /// How many answers are to come to what was sent so far.
    #[inline]
    pub(super) fn asked(&self) -> usize {
        self.owed as usize + self.sent
    }

    /// Whether something of the call at this place was sent.
    #[inline]
    fn is_begun(&self, place: usize) -> bool {
        place < self.sent || (place == self.sent && self.begun > 0)
    }

    /// Whether a call is in it that somebody still waits for.
    #[inline]
    pub(super) fn has_open(&self) -> bool {
        self.open > 0
    }

    /// Whether a frame of this length may wait to be sent; one may always.
    #[inline]
    pub(super) fn has_room(&self, frame: usize, max_message: usize) -> bool {
        let waiting = self.unsent().len();
        waiting == 0 || waiting + frame <= max_message.saturating_add(SPARE)
    }

    /// Appends a call with this frame, which comes in two parts.
    #[inline]
    pub(super) fn push(
        &mut self,
        name: Name,
        (first, second): (&[u8], &[u8]),
        longest_answer: u32,
        due: Moment,
    ) -> error::Result<()> {
        let length = first.len() + second.len();
        self.reserve(length)?;
        self.frames.append(first);
        self.frames.append(second);
        self.append(Call::new(name, length, longest_answer, due));
        Ok(())
    }

    /// Appends a call whose frame, of this length, was sent; there is no other in the queue, and room was made.
    #[inline]
    pub(super) fn push_sent(
        &mut self,
        name: Name,
        length: usize,
        longest_answer: u32,
        due: Moment,
    ) {
        self.append(Call::new(name, length, longest_answer, due));
        self.sent += 1;
    }

    /// Whether a frame may be sent from elsewhere: nothing else is under way, and what was sent does not have to be kept.
    #[inline]
    pub(super) fn is_free(&self) -> bool {
        self.is_empty() && self.frames.is_empty()
    }

    /// Appends this call, of another queue, with its frame.
    fn push_frame(&mut self, call: Call, frame: &[u8]) -> error::Result<()> {
        self.reserve(frame.len())?;
        self.frames.append(frame);
        self.append(call);
        Ok(())
    }

    /// Appends this call, whose frame was appended.
    #[inline]
    fn append(&mut self, call: Call) {
        self.longest_answer = match self.sent < self.calls.len() {
            true => self.longest_answer.max(call.longest_answer),
            false => call.longest_answer,
        };
        self.next_due = self.next_due.min(call.due);
        self.open += 1;
        self.calls.push_back(call);
    }

    /// Makes room for one more call, whose frame has this length, if there is none.
    #[inline]
    pub(super) fn reserve(&mut self, length: usize) -> error::Result<()> {
        match self.has_place(length) || self.makes_room(length) {
            true => Ok(()),
            false => Err(lacks_room(length)),
        }
    }

    fn makes_room(&mut self, length: usize) -> bool {
        self.frames.makes_room(length) && self.calls.try_reserve(1).is_ok()
    }

    /// So many calls are over whose answers come first.
    pub(super) fn owe(&mut self, count: u32) {
        self.owed = count;
    }

    /// What is to be sent next.
    #[inline]
    pub(super) fn unsent(&self) -> &[u8] {
        self.frames.unsent()
    }

    /// The longest body that an answer to what is to be sent may have, or more.
    #[inline]
    pub(super) fn longest_answer(&self) -> u32 {
        self.longest_answer
    }

    /// So many bytes of it were sent.
    #[inline]
    pub(super) fn sent(&mut self, count: usize) {
        self.frames.sent(count);
        self.begun += count;
        while let Some(call) = self.calls.get(self.sent)
            && self.begun >= call.length
        {
            self.begun -= call.length;
            self.sent += 1;
        }
    }

    /// Takes the call that an answer belongs to which came now; `None`: to one that is over.
    #[inline]
    pub(super) fn answered(&mut self) -> Result<Option<Name>, Unasked> {
        self.frames.keep_no_more();
        self.take_first(self.sent > 0)
    }

    /// The same of the word that a request is too large, which may come before all of it was sent. Nothing more is.
    pub(super) fn refused(&mut self) -> Result<Option<Name>, Unasked> {
        self.take_first(self.is_begun(0))
    }

    #[inline]
    fn take_first(&mut self, may_be: bool) -> Result<Option<Name>, Unasked> {
        if self.owed > 0 {
            self.owed -= 1;
            return Ok(None);
        }
        if !may_be {
            return Err(Unasked);
        }
        let call = self.pop_first();
        Ok(call.filter(|call| !call.is_over).map(|call| call.name))
    }

    /// Takes the first call out, of which nothing more is sent.
    #[inline]
    fn pop_first(&mut self) -> Option<Call> {
        let call = self.calls.pop_front()?;
        self.open -= usize::from(!call.is_over);
        match self.sent {
            0 => self.begun = 0,
            _ => self.sent -= 1,
        }
        Some(call)
    }

    /// Ends the call with this id, if it is open: what was sent of it in part is sent to its end, and its answer is
    /// dropped; what was not begun never is sent.
    pub(super) fn end(&mut self, id: u64) -> Option<Over> {
        let is_it = |call: &Call| call.name.id == id && !call.is_over;
        let place = self.calls.iter().position(is_it)?;
        self.end_at(place)
    }

    /// Ends the first call whose time is over by now.
    #[inline]
    pub(super) fn end_due(&mut self, now: Moment) -> Option<Over> {
        match self.next_due <= now {
            true => self.end_first_due(now),
            false => None,
        }
    }

    fn end_first_due(&mut self, now: Moment) -> Option<Over> {
        let is_due = |call: &Call| !call.is_over && call.due <= now;
        if let Some(place) = self.calls.iter().position(is_due) {
            return self.end_at(place);
        }
        let open = self.calls.iter().filter(|call| !call.is_over);
        self.next_due = open.map(|call| call.due).min().unwrap_or_default();
        None
    }

    /// Ends the first open call, since the connection has ended.
    pub(super) fn end_first(&mut self) -> Option<Over> {
        let is_not_executed = self.sent == 0;
        let call = self.pop_first()?;
        if call.is_over {
            return self.end_first();
        }
        Some(Over {
            name: call.name,
            is_not_executed,
        })
    }

    /// Moves the calls that are open to `other`, as if nothing of them had been sent; `false`: what was sent was not kept.
    pub(super) fn start_again_in(&mut self, other: &mut Self) -> bool {
        let Some(frames) = self.frames.take_kept() else {
            return false;
        };
        let mut frames = frames.as_slice();
        while let Some(call) = self.calls.front() {
            let Some((frame, rest)) = frames.split_at_checked(call.length) else {
                return false;
            };
            if !call.is_over && other.push_frame(*call, frame).is_err() {
                return false;
            }
            frames = rest;
            self.pop_first();
        }
        *self = Self::default();
        true
    }

    /// Moves the first call to `other`; nothing of it was sent.
    pub(super) fn move_first(&mut self, other: &mut Self) -> error::Result<()> {
        if let Some(call) = self.calls.front().copied() {
            let frame = self.unsent().get(..call.length).unwrap_or(&[]);
            other.push_frame(call, frame)?;
            self.forget(0);
        }
        Ok(())
    }

    /// The length of the first call's frame.
    pub(super) fn first_length(&self) -> Option<usize> {
        Some(self.calls.front()?.length)
    }

    /// No call is due before.
    #[inline]
    pub(super) fn next_due(&self) -> Moment {
        self.next_due
    }

    fn end_at(&mut self, place: usize) -> Option<Over> {
        let is_begun = self.is_begun(place);
        let call = self.calls.get_mut(place)?;
        let over = Over {
            name: call.name,
            is_not_executed: !is_begun,
        };
        if is_begun {
            call.is_over = true;
            self.open -= 1;
        } else {
            self.forget(place);
        }
        Some(over)
    }

    /// Takes out a call that was not begun, and its frame.
    fn forget(&mut self, place: usize) {
        let before = self.calls.iter().take(place).skip(self.sent);
        let before = before.map(|call| call.length).sum::<usize>() - self.begun;
        if let Some(call) = self.calls.remove(place) {
            self.open -= 1;
            self.frames.remove(before, call.length);
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
