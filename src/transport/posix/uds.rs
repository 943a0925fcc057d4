//! Unix domain sockets: the default choice. Any process that knows the path, thousands at once.
//!
//! Both sides check who the other is by what the kernel says (SO_PEERCRED), not by what it says
//! itself. A server that is full takes a newcomer's connection and refuses it with a notice.

use super::named::{self, NamedSocket};
use super::passed::PassedSocket;
use crate::error::Result;
use crate::sys::Handle;
use crate::sys::socket::Type;
use crate::transport::channel::Framed;
use crate::transport::socket::{SocketEndpoint, SocketStream};
use crate::transport::{Channel, ClientOptions, Endpoint, ServerOptions};
use std::path::Path;

const SOCKET: named::Kind = named::Kind {
    called: "Unix socket",
    in_lock: "name",
    of_type: Type::Stream,
};

/// A server's address: the socket at `path`, of at most 107 bytes.
pub(in crate::transport) fn bind(path: &str, options: &ServerOptions) -> Result<Box<dyn Endpoint>> {
    let socket = NamedSocket::bind(SOCKET, Path::new(path), options)?;
    Ok(Box::new(SocketEndpoint::new(
        socket,
        SocketStream::accepted_with_handles,
        options,
    )))
}

/// The same at a socket that a service manager passed, which listens at `path`.
pub(in crate::transport) fn serve_passed(
    socket: Handle,
    path: &str,
    options: &ServerOptions,
) -> Result<Box<dyn Endpoint>> {
    let socket = PassedSocket::new(SOCKET, socket, path, options)?;
    let stream = SocketStream::accepted_with_handles;
    Ok(Box::new(SocketEndpoint::new(socket, stream, options)))
}

/// Connects to the server at `path`.
pub(in crate::transport) fn connect(
    path: &str,
    options: &ClientOptions,
) -> Result<Box<dyn Channel>> {
    let fd = named::connect(SOCKET, Path::new(path), options)?;
    let stream = SocketStream::connected(fd, options.call_timeout)?;
    Ok(Box::new(Framed::new(
        stream,
        format!("{} {path}", SOCKET.called),
        options,
    )))
}
