//! The client's side of the FIFOs.

use super::hello::{Id, PairNames, hello_path};
use super::public_pair;
use crate::error::{Error, Result, Status};
use crate::sys::fifo::{self, End};
use crate::sys::file::{self, Kind};
use crate::sys::poll::{self, Awaited};
use crate::sys::ready::{Ready, Want};
use crate::sys::{AsSource, Handle, Source, fork, process, transfer};
use crate::transport::channel::{Framed, Patient, Stream};
use crate::transport::posix::pipe::{PipePair, halted, in_time, read_or_wait};
use crate::transport::posix::place;
use crate::transport::reactor::Watched;
use crate::transport::{Channel, ClientOptions, Deadline, Lifeline, ServerUser, Watches};
use std::io::{self, ErrorKind};
use std::path::Path;

#[cfg(test)]
#[cfg(unix_sockets)]
mod tests;

/// Announces a client to the server at the public pair `request` and `response`. The first call waits until the server
/// has accepted it.
pub(in crate::transport) fn connect(
    request: &str,
    response: &str,
    options: &ClientOptions,
) -> Result<Box<dyn Channel>> {
    let (request, _) = public_pair(request, response)?;
    if let ServerUser::Uid(uid) = options.server_user
        && uid != process::effective_uid()
    {
        let own = process::effective_uid();
        let context = format!(
            "FIFO {}: FIFOs connect processes of one user only, user {own} here, and the option server_uid asks for user {uid}",
            request.display()
        );
        return Err(Error::new(Status::PermissionDenied, context));
    }
    let failure = |error: io::Error| unannounced(&request, options, &error);
    let hello = open_hello(&request)?;
    let stream = FifoStream::announce(&request, hello, options).map_err(failure)?;
    Ok(Box::new(Framed::new(stream, name_of(&request), options)))
}

/// The server at `request`, for people.
fn name_of(request: &Path) -> String {
    format!("FIFO {}", request.display())
}

/// The failure to announce a client to the server at `request`.
fn unannounced(request: &Path, options: &ClientOptions, cause: &io::Error) -> Error {
    let name = name_of(request);
    match (cause.kind(), options.connect_timeout) {
        (ErrorKind::TimedOut, Some(limit)) => Error::new(
            Status::TimedOut,
            format!(
                "{name}: the server did not look for newcomers within {limit:?} (connect_timeout_ms)"
            ),
        ),
        (ErrorKind::PermissionDenied | ErrorKind::NotFound, _) => place::creating(request, cause),
        _ => Error::reaching(&name, cause),
    }
}

fn open_hello(request: &Path) -> Result<Handle> {
    let path = hello_path(request);
    match fifo::open(&path, End::Write) {
        Ok(fd) => Ok(fd),
        Err(error) if fifo::has_no_reader(&error) => {
            let context = format!(
                "FIFO {}: its server has ended; a new one will take the name over",
                request.display()
            );
            Err(Error::new(Status::NotConnected, context))
        }
        Err(error) => Err(unopened(request, &path, &error)),
    }
}

/// The failure to open `hello`, where a server at `request` would look for newcomers.
fn unopened(request: &Path, hello: &Path, cause: &io::Error) -> Error {
    let path = match (cause.kind(), file::about(request)) {
        // What stands at the path that the user knows says more.
        (ErrorKind::NotFound, Ok(Some(found))) if found.kind != Kind::Fifo => request,
        (ErrorKind::NotFound, Ok(Some(_))) => {
            let what = format!(
                "FIFO {}: no server of this library has it, since there is no {}; start the server first",
                request.display(),
                hello.display()
            );
            return Error::reaching(&what, cause);
        }
        (ErrorKind::NotFound | ErrorKind::NotADirectory, _) => request,
        _ => hello,
    };
    place::reaching("FIFO", Kind::Fifo, path, cause)
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
    hello: Handle,
    /// The names of its pair, which the server removes when it takes the client in.
    names: Option<PairNames>,
    /// The generation (fork.rs) of the process that made them.
    generation: u32,
}

impl Greeting {
    /// Before the server opens its end, a read gives end of file, though nothing has ended.
    #[cold]
    fn silence(&self, input: Source<'_>) -> io::Result<Option<Silence>> {
        let hello = poll::state(self.hello.as_source(), Want::NOTHING)?;
        if !poll::state(input, Want::READ)?.is_empty() {
            return Ok(None);
        }
        let has_gone = hello.contains(Ready::ERROR);
        Ok(Some(if has_gone {
            Silence::ForEver
        } else {
            Silence::SoFar
        }))
    }
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

/// An id that is taken so many times in a row is no coincidence.
const TRIES: u32 = 8;

impl FifoStream {
    /// Makes a pair of FIFOs and announces it to the server; `BrokenPipe` if the server has gone meanwhile.
    fn announce(request: &Path, hello: Handle, options: &ClientOptions) -> io::Result<Self> {
        let (id, stream) = Self::make(request, hello)?;
        stream.pipes.widen(options.max_message);
        if let Some(greeting) = &stream.greeting {
            write_record(&greeting.hello, id, options)?;
        }
        Ok(stream)
    }

    fn make(request: &Path, hello: Handle) -> io::Result<(Id, Self)> {
        for _ in 0..TRIES {
            if let Some((id, names, pipes)) = Self::make_pair(request)? {
                let greeting = Some(Greeting {
                    hello,
                    names: Some(names),
                    generation: fork::generation(),
                });
                return Ok((id, Self { pipes, greeting }));
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }

    /// A pair with a random id; `None` if the id is taken, or a server that just began took the pair for a dead client's.
    fn make_pair(request: &Path) -> io::Result<Option<(Id, PairNames, PipePair)>> {
        let id = Id::random()?;
        let names = PairNames::new(request, id);
        if !fifo::make(&names.answers)? {
            return Ok(None);
        }
        let pipes = Self::open(&names)?;
        Ok(pipes.map(|pipes| (id, names, pipes)))
    }

    /// Opens the pair whose answers' FIFO was made; `None` if somebody removed it meanwhile.
    fn open(names: &PairNames) -> io::Result<Option<PipePair>> {
        match Self::open_both(names) {
            Ok(pipes) => Ok(Some(pipes)),
            Err(error) => {
                names.remove();
                match error.kind() {
                    ErrorKind::NotFound => Ok(None),
                    _ => Err(error),
                }
            }
        }
    }

    /// Opens the answers' FIFO, makes the requests' and opens it.
    fn open_both(names: &PairNames) -> io::Result<PipePair> {
        let input = fifo::open(&names.answers, End::Read)?;
        fifo::make(&names.requests)?;
        let output = fifo::open(&names.requests, End::Both)?;
        PipePair::of_fifos(input, output).with_lifeline()
    }

    /// Reads before the server has taken this client in.
    #[cold]
    fn read_welcome_by(&mut self, buffer: &mut [u8], deadline: &Deadline) -> io::Result<usize> {
        read_or_wait(self, buffer, |stream| stream.await_input(deadline))
    }

    /// Waits until the input has bytes or has ended, or, while the server has not accepted this client, until the server
    /// has gone.
    fn await_input(&self, deadline: &Deadline) -> io::Result<()> {
        let Some(greeting) = &self.greeting else {
            return self.pipes.await_input(None, deadline);
        };
        let input = || Awaited::new(self.pipes.input(), Want::READ);
        let halt = self.pipes.halt();
        let has_halt = halt.is_some();
        let mut sources = [
            input(),
            halt.unwrap_or_else(input),
            Awaited::new(greeting.hello.as_source(), Want::NOTHING),
        ];
        in_time(poll::wait(&mut sources, deadline)?)?;
        let [input, halt, hello] = sources.map(|each| each.ready());
        match has_halt && input.is_empty() && hello.is_empty() && !halt.is_empty() {
            true => Err(halted()),
            false => Ok(()),
        }
    }
}

/// Nothing has come from the server.
enum Silence {
    SoFar,
    ForEver,
}

/// Writes the record. If a thousand others wait to be accepted and the FIFO is full, it waits for the connect timeout.
fn write_record(hello: &Handle, id: Id, options: &ClientOptions) -> io::Result<()> {
    let deadline = Deadline::after(options.connect_timeout);
    loop {
        match transfer::write(hello.as_source(), &id.to_record()) {
            Ok(_) => return Ok(()), // PIPE_BUF makes it all or nothing (pipe(7)).
            Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
            Err(_) if poll::wait_writable(hello.as_source(), &deadline)? => {}
            Err(_) => return Err(ErrorKind::TimedOut.into()),
        }
    }
}

impl Stream for FifoStream {
    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(greeting) = &self.greeting else {
            return self.pipes.read(buffer);
        };
        match greeting.silence(self.pipes.input())? {
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
    #[inline]
    fn read_by(&mut self, buffer: &mut [u8], deadline: &Deadline) -> io::Result<usize> {
        match self.greeting {
            None => self.pipes.read_by(buffer, deadline),
            Some(_) => self.read_welcome_by(buffer, deadline),
        }
    }

    fn await_room(&mut self, deadline: &Deadline) -> io::Result<()> {
        self.pipes.await_room(deadline)
    }

    fn await_any(&mut self, deadline: &Deadline) -> io::Result<()> {
        self.pipes.await_any(deadline)
    }

    fn watches(&self, for_room: bool) -> Watches<'_> {
        let Watches([input, output, _]) = self.pipes.watches(for_room);
        let hello = self.greeting.as_ref();
        let hello = hello.map(|greeting| (greeting.hello.as_source(), Want::NOTHING));
        Watches([input, output, hello])
    }

    fn lifeline(&self) -> Lifeline<'_> {
        self.pipes.lifeline()
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
