//! The client's side of the FIFOs.

use super::hello::{Id, PairNames, hello_path};
use crate::error::{Error, Result, Status};
use crate::protocol::frame::Notice;
use crate::sys::fork;
use crate::sys::unix::fd::{self, Fd};
use crate::sys::unix::file::{self, End};
use crate::sys::unix::poll::{self, PollFd, PollFlags};
use crate::transport::framed::{Framed, Patient, Stream, noticed};
use crate::transport::inbox::Piece;
use crate::transport::{Channel, ClientOptions, Deadline, ServerUser};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

/// Announces a client to the server at the public pair `request` and `response`; the server takes
/// it in when it next looks, and the first call waits for that.
pub fn connect(request: &str, response: &str, options: &ClientOptions) -> Result<Box<dyn Channel>> {
    options.validate()?;
    if request.is_empty() || response.is_empty() || request == response {
        let context = format!("'{request}' and '{response}' are not the paths of two FIFOs");
        return Err(Error::new(Status::InvalidArgument, context));
    }
    if let ServerUser::Uid(uid) = options.server_user
        && uid != crate::sys::unix::process::effective_uid()
    {
        let context = format!("FIFOs connect processes of one user only, not to user {uid}");
        return Err(Error::new(Status::PermissionDenied, context));
    }
    let failure = |error: io::Error| Error::os(&format!("FIFO {request}"), &error);
    fork::follow().map_err(failure)?;
    let hello = open_hello(Path::new(request))?;
    let pair = PrivatePair::make(Path::new(request)).map_err(failure)?;
    announce(&hello, pair.id, options).map_err(failure)?;
    let framed = Framed::new(
        FifoStream {
            pair,
            hello: Some(hello),
        },
        request.to_owned(),
        options,
    );
    Ok(Box::new(FifoChannel(framed)))
}

fn open_hello(request: &Path) -> Result<Fd> {
    let path = hello_path(request);
    match file::open_fifo(&path, End::Write) {
        Ok(fd) => Ok(Fd::new(fd)),
        Err(error) if file::has_no_reader(&error) => {
            let context = format!("{}: its server has gone", request.display());
            Err(Error::new(Status::NotConnected, context))
        }
        Err(error) => Err(Error::reaching(&format!("FIFO {}", path.display()), &error)),
    }
}

/// Writes the record; while the server lets a thousand others wait, for as long as the options say.
fn announce(hello: &Fd, id: Id, options: &ClientOptions) -> io::Result<()> {
    let deadline = Deadline::after(options.connect_timeout);
    loop {
        match fd::write(hello.as_fd(), &id.to_record()) {
            Ok(_) => return Ok(()), // PIPE_BUF makes it all or nothing (pipe(7)).
            Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
            Err(_) if poll::wait_writable(hello.as_fd(), deadline)? => {}
            Err(_) => return Err(ErrorKind::TimedOut.into()),
        }
    }
}

/// The client's own two FIFOs.
struct PrivatePair {
    id: Id,
    input: Fd,
    output: Fd,
    /// Until the server reads requests, this process could; without it, writing would fail.
    reader: Option<Fd>,
    /// The names, until the server has removed them, and the process whose they are.
    names: Option<PairNames>,
    generation: u32,
}

impl PrivatePair {
    fn make(request: &Path) -> io::Result<Self> {
        let mut tries = 0;
        loop {
            tries += 1;
            let id = Id::random();
            let names = PairNames::new(request, id);
            match Self::open(id, &names) {
                // Taken, or swept away by a server that is just starting: another id.
                Err(error) if is_bad_luck(&error) && tries < TRIES => {}
                Err(error) => {
                    names.remove();
                    return Err(error);
                }
                pair => return pair,
            }
        }
    }

    fn open(id: Id, names: &PairNames) -> io::Result<Self> {
        if !file::make_fifo(&names.answers)? {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let input = Fd::new(file::open_fifo(&names.answers, End::Read)?);
        file::make_fifo(&names.requests)?;
        let reader = Fd::new(file::open_fifo(&names.requests, End::Read)?);
        let output = Fd::new(file::open_fifo(&names.requests, End::Write)?);
        Ok(Self {
            id,
            input,
            output,
            reader: Some(reader),
            names: Some(names.clone()),
            generation: fork::generation(),
        })
    }
}

/// More bad luck than this is something else.
const TRIES: u32 = 8;

fn is_bad_luck(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::NotFound)
}

impl Drop for PrivatePair {
    fn drop(&mut self) {
        if let Some(names) = &self.names
            && self.generation == fork::generation()
        {
            names.remove();
        }
    }
}

struct FifoStream {
    pair: PrivatePair,
    /// Until the server has taken this client in: it fails when the server has gone.
    hello: Option<Fd>,
}

impl FifoStream {
    fn is_taken_in(&self) -> bool {
        self.hello.is_none()
    }

    fn take_in(&mut self) {
        self.hello = None;
        self.pair.reader = None;
        self.pair.names = None;
    }

    /// Before the server opens its end, reading would give an end of file that is none.
    fn read_first(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let input = poll::state(self.pair.input.as_fd(), PollFlags::POLLIN)?;
        let hello = match &self.hello {
            Some(hello) => poll::state(hello.as_fd(), PollFlags::empty())?,
            None => PollFlags::empty(),
        };
        if input.is_empty() {
            let has_gone = hello.contains(PollFlags::POLLERR);
            return if has_gone {
                Ok(0)
            } else {
                Err(ErrorKind::WouldBlock.into())
            };
        }
        fd::read(self.pair.input.as_fd(), buffer)
    }

    fn wait(&self, fd: BorrowedFd<'_>, what: PollFlags, deadline: Deadline) -> io::Result<()> {
        let hello = match &self.hello {
            Some(hello) => PollFd::new(hello.as_fd(), PollFlags::empty()),
            None => PollFd::new(fd, what),
        };
        match poll::wait(&mut [PollFd::new(fd, what), hello], deadline)? {
            true => Ok(()),
            false => Err(ErrorKind::TimedOut.into()),
        }
    }
}

impl Stream for FifoStream {
    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.is_taken_in() {
            true => fd::read(self.pair.input.as_fd(), buffer),
            false => self.read_first(buffer),
        }
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        fd::write(self.pair.output.as_fd(), bytes)
    }
}

impl Patient for FifoStream {
    fn read_by(&mut self, buffer: &mut [u8], deadline: Deadline) -> io::Result<usize> {
        loop {
            self.wait(self.pair.input.as_fd(), PollFlags::POLLIN, deadline)?;
            match self.read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                result => return result,
            }
        }
    }

    fn await_room(&mut self, deadline: Deadline) -> io::Result<()> {
        self.wait(self.pair.output.as_fd(), PollFlags::POLLOUT, deadline)
    }
}

/// Frames over the client's own pair, once the server has taken it in.
struct FifoChannel(Framed<FifoStream>);

impl FifoChannel {
    fn await_welcome(&mut self, deadline: Deadline) -> Result<()> {
        match self.0.next_piece(deadline)? {
            Piece::Notice(Notice::Welcome) => {
                self.0.stream_mut().take_in();
                Ok(())
            }
            Piece::Notice(notice) => Err(noticed(notice, self.0.peer())),
            _ => Err(Error::new(
                Status::Malformed,
                format!("{}: an answer before any request", self.0.peer()),
            )),
        }
    }
}

impl Channel for FifoChannel {
    #[inline]
    fn send(&mut self, frame: &[u8], deadline: Deadline) -> Result<()> {
        if !self.0.stream_mut().is_taken_in() {
            self.await_welcome(deadline)?;
        }
        self.0.send(frame, deadline)
    }

    #[inline]
    fn recv(&mut self, deadline: Deadline) -> Result<&[u8]> {
        self.0.recv(deadline)
    }
}
