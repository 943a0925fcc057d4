//! The client's side of shared memory.

use super::layout::{self, Data, INLINE};
use super::pending::{Arrived, Pending};
use crate::error::{Error, Result, Status};
use crate::protocol::frame::{self, Notice, PREFIX};
use crate::sys::loan_room::LoanRoom;
use crate::sys::place::Place;
use crate::sys::ready::Want;
use crate::sys::room::Room;
use crate::sys::wait::Spin;
use crate::sys::{AsSource, Handle, poll};
use crate::transport::channel::{noticed, refused_length, too_large};
use crate::transport::{
    Armed, Channel, ClientOptions, Deadline, Exchanged, InPlace, Lifeline, ServerUser, Take,
    Watches, counted, prefix_length,
};
use std::io::{self, ErrorKind};
use std::mem;
use std::ops::Range;
use std::time::{Duration, Instant};

mod session;
#[cfg(test)]
mod tests;
mod waiting;

pub(super) use session::Session;

/// Otherwise a bug is at hand, which is not to become a wrong answer.
const HAS_ROOM: &str = "room was made for the answer";

/// A connection, which the server may not have looked at yet.
pub(super) struct SharedChannel {
    control: Handle,
    pub(super) session: Option<Session>,
    spin: Spin,
    /// How often it gave way since it slept.
    yields: u32,
    /// When it last ceased to wait for an answer among more clients than there are processors.
    waited: Option<Instant>,
    /// It is known whose the server is, so that it is trusted with what it has answered.
    reads_in_place: bool,
    /// The server, for people.
    pub(super) peer: String,
    /// The longest answer taken.
    pub(super) max_message: u32,
    /// The length of the last request that was given as a body, for people.
    pub(super) asked: usize,
    /// The last answer, copied out of its line.
    pub(super) line: Data,
    /// The last one from the buffer, or those to a batch, at the start of the room.
    pub(super) answer: Room,
    /// What is answered next to calls that nobody waits for.
    pub(super) pending: Pending,
    pub(super) arrived: Arrived,
}

/// A channel to the server `peer`, to which `control` is connected. The server shares its memory when it next looks, and
/// the first call waits for that.
pub(super) fn connect(control: Handle, peer: String, options: &ClientOptions) -> Box<dyn Channel> {
    Box::new(SharedChannel {
        control,
        session: None,
        spin: Spin::of_memory(options.spin),
        yields: 0,
        waited: None,
        reads_in_place: options.server_user == ServerUser::Own,
        peer,
        max_message: options.max_message,
        asked: 0,
        line: Data::EMPTY,
        answer: Room::empty(),
        pending: Pending::None,
        arrived: Arrived::default(),
    })
}

impl Channel for SharedChannel {
    fn peer(&self) -> &str {
        &self.peer
    }

    #[inline]
    fn send(&mut self, frame: &[u8], deadline: &Deadline) -> Result<()> {
        self.begin(deadline)?;
        match frame.get(PREFIX..) {
            Some(body) if body.len() > INLINE => self.send_body(body, deadline),
            _ => {
                self.session()?.publish(layout::SINGLE, frame);
                Ok(())
            }
        }
    }

    fn send_body(&mut self, body: &[u8], deadline: &Deadline) -> Result<()> {
        self.begin(deadline)?;
        self.asked = body.len();
        let length = prefix_length(body)?;
        let mut line = [0; PREFIX + INLINE];
        let (prefix, room) = line.split_at_mut(PREFIX);
        prefix.copy_from_slice(&frame::prefix(length));
        if let Some(room) = room.get_mut(..body.len()) {
            room.copy_from_slice(body);
            let (frame, _) = line.split_at(PREFIX + body.len());
            self.session()?.publish(layout::SINGLE, frame);
        } else if length > self.session()?.max_message {
            // The server refuses the request by its prefix.
            self.session()?.publish(layout::SINGLE, prefix);
        } else {
            let reference = self.put_into_buffer(layout::SINGLE, body, deadline)?;
            self.session()?.publish(layout::SINGLE, &reference);
        }
        Ok(())
    }

    #[inline]
    fn recv(&mut self, deadline: &Deadline) -> Result<&[u8]> {
        let length = self.await_body(deadline)?;
        if length > INLINE {
            return self.take_from_buffer(length, deadline);
        }
        self.line = layout::load(self.session()?.slot.reply(), length);
        Ok(self.line.body(length))
    }

    fn recv_into(&mut self, answer: &mut [u8], deadline: &Deadline) -> Result<usize> {
        let length = self.await_body(deadline)?;
        if let Some(place) = answer.get_mut(..length) {
            self.copy_answer(place, deadline)?;
        }
        Ok(length)
    }

    fn lend(&mut self, length: usize, deadline: &Deadline) -> Result<Option<Place>> {
        self.begin(deadline)?;
        if length <= INLINE || length > self.session()?.max_message as usize {
            return Ok(None);
        }
        self.want_buffer()?;
        let is_crowded = self.session()?.slot.is_crowded();
        Ok(Some(self.buffer(deadline)?.lend(is_crowded)))
    }

    fn send_lent(&mut self, length: usize, deadline: &Deadline) -> Result<()> {
        self.begin(deadline)?;
        if length > INLINE {
            self.asked = length;
            self.allow_for_copying(length);
            let buffer = self.buffer(deadline)?;
            let reference = buffer.reference_lent(counted(length)?);
            self.session()?.publish(layout::SINGLE, &reference);
            return Ok(());
        }
        let mut room = [0; INLINE];
        let (body, _) = room.split_at_mut(length);
        self.buffer(deadline)?.take_back(body);
        self.send_body(body, deadline)
    }

    fn answers_in_place(&self) -> bool {
        self.reads_in_place
    }

    fn recv_lent(&mut self, room: &mut LoanRoom, deadline: &Deadline) -> Result<InPlace> {
        let length = self.await_body(deadline)?;
        if length > INLINE
            && self.reads_in_place
            && let Some(place) = self.answer_in_buffer(length, deadline)?
        {
            return Ok(InPlace { place, length });
        }
        room.grow(length) // To a server of an earlier version, nothing was said of room.
            .map_err(|lack| self.failure("receive an answer", &lack.into()))?;
        let answer = room.get_mut(..length).expect(HAS_ROOM);
        self.copy_answer(answer, deadline)?;
        let place = room.place();
        Ok(InPlace { place, length })
    }

    fn exchange(
        &mut self,
        frames: &[u8],
        longest_answer: u32,
        timeout: Option<Duration>,
        take: &mut Take<'_>,
    ) -> Exchanged {
        let mut rest = frames;
        while !rest.is_empty() {
            let sent = match self.exchange_some(rest, longest_answer, timeout, take) {
                Ok(sent) => sent,
                Err(exchanged) => return exchanged,
            };
            (_, rest) = rest.split_at(sent);
        }
        Exchanged {
            owed: 0,
            result: Ok(()),
        }
    }

    fn begin_flight(&mut self, owed: u32) -> Result<()> {
        self.pending = Pending::owed(owed);
        Ok(())
    }

    fn send_now(&mut self, frames: &[u8], longest_answer: u32) -> Result<usize> {
        self.publish_now(frames, longest_answer)
    }

    fn recv_now(&mut self) -> Result<Option<&[u8]>> {
        self.take_now()
    }

    #[inline]
    fn take_arrived(&mut self, longest: usize) -> Option<&[u8]> {
        self.take_copied(longest)
    }

    fn has_arrived(&self) -> bool {
        self.is_answered_now()
    }

    fn watches(&self, _for_room: bool) -> Watches<'_> {
        Watches([Some((self.control.as_source(), Want::READ)), None, None])
    }

    fn lifeline(&self) -> Lifeline<'_> {
        Lifeline::Socket(self.control.as_source())
    }

    fn arm(&mut self) -> Armed {
        self.arm_now()
    }

    fn look(&mut self) -> Result<()> {
        self.listen_now()
    }
}

impl SharedChannel {
    #[inline]
    pub(super) fn session(&mut self) -> Result<&mut Session> {
        self.session
            .as_mut()
            .ok_or_else(|| Error::new(Status::Internal, "shared memory before any request"))
    }

    /// The socket ends with the server, however that comes.
    pub(super) fn has_died(&self) -> bool {
        // A hang-up and an error are always told; the end is asked for, and not what lies before it.
        poll::state(self.control.as_source(), Want::END).is_ok_and(|state| !state.is_empty())
    }

    /// Waits for the answer, and gives the length of its body.
    #[inline]
    fn await_body(&mut self, deadline: &Deadline) -> Result<usize> {
        self.await_answer(deadline)?;
        let session = self.session()?;
        let prefix = layout::load_prefix(session.slot.reply());
        let length = prefix as usize;
        if length <= INLINE {
            return Ok(length);
        }
        let half = layout::half_of_buffer(session.max_message);
        if let Some(Notice::TooLarge) = Notice::from_prefix(prefix) {
            let limit = Some(session.max_message);
            return Err(refused_length(&self.peer, self.asked, limit));
        }
        if let Some(notice) = Notice::from_prefix(prefix) {
            return Err(noticed(notice, &self.peer));
        }
        if prefix > self.max_message {
            return Err(too_large(&self.peer, length, self.max_message));
        }
        if length > half {
            return Err(self.nonsense());
        }
        Ok(length)
    }

    /// Copies the answer's body, which is as long as `answer`, out.
    #[inline]
    fn copy_answer(&mut self, answer: &mut [u8], deadline: &Deadline) -> Result<()> {
        let session = self.session()?;
        if answer.len() <= INLINE {
            let data = layout::load(session.slot.reply(), answer.len());
            answer.copy_from_slice(data.body(answer.len()));
            return Ok(());
        }
        self.copy_from_buffer(answer, deadline)
    }

    /// Copies what the server put into the buffer, so many bytes, to the start of the room for it.
    pub(super) fn take_from_buffer(&mut self, length: usize, deadline: &Deadline) -> Result<&[u8]> {
        let mut answer = mem::take(&mut self.answer);
        if length > answer.len() {
            drop(answer); // Given back before.
            answer = Room::new(length)
                .map_err(|lack| self.failure("receive an answer", &lack.into()))?;
        }
        let place = answer.get_mut(..length).expect(HAS_ROOM);
        let result = self.copy_from_buffer(place, deadline);
        self.answer = answer;
        result.map(|()| self.answer.get(..length).expect(HAS_ROOM))
    }

    /// A part of the answers to the last batch.
    pub(super) fn answers(&self, part: Range<usize>) -> &[u8] {
        self.answer.get(part).unwrap_or_default()
    }

    fn copy_from_buffer(&mut self, bytes: &mut [u8], deadline: &Deadline) -> Result<()> {
        let place = layout::load_place(self.session()?.slot.reply());
        let taken = self.buffer(deadline)?.take(place, bytes);
        taken.map_err(|error| self.out_of_reach(&error))
    }

    /// Where the answer, which is so long, lies in the buffer, if it can be read there.
    fn answer_in_buffer(&mut self, length: usize, deadline: &Deadline) -> Result<Option<Place>> {
        let place = layout::load_place(self.session()?.slot.reply());
        let body = self.buffer(deadline)?.their_body(place, length);
        body.map_err(|error| self.out_of_reach(&error))
    }

    /// What was put into the buffer cannot be read, or is said to lie outside.
    #[cold]
    fn out_of_reach(&self, error: &io::Error) -> Error {
        match error.kind() {
            ErrorKind::InvalidData => self.nonsense(),
            _ => self.failure("receive an answer", error),
        }
    }

    fn failure(&self, what: &str, cause: &io::Error) -> Error {
        Error::os(&format!("{}: {what}", self.peer), cause)
    }

    pub(super) fn ended(&self, status: Status, what: &str) -> Error {
        Error::new(status, format!("{}: {what}", self.peer))
    }

    pub(super) fn nonsense(&self) -> Error {
        let context = format!(
            "{}: the server does not speak this version's language",
            self.peer
        );
        Error::new(Status::Malformed, context)
    }
}
