//! TCP: any machine that can reach this one, thousands at once.
//!
//! It knows nobody: whoever reaches the port may ask. So a server binds loopback addresses only,
//! unless its options say `allow_remote`; then put something in front that authenticates and
//! encrypts (an SSH tunnel, WireGuard, a TLS proxy). A peer whose machine vanished, without a
//! word, is noticed by probes of the kernel's (tcp(7)) in about eleven seconds.

use super::framed::Framed;
use super::socket::{Accepted, Door, SocketEndpoint, SocketStream};
use super::{Channel, ClientOptions, Deadline, Endpoint, ServerOptions};
use crate::error::{Error, Result, Status};
use crate::sys::fork;
use crate::sys::unix::fd::Fd;
use crate::sys::unix::{file, memory, socket, tcp};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};

/// A listening socket, and which of the processes that a fork made share it may serve.
struct TcpDoor {
    socket: Fd,
    /// A file without a name, for a lock that only one process can have.
    right: Fd,
}

/// A server's address, and the port that it has: the system's choice where `port` is 0. `host` is a
/// name or an address, of this machine.
pub fn bind(host: &str, port: u16, options: &ServerOptions) -> Result<(Box<dyn Endpoint>, u16)> {
    options.validate()?;
    let failure = |error: &io::Error| Error::os(&format!("bind {}", at(host, port)), error);
    fork::follow().map_err(|error| failure(&error))?;
    let addresses = resolve(host, port)?;
    if !options.allow_remote && addresses.iter().any(|address| !address.ip().is_loopback()) {
        let context = format!(
            "{} can be reached from other machines, and TCP asks nobody who they are; set allow_remote to serve it",
            at(host, port)
        );
        return Err(Error::new(Status::PermissionDenied, context));
    }
    let (socket, port) = tcp::listen(&addresses).map_err(|error| failure(&error))?;
    let right = memory::nameless().map_err(|error| failure(&error))?;
    let door = TcpDoor {
        socket: Fd::inherited(socket),
        right: Fd::inherited(right),
    };
    Ok((Box::new(SocketEndpoint::new(door, options)), port))
}

/// Connects to the server at this host, a name or an address, and port.
pub fn connect(host: &str, port: u16, options: &ClientOptions) -> Result<Box<dyn Channel>> {
    options.validate()?;
    let deadline = Deadline::after(options.connect_timeout);
    deadline.remaining(); // Finding the address takes of its time.
    let failure =
        |error: &io::Error| Error::reaching(&format!("connect {}", at(host, port)), error);
    fork::follow().map_err(|error| failure(&error))?;
    let socket = tcp::connect(&resolve(host, port)?, &deadline).map_err(|error| failure(&error))?;
    let stream = SocketStream::connected(Fd::new(socket), options.call_timeout)?;
    Ok(Box::new(Framed::new(stream, at(host, port), options)))
}

fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>> {
    if host.is_empty() {
        return Err(Error::new(Status::InvalidArgument, "the host has no name"));
    }
    let addresses = tcp::resolve(host, port).map_err(|error| {
        let context = format!("the host '{host}' is not known: {error}");
        Error::new(Status::NotConnected, context)
    })?;
    if addresses.is_empty() {
        let context = format!("the host '{host}' has no address");
        return Err(Error::new(Status::NotConnected, context));
    }
    Ok(addresses)
}

/// How people and URLs write it.
fn at(host: &str, port: u16) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

impl AsFd for TcpDoor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for TcpDoor {
    /// A child forked a moment ago may not have come to close its copy of the socket yet; listening
    /// ends in that one, too, so that the port is free at once.
    fn drop(&mut self) {
        if self.socket.is_own() {
            let _ = socket::end_listening(self.as_fd());
        }
    }
}

impl Door for TcpDoor {
    fn adopt(&self) -> Result<()> {
        let failure = |error| Error::os("adopt a TCP server", &error);
        if !file::try_lock_for_process(self.right.as_fd()).map_err(failure)? {
            let context = "another process adopted the TCP server";
            return Err(Error::new(Status::AddressInUse, context));
        }
        self.socket.own();
        self.right.own();
        Ok(())
    }

    fn accept(&self) -> io::Result<Accepted> {
        let accepted = Accepted::next(self.as_fd())?;
        if let Accepted::Client(client) = &accepted
            && socket::tune_tcp(client.as_fd()).is_err()
        {
            return Ok(Accepted::SentAway); // It has gone already.
        }
        Ok(accepted)
    }
}
