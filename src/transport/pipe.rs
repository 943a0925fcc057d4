//! Anonymous pipes: a parent and the child that serves it.
//!
//! Two one-way pipes; the end of the child's input is its order to stop. The child keeps no other
//! descriptor of the parent's, so that neither another child nor a socket of the host outlives its
//! owner in it.

use super::framed::{Framed, Patient, Stream};
use super::inbox::{Inbox, Piece};
use super::reactor::Watched;
use super::{
    Answer, Bell, Channel, ClientOptions, Deadline, Endpoint, Outbox, ServerOptions, Task,
};
use crate::error::{Error, Result, Status};
use crate::sys::unix::fd::{self, Fd};
use crate::sys::unix::pipe::Pipe;
use crate::sys::unix::poll::{self, PollFd, PollFlags};
use crate::sys::unix::process::{self, Child};
use crate::sys::wait::Spin;
use crate::sys::{blocking, fork};
use std::ffi::{CStr, OsStr};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};
use std::time::Duration;

/// How long a child may take to end once its input has, before it is killed: a handler that hangs
/// must not hang its parent.
const FAREWELL: Duration = Duration::from_millis(500);
/// Half a request may rest this long.
const PATIENCE: Duration = Duration::from_secs(5);

/// Two one-way pipes, of which this process has one end each.
#[derive(Debug)]
pub(super) struct PipePair {
    input: Fd,
    output: Fd,
}

impl PipePair {
    /// Both ends must be non-blocking.
    pub(super) fn new(input: Fd, output: Fd) -> Self {
        Self { input, output }
    }
}

impl Stream for PipePair {
    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        fd::read(self.input.as_fd(), buffer)
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        fd::write(self.output.as_fd(), bytes)
    }

    fn write_frame(&mut self, prefix: &[u8], body: &[u8]) -> io::Result<usize> {
        fd::write_two(self.output.as_fd(), prefix, body)
    }
}

impl Patient for PipePair {
    fn read_by(&mut self, buffer: &mut [u8], deadline: Deadline) -> io::Result<usize> {
        loop {
            in_time(poll::wait_readable(self.input.as_fd(), deadline)?)?;
            match self.read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                result => return result,
            }
        }
    }

    fn await_room(&mut self, deadline: Deadline) -> io::Result<()> {
        in_time(poll::wait_writable(self.output.as_fd(), deadline)?)
    }

    fn await_any(&mut self, deadline: Deadline) -> io::Result<()> {
        let mut fds = [
            PollFd::new(self.input.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.output.as_fd(), PollFlags::POLLOUT),
        ];
        in_time(poll::wait(&mut fds, deadline)?)
    }
}

fn in_time(came: bool) -> io::Result<()> {
    if came {
        Ok(())
    } else {
        Err(ErrorKind::TimedOut.into())
    }
}

impl Watched for PipePair {
    fn input(&self) -> BorrowedFd<'_> {
        self.input.as_fd()
    }

    fn output(&self) -> Option<BorrowedFd<'_>> {
        Some(self.output.as_fd())
    }
}

/// The parent's ends, and the child behind them. The ends are closed first, which is the child's
/// order to stop: fields are dropped in the order of their declaration.
struct ChildStream {
    pipes: PipePair,
    child: OwnChild,
}

/// A child that ends with its channel.
struct OwnChild {
    child: Child,
    /// The process whose child it is.
    generation: u32,
}

impl Drop for OwnChild {
    fn drop(&mut self) {
        if self.generation != fork::generation() {
            return; // Another process's child.
        }
        if !self.child.wait(Deadline::after(Some(FAREWELL))) {
            self.child.kill();
            self.child.wait(Deadline::after(Some(FAREWELL)));
        }
    }
}

impl ChildStream {
    /// Waits for the pipe, or the child's end: a process that the child left behind may hold the
    /// other end of the pipe open.
    fn wait(&self, pipe: BorrowedFd<'_>, what: PollFlags, deadline: Deadline) -> io::Result<()> {
        let pipe = PollFd::new(pipe, what);
        let Some(watch) = self.child.child.watch() else {
            return in_time(poll::wait(&mut [pipe], deadline)?);
        };
        let mut fds = [pipe, PollFd::new(watch, PollFlags::POLLIN)];
        in_time(poll::wait(&mut fds, deadline)?)?;
        match fds[0].any() {
            Some(true) => Ok(()),
            _ => Err(ErrorKind::ConnectionAborted.into()),
        }
    }
}

impl Stream for ChildStream {
    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.pipes.read(buffer)
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pipes.write(bytes)
    }

    fn write_frame(&mut self, prefix: &[u8], body: &[u8]) -> io::Result<usize> {
        self.pipes.write_frame(prefix, body)
    }
}

impl Patient for ChildStream {
    fn read_by(&mut self, buffer: &mut [u8], deadline: Deadline) -> io::Result<usize> {
        loop {
            self.wait(self.pipes.input.as_fd(), PollFlags::POLLIN, deadline)?;
            match self.read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                result => return result,
            }
        }
    }

    fn await_room(&mut self, deadline: Deadline) -> io::Result<()> {
        self.wait(self.pipes.output.as_fd(), PollFlags::POLLOUT, deadline)
    }

    fn await_any(&mut self, deadline: Deadline) -> io::Result<()> {
        self.pipes.await_any(deadline)
    }
}

/// A channel to a child, which ends with it.
fn channel(
    pipes: PipePair,
    child: Child,
    name: String,
    options: &ClientOptions,
) -> Box<dyn Channel> {
    let generation = fork::generation();
    let child = OwnChild { child, generation };
    Box::new(Framed::new(ChildStream { pipes, child }, name, options))
}

/// The four ends of two pipes.
struct Ends {
    own: PipePair,
    /// Where the child reads requests.
    requests: OwnedFd,
    /// Where the child writes answers.
    answers: OwnedFd,
}

impl Ends {
    fn new() -> io::Result<Self> {
        fork::follow()?;
        let requests = Pipe::new()?;
        let answers = Pipe::new()?;
        let own = PipePair::new(Fd::new(answers.read), Fd::new(requests.write));
        fd::set_nonblocking(own.input.as_fd())?;
        fd::set_nonblocking(own.output.as_fd())?;
        Ok(Self {
            own,
            requests: requests.read,
            answers: answers.write,
        })
    }
}

/// Forks a child that runs `serve` with its input and its output, and connects to it.
///
/// The child is a copy of this process with one thread: what other threads had locked stays locked.
pub(crate) fn create(
    options: &ClientOptions,
    serve: impl FnOnce(BorrowedFd<'_>, BorrowedFd<'_>) -> Result<()>,
) -> Result<Box<dyn Channel>> {
    options.validate()?;
    let failure = |error: io::Error| Error::os("create a pipe to a child", &error);
    let ends = Ends::new().map_err(failure)?;
    let child = process::fork_child(ends.requests, ends.answers, |input, output| {
        i32::from(serve(input.as_fd(), output.as_fd()).is_err())
    });
    let name = "pipe to a child".to_owned();
    Ok(channel(ends.own, child.map_err(failure)?, name, options))
}

/// Executes `argv`, found by the PATH as a shell finds it, with pipes as its standard input and
/// output, and connects to it.
pub(crate) fn spawn(argv: &[&CStr], options: &ClientOptions) -> Result<Box<dyn Channel>> {
    options.validate()?;
    let text = |word: &CStr| OsStr::from_bytes(word.to_bytes()).to_owned();
    let Some((program, arguments)) = argv.split_first() else {
        return Err(Error::new(Status::InvalidArgument, "no program is named"));
    };
    let name = program.to_string_lossy().into_owned();
    let failure = |error: io::Error| Error::reaching(&format!("execute {name}"), &error);
    let ends = Ends::new().map_err(failure)?;
    let child = Command::new(text(program))
        .args(arguments.iter().map(|word| text(word)))
        .stdin(Stdio::from(ends.requests))
        .stdout(Stdio::from(ends.answers))
        .spawn()
        .map_err(failure)?;
    let child = Child::follow(i32::try_from(child.id()).unwrap_or(-1));
    Ok(channel(ends.own, child, name, options))
}

/// Serves the one client that writes to `input` and reads from `output`, until the input ends or
/// `stop` rings. Both are the host's: blocking or not, of any kind, and never changed.
pub(crate) fn serve(
    input: BorrowedFd<'_>,
    output: BorrowedFd<'_>,
    answer: &dyn Answer,
    options: &ServerOptions,
    stop: Option<&Bell>,
) -> Result<()> {
    options.validate()?;
    let mut inbox = Inbox::new(options.max_message);
    let mut answers = Outbox::new(options.max_message);
    let mut source = Source {
        input,
        spin: Spin::new(options.spin),
        stop,
    };
    loop {
        let goes_on = answer_all(&mut inbox, answer, &mut answers);
        match blocking::write_all(output, answers.frames()) {
            Ok(()) => answers.clear(),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => return Err(Error::os("write answers", &error)),
        }
        if !goes_on {
            let context = "a request is over max_message";
            return Err(Error::new(Status::TooLarge, context));
        }
        let limit = if inbox.has_partial_frame() {
            PATIENCE
        } else {
            options.idle_timeout
        };
        match source.read(inbox.room(), limit) {
            Ok(0) => return Ok(()),
            Ok(count) => inbox.fill(count),
            Err(error) if error.kind() == ErrorKind::TimedOut => return Ok(()),
            Err(error) => return Err(Error::os("read requests", &error)),
        }
    }
}

/// Answers the whole requests that are there; `false` after one that ends the connection.
fn answer_all(inbox: &mut Inbox, answer: &dyn Answer, answers: &mut Outbox) -> bool {
    while let Some(piece) = inbox.next() {
        match piece {
            Piece::Body(body) => answer.answer(inbox.bytes(body), answers),
            Piece::TooLarge(_) | Piece::Notice(_) => {
                answer.too_large(answers);
                return false;
            }
        }
    }
    true
}

/// Where requests come from.
struct Source<'a> {
    input: BorrowedFd<'a>,
    spin: Spin,
    stop: Option<&'a Bell>,
}

impl Source<'_> {
    /// Reads once, waiting no longer than `limit` (zero: without limit); 0 at the end, or when
    /// told to stop.
    fn read(&mut self, room: &mut [u8], limit: Duration) -> io::Result<usize> {
        let input = self.input;
        let found = self.spin.until(|| match fd::read_now(input, room) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            result => Some(result),
        });
        if let Some(result) = found {
            return result;
        }
        let deadline = Deadline::after((!limit.is_zero()).then_some(limit));
        // A blocking read is enough where nothing else can end the wait.
        let mut must_wait = self.stop.is_some() || !limit.is_zero();
        loop {
            if must_wait && self.wait(deadline)? {
                return Ok(0);
            }
            match fd::read(input, room) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => must_wait = true,
                result => return result,
            }
        }
    }

    /// Waits for requests; `true` when told to stop.
    fn wait(&self, deadline: Deadline) -> io::Result<bool> {
        let input = PollFd::new(self.input, PollFlags::POLLIN);
        let Some(stop) = self.stop else {
            in_time(poll::wait(&mut [input], deadline)?)?;
            return Ok(false);
        };
        let mut fds = [input, PollFd::new(stop.as_fd(), PollFlags::POLLIN)];
        in_time(poll::wait(&mut fds, deadline)?)?;
        Ok(fds[1].any().unwrap_or(false))
    }
}

/// A server's address that is this program's own standard input and output.
struct StdioEndpoint(ServerOptions);

/// Serves the one client at this program's standard input and output.
pub(crate) fn bind_stdio(options: &ServerOptions) -> Result<Box<dyn Endpoint>> {
    options.validate()?;
    Ok(Box::new(StdioEndpoint(options.clone())))
}

impl Endpoint for StdioEndpoint {
    fn adopt(&self) -> Result<()> {
        Ok(())
    }

    fn serve(&self, task: &Task<'_>) -> Result<()> {
        (task.begun)();
        let (input, output) = (io::stdin(), io::stdout());
        serve(
            input.as_fd(),
            output.as_fd(),
            task.answer,
            &self.0,
            Some(task.stop),
        )
    }
}
