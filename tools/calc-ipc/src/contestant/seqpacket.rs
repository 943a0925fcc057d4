//! Bare sockets of records with a name.

use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, connect, listen, socket,
};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::Path;

/// The most bytes that are written at once, as one record: a buffer has room for several.
pub(super) const RECORD: usize = 65536;

/// One that listens at `path`.
pub(super) fn listen_at(path: &Path) -> io::Result<UnixListener> {
    let listening = unnamed()?;
    bind(listening.as_raw_fd(), &UnixAddr::new(path)?)?;
    listen(&listening, Backlog::MAXCONN)?;
    Ok(listening.into())
}

/// One that is connected to the server at `path`.
pub(super) fn connect_to(path: &Path) -> io::Result<OwnedFd> {
    let connected = unnamed()?;
    connect(connected.as_raw_fd(), &UnixAddr::new(path)?)?;
    Ok(connected)
}

fn unnamed() -> io::Result<OwnedFd> {
    let (kind, flags) = (SockType::SeqPacket, SockFlag::SOCK_CLOEXEC);
    Ok(socket(AddressFamily::Unix, kind, flags, None)?)
}
