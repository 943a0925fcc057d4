//! TCP sockets: tcp(7).

use super::fd::Fd;
use super::retry::uninterrupted;
use super::{poll, socket};
use crate::sys::addresses::first_of;
pub(crate) use crate::sys::addresses::resolve;
use crate::sys::deadline::Deadline;
use crate::sys::ready::Want;
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrStorage, bind, connect as connect_to_address,
    getpeername, getsockname, getsockopt, setsockopt, socket as make_socket, sockopt,
};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};

/// Listens, without ever blocking in accept, at the first of these addresses that can be had; gives
/// the port, too.
pub(crate) fn listen(addresses: &[SocketAddr]) -> io::Result<(Fd, u16)> {
    first_of(addresses, listen_at)
}

fn listen_at(address: &SocketAddr) -> io::Result<(Fd, u16)> {
    let fd = stream(address)?;
    // A port whose last connections are only remembered is free (socket(7)).
    setsockopt(&fd.as_fd(), sockopt::ReuseAddr, &true)?;
    bind(fd.as_raw_fd(), &SockaddrStorage::from(*address))?;
    socket::listen(fd.as_fd())?;
    let bound: SockaddrStorage = getsockname(fd.as_raw_fd())?;
    let port = port_of(&bound).ok_or(Errno::EAFNOSUPPORT)?;
    Ok((fd, port))
}

/// Connects to the first of these addresses that answers before the deadline.
pub(crate) fn connect(addresses: &[SocketAddr], deadline: &Deadline) -> io::Result<Fd> {
    let fd = first_of(addresses, |address| connect_to(address, deadline))?;
    socket::tune_tcp(fd.as_fd())?;
    Ok(fd)
}

fn connect_to(address: &SocketAddr, deadline: &Deadline) -> io::Result<Fd> {
    if deadline.has_passed() {
        return Err(ErrorKind::TimedOut.into());
    }
    let fd = begin(address)?;
    if !poll::wait_writable(fd.as_fd(), deadline)? {
        return Err(ErrorKind::TimedOut.into());
    }
    came_through(&fd)?;
    fd.set_blocking()?;
    Ok(fd)
}

/// Begins to connect to this address. What comes of it is known once the socket can be written to, see [`end`].
pub(crate) fn begin(address: &SocketAddr) -> io::Result<Fd> {
    let fd = stream(address)?;
    let to = SockaddrStorage::from(*address);
    match uninterrupted(|| connect_to_address(fd.as_raw_fd(), &to)) {
        // EALREADY and EISCONN: the one that was interrupted had begun, or come through.
        Ok(()) | Err(Errno::EINPROGRESS | Errno::EALREADY | Errno::EISCONN) => Ok(fd),
        Err(error) => Err(error.into()),
    }
}

/// Whether the socket that [`begin`] gave is connected by now; then it is as one that [`connect`] gives.
pub(crate) fn end(fd: &Fd) -> io::Result<bool> {
    let state = poll::state(fd.as_fd(), Want::WRITE)?;
    if state.is_empty() {
        return Ok(false);
    }
    came_through(fd)?;
    fd.set_blocking()?;
    socket::tune_tcp(fd.as_fd())?;
    Ok(true)
}

/// Fails unless the socket is connected to somebody else.
fn came_through(fd: &Fd) -> io::Result<()> {
    match getsockopt(&fd.as_fd(), sockopt::SocketError)? {
        0 => {}
        errno => return Err(io::Error::from_raw_os_error(errno)),
    }
    // Where nobody listens, a port of the range that clients use may connect to itself.
    let (own, peer): (SockaddrStorage, SockaddrStorage) =
        (getsockname(fd.as_raw_fd())?, getpeername(fd.as_raw_fd())?);
    if own == peer {
        return Err(ErrorKind::ConnectionRefused.into());
    }
    Ok(())
}

/// Whether binding failed as it does where the port is too low for this user (ip(7)): EPERM is a sandbox's (seccomp(2)).
pub(crate) fn is_of_low_port(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EACCES)
}

fn stream(address: &SocketAddr) -> io::Result<Fd> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::Inet,
        SocketAddr::V6(_) => AddressFamily::Inet6,
    };
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    Fd::make(|| make_socket(family, SockType::Stream, flags, None))
}

fn port_of(address: &SockaddrStorage) -> Option<u16> {
    let v4 = address.as_sockaddr_in().map(|address| address.port());
    v4.or_else(|| address.as_sockaddr_in6().map(|address| address.port()))
}
