//! How far a stream is with writing.

use super::{LARGE, Stream};
use crate::sys::mutex::lock;
use crate::sys::ready::Ready;
use crate::sys::windows::call::failure;
use crate::sys::windows::op::{Ended, Op};
use crate::sys::windows::room::{self, Room};
use std::io::{self, ErrorKind};
use std::ptr;
use windows_sys::Win32::Foundation::{ERROR_BROKEN_PIPE, ERROR_OPERATION_ABORTED, HANDLE};
use windows_sys::Win32::Networking::WinSock::SOCKET;
use windows_sys::Win32::Storage::FileSystem::WriteFile;
use windows_sys::Win32::System::IO::OVERLAPPED;

/// The most that a write takes at once.
const MOST: usize = LARGE;

#[derive(Debug)]
pub(super) struct Writing {
    pub(super) op: Op,
    /// Tells of a socket's room, once it had none.
    pub(super) room: Option<Room>,
    pub(super) state: Writes,
}

#[derive(Debug)]
pub(super) enum Writes {
    Idle,
    /// So many bytes are on their way.
    Pending(usize),
    /// The socket has no room.
    Blocked,
    Over(u32),
}

impl Writing {
    /// Whether what was begun is over; fails if it has failed.
    pub(super) fn result(&self) -> io::Result<bool> {
        match self.state {
            Writes::Over(number) => Err(failure(number)),
            Writes::Pending(_) | Writes::Blocked => Ok(false),
            Writes::Idle => Ok(true),
        }
    }

    /// Puts what there is room for of two pieces one behind the other; gives how much.
    pub(super) fn fill(&mut self, first: &[u8], second: &[u8]) -> usize {
        let wanted = (first.len() + second.len()).min(MOST);
        if wanted > self.op.room().len() {
            self.op.make_room(MOST);
        }
        let mut room = self.op.room();
        let mut count = 0;
        for part in [first, second] {
            let length = part.len().min(room.len());
            let (to, rest) = room.split_at_mut(length);
            to.copy_from_slice(part.get(..length).unwrap_or_default());
            room = rest;
            count += length;
        }
        count
    }
}

impl Writes {
    /// What is to be done after an operation that was to move so many bytes. One that moved fewer was cut, as when its thread ended:
    /// nothing can follow it.
    pub(super) fn after(ended: Ended, count: usize) -> Self {
        match ended {
            Ended::Moved(moved) if moved == count => Self::Idle,
            Ended::Pending => Self::Pending(count),
            Ended::Moved(_) => Self::Over(ERROR_BROKEN_PIPE),
            Ended::Failed(ERROR_OPERATION_ABORTED) => Self::Over(ERROR_BROKEN_PIPE),
            Ended::Failed(number) => Self::Over(number),
        }
    }
}

impl Stream {
    /// Takes what of these two pieces there is room for, as one; `WouldBlock` when there is none.
    pub(in crate::sys::windows) fn write(&self, first: &[u8], second: &[u8]) -> io::Result<usize> {
        let mut writing = lock(&self.writing);
        self.catch_up_writing(&writing);
        self.depart(&mut writing);
        if self.has_hung_up() {
            return Err(ErrorKind::BrokenPipe.into());
        }
        if !writing.result()? {
            return Err(ErrorKind::WouldBlock.into());
        }
        if let Some(socket) = self.socket() {
            return self.send(socket, &mut writing, first, second);
        }
        let count = writing.fill(first, second);
        self.begin(&mut writing, count, |handle, bytes, overlapped| {
            let length = u32::try_from(bytes.len().min(count)).unwrap_or(u32::MAX);
            // SAFETY: the handle is open, and the operation has its bytes and its block until it is over.
            unsafe { WriteFile(handle, bytes.as_ptr(), length, ptr::null_mut(), overlapped) != 0 }
        });
        match writing.result() {
            Err(_) if self.has_hung_up() => Err(ErrorKind::BrokenPipe.into()),
            result => result.map(|_| count),
        }
    }

    pub(super) fn send(
        &self,
        socket: SOCKET,
        writing: &mut Writing,
        first: &[u8],
        second: &[u8],
    ) -> io::Result<usize> {
        match room::send(socket, first, second) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            result => return result,
        }
        let room = match &mut writing.room {
            Some(room) => room,
            none => {
                let watchers = self.watchers.clone();
                none.insert(Room::watch(socket, move || watchers.tell())?)
            }
        };
        // Room is told of from here on, if there is none by now.
        room.forget();
        let result = room::send(socket, first, second);
        if matches!(&result, Err(error) if error.kind() == ErrorKind::WouldBlock) {
            room.ask(socket)?;
            writing.state = Writes::Blocked;
        }
        result
    }

    /// Begins to connect: there is room to write once that is over.
    pub(in crate::sys::windows) fn begin_connecting(
        &self,
        start: impl FnOnce(HANDLE, *mut OVERLAPPED) -> bool,
    ) -> io::Result<()> {
        let mut writing = lock(&self.writing);
        self.begin(&mut writing, 0, |handle, _, overlapped| {
            start(handle, overlapped)
        });
        writing.result().map(drop)
    }

    /// Whether connecting is over; fails if it has failed.
    pub(in crate::sys::windows) fn has_connected(&self) -> io::Result<bool> {
        let mut writing = lock(&self.writing);
        self.catch_up_writing(&writing);
        self.depart(&mut writing);
        writing.result()
    }

    pub(super) fn begin(
        &self,
        writing: &mut Writing,
        count: usize,
        start: impl FnOnce(HANDLE, &mut [u8], *mut OVERLAPPED) -> bool,
    ) {
        let (handle, tells_port) = (self.raw(), self.tells_port());
        let begun = writing
            .op
            .begin_at(handle, tells_port, |bytes, overlapped| {
                start(handle, bytes, overlapped)
            });
        writing.state = match begun {
            Ended::Pending => Writes::Pending(count),
            ended => Writes::after(ended, count),
        };
        self.cancel_if_hung_up();
    }

    /// What comes before a look that no wait of a poller's came before.
    pub(super) fn catch_up_writing(&self, writing: &Writing) {
        if matches!(writing.state, Writes::Pending(_))
            && writing.op.tells_port()
            && let Some(port) = self.port()
        {
            port.pull();
        }
    }

    /// Takes note of bytes that have gone.
    pub(super) fn depart(&self, writing: &mut Writing) {
        match writing.state {
            Writes::Pending(count) => match writing.op.look(self.raw()) {
                Ended::Pending => {}
                ended => writing.state = Writes::after(ended, count),
            },
            Writes::Blocked if writing.room.as_ref().is_none_or(Room::is_there) => {
                writing.state = Writes::Idle;
            }
            _ => {}
        }
    }

    /// Whether bytes that count as written are still this process's, whose end would cut them.
    pub(in crate::sys::windows) fn is_sending(&self) -> bool {
        let mut writing = lock(&self.writing);
        self.depart(&mut writing);
        matches!(writing.state, Writes::Pending(_)) && !self.has_hung_up()
    }

    pub(super) fn write_state(&self, is_asked: bool) -> Ready {
        let mut writing = lock(&self.writing);
        self.depart(&mut writing);
        match writing.state {
            Writes::Pending(_) | Writes::Blocked => Ready::NOTHING,
            Writes::Idle if is_asked => Ready::WRITABLE,
            Writes::Idle => Ready::NOTHING,
            Writes::Over(_) => Ready::WRITABLE | Ready::ERROR,
        }
    }
}
