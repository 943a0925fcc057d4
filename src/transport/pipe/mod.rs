//! Anonymous pipes: a parent and the child that serves it.
//!
//! Two one-way pipes; the end of the child's input is its order to stop. The child keeps no other
//! descriptor of the parent's, so that neither another child nor a socket of the host outlives its
//! owner in it.

mod child;
mod pair;
mod serve;

pub(super) use pair::PipePair;
pub(crate) use serve::{bind_stdio, serve};

use super::framed::Framed;
use super::{Channel, ClientOptions};
use crate::error::{Error, Result, Status};
use crate::sys::fork;
use crate::sys::unix::fd::{self, Fd};
use crate::sys::unix::pipe::Pipe;
use crate::sys::unix::process::{self, Child};
use child::ChildStream;
use std::ffi::{CStr, OsStr};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

/// A channel to a child, which ends with it.
fn channel(
    pipes: PipePair,
    child: Child,
    name: String,
    options: &ClientOptions,
) -> Box<dyn Channel> {
    Box::new(Framed::new(ChildStream::new(pipes, child), name, options))
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
    /// Pipes for messages of up to `max_message` bytes.
    fn new(max_message: u32) -> io::Result<Self> {
        fork::follow()?;
        let requests = Pipe::new()?;
        let answers = Pipe::new()?;
        fd::set_nonblocking(answers.read.as_fd())?;
        fd::set_nonblocking(requests.write.as_fd())?;
        let own_reader = Fd::new(requests.read.try_clone()?);
        let own = PipePair::new(Fd::new(answers.read), Fd::new(requests.write), own_reader);
        own.widen(max_message);
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
    let ends = Ends::new(options.max_message).map_err(failure)?;
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
    let ends = Ends::new(options.max_message).map_err(failure)?;
    let child = Command::new(text(program))
        .args(arguments.iter().map(|word| text(word)))
        .stdin(Stdio::from(ends.requests))
        .stdout(Stdio::from(ends.answers))
        .spawn()
        .map_err(failure)?;
    let child = Child::follow(i32::try_from(child.id()).unwrap_or(-1));
    Ok(channel(ends.own, child, name, options))
}
