//! How two processes get to a socket of their own: names, listening, connecting.

use super::time_value;
use crate::sys::linux::fd::Fd;
use crate::sys::linux::gate::NoFork;
use crate::sys::linux::retry::uninterrupted;
use crate::sys::socket_type::Type;
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, Backlog, Shutdown, SockFlag, SockType, UnixAddr, accept4, bind,
    connect as connect_to, listen as listen_on, setsockopt, shutdown, socket, sockopt,
};
use nix::sys::stat::{Mode, fchmod};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

/// The longest path of a Unix socket, in bytes (unix(7): `sun_path` less its NUL).
pub(crate) const PATH_MAX: usize = 107;

/// Binds a socket of this type to `path` with nobody but this user allowed in, whatever the umask. Nobody can
/// connect before [`listen`].
pub(crate) fn bind_narrow(of_type: Type, path: &Path) -> io::Result<Fd> {
    let fd = unix(of_type, SockFlag::SOCK_NONBLOCK)?;
    // The mode of a socket's inode becomes that of its name (unix(7)).
    uninterrupted(|| fchmod(fd.as_fd(), Mode::from_bits_truncate(0o600)))?;
    bind(fd.as_raw_fd(), &UnixAddr::new(path)?)?;
    Ok(fd)
}

/// Begins, or once more begins, to let clients in. They will see this process as their peer.
pub(crate) fn listen(fd: BorrowedFd<'_>) -> io::Result<()> {
    // The kernel cuts it to net.core.somaxconn.
    Ok(listen_on(&fd, Backlog::MAXALLOWABLE)?)
}

/// Ends what [`listen`] began, in every process that has a copy of the socket.
pub(crate) fn end_listening(fd: BorrowedFd<'_>) -> io::Result<()> {
    Ok(shutdown(fd.as_raw_fd(), Shutdown::Read)?)
}

/// Connects to the server at `path`, whose socket has this type, waiting no longer than `timeout` while its queue is full
/// (`None`: without limit).
pub(crate) fn connect(of_type: Type, path: &Path, timeout: Option<Duration>) -> io::Result<Fd> {
    let fd = unix(of_type, SockFlag::empty())?;
    let address = UnixAddr::new(path)?;
    let deadline = crate::sys::deadline::Deadline::after(timeout);
    loop {
        set_send_timeout(&fd, deadline.remaining())?;
        match connect_to(fd.as_raw_fd(), &address) {
            Ok(()) => break,
            Err(Errno::EINTR) if !deadline.has_passed() => {}
            // EAGAIN is the timeout of the queue (unix(7)).
            Err(Errno::EINTR | Errno::EAGAIN) => return Err(io::ErrorKind::TimedOut.into()),
            Err(error) => return Err(error.into()),
        }
    }
    set_send_timeout(&fd, None)?;
    Ok(fd)
}

/// Whether a process has the socket at `path` open, which notices nothing of that: one of its own type alone could
/// reach it, and the kernel looks for a process first (unix(7)). What has gone is open nowhere.
pub(crate) fn is_alive(path: &Path) -> io::Result<bool> {
    let other = Fd::make(|| {
        let flags = SockFlag::SOCK_CLOEXEC;
        socket(AddressFamily::Unix, SockType::Datagram, flags, None)
    })?;
    match connect_to(other.as_raw_fd(), &UnixAddr::new(path)?) {
        Ok(()) | Err(Errno::EPROTOTYPE) => Ok(true),
        Err(Errno::ECONNREFUSED | Errno::ENOENT) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Whether connecting failed since the socket there has another type, as one of datagrams has.
pub(crate) fn is_of_another_type(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EPROTOTYPE)
}

/// Takes the next client in line, without waiting for one.
pub(crate) fn accept(fd: BorrowedFd<'_>) -> io::Result<Fd> {
    let no_fork = NoFork::begin();
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let client = accept4(fd.as_raw_fd(), flags)?;
    // SAFETY: accept4 just made it, and nothing else knows it.
    let client = unsafe { OwnedFd::from_raw_fd(client) };
    Ok(Fd::new(client, &no_fork))
}

const fn number(of_type: Type) -> SockType {
    match of_type {
        Type::Stream => SockType::Stream,
        Type::SeqPacket => SockType::SeqPacket,
    }
}

fn unix(of_type: Type, flags: SockFlag) -> io::Result<Fd> {
    let flags = flags | SockFlag::SOCK_CLOEXEC;
    Fd::make(|| socket(AddressFamily::Unix, number(of_type), flags, None))
}

fn set_send_timeout(fd: &Fd, timeout: Option<Duration>) -> io::Result<()> {
    let timeout = time_value(timeout);
    Ok(setsockopt(&fd.as_fd(), sockopt::SendTimeout, &timeout)?)
}
