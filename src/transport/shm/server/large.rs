//! Requests and answers that no line holds.

use super::{Buffer, COPIED, LARGE, SharedPeer, send_record, single};
use crate::protocol::frame::{self, PREFIX};
use crate::sys::AsSource;
use crate::transport::deferral::{Body, Manner};
use crate::transport::reactor::{TurnEnd, Work};
use crate::transport::shm::form::Form;
use crate::transport::shm::layout::{self, CROWDED, INLINE};
use crate::transport::{InPlace, Written};
use std::io::{self, ErrorKind};

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
        let mut written = self.answer_in_place(length, longest, work)?;
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
            Some(written) => self.publish_written(single(work), written, longest)?,
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
    ) -> io::Result<Option<Written>> {
        if !self.is_in_place || length <= INLINE {
            return Ok(None);
        }
        let Some(buffer) = &mut self.buffer else {
            return Ok(None);
        };
        let Some(place) = buffer.their_body(self.shared.slot.place(), length)? else {
            return Ok(None);
        };
        let room = buffer.room().and_then(|room| room.get_mut(..longest));
        Ok(room.and_then(|room| {
            let body = Body::InPlace(InPlace { place, length });
            work.serve_into(&mut self.manner, &self.visitor, body, room)
        }))
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
        let room = self.buffer.as_deref_mut().and_then(Buffer::room);
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

    /// Tells the client of what became of the room that it reads.
    fn publish_written(&mut self, kind: u16, written: Written, longest: usize) -> io::Result<()> {
        assert!(
            written.is_ok_and(|length| length as usize <= longest) || written.is_err(),
            "{KEPT_TO_ROOM}"
        );
        self.large_from = LARGE;
        match written {
            Ok(length) if length as usize > INLINE => {
                self.large_from = 0; // The next answer may be large, too.
                let reference = self.refer_to(length as usize, kind & CROWDED != 0)?;
                self.tell(kind, &reference);
            }
            Ok(length) => self.publish_short(kind, length)?,
            Err(notice) => self.tell(kind, &notice.to_bytes()),
        }
        Ok(())
    }

    /// Publishes what was written into the room, but is short, in the line.
    fn publish_short(&mut self, kind: u16, length: u32) -> io::Result<()> {
        let mut line = [0; PREFIX + INLINE];
        let (prefix, inline) = line.split_at_mut(PREFIX);
        prefix.copy_from_slice(&frame::prefix(length));
        let room = self.buffer.as_deref_mut().and_then(Buffer::room);
        let written = room.and_then(|room| room.get(..length as usize));
        let written = written.ok_or(ErrorKind::InvalidData)?;
        inline
            .split_at_mut(written.len())
            .0
            .copy_from_slice(written);
        let (frame, _) = line.split_at(PREFIX + length as usize);
        self.tell(kind, frame);
        Ok(())
    }

    /// Publishes an answer that no line holds.
    #[inline(never)]
    pub(super) fn publish_large(&mut self, kind: u16, frame: &[u8]) -> io::Result<()> {
        let (_, body) = frame.split_at(PREFIX);
        self.put_into_buffer(0, body)?;
        let reference = self.refer_to(body.len(), kind & CROWDED != 0)?;
        self.large_from = 0; // The next answer may be large, too.
        self.tell(kind, &reference);
        Ok(())
    }

    /// Puts bytes of an answer into the buffer, from this one of it on.
    pub(super) fn put_into_buffer(&mut self, at: usize, bytes: &[u8]) -> io::Result<()> {
        let form = self.shared.slot.form();
        self.buffer(form)?.put(at, bytes)
    }

    /// What the line says of the answer in the buffer, which is so long. The next one goes elsewhere.
    pub(super) fn refer_to(&mut self, length: usize, is_crowded: bool) -> io::Result<[u8; 8]> {
        let reference = self.reference(length)?;
        if let Some(buffer) = &mut self.buffer {
            buffer.move_on(length, is_crowded);
        }
        Ok(reference)
    }

    /// What the line says of what was put into the buffer, which is so long.
    pub(super) fn reference(&self, length: usize) -> io::Result<[u8; 8]> {
        let buffer = self.buffer.as_ref().ok_or(ErrorKind::InvalidData)?;
        let prefix = u32::try_from(length).map_err(|_| ErrorKind::InvalidData)?;
        Ok(buffer.reference(prefix))
    }

    /// The buffer, made and handed over when it is first needed.
    pub(super) fn buffer(&mut self, form: Form) -> io::Result<&Buffer> {
        if self.buffer.is_none() {
            self.buffer = Some(Box::new(self.make_buffer(form)?));
        }
        Ok(self.buffer.as_deref().ok_or(ErrorKind::InvalidData)?)
    }

    fn make_buffer(&self, form: Form) -> io::Result<Buffer> {
        let half = layout::half_of_buffer(self.max_message);
        let (buffer, record, handles) = Buffer::create(half, form)?;
        let handles: Vec<_> = handles.iter().map(AsSource::as_source).collect();
        send_record(self.control.as_source(), record, &handles)?;
        Ok(buffer)
    }
}
