//! The client's side of a connection: requests that have to go, and answers that arrived.

#[cfg(test)]
mod tests;

use super::inbox::{Inbox, Piece};
use super::sending::Sending;
use crate::protocol::frame::Notice;
use crate::sys::room::NoMemory;
use std::ops::Range;

/// Why there is no answer, or can be no further request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The server says so.
    Notice(Notice),
    /// The answer has so many bytes, which is over the limit. It is dropped.
    TooLarge(u32),
    /// A request was only partly sent, and the rest never will be.
    Cut,
    /// An answer came that nobody asked for.
    Unasked,
    /// An answer came before its request was sent.
    TooEarly,
}

impl Failure {
    /// Whether it came in place of an answer, so that no other is to come.
    pub(super) fn is_answer(self) -> bool {
        matches!(
            self,
            Self::TooLarge(_) | Self::Notice(Notice::HandlerFailed)
        )
    }
}

/// What a client has read from its server, and whether it can still be asked.
#[derive(Debug)]
pub(crate) struct ClientSide {
    inbox: Inbox,
    /// Part of a frame was sent and the rest never will be.
    is_cut: bool,
}

/// A body that is received straight to where its caller wants it.
#[derive(Debug)]
pub(crate) struct Direct {
    length: u32,
    received: usize,
}

impl Direct {
    /// Where the next bytes belong; `None`: all have arrived.
    #[inline]
    pub(crate) fn rest<'a>(&self, answer: &'a mut [u8]) -> Option<&'a mut [u8]> {
        let rest = answer
            .get_mut(self.received..self.length())
            .expect(HAS_ROOM);
        (!rest.is_empty()).then_some(rest)
    }

    /// `count` bytes of it were read.
    #[inline]
    pub(crate) fn fill(&mut self, count: usize) {
        self.received += count;
    }

    /// Its length, whether it has arrived or not.
    pub(crate) fn length(&self) -> usize {
        self.length as usize
    }
}

/// Otherwise a bug is at hand, which is not to become a wrong answer.
const HAS_ROOM: &str = "no body is received directly for which there is no room";

impl ClientSide {
    /// A connection whose answers are at most `max_message` bytes long.
    pub(crate) fn new(max_message: u32) -> Self {
        Self {
            inbox: Inbox::new(max_message),
            is_cut: false,
        }
    }

    /// Whether a request can be sent. All answers that are owed have been taken by then: a request that is
    /// sent now would take one that is left for its own.
    #[inline]
    pub(crate) fn can_ask(&self) -> Result<(), Failure> {
        if self.is_cut {
            return Err(Failure::Cut);
        }
        if self.inbox.has_unasked() {
            return Err(Failure::Unasked);
        }
        Ok(())
    }

    /// Whether the request that was sent last was cut: none that was is ever whole, and so executed,
    /// whatever the server says about it.
    #[inline]
    pub(crate) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Nothing more is sent of this. A frame that was begun is cut.
    pub(crate) fn give_up(&mut self, sending: &Sending<'_>) {
        self.is_cut |= sending.is_amid_frame();
    }

    /// The server has gone, or cannot be trusted: nothing more is sent.
    pub(crate) fn cut(&mut self) {
        self.is_cut = true;
    }

    /// Room for the next read.
    #[inline]
    pub(crate) fn room(&mut self) -> Result<&mut [u8], NoMemory> {
        self.inbox.room()
    }

    /// Room of so many bytes at least for the next read.
    pub(crate) fn room_of(&mut self, least: usize) -> Result<&mut [u8], NoMemory> {
        self.inbox.room_of(least, None)
    }

    /// Takes what has arrived as bytes of a body that is received elsewhere, as far as `rest` has room for them; says
    /// how many.
    pub(crate) fn take(&mut self, rest: &mut [u8]) -> usize {
        self.inbox.take(rest)
    }

    /// `count` bytes of the room were read.
    #[inline]
    pub(crate) fn fill(&mut self, count: usize) {
        self.inbox.fill(count);
    }

    /// Takes the server's word that this client was let in; `None`: it has yet to come.
    pub(crate) fn welcome(&mut self) -> Option<Result<(), Failure>> {
        Some(match self.inbox.next()? {
            Piece::Notice(Notice::Welcome) => Ok(()),
            Piece::Notice(notice) => Err(Failure::Notice(notice)),
            Piece::Body(_) | Piece::TooLarge(_) => Err(Failure::TooEarly),
        })
    }

    /// Takes the next answer, whose body is at this place of [`ClientSide::bytes`]; `None`: more has to arrive.
    #[inline]
    pub(crate) fn next(&mut self) -> Option<Result<Range<usize>, Failure>> {
        Some(match self.inbox.next()? {
            Piece::Body(range) => Ok(range),
            Piece::Notice(notice) => Err(Failure::Notice(notice)),
            Piece::TooLarge(length) => Err(Failure::TooLarge(length)),
        })
    }

    /// Takes the body of the next answer, if that has one of so many bytes at most, which has arrived.
    #[inline]
    pub(crate) fn next_body(&mut self, longest: usize) -> Option<&[u8]> {
        let body = self.inbox.next_body(longest)?;
        Some(self.inbox.bytes(body))
    }

    /// Whether [`ClientSide::next`] has something to give.
    pub(crate) fn has_next(&self) -> bool {
        self.inbox.has_whole_piece()
    }

    /// The bytes of a body, until the next call that takes `&mut self`.
    #[inline]
    pub(crate) fn bytes(&self, body: Range<usize>) -> &[u8] {
        self.inbox.bytes(body)
    }

    /// Takes the next answer to the start of `answer`, if it has room for it; gives its length.
    #[inline]
    pub(crate) fn next_into(&mut self, answer: &mut [u8]) -> Option<Result<usize, Failure>> {
        Some(self.next()?.map(|body| {
            let body = self.inbox.bytes(body);
            if let Some(place) = answer.get_mut(..body.len()) {
                place.copy_from_slice(body);
            }
            body.len()
        }))
    }

    /// If part of an answer has arrived and `answer` has room for all of it, moves the part there; the caller reads the
    /// rest to where it belongs. If it gives up, it calls [`ClientSide::put_back`].
    #[inline]
    pub(crate) fn direct(&mut self, answer: &mut [u8]) -> Option<Direct> {
        let (length, arrived) = self.inbox.take_partial_body(answer.len())?;
        let received = arrived.len();
        let place = answer.get_mut(..received).expect(HAS_ROOM);
        place.copy_from_slice(self.inbox.bytes(arrived));
        Some(Direct { length, received })
    }

    /// Puts back what has arrived of a body, so that it can be taken later.
    pub(crate) fn put_back(&mut self, direct: &Direct, answer: &[u8]) -> Result<(), NoMemory> {
        let arrived = answer.get(..direct.received).expect(HAS_ROOM);
        self.inbox.put_back(direct.length, arrived)
    }
}
