//! The server's side of shared memory.

use super::layout::{self, INLINE, PAGE, RECORD, Record, WANT_BUFFER};
use super::path_of;
use super::slot::{Header, Seen, ServerSlot};
use crate::error::{Error, Result};
use crate::protocol::frame::{self, PREFIX};
use crate::sys::Bell;
use crate::sys::unix::fd::Fd;
use crate::sys::unix::memory::{self, Access, Mapping};
use crate::sys::unix::{cpu, socket};
use crate::transport::reactor::{
    self, Admission, Door, DoorWatch, Interest, Limits, Listener, Peer, Pumped, Sleepers, Work,
};
use crate::transport::socket::{Accepted, Door as _, NamedSocket};
use crate::transport::{Endpoint, ServerOptions, Task};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;

const MAX_CLIENTS: u32 = 128;

/// The places of a client's descriptors among its watches.
const CONTROL: usize = 0;
const BELL: usize = 1;

struct SharedEndpoint {
    socket: NamedSocket,
    /// The page that all clients read, and its descriptor to hand out.
    header: Header<Mapping>,
    header_fd: Fd,
    /// How many clients there have been.
    serial: AtomicU32,
    limits: Limits,
    max_message: u32,
}

/// A server's address: the name `name`, in `/dev/shm`.
pub fn bind(name: &str, options: &ServerOptions) -> Result<Box<dyn Endpoint>> {
    options.validate()?;
    let socket = NamedSocket::bind(&path_of(name)?, options.mode)?;
    let (fd, page) = memory::create(PAGE, Access::Read)
        .map_err(|error| Error::os(&format!("memory for {name}"), &error))?;
    Ok(Box::new(SharedEndpoint {
        socket,
        header: Header(page),
        header_fd: Fd::inherited(fd),
        serial: AtomicU32::new(0),
        limits: Limits::new(options, MAX_CLIENTS),
        max_message: options.max_message,
    }))
}

impl Endpoint for SharedEndpoint {
    fn adopt(&self) -> Result<()> {
        self.header_fd.own();
        self.socket.adopt()
    }

    fn serve(&self, task: &Task<'_>) -> Result<()> {
        self.header.reset();
        reactor::serve(self, &self.limits, task)
    }
}

impl Listener for SharedEndpoint {
    fn doors(&self) -> Vec<Door<'_>> {
        vec![Door {
            fd: self.socket.as_fd(),
            watch: DoorWatch::ByAll,
        }]
    }

    fn admit(&self, _door: usize, is_full: bool) -> io::Result<Admission> {
        let control = match self.socket.accept()? {
            Accepted::Nobody => return Ok(Admission::Nobody),
            Accepted::SentAway => return Ok(Admission::TurnedAway),
            Accepted::Client(control) => control,
        };
        if !is_full && let Ok(shared) = self.share_with(control.as_fd()) {
            let peer = SharedPeer::new(control, shared, self.max_message);
            return Ok(Admission::Peer(Box::new(peer)));
        }
        // Full, or out of descriptors or memory for one more. The socket's buffer is empty.
        let _ = socket::send_with_fds(control.as_fd(), &Record::Refused.to_bytes(), &[]);
        Ok(Admission::TurnedAway)
    }

    fn sleepers(&self) -> Option<&dyn Sleepers> {
        Some(&self.header)
    }
}

/// What a client shares with the server.
struct Shared {
    slot: ServerSlot<Mapping>,
    bell: Bell,
}

impl SharedEndpoint {
    /// Makes a client's page and its bell, and hands them over.
    fn share_with(&self, control: BorrowedFd<'_>) -> io::Result<Shared> {
        let offset = layout::request_offset(self.serial.fetch_add(1, Ordering::Relaxed));
        Shared::hand_over(control, self.header_fd.as_fd(), offset, self.max_message)
    }
}

impl Shared {
    fn hand_over(
        control: BorrowedFd<'_>,
        header: BorrowedFd<'_>,
        offset: u32,
        max_message: u32,
    ) -> io::Result<Self> {
        let (page_fd, page) = memory::create(PAGE, Access::Write)?;
        let bell = Bell::new()?;
        bell.own();
        let welcome = Record::Welcome {
            offset,
            max_message,
        };
        let fds = [
            header.as_raw_fd(),
            page_fd.as_raw_fd(),
            bell.as_fd().as_raw_fd(),
        ];
        send_record(control, welcome, &fds)?;
        Ok(Self {
            slot: ServerSlot::new(page, layout::line_at(offset)),
            bell,
        })
    }
}

fn send_record(control: BorrowedFd<'_>, record: Record, fds: &[i32]) -> io::Result<()> {
    match socket::send_with_fds(control, &record.to_bytes(), fds)? {
        RECORD => Ok(()),
        _ => Err(ErrorKind::WriteZero.into()),
    }
}

/// A client, as the server knows it. Nothing that the client can write is ever trusted.
struct SharedPeer {
    control: Fd,
    shared: Shared,
    /// For bodies that no line holds, once the client or an answer needed it.
    buffer: Option<Mapping>,
    /// The client has asked for it.
    has_asked: bool,
    /// Where it last asked from.
    cpu: u16,
    max_message: u32,
    /// What was copied out of the buffer.
    copy: Vec<u8>,
}

/// What a client asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// One request.
    One,
    /// Many at once.
    Many,
    /// One that is too large: its last.
    TooMuch,
}

impl SharedPeer {
    fn new(control: Fd, shared: Shared, max_message: u32) -> Self {
        Self {
            control,
            shared,
            buffer: None,
            has_asked: false,
            cpu: cpu::UNKNOWN,
            max_message,
            copy: Vec::new(),
        }
    }

    /// Copies what was asked out, runs it, and puts the answers' frames together.
    fn run(&mut self, work: &mut Work<'_>) -> io::Result<Asked> {
        let slot = &self.shared.slot;
        let prefix = slot.prefix();
        if slot.kind() == layout::BATCH {
            return self.run_batch(prefix, work);
        }
        if prefix > self.max_message {
            work.answer.too_large(&mut work.out);
            return Ok(Asked::TooMuch);
        }
        let length = prefix as usize;
        if length <= INLINE {
            let data = slot.data(length);
            let body = data.get(PREFIX..PREFIX + length).unwrap_or_default();
            work.answer.answer(body, &mut work.out);
        } else {
            self.copy_out(length)?;
            work.answer.answer(&self.copy, &mut work.out);
        }
        Ok(Asked::One)
    }

    fn run_batch(&mut self, length: u32, work: &mut Work<'_>) -> io::Result<Asked> {
        if length as usize > layout::half_of_buffer(self.max_message) {
            return Err(ErrorKind::InvalidData.into());
        }
        self.copy_out(length as usize)?;
        let mut rest = self.copy.as_slice();
        while !rest.is_empty() {
            if work.stop.has_rung() {
                return Err(ErrorKind::Interrupted.into());
            }
            let body =
                frame::first_body(rest).filter(|body| body.len() <= self.max_message as usize);
            let body = body.ok_or(ErrorKind::InvalidData)?;
            work.answer.answer(body, &mut work.out);
            rest = rest.get(PREFIX + body.len()..).unwrap_or_default();
        }
        Ok(Asked::Many)
    }

    /// Copies the start of the buffer. A client that never asked for it has put nothing into it.
    fn copy_out(&mut self, length: usize) -> io::Result<()> {
        let buffer = self.buffer.as_ref().ok_or(ErrorKind::InvalidData)?;
        self.copy.resize(length, 0);
        buffer.read(0, &mut self.copy);
        Ok(())
    }

    /// Puts the answer where the client looks for it, and wakes the client if it sleeps.
    fn publish(&mut self, asked: Asked, frames: &[u8]) -> io::Result<()> {
        let (prefix, body) = frames.split_at(PREFIX.min(frames.len()));
        let length = u32::try_from(frames.len()).unwrap_or(u32::MAX);
        let batch = frame::prefix(length);
        let (kind, data) = if asked == Asked::Many {
            self.put_into_buffer(frames)?;
            (layout::BATCH, batch.as_slice())
        } else if body.len() > INLINE {
            self.put_into_buffer(body)?;
            (layout::SINGLE, prefix)
        } else {
            (layout::SINGLE, frames)
        };
        self.shared.slot.answer(kind, data, cpu::current());
        Ok(())
    }

    fn put_into_buffer(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.make_buffer()?;
        let half = layout::half_of_buffer(self.max_message);
        match &self.buffer {
            Some(buffer) if bytes.len() <= half => buffer.write(half, bytes),
            _ => return Err(ErrorKind::InvalidData.into()),
        }
        Ok(())
    }

    /// Makes the buffer and hands it over, once.
    fn make_buffer(&mut self) -> io::Result<()> {
        if self.buffer.is_some() {
            return Ok(());
        }
        let size = 2 * layout::half_of_buffer(self.max_message);
        let (fd, buffer) = memory::create(size, Access::Write)?;
        send_record(
            self.control.as_fd(),
            Record::Buffer,
            &[OwnedFd::as_raw_fd(&fd)],
        )?;
        self.buffer = Some(buffer);
        Ok(())
    }

    /// Reads what the client says over the socket; an error when it has gone, or says anything but
    /// once that it wants its buffer.
    fn listen(&mut self) -> io::Result<()> {
        let mut said = [0; 2];
        loop {
            match socket::recv_now(self.control.as_fd(), &mut said) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(1) if said.first() == Some(&WANT_BUFFER) && !self.has_asked => {
                    self.has_asked = true;
                    self.make_buffer()?;
                }
                Ok(_) => return Err(ErrorKind::InvalidData.into()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Peer for SharedPeer {
    fn watches(&self, _is_blocked: bool) -> [Option<(BorrowedFd<'_>, Interest)>; 2] {
        let edge = Interest::EPOLLIN | Interest::EPOLLET;
        // Never read, the bell still wakes at each ring (epoll(7), edge-triggered).
        [
            Some((self.control.as_fd(), edge | Interest::EPOLLRDHUP)),
            Some((self.shared.bell.as_fd(), edge)),
        ]
    }

    #[inline]
    fn ready(&mut self, watch: usize, _events: Interest, work: &mut Work<'_>) -> Pumped {
        debug_assert!(watch == CONTROL || watch == BELL);
        if watch == CONTROL && self.listen().is_err() {
            return Pumped::Gone;
        }
        self.pump(work)
    }

    #[inline]
    fn pump(&mut self, work: &mut Work<'_>) -> Pumped {
        match self.shared.slot.look() {
            Seen::Nothing => return Pumped::Idle { answered: false },
            Seen::Nonsense => return Pumped::Gone,
            Seen::Request => self.cpu = self.shared.slot.cpu(),
        }
        let asked = self.run(work);
        let published = asked.and_then(|asked| {
            self.publish(asked, work.out.frames())?;
            Ok(asked)
        });
        work.out.clear();
        match published {
            Ok(Asked::One | Asked::Many) => Pumped::Idle { answered: true },
            Ok(Asked::TooMuch) => Pumped::Gone,
            Err(_) => {
                if work.stop.has_rung() {
                    self.farewell();
                }
                Pumped::Gone
            }
        }
    }

    fn farewell(&mut self) {
        self.shared.slot.close();
    }

    fn cpu(&self) -> Option<u16> {
        Some(self.cpu)
    }
}
