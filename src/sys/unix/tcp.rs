//! TCP sockets: tcp(7).

use super::socket;
use crate::sys::deadline::Deadline;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, OwnedFd};

/// The addresses of a host, as the system's resolver knows them (getaddrinfo(3)).
pub(crate) fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok((host, port).to_socket_addrs()?.collect())
}

/// Listens, without ever blocking in accept, at the first of these addresses that can be had; gives
/// the port, too.
pub(crate) fn listen(addresses: &[SocketAddr]) -> io::Result<(OwnedFd, u16)> {
    let listener = TcpListener::bind(addresses)?;
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    // The standard library's queue is short.
    socket::listen(listener.as_fd())?;
    Ok((listener.into(), port))
}

/// Connects to the first of these addresses that answers before the deadline.
pub(crate) fn connect(addresses: &[SocketAddr], deadline: &Deadline) -> io::Result<OwnedFd> {
    let mut result = Err(ErrorKind::AddrNotAvailable.into());
    for address in addresses {
        result = connect_to(address, deadline);
        if result.is_ok() {
            break;
        }
    }
    let stream = result?;
    socket::tune_tcp(stream.as_fd())?;
    Ok(stream.into())
}

fn connect_to(address: &SocketAddr, deadline: &Deadline) -> io::Result<TcpStream> {
    let stream = match deadline.remaining() {
        Some(left) if left.is_zero() => return Err(ErrorKind::TimedOut.into()),
        Some(left) => TcpStream::connect_timeout(address, left)?,
        None => TcpStream::connect(address)?,
    };
    // Where nobody listens, a port of the range that clients use may connect to itself.
    if stream.local_addr()? == stream.peer_addr()? {
        return Err(ErrorKind::ConnectionRefused.into());
    }
    Ok(stream)
}
