//! Named pipes of Windows: a name for a server on this machine, which has both directions and knows who asks.
//!
//! Frames are as everywhere. The server's pipe keeps messages apart for clients that read by messages, as programs that know only
//! pipes do: each answer is one.

#[cfg(test)]
mod tests;

use super::channel::Framed;
use super::pipe_name;
use super::socket::{Accepted, Listening, SocketEndpoint, SocketStream};
use super::{Channel, ClientOptions, Credentials, Deadline, Endpoint, ServerOptions, ServerUser};
use crate::error::{Error, Result, Status};
use crate::sys::{AsSource, Handle, Source, named_pipe};
use std::io::{self, ErrorKind};

/// A pipe whose name is this process's alone, and gone when it is dropped.
pub(super) struct NamedPipe {
    name: String,
    door: Handle,
}

/// The server at this name, or this path of a pipe.
pub(super) fn bind(name: &str, options: &ServerOptions) -> Result<Box<dyn Endpoint>> {
    let name = pipe_name::bare(name)?;
    let listening = NamedPipe::listen(name, title(name), options)?;
    let endpoint = SocketEndpoint::new(listening, SocketStream::accepted, options);
    Ok(Box::new(endpoint))
}

impl NamedPipe {
    /// Takes a name, which was checked, and lets clients in that the mode allows; `what`: for people.
    pub(super) fn listen(name: &str, what: String, options: &ServerOptions) -> Result<Self> {
        let door = named_pipe::listen(name, options.is_open_to_others());
        let door = door.map_err(|error| unbound(&what, &error))?;
        Ok(Self { name: what, door })
    }
}

/// Connects to the server at this name, or this path of a pipe, and checks whose it is.
pub(super) fn connect(name: &str, options: &ClientOptions) -> Result<Box<dyn Channel>> {
    let name = pipe_name::bare(name)?;
    let pipe = reach(name, &title(name), options)?;
    let stream = SocketStream::connected(pipe, options.call_timeout)?;
    Ok(Box::new(Framed::new(stream, title(name), options)))
}

/// Connects to the server at this name, which was checked, and checks whose it is; `what`: for people.
pub(super) fn reach(name: &str, what: &str, options: &ClientOptions) -> Result<Handle> {
    if let ServerUser::Uid(_) = options.server_user {
        let context = "users of Windows have no numbers: server_uid is this user's, or anybody's";
        return Err(Error::new(Status::Unsupported, context));
    }
    let deadline = Deadline::after(options.connect_timeout);
    let failure = |error: io::Error| unreached(what, &deadline, &error);
    let pipe = named_pipe::connect(name, &deadline).map_err(failure)?;
    if options.server_user == ServerUser::Own
        && !named_pipe::is_server_trusted(pipe.as_source()).map_err(failure)?
    {
        let context = format!(
            "{what}: its server is run by another user, and this client trusts its own and the system's only; the option \
             server_uid says whether others, too"
        );
        return Err(Error::new(Status::PermissionDenied, context));
    }
    Ok(pipe)
}

/// What people call it.
fn title(name: &str) -> String {
    format!("named pipe {name}")
}

/// The failure to bind.
fn unbound(what: &str, cause: &io::Error) -> Error {
    let why = match cause.kind() {
        ErrorKind::AddrInUse => "another process serves it",
        _ => "bind",
    };
    Error::os(&format!("{what}: {why}"), cause)
}

/// The failure to connect.
fn unreached(what: &str, deadline: &Deadline, cause: &io::Error) -> Error {
    match (cause.kind(), deadline.limit()) {
        (ErrorKind::TimedOut, Some(limit)) => Error::new(
            Status::TimedOut,
            format!("{what}: the server did not accept within {limit:?} (connect_timeout_ms)"),
        ),
        (ErrorKind::NotFound, _) => {
            let what = format!("{what}: nobody serves it; start the server first");
            Error::reaching(&what, cause)
        }
        _ => Error::reaching(&format!("{what}: connect"), cause),
    }
}

impl AsSource for NamedPipe {
    fn as_source(&self) -> Source<'_> {
        self.door.as_source()
    }
}

impl Listening for NamedPipe {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn bequeath(&self) {
        self.door.bequeath();
    }

    fn adopt(&self) -> Result<()> {
        self.door.own();
        Ok(())
    }

    /// Whom the pipe's descriptor lets in may come in.
    fn accept(&self) -> io::Result<Accepted> {
        let accepted = Accepted::next(self.as_source())?;
        let Accepted::Client(client, _) = accepted else {
            return Ok(accepted);
        };
        let who = Credentials {
            pid: named_pipe::client(client.as_source()).ok(),
            ..Credentials::UNKNOWN
        };
        Ok(Accepted::Client(client, who))
    }
}
