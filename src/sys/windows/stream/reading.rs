//! How far a stream is with reading.

use super::LARGE;
use crate::sys::windows::op::Op;
use std::ops::Range;

#[derive(Debug)]
pub(super) struct Reading {
    pub(super) op: Op,
    pub(super) state: Reads,
}

#[derive(Debug)]
pub(super) enum Reads {
    Idle,
    Pending,
    /// These bytes of the room are to be given.
    Done(Range<usize>),
    /// It failed with this number; 0: it is at its end.
    Over(u32),
}

impl Reading {
    /// Gives bytes that have come.
    pub(super) fn give(&mut self, buffer: &mut [u8]) -> usize {
        let Reads::Done(range) = &mut self.state else {
            return 0;
        };
        let room = self.op.room();
        let (is_full, length) = (range.end == room.len(), room.len());
        let there = room.get(range.clone()).unwrap_or_default();
        let count = there.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), there.get(..count)) {
            to.copy_from_slice(from);
        }
        range.start += count;
        if range.start >= range.end {
            self.state = Reads::Idle;
            if is_full && length < LARGE {
                self.op.make_room(LARGE);
            }
        }
        count
    }
}
