//! Many requests in one publication, answered over as many turns as they need.

use super::super::layout;
use super::{COPIED, SharedPeer};
use crate::protocol::frame::{self, PREFIX};
use crate::transport::conversation::spare::Spare;
use crate::transport::deferral::Manner;
use crate::transport::reactor::{Quantum, TurnEnd, Work};
use std::io::{self, ErrorKind};

/// How far a batch is answered.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Batch {
    /// Where the next request begins.
    at: usize,
    /// The bytes of the answers so far, which lie in the client's buffer already.
    answered: usize,
}

impl<M: Manner> SharedPeer<M> {
    /// Copies a batch of this many bytes out of the buffer.
    pub(super) fn begin_batch(&mut self, length: u32, spare: &mut Spare) -> io::Result<Batch> {
        if length as usize > layout::half_of_buffer(self.max_message) {
            return Err(ErrorKind::InvalidData.into());
        }
        self.copy_out(length as usize, 0, spare)?;
        Ok(Batch::default())
    }

    /// Answers requests until there are no more or the turn is over. The client sees no answer before
    /// all are there; a batch whose answers do not fit into its half of the buffer ends the connection.
    pub(super) fn go_on_with_batch(
        &mut self,
        mut batch: Batch,
        work: &mut Work<'_>,
    ) -> io::Result<TurnEnd> {
        let mut quantum = Quantum::new();
        while batch.at < self.copied.end {
            let rest = self.copy.get(batch.at..self.copied.end).expect(COPIED);
            if quantum.ends_before_next(work) {
                self.put_answers(&mut batch, work)?;
                self.batch = Some(batch);
                work.count(quantum.answered(), quantum.bytes());
                return Ok(TurnEnd::Unfinished);
            }
            let body =
                frame::first_body(rest).filter(|body| body.len() <= self.max_message as usize);
            let body = body.ok_or(ErrorKind::InvalidData)?;
            let mut body = batch.at + PREFIX..batch.at + PREFIX + body.len();
            quantum.count_bytes(body.len());
            batch.at = body.end;
            if work.aligns {
                body = self.copy.align(body);
            }
            let body = self.copy.get(body).expect(COPIED);
            work.serve(&mut self.manner, &self.visitor, body);
            if self.manner.is_parked() {
                self.put_answers(&mut batch, work)?;
                self.batch = Some(batch);
                work.count(quantum.answered(), quantum.bytes());
                return Ok(TurnEnd::Parked { answered: true });
            }
            if work.out.is_full() {
                self.put_answers(&mut batch, work)?;
            }
        }
        self.put_answers(&mut batch, work)?;
        work.note_length(self.copied.len());
        self.leave_copy(&mut work.spare);
        work.count(quantum.answered(), quantum.bytes());
        let reference = self.reference(batch.answered)?;
        self.tell(layout::BATCH, &reference);
        Ok(TurnEnd::Idle { answered: true })
    }

    fn put_answers(&mut self, batch: &mut Batch, work: &mut Work<'_>) -> io::Result<()> {
        self.put_into_buffer(batch.answered, work.out.frames())?;
        batch.answered += work.out.len();
        work.out.clear();
        Ok(())
    }
}
