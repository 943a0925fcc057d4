//! What a client and its server share beside the lines: memory for bodies that no line holds.
//!
//! Long bodies take turns where there is memory for it: each lies behind the one before, and the first again after a lap. For a line
//! of memory that the other side has just read lies in that side's cache, from where it has to be taken back before it can be
//! written; after a lap it has left. The memory behind the first body comes to be there once there were many long ones, so that
//! it costs nobody else anything, and in a crowd it stays unused.

use super::form::Form;
use super::layout::{PAGE, Record, reference};
use crate::sys::line::LINE;
use crate::sys::memory::{self, Access, Mapping};
use crate::sys::place::Place;
use crate::sys::{AsSource, Handle};
use std::io::{self, ErrorKind};
use std::mem;

#[cfg(test)]
mod tests;

/// Bodies that take turns begin within so many bytes, which is as much as a core keeps in its own caches, ...
const LAP: usize = 2 << 20;
/// ... and within so many times the longest of them.
const BODIES_OF_A_LAP: usize = 32;
/// The shortest of them: short ones would only leave the cache next to the core.
const SHORTEST: usize = 16 << 10;
/// After so many of them the memory for a lap is worth its time and its bytes: of answers, and of requests, for which another call
/// waits.
const ANSWERS_BEFORE: u32 = 16;
const REQUESTS_BEFORE: u32 = 24;

/// The buffer of one client, as one of both sides has it.
#[derive(Debug)]
pub(super) struct Buffer {
    /// What this side writes.
    ours: Part,
    /// What the other side writes.
    theirs: Part,
    /// The longest body.
    half: usize,
    /// The other side's is a memory of its own.
    is_apart: bool,
    /// Where the next body of this side begins in its part.
    place: u32,
    /// Bodies of this side take turns, after so many more of them; `None`: they do not.
    turns_after: Option<u32>,
    /// The length of the last body that the host put where it was lent room, which stays the same as long as it is lent.
    lent: usize,
}

/// Memory for one way.
#[derive(Debug)]
struct Part {
    memory: Mapping,
    /// Where it begins in that memory.
    start: usize,
    length: usize,
    /// So many bytes of it are there, and can be accessed.
    there: usize,
}

impl Buffer {
    /// The one of a server for bodies of up to `half` bytes, and what hands it over.
    pub(super) fn create(half: usize, form: Form) -> io::Result<(Self, Record, Vec<Handle>)> {
        match form {
            Form::Whole => {
                let (handle, _) = memory::create(2 * half, Access::Write)?;
                let (requests, answers) = halves(&handle, half)?;
                let buffer = Self::new(answers, requests, half);
                Ok((buffer, Record::Buffer(form), vec![handle]))
            }
            Form::Rotating => Self::create_parts(half, Form::Rotating)
                // The system may set a bound to the length of memory, or not let this process populate it.
                .or_else(|_| Self::create_parts(half, Form::Parts)),
            Form::Parts => Self::create_parts(half, form),
        }
    }

    fn create_parts(half: usize, form: Form) -> io::Result<(Self, Record, Vec<Handle>)> {
        let length = length_of_part(half, form);
        let (first, requests) = memory::reserve(length, half, Access::Write)?;
        let (second, answers) = memory::reserve(length, half, Access::Read)?;
        let mut buffer = Self::new(Part::all(answers, half), Part::all(requests, half), half);
        if form == Form::Rotating {
            let parts = [&buffer.ours, &buffer.theirs];
            parts
                .iter()
                .try_for_each(|part| part.memory.populate(0..PAGE))?;
            buffer.turns_after = Some(ANSWERS_BEFORE);
        }
        Ok((buffer, Record::Buffer(form), vec![first, second]))
    }

    /// The one of a client that a server handed over in this form; `None`: these are not its handles.
    pub(super) fn from_peer(
        half: usize,
        form: Form,
        handles: &[Handle],
    ) -> Option<io::Result<Self>> {
        let parts = match (form, handles) {
            (Form::Whole, [handle]) => halves(handle, half),
            (Form::Parts | Form::Rotating, [first, second]) => {
                let length = length_of_part(half, form);
                let map = |handle: &Handle, access| {
                    let memory = Mapping::from_peer(handle.as_source(), length, access);
                    memory.map(|memory| Part::all(memory, half))
                };
                map(first, Access::Write)
                    .and_then(|requests| Ok((requests, map(second, Access::Read)?)))
            }
            _ => return None,
        };
        Some(parts.map(|(requests, answers)| Self {
            turns_after: (form == Form::Rotating).then_some(REQUESTS_BEFORE),
            ..Self::new(requests, answers, half)
        }))
    }

    fn new(ours: Part, theirs: Part, half: usize) -> Self {
        let is_apart = ours.start == theirs.start; // In one memory one lies behind the other.
        Self {
            ours,
            theirs,
            half,
            is_apart,
            place: 0,
            turns_after: None,
            lent: 0,
        }
    }

    /// Puts bytes of the next body in, from this one of it on.
    pub(super) fn put(&self, at: usize, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() > self.half.saturating_sub(at) {
            return Err(ErrorKind::InvalidData.into());
        }
        self.ours.memory.write(self.start() + at, bytes);
        Ok(())
    }

    /// Copies the start of what was put in, or the host put in, out again.
    pub(super) fn take_back(&self, bytes: &mut [u8]) {
        self.ours.memory.read(self.start(), bytes);
    }

    /// Where the next body begins, for a host that puts it in, as often as it likes.
    pub(super) fn lend(&mut self, is_crowded: bool) -> Place {
        let last = mem::take(&mut self.lent);
        self.move_on(last, is_crowded);
        self.ours.memory.place_at(self.start())
    }

    /// What a line says of the body where a host was lent room, which is so long.
    pub(super) fn reference_lent(&mut self, length: u32) -> [u8; 8] {
        self.lent = length as usize;
        self.reference(length)
    }

    /// The room for the next body, to whoever made the buffer, if nobody else can change what is there.
    pub(super) fn room(&mut self) -> Option<&mut [u8]> {
        let start = self.start();
        let bytes = self.ours.memory.own_bytes()?;
        bytes.get_mut(start..start + self.half)
    }

    /// What a line says of the next body, which is so long.
    pub(super) fn reference(&self, length: u32) -> [u8; 8] {
        reference(length, self.place)
    }

    /// The body that was put in is so long: another place is for the next one if they take turns.
    pub(super) fn move_on(&mut self, length: usize, is_crowded: bool) {
        self.lent = 0;
        match self.turns_after {
            _ if is_crowded => self.place = 0, // The laps of many would leave the caches that all of them share.
            Some(more) if length >= SHORTEST => {
                self.turns_after = more.checked_sub(1).or_else(|| self.move_behind(length));
            }
            _ => {}
        }
    }

    /// Lets the next body lie behind this one. `None`: there is no memory for that.
    #[inline(never)]
    fn move_behind(&mut self, length: usize) -> Option<u32> {
        let next = (self.place as usize + length).next_multiple_of(PAGE);
        let place = if next < lap(self.half) { next } else { 0 };
        // All of it at once, so that the other side waits for that once, and does not learn that waiting awake is in vain.
        let is_there = self.ours.reach(self.ours.length).is_ok();
        self.place = u32::try_from(place).ok().filter(|_| is_there).unwrap_or(0);
        is_there.then_some(0)
    }

    /// Copies bytes of the other side's out, from this one of its part on; `InvalidData`: they are outside.
    pub(super) fn take(&mut self, at: usize, bytes: &mut [u8]) -> io::Result<()> {
        self.theirs.reach(at.saturating_add(bytes.len()))?;
        self.theirs.memory.read(self.theirs.start + at, bytes);
        Ok(())
    }

    /// Where a body of the other side's lies, at this place and so long, if it can be read there: in memory that is for one way.
    /// `InvalidData`: it is outside.
    pub(super) fn their_body(&mut self, place: usize, length: usize) -> io::Result<Option<Place>> {
        self.theirs.reach(place.saturating_add(length))?;
        if !place.is_multiple_of(LINE) {
            return Err(ErrorKind::InvalidData.into());
        }
        Ok(self.is_apart.then(|| self.theirs.memory.place_at(place)))
    }

    /// Where the next body begins in the memory.
    fn start(&self) -> usize {
        self.ours.start + self.place as usize
    }
}

/// Within how many bytes bodies of up to `half` begin that take turns.
fn lap(half: usize) -> usize {
    LAP.min(BODIES_OF_A_LAP * half)
}

/// The bytes of memory for one way.
pub(super) fn length_of_part(half: usize, form: Form) -> usize {
    match form {
        Form::Rotating => lap(half) + half,
        Form::Whole | Form::Parts => half,
    }
}

/// The halves of one memory: for requests, and for answers.
fn halves(memory: &Handle, half: usize) -> io::Result<(Part, Part)> {
    let map = |length| Mapping::from_peer(memory.as_source(), length, Access::Write);
    let answers = Part {
        memory: map(2 * half)?,
        start: half,
        length: half,
        there: half,
    };
    Ok((Part::all(map(half)?, half), answers))
}

impl Part {
    /// All of a memory, of which so many bytes are there.
    fn all(memory: Mapping, there: usize) -> Self {
        Self {
            start: 0,
            length: memory.length(),
            there,
            memory,
        }
    }

    /// Sees to it that all before `end` is there, on which an access could be a SIGBUS otherwise.
    fn reach(&mut self, end: usize) -> io::Result<()> {
        if end <= self.there {
            return Ok(());
        }
        if end > self.length {
            return Err(ErrorKind::InvalidData.into());
        }
        self.memory
            .populate(self.start + self.there..self.start + end)?;
        self.there = end;
        Ok(())
    }
}
