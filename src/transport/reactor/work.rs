//! What a thread serves its peers with, and how much it has done.

use crate::sys::Bell;
use crate::transport::conversation::outbox::Outbox;
use crate::transport::conversation::spare::Spare;
use crate::transport::deferral::{Body, Manner, Service};
use crate::transport::{Answer, Tally, Visitor, Written};
use std::io;
use std::mem;
use std::sync::Arc;

/// What a thread serves its peers with.
pub(crate) struct Work<'a> {
    /// What answers.
    pub(crate) answer: &'a dyn Answer,
    /// Whether it has to be given aligned bodies ([`Answer::takes_aligned`]).
    pub(crate) aligns: bool,
    /// Where answers are put together; empty between two peers.
    pub(crate) out: Outbox,
    /// Room for large requests and for large answers that nobody uses now.
    pub(crate) spare: Spare,
    /// Rings when serving has to stop, also amid the requests of one peer.
    pub(crate) stop: &'a Bell,
    /// What this thread has answered.
    pub(crate) tally: Arc<Tally>,
    /// What was done in this turn: requests, and each 256 bytes of them.
    pub(crate) done: u32,
    /// The longest request since a spin asked for it last, in bytes: its client has as much to copy before it asks again.
    longest: usize,
    /// More clients ask at a time than there are processors for them.
    pub(crate) is_crowded: bool,
}

/// What a thread keeps that goes on later.
pub(super) struct Tools {
    out: Outbox,
    spare: Spare,
    tally: Arc<Tally>,
}

impl Tools {
    pub(super) fn new(
        answer: &dyn Answer,
        max_message: u32,
        tally: Arc<Tally>,
    ) -> io::Result<Self> {
        let longest = answer.longest_answer(max_message);
        let out = Outbox::new(longest, answer.takes_aligned()).map_err(|lack| {
            let what = format!("room for answers of {max_message} bytes (max_message): {lack}");
            io::Error::new(io::ErrorKind::OutOfMemory, what)
        })?;
        Ok(Self {
            out,
            spare: Spare::default(),
            tally,
        })
    }
}

impl<'a> Work<'a> {
    pub(crate) fn new(
        answer: &'a dyn Answer,
        stop: &'a Bell,
        max_message: u32,
        tally: Arc<Tally>,
    ) -> io::Result<Self> {
        let tools = Tools::new(answer, max_message, tally)?;
        Ok(Self::with(tools, answer, stop))
    }

    /// With these tools.
    pub(super) fn with(tools: Tools, answer: &'a dyn Answer, stop: &'a Bell) -> Self {
        let Tools { out, spare, tally } = tools;
        Self {
            answer,
            aligns: answer.takes_aligned(),
            out,
            spare,
            stop,
            tally,
            done: 0,
            longest: 0,
            is_crowded: false,
        }
    }

    /// The tools that it was done with.
    pub(super) fn into_tools(self) -> Tools {
        Tools {
            out: self.out,
            spare: self.spare,
            tally: self.tally,
        }
    }

    /// Whether long room was in use since that was asked last.
    #[inline]
    pub(crate) fn used_long_room(&mut self) -> bool {
        self.out.was_used() | self.spare.was_used()
    }

    /// Gives long room back.
    pub(crate) fn trim(&mut self) {
        self.out.trim();
        self.spare.trim();
    }

    /// Has the request with this body, which is `from` this client, answered in this manner.
    #[inline(always)]
    pub(crate) fn serve(&mut self, manner: &mut impl Manner, from: &Visitor, body: &[u8]) {
        let (answer, tally) = (self.answer, &*self.tally);
        let service = Service {
            from,
            answer,
            tally,
        };
        manner.answer(&service, body, &mut self.out);
    }

    /// The same, into room of the transport's; what became of the room, or `None`, and nothing was asked, since it has to go
    /// by way of `serve`.
    pub(crate) fn serve_into(
        &mut self,
        manner: &mut impl Manner,
        from: &Visitor,
        body: Body<'_>,
        room: &mut [u8],
    ) -> Option<Written> {
        let (answer, tally) = (self.answer, &*self.tally);
        let service = Service {
            from,
            answer,
            tally,
        };
        manner.answer_into(&service, body, room)
    }

    /// Appends the answer for which this client was parked, if it has come; whether that was so.
    pub(crate) fn resume(&mut self, manner: &mut impl Manner, from: &Visitor) -> bool {
        let (answer, tally) = (self.answer, &*self.tally);
        let service = Service {
            from,
            answer,
            tally,
        };
        manner.resume(&service, &mut self.out)
    }

    /// Answers a message over the limit.
    pub(crate) fn refuse(&mut self) {
        self.out.append(|room| self.answer.too_large(room));
    }

    /// What was answered was so many bytes long at once.
    pub(crate) fn note_length(&mut self, bytes: usize) {
        self.longest = self.longest.max(bytes);
    }

    /// How long the longest request was since that was asked last.
    #[inline]
    pub(super) fn take_longest(&mut self) -> usize {
        mem::take(&mut self.longest)
    }

    /// So many requests of so many bytes were answered.
    #[inline]
    pub(crate) fn count(&mut self, requests: u32, bytes: usize) {
        let weight = u32::try_from(bytes / BYTES_A_REQUEST).unwrap_or(u32::MAX);
        self.done = self.done.saturating_add(requests).saturating_add(weight);
    }
}

/// Bytes of requests that are as much work as one more request.
const BYTES_A_REQUEST: usize = 256;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;
    use crate::transport::stand_in::Echo;

    #[test]
    fn work_is_requests_and_each_256_bytes_of_them() {
        let (echo, stop) = (Echo::default(), Bell::new().unwrap());
        let mut work = Work::new(&echo, &stop, 300, Arc::default()).unwrap();
        for (requests, bytes, done) in [
            (1, 0, 1),
            (2, 255, 3),
            (1, 256, 5),
            (0, 1023, 8),
            (u32::MAX, 0, u32::MAX),
            (1, 256, u32::MAX),
        ] {
            work.count(requests, bytes);
            assert_eq!(work.done, done, "{requests} requests of {bytes} bytes");
        }
    }
    #[test]
    fn the_longest_request_is_told_once() {
        let (echo, stop) = (Echo::default(), Bell::new().unwrap());
        let mut work = Work::new(&echo, &stop, 300, Arc::default()).unwrap();
        for lengths in [&[][..], &[7, 300, 20], &[5]] {
            lengths.iter().for_each(|bytes| work.note_length(*bytes));
            assert_eq!(
                work.take_longest(),
                lengths.iter().copied().max().unwrap_or(0)
            );
        }
        assert_eq!(work.take_longest(), 0);
    }
}
