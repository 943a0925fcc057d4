//! Requests and answers that no line holds.

use super::{Buffer, COPIED, LARGE, SharedPeer, single};
use crate::protocol::frame::{self, PREFIX};
use crate::sys::cpu;
use crate::transport::deferral::{Body, Manner};
use crate::transport::reactor::{TurnEnd, Work};
use crate::transport::shm::layout::INLINE;
use crate::transport::{InPlace, Written};
use std::io;

/// Otherwise a bug is at hand, which is not to become a wrong answer.
const KEPT_TO_ROOM: &str = "an answer is no longer than the room that it was given";

impl<M: Manner> SharedPeer<M> {
    /// Answers a request of so many bytes, right where the client reads it if nobody else can write there.
    #[inline(never)]
    pub(super) fn answer_large(
        &mut self,
        length: usize,
        work: &mut Work<'_>,
    ) -> io::Result<TurnEnd> {
        let longest = work.answer.longest_answer(self.max_message) as usize;
        let mut written = self.answer_in_place(length, longest, work);
        if written.is_none() {
            written = self.answer_copied(length, longest, work)?;
            self.leave_copy(&mut work.spare);
        }
        work.count(1, length);
        work.note_length(length);
        if self.manner.is_parked() {
            return Ok(TurnEnd::Parked { answered: true });
        }
        match written {
            Some(written) => self.publish_written(single(work), written, longest),
            None => self.publish(single(work), work.out.frames())?,
        }
        Ok(TurnEnd::Idle { answered: true })
    }

    /// Has a request answered where it lies, if clients may change what handlers read.
    fn answer_in_place(
        &mut self,
        length: usize,
        longest: usize,
        work: &mut Work<'_>,
    ) -> Option<Written> {
        if !self.is_in_place || length <= INLINE {
            return None;
        }
        let buffer = self.buffer.as_mut()?;
        let place = buffer.request_place();
        let room = buffer.answer_room()?.get_mut(..longest)?;
        let body = Body::InPlace(InPlace { place, length });
        work.serve_into(&mut self.manner, &self.visitor, body, room)
    }

    /// Has a copy of a request answered: right where the client reads it, or, with `None`, by way of the outbox.
    fn answer_copied(
        &mut self,
        length: usize,
        longest: usize,
        work: &mut Work<'_>,
    ) -> io::Result<Option<Written>> {
        let data;
        let body = if length <= INLINE {
            data = self.shared.slot.data(length);
            data.body(length)
        } else {
            self.copy_out(length, PREFIX, &mut work.spare)?;
            self.copy.get(self.copied.clone()).expect(COPIED)
        };
        let room = self.buffer.as_mut().and_then(Buffer::answer_room);
        let written = room
            .and_then(|room| room.get_mut(..longest))
            .and_then(|room| {
                work.serve_into(&mut self.manner, &self.visitor, Body::Copied(body), room)
            });
        if written.is_none() {
            work.serve(&mut self.manner, &self.visitor, body);
        }
        Ok(written)
    }

    /// Tells the client of what became of the room that it reads. A short answer goes in the line.
    fn publish_written(&mut self, kind: u16, written: Written, longest: usize) {
        let mut line = [0; PREFIX + INLINE];
        let (prefix, inline) = line.split_at_mut(PREFIX);
        let length = match written {
            Ok(length) => {
                assert!(length as usize <= longest, "{KEPT_TO_ROOM}");
                prefix.copy_from_slice(&frame::prefix(length));
                length as usize
            }
            Err(notice) => {
                prefix.copy_from_slice(&notice.to_bytes());
                0
            }
        };
        let room = self.buffer.as_mut().and_then(Buffer::answer_room);
        let inlined = match (inline.get_mut(..length), room) {
            (Some(place), Some(room)) => {
                self.large_from = LARGE;
                place.copy_from_slice(room.split_at(length).0);
                length
            }
            _ => {
                self.large_from = 0;
                0
            }
        };
        let (data, _) = line.split_at(PREFIX + inlined);
        let slot = &mut self.shared.slot;
        if slot.answer(kind, data, cpu::current()) {
            self.ring();
        }
    }
}
