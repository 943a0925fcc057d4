//! The client's side of the FIFOs.

use super::hello::{Id, PairNames, hello_path};
use super::public_pair;
use crate::error::{Error, Result, Status};
use crate::sys::fork;
use crate::sys::unix::fd::{self, Fd};
use crate::sys::unix::file::{self, End};
use crate::sys::unix::poll::{self, PollFd, PollFlags};
use crate::sys::unix::process;
use crate::transport::framed::{Framed, Patient, Stream};
use crate::transport::pipe::PipePair;
use crate::transport::reactor::Watched;
use crate::transport::{Channel, ClientOptions, Deadline, ServerUser};
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::path::Path;

/// Announces a client to the server at the public pair `request` and `response`; the server takes
/// it in when it next looks, and the first call waits for that.
pub fn connect(request: &str, response: &str, options: &ClientOptions) -> Result<Box<dyn Channel>> {
    options.validate()?;
    let (request, _) = public_pair(request, response)?;
    if let ServerUser::Uid(uid) = options.server_user
        && uid != process::effective_uid()
    {
        let context = format!("FIFOs connect processes of one user only, not to user {uid}");
        return Err(Error::new(Status::PermissionDenied, context));
    }
    let name = request.display().to_string();
    let failure = |error: io::Error| Error::reaching(&format!("FIFO {name}"), &error);
    fork::follow().map_err(failure)?;
    let hello = open_hello(&request)?;
    let stream = FifoStream::announce(&request, hello, options).map_err(failure)?;
    Ok(Box::new(Framed::new(stream, name, options)))
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

/// The client's own two FIFOs.
struct FifoStream {
    pipes: PipePair,
    /// Until the server has taken this client in.
    greeting: Option<Greeting>,
}

/// A client that the server has not taken in yet.
struct Greeting {
    /// Fails when the server has gone.
    hello: Fd,
    /// The names of its pair, which the server removes when it takes the client in.
    names: Option<PairNames>,
    /// The process whose they are.
    generation: u32,
}

impl Drop for Greeting {
    fn drop(&mut self) {
        if let Some(names) = &self.names
            && self.generation == fork::generation()
        {
            names.remove();
        }
    }
}

/// More bad luck than this is something else.
const TRIES: u32 = 8;

impl FifoStream {
    /// Makes a pair of FIFOs and tells the server of it; `BrokenPipe` when that has gone meanwhile.
    fn announce(request: &Path, hello: Fd, options: &ClientOptions) -> io::Result<Self> {
        let (id, stream) = Self::make(request, hello)?;
        stream.pipes.widen(options.max_message);
        if let Some(greeting) = &stream.greeting {
            write_record(&greeting.hello, id, options)?;
        }
        Ok(stream)
    }

    fn make(request: &Path, hello: Fd) -> io::Result<(Id, Self)> {
        let mut tries = 0;
        let (id, names) = loop {
            let id = Id::random();
            let names = PairNames::new(request, id);
            tries += 1;
            if file::make_fifo(&names.answers)? {
                break (id, names);
            }
            if tries == TRIES {
                return Err(ErrorKind::AlreadyExists.into());
            }
        };
        let opened = Self::open(&names);
        if opened.is_err() {
            names.remove();
        }
        let pipes = opened?;
        let greeting = Greeting {
            hello,
            names: Some(names),
            generation: fork::generation(),
        };
        let greeting = Some(greeting);
        Ok((id, Self { pipes, greeting }))
    }

    /// Opens the answers' FIFO, which is there, makes the requests' and opens it.
    fn open(names: &PairNames) -> io::Result<PipePair> {
        let input = Fd::new(file::open_fifo(&names.answers, End::Read)?);
        file::make_fifo(&names.requests)?;
        let output = Fd::new(file::open_fifo(&names.requests, End::Both)?);
        Ok(PipePair::of_fifos(input, output))
    }

    /// Before the server opens its end, reading would give an end of file that is none.
    fn is_silent(&self) -> io::Result<Option<Silence>> {
        let Some(greeting) = &self.greeting else {
            return Ok(None);
        };
        let hello = poll::state(greeting.hello.as_fd(), PollFlags::empty())?;
        if !poll::state(self.pipes.input(), PollFlags::POLLIN)?.is_empty() {
            return Ok(None);
        }
        let has_gone = hello.contains(PollFlags::POLLERR);
        Ok(Some(if has_gone {
            Silence::ForEver
        } else {
            Silence::SoFar
        }))
    }
}

/// Nothing has come from the server.
enum Silence {
    SoFar,
    ForEver,
}

/// Writes the record; while the server lets a thousand others wait, for as long as the options say.
fn write_record(hello: &Fd, id: Id, options: &ClientOptions) -> io::Result<()> {
    let deadline = Deadline::after(options.connect_timeout);
    loop {
        match fd::write(hello.as_fd(), &id.to_record()) {
            Ok(_) => return Ok(()), // PIPE_BUF makes it all or nothing (pipe(7)).
            Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
            Err(_) if poll::wait_writable(hello.as_fd(), &deadline)? => {}
            Err(_) => return Err(ErrorKind::TimedOut.into()),
        }
    }
}

impl Stream for FifoStream {
    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.is_silent()? {
            Some(Silence::SoFar) => Err(ErrorKind::WouldBlock.into()),
            Some(Silence::ForEver) => Ok(0),
            None => self.pipes.read(buffer),
        }
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pipes.write(bytes)
    }

    fn write_frame(&mut self, prefix: &[u8], body: &[u8]) -> io::Result<usize> {
        self.pipes.write_frame(prefix, body)
    }
}

impl Patient for FifoStream {
    fn read_by(&mut self, buffer: &mut [u8], deadline: &Deadline) -> io::Result<usize> {
        while let Some(greeting) = &self.greeting {
            let mut fds = [
                PollFd::new(self.pipes.input(), PollFlags::POLLIN),
                PollFd::new(greeting.hello.as_fd(), PollFlags::empty()),
            ];
            if !poll::wait(&mut fds, deadline)? {
                return Err(ErrorKind::TimedOut.into());
            }
            match self.read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                result => return result,
            }
        }
        self.pipes.read_by(buffer, deadline)
    }

    fn await_room(&mut self, deadline: &Deadline) -> io::Result<()> {
        self.pipes.await_room(deadline)
    }

    fn await_any(&mut self, deadline: &Deadline) -> io::Result<()> {
        self.pipes.await_any(deadline)
    }

    fn awaits_welcome(&self) -> bool {
        self.greeting.is_some()
    }

    fn welcomed(&mut self) {
        if let Some(mut greeting) = self.greeting.take() {
            greeting.names = None;
        }
    }
}
