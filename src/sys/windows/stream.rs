//! Connected pipes and sockets: operations that look like readiness.
//!
//! A read is always on its way once somebody has looked for bytes and found none, so that its end is what tells of them; what it
//! read is given at once. A write takes what it is given, as a socket does, and there is room for more once the kernel has
//! taken all of that. Whoever looks whether an operation is over makes no system call, but where a poller has the stream: its
//! port holds that back until it is taken.

mod reading;
mod server;
#[cfg(test)]
pub(super) mod tests;
mod writing;

use super::node::{Node, Source, Watchable, Watchers};
use super::op::Op;
use super::port::Port;
use super::waiting::Waiting;
use super::winsock::do_not_wait;
use crate::sys::deadline::Deadline;
use crate::sys::mutex::lock;
use crate::sys::ready::{Ready, Want};
use reading::{Reading, Reads};
use server::Server;
use std::io::{self, ErrorKind};
use std::os::windows::io::{
    AsHandle as _, AsRawHandle, AsRawSocket, BorrowedHandle, OwnedHandle, OwnedSocket,
};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::Networking::WinSock::{SD_BOTH, SOCKET, shutdown};
use windows_sys::Win32::System::IO::CancelIoEx;
use writing::{Writes, Writing};

/// The room of a read at first, and once one was filled.
const SMALL: usize = 4 << 10;
const LARGE: usize = 64 << 10;
/// Empty messages of a peer that are passed over in one look.
const EMPTY_AT_ONCE: u32 = 16;

/// What is connected.
#[derive(Debug)]
pub(super) enum End {
    Pipe(OwnedHandle),
    Socket(OwnedSocket),
}

/// A connected pipe or socket.
#[derive(Debug)]
pub(super) struct Stream {
    end: End,
    /// Who serves a pipe of which this is the client's end, where that may be known.
    server: Option<Server>,
    has_hung_up: AtomicBool,
    reading: Mutex<Reading>,
    writing: Mutex<Writing>,
    watchers: Arc<Watchers>,
    /// The port that its operations tell while a poller has it, and the key. It stays open, so that they can end.
    port: OnceLock<(Arc<Port>, usize)>,
    /// What tells of the end of a write that is older than that.
    late: Mutex<Option<Waiting>>,
    /// Bounds a read that waits.
    receive_timeout: Mutex<Option<Duration>>,
}

impl Stream {
    pub(super) fn new(end: End) -> io::Result<Self> {
        if let End::Socket(socket) = &end {
            do_not_wait(raw_socket(socket))?;
        }
        Ok(Self {
            end,
            server: None,
            has_hung_up: AtomicBool::new(false),
            reading: Mutex::new(Reading {
                op: Op::new(SMALL)?,
                state: Reads::Idle,
            }),
            writing: Mutex::new(Writing {
                op: Op::new(SMALL)?,
                room: None,
                state: Writes::Idle,
            }),
            watchers: Arc::default(),
            port: OnceLock::new(),
            late: Mutex::default(),
            receive_timeout: Mutex::new(None),
        })
    }

    /// A client's end of a named pipe.
    pub(super) fn to_server(pipe: OwnedHandle) -> io::Result<Self> {
        let server = Server::behind(pipe.as_handle());
        let mut stream = Self::new(End::Pipe(pipe))?;
        stream.server = server;
        Ok(stream)
    }

    /// The stream behind a source; fails where it is something else.
    pub(super) fn of(source: Source<'_>) -> io::Result<&Self> {
        source.get().ok_or_else(|| {
            let what = "this is no connected pipe or socket";
            io::Error::new(ErrorKind::InvalidInput, what)
        })
    }

    pub(super) fn into_node(self) -> Node {
        Node::new(Arc::new(self))
    }

    pub(super) fn raw(&self) -> HANDLE {
        match &self.end {
            End::Pipe(handle) => handle.as_raw_handle(),
            End::Socket(socket) => raw_socket(socket) as HANDLE,
        }
    }

    pub(super) fn as_handle(&self) -> BorrowedHandle<'_> {
        // SAFETY: it is open as long as `self` lives.
        unsafe { BorrowedHandle::borrow_raw(self.raw()) }
    }

    /// The socket, if it is one.
    pub(super) fn socket(&self) -> Option<SOCKET> {
        match &self.end {
            End::Socket(socket) => Some(raw_socket(socket)),
            End::Pipe(_) => None,
        }
    }

    /// Reads once what is there: `Ok(0)` at the end, `WouldBlock` when nothing is.
    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut reading = lock(&self.reading);
        self.catch_up_reading(&mut reading);
        self.arrive(&mut reading);
        let count = match &mut reading.state {
            Reads::Idle | Reads::Pending => return Err(ErrorKind::WouldBlock.into()),
            Reads::Over(number) => return self.end_of(*number),
            Reads::Done(_) => reading.give(buffer),
        };
        if !matches!(reading.state, Reads::Idle) || self.watchers.are_none() {
            return Ok(count);
        }
        // Whoever was given less than there was room for comes back once more is told of.
        self.begin_read(&mut reading);
        let is_empty = matches!(reading.state, Reads::Pending);
        drop(reading);
        match is_empty {
            true => self.watchers.calm(),
            false => self.watchers.tell(),
        }
        Ok(count)
    }

    /// The same, waiting this long for bytes; `WouldBlock` when none came.
    pub(super) fn read_within(
        &self,
        buffer: &mut [u8],
        time: Option<Duration>,
    ) -> io::Result<usize> {
        let deadline = Deadline::after(time);
        let mut event = Op::event as fn(&Op) -> HANDLE;
        loop {
            match self.read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                result => return result,
            }
            let object = event(&lock(&self.reading).op);
            // A wait may end a tick before its time.
            if !super::poll::wait_for(&[object], deadline.remaining())? && deadline.has_passed() {
                return self.read(buffer);
            }
            event = Op::own_event;
        }
    }

    /// The longest that [`Stream::read_within`] is to wait for a caller that does not say.
    pub(super) fn set_receive_timeout(&self, time: Option<Duration>) {
        *lock(&self.receive_timeout) = time;
    }

    pub(super) fn receive_timeout(&self) -> Option<Duration> {
        *lock(&self.receive_timeout)
    }

    /// Ends what waits at it, and whatever will.
    pub(super) fn hang_up(&self) {
        self.has_hung_up.store(true, Ordering::SeqCst);
        if let Some(socket) = self.socket() {
            // SAFETY: the socket is open; it fails where the connection has ended.
            unsafe { shutdown(socket, SD_BOTH) };
        }
        self.cancel_if_hung_up();
        if let Some(room) = &lock(&self.writing).room {
            room.tell();
        }
        self.watchers.tell();
    }

    fn port(&self) -> Option<&Port> {
        self.port.get().map(|(port, _)| &**port)
    }

    /// Whether its port is told of what begins from here on: nobody else takes from that.
    fn tells_port(&self) -> bool {
        self.port.get().is_some() && !self.watchers.are_none()
    }

    fn has_hung_up(&self) -> bool {
        self.has_hung_up.load(Ordering::SeqCst)
    }

    /// Whoever begins an operation while all are ended ends its own: one of the two sees the other.
    fn cancel_if_hung_up(&self) {
        if self.has_hung_up() {
            // SAFETY: the handle is open. It fails where nothing goes on.
            unsafe { CancelIoEx(self.raw(), ptr::null()) };
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a socket is as wide as a pointer"
)]
fn raw_socket(socket: &OwnedSocket) -> SOCKET {
    socket.as_raw_socket() as SOCKET
}

impl Watchable for Stream {
    fn watchers(&self) -> &Watchers {
        &self.watchers
    }

    fn catch_up(&self) {
        self.catch_up_reading(&mut lock(&self.reading));
        self.catch_up_writing(&lock(&self.writing));
    }

    fn state(&self, want: Want) -> Ready {
        let writes = want.bits() & Want::WRITE.bits() != 0;
        let read = self.read_state(&mut lock(&self.reading), want);
        read | self.write_state(writes)
    }

    fn join(&self, port: &Arc<Port>, key: usize) -> io::Result<usize> {
        let writing = lock(&self.writing);
        let key = match self.port.get() {
            Some((has, key)) if Arc::ptr_eq(has, port) => *key,
            Some(_) => {
                let what = "a connection stays with the poller that had it first";
                return Err(io::Error::new(ErrorKind::Unsupported, what));
            }
            None => {
                port.associate(self.raw(), key)?;
                let _ = self.port.set((port.clone(), key));
                key
            }
        };
        // What began before tells no port. A read begins anew as it is looked at, a write is told of by its event.
        if matches!(writing.state, Writes::Pending(_)) && !writing.op.tells_port() {
            *lock(&self.late) = Some(Waiting::new(writing.op.own_event(), true, {
                let port = port.clone();
                move || port.post(key)
            })?);
        }
        Ok(key)
    }

    fn objects(&self, want: Want, objects: &mut Vec<HANDLE>) -> io::Result<()> {
        if want.bits() & Want::READ.bits() != 0 {
            objects.push(lock(&self.reading).op.own_event());
        }
        if want.bits() & Want::WRITE.bits() != 0 {
            let writing = lock(&self.writing);
            objects.push(match (&writing.state, &writing.room) {
                (Writes::Blocked, Some(room)) => room.object()?,
                _ => writing.op.own_event(),
            });
        }
        Ok(())
    }
}

impl Drop for Stream {
    /// The kernel lets go of the operations before the handle is closed.
    fn drop(&mut self) {
        *lock(&self.late) = None;
        let (handle, port) = (self.raw(), self.port());
        lock(&self.reading).op.end_at(handle, port);
        lock(&self.writing).op.end_at(handle, port);
    }
}
