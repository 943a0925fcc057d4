//! What the server shares with a client, and the records by which it comes.

use super::SharedChannel;
use crate::error::{Error, Result, Status};
use crate::protocol::frame::Notice;
use crate::sys::doorbell::Ringer;
use crate::sys::memory::{self, Access, Mapping};
use crate::sys::socket::HANDLES_IN_BAND;
use crate::sys::{AsSource, Handle, LineAlarm, cpu, poll, socket};
use crate::transport::Deadline;
use crate::transport::channel::{noticed, too_late};
use crate::transport::shm::buffer::Buffer;
use crate::transport::shm::form::Form;
use crate::transport::shm::header::Header;
use crate::transport::shm::layout::{
    self, DEFERS, FOLLOWS, PAGE, PARTS, RECORD, RING, RINGS, ROTATES, Record, TELLS_LAST, WATCHING,
};
use crate::transport::shm::slot::ClientSlot;
use std::io::{self, ErrorKind};
use std::mem;

/// How often a socket is read for one record, most of which come with the first.
const READS_AT_ONCE: u32 = 64;

/// Requests of so many bytes are long, and are put into the buffer piece by piece.
const LONG: usize = 32 << 10;
const PIECE: usize = 16 << 10;

/// What the server shares with this client.
pub(in crate::transport::shm) struct Session {
    pub(super) header: Header<Mapping>,
    pub(in crate::transport::shm) slot: ClientSlot<Mapping, LineAlarm>,
    pub(super) bell: Ringer,
    pub(super) buffer: Option<Box<Buffer>>,
    /// The server was asked for it: once is enough, even if it did not come in time.
    pub(super) has_asked: bool,
    /// The server wakes clients over their sockets.
    pub(in crate::transport::shm) rings: bool,
    /// Its answers may come later.
    pub(in crate::transport::shm) defers: bool,
    /// It copies long requests out while they are put in.
    pub(in crate::transport::shm) follows: bool,
    /// What the next request says besides its kind.
    pub(in crate::transport::shm) manner: u16,
    /// The server's limit.
    pub(in crate::transport::shm) max_message: u32,
}

impl Session {
    /// Whether the server has handed the buffer over.
    pub(in crate::transport::shm) fn has_buffer(&self) -> bool {
        self.buffer.is_some()
    }

    /// What a request says besides its kind that nobody waits for.
    #[inline]
    pub(in crate::transport::shm) fn manner_of_flight(&self) -> u16 {
        match self.rings {
            true => WATCHING,
            false => 0,
        }
    }

    /// Whether the server may copy a request out meanwhile. One on this CPU, or that was when it answered last, would only be woken
    /// twice.
    fn may_be_followed(&self) -> bool {
        self.follows && !self.slot.shares_cpu()
    }

    /// Puts a request into the buffer, and gives what the line says of it.
    fn put(&mut self, kind: u16, bytes: &[u8], is_long: bool) -> io::Result<[u8; 8]> {
        let buffer = self.buffer.as_ref().ok_or(ErrorKind::NotFound)?;
        let length = u32::try_from(bytes.len()).map_err(|_| ErrorKind::InvalidInput)?;
        let reference = buffer.reference(length);
        match is_long && self.may_be_followed() {
            true => self.fill(buffer, kind, &reference, bytes)?,
            false => buffer.put(0, bytes)?,
        }
        // The answer to a batch does not say whether others wait, too, so that batches stay where they are.
        let is_crowded = self.slot.is_crowded();
        if kind != layout::BATCH
            && let Some(buffer) = &mut self.buffer
        {
            buffer.move_on(bytes.len(), is_crowded);
        }
        Ok(reference)
    }

    /// Puts a long request into the buffer piece by piece, and tells the server, which can copy them out meanwhile.
    fn fill(&self, buffer: &Buffer, kind: u16, reference: &[u8], bytes: &[u8]) -> io::Result<()> {
        let (slot, kind) = (&self.slot, kind | self.manner);
        if slot.announce(kind, reference, cpu::current(), &self.header) {
            self.bell.ring();
        }
        let mut filled = 0;
        for piece in bytes.chunks(PIECE) {
            buffer.put(filled, piece)?;
            filled += piece.len();
            slot.has_filled(filled);
        }
        Ok(())
    }

    /// Puts the request where the server looks for it, and rings if the server sleeps.
    #[inline]
    pub(in crate::transport::shm) fn publish(&mut self, kind: u16, bytes: &[u8]) {
        let (slot, kind) = (&mut self.slot, kind | self.manner);
        if slot.publish(kind, bytes, cpu::current(), &self.header) {
            self.bell.ring();
        }
    }
}

impl Drop for SharedChannel {
    /// Takes what the server handed over and nobody asked for, where that lies in this process already, and stays there until
    /// whoever learns of it closes it. Where the kernel has it, it is let go of with the socket, which a child may not touch.
    fn drop(&mut self) {
        if HANDLES_IN_BAND == 0 {
            return;
        }
        let is_on_its_way = self
            .session
            .as_ref()
            .is_none_or(|session| session.has_asked && session.buffer.is_none());
        if is_on_its_way {
            let _ = self.receive_now();
        }
    }
}

impl SharedChannel {
    /// Begins a call, for which nobody copies anything yet, and waits until the server has shared its memory.
    #[inline]
    pub(in crate::transport::shm) fn begin(&mut self, deadline: &Deadline) -> Result<()> {
        self.spin.allow_for(0);
        if self.session.is_none() {
            self.session = Some(self.meet(deadline)?);
        }
        Ok(())
    }

    fn meet(&self, deadline: &Deadline) -> Result<Session> {
        self.understand(self.receive(deadline)?)
    }

    /// What the server shares, of which it tells by its first record.
    pub(in crate::transport::shm) fn understand(
        &self,
        (record, handles): (Record, Vec<Handle>),
    ) -> Result<Session> {
        let broken =
            |error: io::Error| self.failure("what the server shares is not usable", &error);
        let (offset, max_message) = match record {
            Record::Welcome {
                offset,
                max_message,
            } => (offset, max_message),
            Record::Refused => {
                return Err(noticed(Notice::Refused, &self.peer));
            }
            Record::Buffer(_) => return Err(self.nonsense()),
        };
        let Ok([header, page, bell]) = <[Handle; 3]>::try_from(handles) else {
            return Err(self.without_handles());
        };
        let header = Mapping::from_peer(header.as_source(), PAGE, Access::Read).map_err(broken)?;
        let page = Mapping::from_peer(page.as_source(), PAGE, Access::Write).map_err(broken)?;
        let header = Header(header);
        let (bell, alarm) = Ringer::from_peer(bell, &self.control).map_err(broken)?;
        Ok(Session {
            rings: header.has_ability(RINGS),
            defers: header.has_ability(DEFERS),
            follows: header.has_ability(FOLLOWS),
            manner: best_form(|ability| header.has_ability(ability)).to_bits(),
            slot: ClientSlot::new(page, layout::line_at(offset), alarm)
                .telling_last(header.has_ability(TELLS_LAST)),
            header,
            bell,
            buffer: None,
            has_asked: false,
            max_message,
        })
    }

    /// Asks the server for the buffer, once; whether it is there already.
    pub(in crate::transport::shm) fn want_buffer(&mut self) -> Result<bool> {
        let session = self.session()?;
        if session.buffer.is_none() && !session.has_asked {
            let wish = Form::from_bits(session.manner).to_wish();
            socket::send_now(self.control.as_source(), &[wish])
                .map_err(|error| self.failure("asking for a buffer", &error))?;
            self.session()?.has_asked = true;
        }
        Ok(self.session()?.has_buffer())
    }

    /// Copies bytes that no line holds into the buffer, which the server makes when first asked. Gives what the line says of them.
    pub(in crate::transport::shm) fn put_into_buffer(
        &mut self,
        kind: u16,
        bytes: &[u8],
        deadline: &Deadline,
    ) -> Result<[u8; 8]> {
        self.want_buffer()?;
        self.buffer(deadline)?;
        self.allow_for_copying(bytes.len());
        let is_long = bytes.len() >= LONG && !self.spin.is_off();
        let put = self.session()?.put(kind, bytes, is_long);
        put.map_err(|error| self.failure("putting a request into the buffer", &error))
    }

    /// The answer may take as much longer as the server copies so many bytes out. One that follows no request reads them in place, so
    /// that nobody knows how long its handler takes, or never spins, so that it has to be woken first.
    pub(in crate::transport::shm) fn allow_for_copying(&mut self, bytes: usize) {
        if self.session.as_ref().is_some_and(|session| session.follows) {
            self.spin.allow_for(bytes);
        }
    }

    /// The buffer, for which the first call waits.
    pub(super) fn buffer(&mut self, deadline: &Deadline) -> Result<&mut Buffer> {
        if !self.session()?.has_buffer() {
            let buffer = self.map_buffer(deadline)?;
            self.session()?.buffer = Some(buffer);
        }
        self.session()?.buffer.as_deref_mut().ok_or_else(no_buffer)
    }

    /// Waits for the buffer that the server hands over.
    fn map_buffer(&mut self, deadline: &Deadline) -> Result<Box<Buffer>> {
        let received = self.receive(deadline)?;
        self.map(received)
    }

    /// Takes the buffer that a record hands over.
    pub(in crate::transport::shm) fn take_buffer(
        &mut self,
        received: (Record, Vec<Handle>),
    ) -> Result<()> {
        let buffer = self.map(received)?;
        self.session()?.buffer = Some(buffer);
        Ok(())
    }

    fn map(&mut self, (record, handles): (Record, Vec<Handle>)) -> Result<Box<Buffer>> {
        let half = layout::half_of_buffer(self.session()?.max_message);
        let Record::Buffer(form) = record else {
            return Err(self.nonsense());
        };
        match Buffer::from_peer(half, form, &handles) {
            Some(buffer) => buffer
                .map(Box::new)
                .map_err(|error| self.failure("the buffer is not usable", &error)),
            None if handles.len() < form.memories() => Err(self.without_handles()),
            None => Err(self.nonsense()),
        }
    }

    /// The failure to receive what came with a record: the kernel drops handles beyond this process's limit (unix(7)).
    #[cold]
    fn without_handles(&self) -> Error {
        let context = format!(
            "{}: its descriptors did not arrive; this process may have too many open (ulimit -n)",
            self.peer
        );
        Error::new(Status::System, context)
    }

    /// Takes a record of the server's, if one is there.
    pub(in crate::transport::shm) fn receive_now(&self) -> Result<Option<(Record, Vec<Handle>)>> {
        let (mut bytes, mut length) = ([0; RECORD], 0);
        let mut handles = Vec::new();
        for _ in 0..READS_AT_ONCE {
            let room = bytes.get_mut(length..).unwrap_or_default();
            let capacity = room.len();
            let (count, came) = match socket::recv_with_handles(self.control.as_source(), room) {
                Ok((0, _)) => {
                    return Err(self.ended(Status::Closed, "the server closed the connection"));
                }
                Ok(received) => received,
                Err(error) if is_passing(&error) && length == 0 => return Ok(None),
                Err(error) if is_passing(&error) => return Err(self.nonsense()), // Records come whole.
                Err(error) => return Err(self.failure("waiting for the server", &error)),
            };
            // They may come with the first bytes of a record, behind rings (unix(7)).
            handles.extend(came);
            length += count;
            let begun = bytes.get(..length).unwrap_or_default();
            let rings = begun.iter().take_while(|byte| **byte == RING).count();
            bytes.copy_within(rings..length, 0);
            length -= rings;
            if length == RECORD {
                let record = Record::from_bytes(&bytes).ok_or_else(|| self.nonsense())?;
                handles.extend(socket::handles_in_band(&bytes));
                return Ok(Some((record, handles)));
            }
            if length == 0 && count < capacity {
                return Ok(None); // It rang. What lies behind a short read, as a record with handles may, is told of again.
            }
        }
        match length {
            0 => Ok(None), // A server that rings all the time is to keep nobody.
            _ => Err(self.nonsense()),
        }
    }

    /// Waits for a record of the server's.
    pub(super) fn receive(&self, deadline: &Deadline) -> Result<(Record, Vec<Handle>)> {
        let mut has_waited = false;
        loop {
            if let Some(received) = self.receive_now()? {
                return Ok(received);
            }
            if mem::replace(&mut has_waited, true) && deadline.has_passed() {
                return Err(too_late(&self.peer, deadline)); // It only rings.
            }
            let is_there = poll::wait_readable(self.control.as_source(), deadline)
                .map_err(|error| self.failure("waiting for the server", &error))?;
            if !is_there {
                return Err(too_late(&self.peer, deadline));
            }
        }
    }
}

/// The best kind of buffer that a server makes, and this side can use.
pub(super) fn best_form(server_can: impl Fn(u32) -> bool) -> Form {
    match server_can(PARTS) {
        true if server_can(ROTATES) && memory::populates() => Form::Rotating,
        true => Form::Parts,
        false => Form::Whole,
    }
}

#[cold]
fn no_buffer() -> Error {
    Error::new(Status::Internal, "a buffer that is not there")
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
