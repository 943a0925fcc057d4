//! Addresses, and the door that every server goes through: [`bind`]. That of clients is [`dial`](super::dial).
//!
//! At the two doors, and nowhere else, options are validated, this process's forks begin to be followed, and what this
//! system does not have is refused. What a transport's own `bind` and `connect` get has passed.

use super::{Endpoint, ServerOptions, unsupported};
use super::{
    named_pipe,
    passed::{self, At},
    posix::{fifo, pipe, seqpacket, uds},
    shm, tcp,
};
use crate::error::{Error, Result, Status};
use crate::sys::socket::{PATH_MAX, Type};
use crate::sys::{fork, lack};
use std::ffi::OsString;
use std::path;

#[cfg(test)]
mod tests;

/// An address of any transport.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Address {
    /// A Unix socket at this path.
    Unix(String),
    /// A Unix socket that keeps records apart, at this path.
    SeqPacket(String),
    /// A pair of FIFOs.
    Fifo {
        /// The path of the FIFO of requests.
        request: String,
        /// The path of the FIFO of answers.
        response: String,
    },
    /// Shared memory of this name.
    Shm(String),
    /// Shared memory whose socket is at this path: for those who share a folder, but not `/dev/shm`.
    ShmAt(String),
    /// A TCP socket on this host and port.
    Tcp {
        /// A host's name, or an address.
        host: String,
        /// The port; 0 lets the system choose, for servers.
        port: u16,
    },
    /// A named pipe of Windows: its name, or its path on this machine, `\\.\pipe\name`.
    NamedPipe(String),
    /// Clients only: a program to execute, which serves on its standard input and output.
    Exec {
        /// Its path, or a name without a slash, which is looked for along the PATH.
        program: OsString,
        /// What it is given after its name.
        arguments: Vec<OsString>,
    },
    /// Servers only: this program's own standard input and output.
    Stdio,
    /// Servers only: the listening socket that the service manager passed, or the one of this name.
    Systemd(Option<String>),
}

/// What a server bound.
pub struct Bound {
    /// The server's side of the transport.
    pub endpoint: Box<dyn Endpoint>,
    /// The address as clients use it: with the real port where the system chose one.
    pub address: Address,
}

/// Whose address it is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It binds the address.
    Server,
    /// It connects to the address.
    Client,
}

/// Why there are no named pipes on this system; `None` where there are.
pub(crate) const NO_NAMED_PIPES: Option<&str> = lack::NAMED_PIPES;

/// Why there are no transports at all on this system; `None` where there are.
pub(crate) const NO_TRANSPORTS: Option<&str> = lack::ALL;

impl Address {
    /// The Unix socket at `path`.
    pub fn unix(path: impl Into<String>) -> Self {
        Self::Unix(path.into())
    }

    /// The Unix socket that keeps records apart, at `path`.
    pub fn seqpacket(path: impl Into<String>) -> Self {
        Self::SeqPacket(path.into())
    }

    /// The FIFOs at these paths.
    pub fn fifo(request: impl Into<String>, response: impl Into<String>) -> Self {
        Self::Fifo {
            request: request.into(),
            response: response.into(),
        }
    }

    /// The shared memory called `name`.
    pub fn shm(name: impl Into<String>) -> Self {
        Self::Shm(name.into())
    }

    /// The shared memory whose socket is at `path`.
    pub fn shm_at(path: impl Into<String>) -> Self {
        Self::ShmAt(path.into())
    }

    /// The TCP socket on this host and port.
    pub fn tcp(host: impl Into<String>, port: u16) -> Self {
        let host = host.into();
        Self::Tcp { host, port }
    }

    /// The named pipe called `name`, or at `\\.\pipe\name`.
    pub fn named_pipe(name: impl Into<String>) -> Self {
        Self::NamedPipe(name.into())
    }

    /// The program at `path`, without arguments.
    pub fn exec(path: impl Into<OsString>) -> Self {
        Self::Exec {
            program: path.into(),
            arguments: Vec::new(),
        }
    }

    /// Whether it is that of a child, which has one client and is there but once.
    pub(super) fn is_of_a_child(&self) -> bool {
        matches!(self, Self::Exec { .. })
    }

    /// The same address, which means the same wherever this process goes (chdir(2)), if it is not too long for that.
    pub(super) fn anchored(&self) -> Self {
        let absolute = |path: &str, longest| {
            let absolute = path::absolute(path)
                .ok()?
                .into_os_string()
                .into_string()
                .ok()?;
            (absolute.len() <= longest).then_some(absolute)
        };
        let socket = |path: &String| absolute(path, PATH_MAX).unwrap_or_else(|| path.clone());
        let fifo = |path: &String| absolute(path, usize::MAX).unwrap_or_else(|| path.clone());
        match self {
            Self::Unix(path) => Self::Unix(socket(path)),
            Self::SeqPacket(path) => Self::SeqPacket(socket(path)),
            Self::ShmAt(path) => Self::ShmAt(socket(path)),
            Self::Fifo { request, response } => Self::Fifo {
                request: fifo(request),
                response: fifo(response),
            },
            other => other.clone(),
        }
    }

    /// Why this system has no such transport.
    fn lack(&self) -> Option<&'static str> {
        match self {
            Self::Unix(_) | Self::SeqPacket(_) => lack::UNIX_SOCKETS,
            Self::Fifo { .. } => lack::FIFOS,
            Self::Shm(_) => lack::SHARED_MEMORY,
            Self::ShmAt(_) => lack::SHARED_MEMORY.or(lack::UNIX_SOCKETS),
            Self::Tcp { .. } => lack::TCP,
            Self::NamedPipe(_) => lack::NAMED_PIPES,
            Self::Exec { .. } => lack::PROGRAMS,
            Self::Stdio => lack::STANDARD_PIPES,
            Self::Systemd(_) => lack::PASSED_SOCKETS,
        }
    }

    /// Fails unless this side can have such an address, on this system.
    pub(super) fn check(&self, side: Side) -> Result<()> {
        match (self, side) {
            (Self::Exec { .. }, Side::Server) | (Self::Stdio | Self::Systemd(_), Side::Client) => {
                let context = format!("'{self}': {}", side.forms());
                Err(Error::new(Status::InvalidArgument, context))
            }
            _ => self.lack().map_or(Ok(()), |lack| Err(unsupported(lack))),
        }
    }
}

/// Binds a server's address.
pub fn bind(address: &Address, options: &ServerOptions) -> Result<Bound> {
    address.check(Side::Server)?;
    options.validate()?;
    follow_forks()?;
    if let Address::Systemd(name) = address {
        return serve_passed(name.as_deref(), options);
    }
    let (endpoint, port) = endpoint(address, options)?;
    let mut address = address.clone();
    if let (Address::Tcp { port, .. }, Some(bound)) = (&mut address, port) {
        *port = bound;
    }
    Ok(Bound { endpoint, address })
}

/// The server's side at an address that passed, and its port if it has one.
fn endpoint(
    address: &Address,
    options: &ServerOptions,
) -> Result<(Box<dyn Endpoint>, Option<u16>)> {
    let endpoint = match address {
        Address::Unix(path) => uds::bind(path, options),
        Address::SeqPacket(path) => seqpacket::bind(path, options),
        Address::Fifo { request, response } => fifo::bind(request, response, options),
        Address::Shm(name) => shm::bind(name, options),
        Address::ShmAt(path) => shm::bind_at(path.as_ref(), options),
        Address::Tcp { host, port } => {
            return tcp::bind(host, *port, options).map(|(endpoint, port)| (endpoint, Some(port)));
        }
        Address::Stdio => Ok(pipe::bind_stdio(options)),
        Address::NamedPipe(name) => named_pipe::bind(name, options),
        Address::Exec { .. } | Address::Systemd(_) => Err(unchecked()),
    };
    Ok((endpoint?, None))
}

/// The server's side at a socket that the service manager passed, by the transport that it is.
fn serve_passed(name: Option<&str>, options: &ServerOptions) -> Result<Bound> {
    let (socket, at) = passed::find(name)?;
    let (endpoint, address) = match at {
        At::Path(Type::Stream, path) => {
            let endpoint = uds::serve_passed(socket, &path, options)?;
            (endpoint, Address::Unix(path))
        }
        At::Path(Type::SeqPacket, path) => {
            let endpoint = seqpacket::serve_passed(socket, &path, options)?;
            (endpoint, Address::SeqPacket(path))
        }
        At::Tcp(at) => {
            let endpoint = tcp::serve_passed(socket, at, options)?;
            (endpoint, Address::tcp(at.ip().to_string(), at.port()))
        }
    };
    Ok(Bound { endpoint, address })
}

/// A child that this process forks lets go of whatever is made from here on.
pub(super) fn follow_forks() -> Result<()> {
    fork::follow().map_err(|error| Error::os("following forks", &error))
}

/// [`Address::check`] let through what it has to refuse.
pub(super) fn unchecked() -> Error {
    Error::new(Status::Internal, "an address that was not checked")
}
