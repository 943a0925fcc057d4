//! What a client and its server share beside the lines: memory for bodies that no line holds.

use super::layout::Record;
use crate::sys::memory::{self, Access, Mapping};
use crate::sys::place::Place;
use crate::sys::{AsSource, Handle};
use std::io::{self, ErrorKind};

/// The buffer of one client.
#[derive(Debug)]
pub(super) enum Buffer {
    /// One memory, which both sides can write: so many bytes for requests, then as many for answers.
    Whole(Mapping, usize),
    /// One for requests, and one for answers, which the server alone can write.
    Parts { requests: Mapping, answers: Mapping },
}

impl Buffer {
    /// One with so many bytes for each way, and what hands it over.
    pub(super) fn create(half: usize, in_parts: bool) -> io::Result<(Self, Record, Vec<Handle>)> {
        if !in_parts {
            let (handle, memory) = memory::create(2 * half, Access::Write)?;
            return Ok((Self::Whole(memory, half), Record::Buffer, vec![handle]));
        }
        let (first, requests) = memory::create(half, Access::Write)?;
        let (second, answers) = memory::create(half, Access::Read)?;
        let parts = Self::Parts { requests, answers };
        Ok((parts, Record::Parts, vec![first, second]))
    }

    /// The one that a server handed over with this record; `None`: it is no record of a buffer, or these are not its handles.
    pub(super) fn from_peer(
        half: usize,
        record: Record,
        handles: &[Handle],
    ) -> Option<io::Result<Self>> {
        let map = |handle: &Handle, length, access| {
            Mapping::from_peer(handle.as_source(), length, access)
        };
        match (record, handles) {
            (Record::Buffer, [handle]) => {
                let memory = map(handle, 2 * half, Access::Write);
                Some(memory.map(|memory| Self::Whole(memory, half)))
            }
            (Record::Parts, [first, second]) => {
                let both = map(first, half, Access::Write)
                    .and_then(|requests| Ok((requests, map(second, half, Access::Read)?)));
                Some(both.map(|(requests, answers)| Self::Parts { requests, answers }))
            }
            _ => None,
        }
    }

    /// Puts bytes of a request in, from this one on.
    pub(super) fn put_request(&self, at: usize, bytes: &[u8]) {
        self.requests().write(at, bytes);
    }

    /// Copies bytes of a request out, from this one on.
    pub(super) fn take_request(&self, at: usize, bytes: &mut [u8]) {
        self.requests().read(at, bytes);
    }

    /// Puts bytes of an answer in, from this one of its part on.
    pub(super) fn put_answer(&self, at: usize, bytes: &[u8]) -> io::Result<()> {
        let (memory, start, length) = match self {
            Self::Whole(memory, half) => (memory, *half, *half),
            Self::Parts { answers, .. } => (answers, 0, answers.length()),
        };
        if at + bytes.len() > length {
            return Err(ErrorKind::InvalidData.into());
        }
        memory.write(start + at, bytes);
        Ok(())
    }

    /// Copies the start of an answer out.
    pub(super) fn take_answer(&self, bytes: &mut [u8]) {
        match self {
            Self::Whole(memory, half) => memory.read(*half, bytes),
            Self::Parts { answers, .. } => answers.read(0, bytes),
        }
    }

    /// Where a request begins.
    pub(super) fn request_place(&self) -> Place {
        self.requests().place()
    }

    /// Where an answer begins, if nobody but the server can change it.
    pub(super) fn answer_place(&self) -> Option<Place> {
        match self {
            Self::Whole(..) => None,
            Self::Parts { answers, .. } => Some(answers.place()),
        }
    }

    /// The room for an answer, to whoever made the buffer, if nobody else can change what is there.
    pub(super) fn answer_room(&mut self) -> Option<&mut [u8]> {
        match self {
            Self::Whole(..) => None,
            Self::Parts { answers, .. } => answers.own_bytes(),
        }
    }

    fn requests(&self) -> &Mapping {
        match self {
            Self::Whole(memory, _) => memory,
            Self::Parts { requests, .. } => requests,
        }
    }
}
