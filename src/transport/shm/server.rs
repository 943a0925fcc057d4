//! The server's side of shared memory.

use super::buffer::Buffer;
use super::form::Form;
use super::layout::{self, CROWDED, INLINE, PAGE, RECORD, RING, Record};
use super::slot::{Seen, ServerSlot};
use crate::protocol::frame::PREFIX;
use crate::sys::doorbell::{self, Doorbell};
use crate::sys::memory::{self, Access, Mapping};
use crate::sys::ready::Want;
use crate::sys::room::Room;
use crate::sys::{AsSource, Handle, LineAlarm, Source, cpu, is_shortage, socket};
use crate::transport::conversation::spare::{KEPT_ROOM, Spare};
use crate::transport::deferral::{Manner, Parking, Prompt};
use crate::transport::reactor::{Happened, Peer, TurnEnd, Work};
use crate::transport::{Cause, Visitor};
use batch::Batch;
use std::io::{self, ErrorKind};
use std::mem;
use std::ops::Range;

mod batch;
mod endpoint;
mod following;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod large;
#[cfg(test)]
mod tests;

pub(super) use endpoint::bind;

/// The place of a client's control socket among its watches.
const CONTROL: usize = 0;

/// How often a control socket is read at once.
const READS_AT_ONCE: u32 = 64;

/// Otherwise a bug is at hand, which is not to become a wrong request.
const COPIED: &str = "what is served was copied out";

/// What a client shares with the server.
struct Shared {
    slot: ServerSlot<Mapping, LineAlarm>,
    bell: Doorbell,
}

impl Shared {
    fn hand_over(
        control: Source<'_>,
        header: Source<'_>,
        offset: u32,
        max_message: u32,
    ) -> io::Result<Self> {
        let (page_handle, page) = memory::create(PAGE, Access::Write)?;
        let (bell, alarm) = Doorbell::new()?;
        let welcome = Record::Welcome {
            offset,
            max_message,
        };
        let handles = [header, page_handle.as_source(), bell.for_client()];
        send_record(control, welcome, &handles)?;
        Ok(Self {
            slot: ServerSlot::new(page, layout::line_at(offset), alarm),
            bell,
        })
    }
}

fn send_record(control: Source<'_>, record: Record, handles: &[Source<'_>]) -> io::Result<()> {
    match socket::send_with_handles(control, &record.to_bytes(), handles)? {
        RECORD => Ok(()),
        _ => Err(ErrorKind::WriteZero.into()),
    }
}

/// A client, as the server knows it. Nothing that the client can write is ever trusted.
struct SharedPeer<M = Prompt> {
    control: Handle,
    visitor: Visitor,
    shared: Shared,
    /// For bodies that no line holds, once the client or an answer needed it.
    buffer: Option<Box<Buffer>>,
    /// The client has asked for it.
    has_asked: bool,
    /// Where it last asked from.
    cpu: u16,
    max_message: u32,
    /// What was copied out of the buffer: this part of the room. Large room is left to others once the request is answered.
    copy: Room,
    copied: Range<usize>,
    /// What was copied ahead is the request that is being answered, if its client published it as it was announced.
    is_ahead: bool,
    /// Long requests are copied while they are put in.
    follows: bool,
    /// The batch in `copy` that is being answered.
    batch: Option<Batch>,
    /// A request of so many bytes is large, or its answer may be.
    large_from: usize,
    /// Handlers that can read a request where the client may change it do so.
    is_in_place: bool,
    manner: M,
}

/// The length of requests from which on no line holds one.
const LARGE: usize = INLINE + 1;

impl SharedPeer {
    fn new(control: Handle, shared: Shared, visitor: Visitor, max_message: u32) -> Self {
        Self {
            control,
            visitor,
            shared,
            buffer: None,
            has_asked: false,
            cpu: cpu::UNKNOWN,
            max_message,
            copy: Room::empty(),
            copied: 0..0,
            is_ahead: false,
            follows: false,
            batch: None,
            large_from: LARGE,
            is_in_place: false,
            manner: Prompt,
        }
    }
}

impl<M: Manner> SharedPeer<M> {
    /// The same client, whose requests are read where they lie if that `is_so`.
    fn read_in_place(self, is_so: bool) -> Self {
        Self {
            is_in_place: is_so,
            ..self
        }
    }

    /// The same client, whose long requests are copied while they are put in, if that `is_so`.
    fn following(self, is_so: bool) -> Self {
        Self {
            follows: is_so,
            ..self
        }
    }

    /// The same client, answered in this manner.
    fn with_manner<N>(self, manner: N) -> SharedPeer<N> {
        SharedPeer {
            control: self.control,
            visitor: self.visitor,
            shared: self.shared,
            buffer: self.buffer,
            has_asked: self.has_asked,
            cpu: self.cpu,
            max_message: self.max_message,
            copy: self.copy,
            copied: self.copied,
            is_ahead: self.is_ahead,
            follows: self.follows,
            batch: self.batch,
            large_from: self.large_from,
            is_in_place: self.is_in_place,
            manner,
        }
    }

    /// Answers the request that was just seen, or as much of a batch as its turn has time for.
    #[inline(always)]
    fn answer(&mut self, work: &mut Work<'_>) -> io::Result<TurnEnd> {
        let slot = &self.shared.slot;
        self.cpu = slot.cpu();
        let prefix = slot.prefix();
        if slot.kind() == layout::BATCH {
            let batch = self.begin_batch(prefix, &mut work.spare)?;
            return self.go_on_with_batch(batch, work);
        }
        let is_too_large = prefix > self.max_message;
        let length = prefix as usize;
        if is_too_large {
            work.refuse();
        } else if length < self.large_from {
            let data = slot.data(length);
            work.serve(&mut self.manner, &self.visitor, data.body(length));
        } else {
            return self.answer_large(length, work);
        }
        work.count(1, length);
        if self.manner.is_parked() {
            return Ok(TurnEnd::Parked { answered: true });
        }
        self.publish(single(work), work.out.frames())?;
        Ok(if is_too_large {
            TurnEnd::Dropped(Cause::TooLarge) // It was the client's last.
        } else {
            TurnEnd::Idle { answered: true }
        })
    }

    /// Gives the answer for which the client was parked, if it has come, and goes on with its batch.
    #[cold]
    fn resume(&mut self, work: &mut Work<'_>) -> io::Result<TurnEnd> {
        if !work.resume(&mut self.manner, &self.visitor) {
            return Ok(TurnEnd::Parked { answered: false });
        }
        if let Some(batch) = self.batch.take() {
            return self.go_on_with_batch(batch, work);
        }
        self.publish(single(work), work.out.frames())?;
        Ok(TurnEnd::Idle { answered: true })
    }

    /// Copies what the client put into the buffer to this place of the room. One that never asked for it has put
    /// nothing into it.
    fn copy_out(&mut self, length: usize, place: usize, spare: &mut Spare) -> io::Result<()> {
        let place = place..place + length;
        if mem::take(&mut self.is_ahead) && self.copied == place {
            return Ok(());
        }
        self.make_room(place, spare)?;
        let buffer = self.buffer.as_mut().ok_or(ErrorKind::InvalidData)?;
        let copy = self.copy.get_mut(self.copied.clone()).expect(COPIED);
        buffer.take(self.shared.slot.place(), copy)
    }

    /// Makes room for a copy at this place.
    fn make_room(&mut self, place: Range<usize>, spare: &mut Spare) -> io::Result<()> {
        self.copied = place;
        let least = self.copied.end;
        if least > self.copy.len() {
            self.copy = Room::empty(); // Given back before.
            self.copy = spare.take(least)?;
        }
        Ok(())
    }

    /// Leaves the room of a copy that nobody needs any more to the next client with a long request, if it is large.
    fn leave_copy(&mut self, spare: &mut Spare) {
        if self.copy.len() > KEPT_ROOM {
            spare.put(mem::take(&mut self.copy));
        }
    }

    /// Puts the answer, one frame, where the client looks for it, and wakes the client if it sleeps.
    #[inline(always)]
    fn publish(&mut self, kind: u16, frame: &[u8]) -> io::Result<()> {
        if frame.len() > PREFIX + INLINE {
            return self.publish_large(kind, frame);
        }
        self.tell(kind, frame);
        Ok(())
    }

    /// Puts what its line says of an answer where the client looks for it, and wakes the client if it sleeps.
    #[inline(always)]
    fn tell(&mut self, kind: u16, data: &[u8]) {
        if self.shared.slot.answer(kind, data, cpu::current()) {
            self.ring();
        }
    }

    /// Wakes the client, which watches its socket. That never waits; where its buffer is full, which only a client that
    /// does not read brings about, nothing is sent.
    #[cold]
    fn ring(&self) {
        let _ = socket::send_now(self.control.as_source(), &[RING]);
    }

    /// Reads what the client says over the socket; an error when it has gone, or says anything but
    /// once that it wants its buffer, and, where that is how it rings, that the server is to look.
    fn listen(&mut self) -> io::Result<()> {
        let mut said = [0; 256];
        for _ in 0..READS_AT_ONCE {
            match socket::recv_now(self.control.as_source(), &mut said) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    let said = said.iter().take(count);
                    said.copied().try_for_each(|word| self.hear(word))?;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Err(ErrorKind::InvalidData.into()) // No client that waits for answers rings so often.
    }

    fn hear(&mut self, word: u8) -> io::Result<()> {
        match word {
            ring if Some(ring) == doorbell::BYTE => Ok(()),
            _ if self.has_asked => Err(ErrorKind::InvalidData.into()),
            wish => {
                let form = Form::from_wish(wish).ok_or(ErrorKind::InvalidData)?;
                self.has_asked = true;
                self.buffer(form).map(|_| ())
            }
        }
    }
}

/// The kind of an answer to one request.
#[inline]
fn single(work: &Work<'_>) -> u16 {
    match work.is_crowded {
        true => layout::SINGLE | CROWDED,
        false => layout::SINGLE,
    }
}

/// How a connection ends that failed so.
#[cold]
fn over(error: &io::Error) -> TurnEnd {
    match error.kind() {
        ErrorKind::InvalidData => TurnEnd::Dropped(Cause::Malformed),
        ErrorKind::OutOfMemory => TurnEnd::Dropped(Cause::Shortage),
        _ if is_shortage(error) => TurnEnd::Dropped(Cause::Shortage),
        _ => TurnEnd::Gone,
    }
}

impl<M: Manner + 'static> Peer for SharedPeer<M> {
    fn visitor(&self) -> &Visitor {
        &self.visitor
    }

    fn watches(&self, _is_blocked: bool) -> [Option<(Source<'_>, Want)>; 2] {
        let edge = Want::READ | Want::EDGE;
        [
            Some((self.control.as_source(), edge | Want::END)),
            self.shared.bell.source().map(|bell| (bell, edge)),
        ]
    }

    #[inline]
    fn turn(&mut self, happened: Happened, work: &mut Work<'_>) -> TurnEnd {
        if !happened.at(CONTROL).is_empty()
            && let Err(error) = self.listen()
        {
            return over(&error);
        }
        let end = if self.manner.is_parked() {
            self.resume(work)
        } else if let Some(batch) = self.batch.take() {
            self.go_on_with_batch(batch, work)
        } else {
            match self.shared.slot.look() {
                Seen::Nothing => return TurnEnd::Idle { answered: false },
                Seen::Nonsense => return TurnEnd::Dropped(Cause::Malformed),
                Seen::Filling => self.follow(work),
                Seen::Request => self.answer(work),
            }
        };
        work.out.clear();
        end.unwrap_or_else(|error| over(&error))
    }

    #[inline]
    fn asks(&self) -> bool {
        match self.manner.is_parked() {
            true => !self.manner.awaits_answer(),
            false => self.batch.is_some() || self.shared.slot.is_asking(),
        }
    }

    fn deferring(self: Box<Self>, parking: Parking) -> Box<dyn Peer> {
        Box::new(self.with_manner(parking))
    }

    fn farewell(&mut self) {
        self.shared.slot.close();
    }

    fn cpu(&self) -> Option<u16> {
        Some(self.cpu)
    }
}
