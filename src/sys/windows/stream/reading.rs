//! How far a stream is with reading.

use super::{EMPTY_AT_ONCE, End, LARGE, Stream};
use crate::sys::ready::{Ready, Want};
use crate::sys::windows::call::failure;
use crate::sys::windows::op::{Ended, Op};
use std::io;
use std::ops::Range;
use std::ptr;
use std::sync::MutexGuard;
use windows_sys::Win32::Foundation::{
    ERROR_BROKEN_PIPE, ERROR_NO_DATA, ERROR_OPERATION_ABORTED, ERROR_PIPE_NOT_CONNECTED,
};
use windows_sys::Win32::Storage::FileSystem::ReadFile;
use windows_sys::Win32::System::Pipes::PeekNamedPipe;

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

    /// Takes note of bytes that have come, and sees to it that a read is on its way if none have, and tells the port if a
    /// poller has the stream.
    pub(super) fn arrive(&self, reading: &mut Reading) {
        for _ in 0..EMPTY_AT_ONCE {
            match reading.state {
                Reads::Idle => self.begin_read(reading),
                Reads::Pending => match reading.op.look(self.raw()) {
                    Ended::Pending if reading.op.tells_port() || !self.tells_port() => return,
                    Ended::Pending => {
                        self.call_off(reading);
                        if matches!(reading.state, Reads::Pending) {
                            return;
                        }
                    }
                    ended => self.note(reading, ended),
                },
                Reads::Done(_) | Reads::Over(_) => return,
            }
        }
        self.watchers.tell(); // It goes on with the next look.
    }

    pub(super) fn begin_read(&self, reading: &mut Reading) {
        if self.has_hung_up() {
            reading.state = Reads::Over(0);
            return;
        }
        let (handle, tells_port) = (self.raw(), self.tells_port());
        let begun = reading.op.begin_at(handle, tells_port, |room, overlapped| {
            let length = u32::try_from(room.len()).unwrap_or(u32::MAX);
            // SAFETY: the handle is open, and the operation has its room and its block until it is over.
            unsafe {
                ReadFile(
                    handle,
                    room.as_mut_ptr(),
                    length,
                    ptr::null_mut(),
                    overlapped,
                ) != 0
            }
        });
        match begun {
            Ended::Pending => reading.state = Reads::Pending,
            ended => self.note(reading, ended),
        }
        self.cancel_if_hung_up();
    }

    pub(super) fn note(&self, reading: &mut Reading, ended: Ended) {
        reading.state = match ended {
            Ended::Pending => Reads::Pending,
            // A message without bytes, which a peer of another kind may send, is not the end.
            Ended::Moved(0) if matches!(self.end, End::Pipe(_)) => Reads::Idle,
            Ended::Moved(0) => Reads::Over(0),
            Ended::Moved(count) => Reads::Done(0..count),
            Ended::Failed(_) if self.has_hung_up() => Reads::Over(0),
            // The thread that began it has ended (CancelIo), or it was called off; nothing is lost.
            Ended::Failed(ERROR_OPERATION_ABORTED) => Reads::Idle,
            Ended::Failed(ERROR_BROKEN_PIPE | ERROR_NO_DATA | ERROR_PIPE_NOT_CONNECTED) => {
                Reads::Over(0)
            }
            Ended::Failed(number) => Reads::Over(number),
        };
    }

    /// Whether the other end of a pipe has gone, or its waits have been ended.
    fn is_broken(&self) -> bool {
        let none = ptr::null_mut();
        // SAFETY: the handle is open, and nothing is asked for but whether it fails.
        let peeked =
            unsafe { PeekNamedPipe(self.raw(), none, 0, none.cast(), none.cast(), none.cast()) };
        self.has_hung_up() || peeked == 0
    }

    pub(super) fn end_of(&self, number: u32) -> io::Result<usize> {
        match (number, &self.server) {
            _ if self.has_hung_up() => Ok(0),
            (0, Some(server)) => server.death().map_or(Ok(0), Err),
            (0, None) => Ok(0),
            (number, _) => Err(failure(number)),
        }
    }

    pub(super) fn read_state(&self, reading: &mut MutexGuard<'_, Reading>, want: Want) -> Ready {
        let asks = |what: Want| want.bits() & what.bits() != 0;
        let is_asked = asks(Want::READ);
        match is_asked || asks(Want::END) {
            true => self.arrive(reading),
            false => {
                if matches!(reading.state, Reads::Pending) {
                    let ended = reading.op.look(self.raw());
                    self.note(reading, ended);
                }
            }
        }
        let readable = match is_asked {
            true => Ready::READABLE,
            false => Ready::NOTHING,
        };
        match (&reading.state, &self.end) {
            (Reads::Idle | Reads::Pending, _) => Ready::NOTHING,
            // What has come hides the end, which is asked for alone.
            (Reads::Done(_), End::Pipe(_)) if !is_asked && asks(Want::END) && self.is_broken() => {
                Ready::HANG_UP
            }
            (Reads::Done(_), _) => readable,
            // Of a socket, one direction may have ended.
            (Reads::Over(0), End::Socket(_)) if !self.has_hung_up() => readable | Ready::ENDED,
            (Reads::Over(0), _) => readable | Ready::HANG_UP,
            (Reads::Over(_), _) => readable | Ready::HANG_UP | Ready::ERROR,
        }
    }
}
