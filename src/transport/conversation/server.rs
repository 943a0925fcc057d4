//! The server's side of a connection: requests that arrived, and answers that have to go.

#[cfg(test)]
mod tests;

use super::inbox::{Inbox, Piece};
use super::outbox::Outbox;
use super::spare::Spare;
use crate::sys::room::{NoMemory, Room};
use std::mem;
use std::ops::Range;

/// A request of which the rest has to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Half {
    /// It began since the last turn.
    pub(crate) is_new: bool,
    /// The length of its body, as far as it is known.
    pub(crate) length: u32,
}

/// What a server has read from a client and has yet to write to it.
///
/// Answers are put together in an [`Outbox`] that many connections use in turn. A connection keeps only
/// those that its client does not take yet, and then looks at no request until they have gone.
#[derive(Debug)]
pub(crate) struct ServerSide {
    inbox: Inbox,
    /// Where answers lie that could not be written at once.
    backlog: Room,
    /// The end of these answers.
    end: usize,
    /// How many bytes of the backlog were written, or without one, of the outbox.
    written: usize,
    is_ending: bool,
}

impl ServerSide {
    /// A connection whose requests are at most `max_message` bytes long.
    pub(crate) fn new(max_message: u32) -> Self {
        Self {
            inbox: Inbox::new(max_message),
            backlog: Room::empty(),
            end: 0,
            written: 0,
            is_ending: false,
        }
    }

    /// Whether [`ServerSide::next`] has something to give.
    #[inline]
    pub(crate) fn has_next(&self) -> bool {
        !self.is_ending && self.inbox.has_whole_piece()
    }

    /// Takes the next request. After a piece that is no request, it gives nothing more.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<Piece> {
        if self.is_ending {
            return None;
        }
        let piece = self.inbox.next()?;
        self.is_ending = !matches!(piece, Piece::Body(_));
        Some(piece)
    }

    /// The body of a request that was just taken; `aligns`: it has to lie where any type may.
    #[inline]
    pub(crate) fn body(&mut self, body: Range<usize>, aligns: bool) -> &[u8] {
        let body = match aligns {
            true => self.inbox.align(body),
            false => body,
        };
        self.inbox.bytes(body)
    }

    /// Whether the connection is over once all answers are written.
    #[inline]
    pub(crate) fn is_ending(&self) -> bool {
        self.is_ending
    }

    /// Room for the next read.
    #[inline]
    pub(crate) fn room(&mut self, spare: &mut Spare) -> Result<&mut [u8], NoMemory> {
        self.inbox.return_room(spare);
        self.inbox.borrow_room(spare);
        self.inbox.room_beside(spare)
    }

    /// Room of `least` bytes, or more, for the next read; it is lent until nothing is asked for.
    pub(crate) fn room_of(
        &mut self,
        least: usize,
        spare: &mut Spare,
    ) -> Result<&mut [u8], NoMemory> {
        self.inbox.return_room(spare);
        self.inbox.borrow_room(spare);
        self.inbox.take_lent(&mut spare.reading);
        self.inbox.room_of(least, Some(spare))
    }

    /// `count` bytes of the room were read.
    #[inline]
    pub(crate) fn fill(&mut self, count: usize) {
        self.inbox.fill(count);
    }

    /// How many bytes are there that were not looked at.
    #[inline]
    pub(crate) fn arrived(&self) -> usize {
        self.inbox.arrived()
    }

    /// Whether half a request is there, or one that was not looked at.
    #[inline]
    pub(crate) fn has_partial(&self) -> bool {
        self.inbox.has_partial_frame()
    }

    /// Half a request that is left; `had_partial`: there was one before, `answered`: and one was answered since.
    #[inline]
    pub(crate) fn half(&self, had_partial: bool, answered: bool) -> Option<Half> {
        self.has_partial().then(|| Half {
            is_new: answered || !had_partial,
            length: self.inbox.begun_body(),
        })
    }

    /// No request is left: large room becomes spare.
    #[inline]
    pub(crate) fn rest(&mut self, spare: &mut Spare) {
        self.inbox.return_room(spare);
    }

    /// Nothing is asked for now: all room goes to who reads next.
    pub(crate) fn rest_without_room(&mut self, spare: &mut Spare) {
        self.inbox.return_room(spare);
        self.inbox.give_back_lent(&mut spare.reading);
    }

    /// Whether answers are left that the client did not take.
    #[inline]
    pub(crate) fn has_backlog(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// What is to be written: the backlog, or without one, the answers in `out`.
    #[inline]
    pub(crate) fn unwritten<'a>(&'a self, out: &'a Outbox) -> &'a [u8] {
        let answers = match self.has_backlog() {
            true => self.backlog.get(self.written..self.end),
            false => out.frames().get(self.written..),
        };
        answers.expect("no more is written than there was")
    }

    /// `count` of the bytes to be written were written.
    #[inline]
    pub(crate) fn wrote(&mut self, count: usize) {
        self.written += count;
    }

    /// The client takes no more for now: what it did not take is kept, and `out` is for others.
    pub(crate) fn keep(&mut self, out: &mut Outbox, spare: &mut Spare) -> Result<(), NoMemory> {
        if !self.has_backlog() {
            let (room, rest) = out.hand_over(self.written, spare)?;
            (self.backlog, self.written, self.end) = (room, rest.start, rest.end);
        }
        Ok(())
    }

    /// All was written.
    #[inline]
    pub(crate) fn wrote_all(&mut self, out: &mut Outbox, spare: &mut Spare) {
        self.written = 0;
        match self.has_backlog() {
            true => out.take_back(mem::take(&mut self.backlog), spare),
            false => out.clear(),
        }
    }
}
