//! Anonymous pipes: a parent and the child that serves it.
//!
//! Two one-way pipes; the end of the child's input tells it to stop. The child keeps nothing else that its parent has
//! open, so that no connection of another child's and no socket of the host's outlives its owner in it.

mod child;
mod later;
mod pair;
mod serve;

pub(super) use pair::{PipePair, halted, in_time, read_or_wait};
pub(in crate::transport) use serve::bind_stdio;
pub(crate) use serve::{peer_of, serve};

use crate::error::{Error, Result, Status};
use crate::sys::pipe::Pipe;
use crate::sys::process::{self, Child};
use crate::sys::{Handle, Source, fork};
use crate::transport::channel::Framed;
pub(crate) use crate::transport::deferral::Service;
use crate::transport::{Channel, ClientOptions};
use child::ChildStream;
use std::ffi::{CString, OsStr, OsString};
use std::io::{self, ErrorKind};
use std::iter;
use std::path::{self, Path};

/// A channel to a child, which ends with it; `what` is the child, for people.
fn channel(pipes: PipePair, child: Child, what: &str, options: &ClientOptions) -> Box<dyn Channel> {
    let name = format!("{what} (process {})", child.number());
    Box::new(Framed::new(ChildStream::new(pipes, child), name, options))
}

/// The four ends of two pipes.
struct Ends {
    own: PipePair,
    /// Where the child reads requests.
    requests: Handle,
    /// Where the child writes answers.
    answers: Handle,
}

impl Ends {
    /// Pipes for messages of up to `max_message` bytes.
    fn new(max_message: u32) -> io::Result<Self> {
        let requests = Pipe::to_child()?;
        let answers = Pipe::from_child()?;
        answers.read.set_nonblocking()?;
        requests.write.set_nonblocking()?;
        let own_reader = requests.read.duplicate()?;
        let own = PipePair::new(answers.read, requests.write, own_reader).with_lifeline()?;
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
    serve: impl FnOnce(Source<'_>, Source<'_>) -> Result<()>,
) -> Result<Box<dyn Channel>> {
    let failure = |error: io::Error| Error::os("create a pipe to a child", &error);
    fork::follow().map_err(failure)?;
    let ends = Ends::new(options.max_message).map_err(failure)?;
    let child = process::fork_child(&ends.requests, &ends.answers, |input, output| {
        i32::from(serve(input, output).is_err())
    });
    let child = child.map_err(failure)?;
    Ok(channel(ends.own, child, "child", options))
}

/// Executes `program`, found by the PATH as a shell finds it, with pipes as its standard input and
/// output, and connects to it.
pub(in crate::transport) fn spawn(
    program: &OsStr,
    arguments: &[OsString],
    options: &ClientOptions,
) -> Result<Box<dyn Channel>> {
    let name = program.to_string_lossy();
    if name.is_empty() {
        let context = "the program's path is empty";
        return Err(Error::new(Status::InvalidArgument, context));
    }
    let failure = |error: io::Error| Error::os(&format!("execute {name}"), &error);
    let ends = Ends::new(options.max_message).map_err(failure)?;
    let words = iter::once(program).chain(arguments.iter().map(OsString::as_os_str));
    let argv = words.map(text).collect::<Result<Vec<_>>>()?;
    let argv = argv.iter().map(CString::as_c_str).collect::<Vec<_>>();
    let child = process::execute(&argv, &ends.requests, &ends.answers)
        .map_err(|error| unexecuted(&name, &error))?;
    Ok(channel(
        ends.own,
        child,
        &format!("program {name}"),
        options,
    ))
}

/// A word of a program's, as execve(2) takes it.
fn text(word: &OsStr) -> Result<CString> {
    CString::new(word.as_encoded_bytes()).map_err(|_| {
        let context = format!("'{}' has a NUL in it", word.display());
        Error::new(Status::InvalidArgument, context)
    })
}

/// The failure to execute the program `name` (execve(2)).
fn unexecuted(name: &str, cause: &io::Error) -> Error {
    let why = match cause.kind() {
        ErrorKind::NotFound if !name.contains(path::is_separator) => {
            "no folder in PATH has such a program"
        }
        ErrorKind::NotFound if Path::new(name).exists() => {
            "it is there, but not the interpreter that its first line names"
        }
        ErrorKind::NotFound if name.contains(' ') => {
            "there is no such program; this is the path alone, and no argument can follow it"
        }
        ErrorKind::NotFound => "there is no such program",
        ErrorKind::PermissionDenied if Path::new(name).is_dir() => "it is a folder",
        ErrorKind::PermissionDenied => process::MAY_NOT_EXECUTE,
        _ => "it is no program",
    };
    Error::reaching(&format!("execute {name}: {why}"), cause)
}

#[cfg(test)]
#[cfg(unix_sockets)]
mod tests {
    use super::*;

    #[test]
    fn why_a_program_is_not_executed_depends_on_its_name() {
        for (name, kind, why) in [
            (
                "x",
                ErrorKind::NotFound,
                "no folder in PATH has such a program",
            ),
            (
                "/bin/sh",
                ErrorKind::NotFound,
                "it is there, but not the interpreter",
            ),
            (
                "/none/x y",
                ErrorKind::NotFound,
                "there is no such program; this is the path alone",
            ),
            ("/none/x", ErrorKind::NotFound, "there is no such program: "),
            ("/", ErrorKind::PermissionDenied, "it is a folder"),
            (
                "/bin/sh",
                ErrorKind::PermissionDenied,
                "this user may not execute it",
            ),
            ("/bin/sh", ErrorKind::InvalidInput, "it is no program"),
        ] {
            let error = unexecuted(name, &kind.into());
            let text = format!("execute {name}: {why}");
            assert!(error.context().starts_with(&text), "{error}");
        }
    }
}
