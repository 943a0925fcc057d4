//! How far a stream is with reading.

use super::{LARGE, Stream};
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

impl Stream {
    /// What comes before a look that no wait of a poller's came before. Where no poller has the stream any more, its port is told
    /// no more, since nobody takes from that.
    pub(super) fn catch_up_reading(&self, reading: &mut Reading) {
        if !matches!(reading.state, Reads::Pending) || !reading.op.tells_port() {
            return;
        }
        match self.port().filter(|_| self.tells_port()) {
            Some(port) => port.pull(),
            None => self.call_off(reading),
        }
    }

    /// Ends the read that is on its way, so that it begins anew, unless bytes have come.
    pub(super) fn call_off(&self, reading: &mut Reading) {
        let ended = reading.op.cancel(self.raw(), self.port());
        self.note(reading, ended);
    }
}
