//! Requests and answers that no line holds.

use super::{Buffer, COPIED, LARGE, SharedPeer};
use crate::protocol::frame::{self, PREFIX};
use crate::sys::cpu;
use crate::transport::Written;
use crate::transport::deferral::Manner;
use crate::transport::reactor::{TurnEnd, Work};
use crate::transport::shm::layout::{self, INLINE};
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
        let data;
        let body = if length <= INLINE {
            data = self.shared.slot.data(length);
            data.body(length)
        } else {
            self.copy_out(length, PREFIX)?;
            self.copy.get(self.copied.clone()).expect(COPIED)
        };
        let longest = work.answer.longest_answer(self.max_message) as usize;
        let room = self.buffer.as_mut().and_then(Buffer::answer_room);
        let written = room
            .and_then(|room| room.get_mut(..longest))
            .and_then(|room| work.serve_into(&mut self.manner, &self.visitor, body, room));
        if written.is_none() {
            work.serve(&mut self.manner, &self.visitor, body);
        }
        work.count(1, length);
        if self.manner.is_parked() {
            return Ok(TurnEnd::Parked { answered: true });
        }
        match written {
            Some(written) => self.publish_written(written, longest),
            None => self.publish(work.out.frames())?,
        }
        Ok(TurnEnd::Idle { answered: true })
    }

    /// Tells the client of what became of the room that it reads. A short answer goes in the line.
    fn publish_written(&mut self, written: Written, longest: usize) {
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
        if slot.answer(layout::SINGLE, data, cpu::current()) {
            self.ring();
        }
    }
}
