//! Stream sockets: socket(7), unix(7), tcp(7).

use super::fd::Fd;
use super::gate::NoFork;
use super::retry::uninterrupted;
use super::{raw, user};
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, Backlog, ControlMessage, MsgFlags, Shutdown, SockFlag, SockType, UnixAddr,
    accept4, bind, connect as connect_to, getsockopt, listen as listen_on, sendmsg, setsockopt,
    shutdown, socket, sockopt,
};
use nix::sys::stat::{Mode, fchmod};
use nix::sys::time::TimeVal;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::time::Duration;

/// The standard library's, with which tests play the other side.
#[cfg(test)]
pub(crate) use std::os::unix::net::UnixStream;

/// The longest path of a Unix socket, in bytes (unix(7): `sun_path` less its NUL).
pub(crate) const PATH_MAX: usize = 107;

/// Binds a socket to `path` with nobody but this user allowed in, whatever the umask. Nobody can
/// connect before [`listen`].
pub(crate) fn bind_narrow(path: &Path) -> io::Result<Fd> {
    let fd = stream(SockFlag::SOCK_NONBLOCK)?;
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

/// Connects to the server at `path`, waiting no longer than `timeout` while its queue is full
/// (`None`: without limit).
pub(crate) fn connect(path: &Path, timeout: Option<Duration>) -> io::Result<Fd> {
    let fd = stream(SockFlag::empty())?;
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

/// How long a TCP peer may be silent before the kernel asks whether it is there, how long it waits
/// for each answer, and how often it asks, in seconds.
const PROBE_AFTER: u32 = 5;
const PROBE_EACH: u32 = 2;
const PROBES: u32 = 3;

/// Sends what is written at once (TCP_NODELAY), and finds out when the peer's machine has vanished:
/// by probes while nothing is under way (SO_KEEPALIVE), else by what is not acknowledged for as long
/// (TCP_USER_TIMEOUT).
pub(crate) fn tune_tcp(fd: BorrowedFd<'_>) -> io::Result<()> {
    setsockopt(&fd, sockopt::TcpNoDelay, &true)?;
    setsockopt(&fd, sockopt::KeepAlive, &true)?;
    setsockopt(&fd, sockopt::TcpKeepIdle, &PROBE_AFTER)?;
    setsockopt(&fd, sockopt::TcpKeepInterval, &PROBE_EACH)?;
    setsockopt(&fd, sockopt::TcpKeepCount, &PROBES)?;
    let milliseconds = (PROBE_AFTER + PROBE_EACH * PROBES) * 1000;
    setsockopt(&fd, sockopt::TcpUserTimeout, &milliseconds)?;
    Ok(())
}

/// The user that runs the other end, as the kernel knows it (SO_PEERCRED): whoever called
/// connect, or listen. `None` when this user namespace has no name for that user.
pub(crate) fn peer_uid(fd: BorrowedFd<'_>) -> io::Result<Option<u32>> {
    let peer = getsockopt(&fd, sockopt::PeerCredentials)?;
    let is_visible = peer.pid() > 0;
    Ok(user::is_known(peer.uid(), is_visible).then_some(peer.uid()))
}

/// Bounds every blocking [`recv`] on the socket; `None`: without limit.
pub(crate) fn set_receive_timeout(fd: BorrowedFd<'_>, timeout: Option<Duration>) -> io::Result<()> {
    Ok(setsockopt(
        &fd,
        sockopt::ReceiveTimeout,
        &time_value(timeout),
    )?)
}

/// Receives once, waiting until something is there; `WouldBlock` when the receive timeout passed
/// first. `Interrupted` is given to the caller, who knows the deadline.
#[inline]
pub(crate) fn recv(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    received(raw::recv(fd, buffer, 0))
}

/// Receives once what is there, without waiting.
#[inline]
pub(crate) fn recv_now(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    received(uninterrupted(|| raw::recv(fd, buffer, libc::MSG_DONTWAIT)))
}

/// Receives once what is there, without waiting; `true`: the kernel may have given less than is there. It
/// ends a read behind bytes that descriptors came with (unix(7), "Ancillary messages"), and drops the
/// descriptors, since nothing here has room for any.
#[inline]
pub(crate) fn recv_now_or_cut(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<(usize, bool)> {
    let mut part = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    // SAFETY: zeros are no name, no parts, no room for descriptors and no flags; libc has padding in it.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    // SAFETY: `message` has one part, which is `buffer`, and nothing else that the kernel may write to.
    let receive = || unsafe { raw::recv_message(fd, &mut message, libc::MSG_DONTWAIT) };
    let count = received(uninterrupted(receive))?;
    Ok((count, message.msg_flags & libc::MSG_CTRUNC != 0))
}

/// A TCP connection that the kernel gave up is a peer that died, and no timeout of anybody's call.
#[inline]
fn received(result: nix::Result<usize>) -> io::Result<usize> {
    match result {
        Err(Errno::ETIMEDOUT | Errno::EHOSTUNREACH | Errno::ENETUNREACH | Errno::ENETDOWN) => {
            Err(io::ErrorKind::ConnectionAborted.into())
        }
        result => Ok(result?),
    }
}

/// Sends once what the socket takes, without waiting and without SIGPIPE.
#[inline]
pub(crate) fn send_now(fd: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    Ok(uninterrupted(|| raw::send(fd, bytes, NO_WAIT.bits()))?)
}

/// Sends two pieces as one, as [`send_now`].
pub(crate) fn send_two(fd: BorrowedFd<'_>, first: &[u8], second: &[u8]) -> io::Result<usize> {
    let parts = [IoSlice::new(first), IoSlice::new(second)];
    Ok(uninterrupted(|| {
        raw::send_parts(fd, &parts, NO_WAIT.bits())
    })?)
}

/// Sends `bytes` with copies of these handles, [`HANDLES_MAX`] at most, without waiting (SCM_RIGHTS).
pub(crate) fn send_with_handles(
    fd: BorrowedFd<'_>,
    bytes: &[u8],
    handles: &[BorrowedFd<'_>],
) -> io::Result<usize> {
    let mut numbers = [-1; HANDLES_MAX];
    let numbers = numbers.get_mut(..handles.len()).ok_or(Errno::EINVAL)?;
    for (number, handle) in numbers.iter_mut().zip(handles) {
        *number = handle.as_raw_fd();
    }
    let rights = [ControlMessage::ScmRights(numbers)];
    let attached = if handles.is_empty() {
        &[][..]
    } else {
        &rights[..]
    };
    let parts = [IoSlice::new(bytes)];
    Ok(uninterrupted(|| {
        sendmsg::<()>(fd.as_raw_fd(), &parts, attached, NO_WAIT, None)
    })?)
}

/// Handles that one message may carry here.
pub(crate) const HANDLES_MAX: usize = 4;

/// The bytes that they take beside it (cmsg(3)).
// SAFETY: it only computes.
const FDS_SPACE: usize = unsafe { libc::CMSG_SPACE(16) } as usize;
const _: () = assert!(HANDLES_MAX * size_of::<RawFd>() == 16);

/// Receives once what is there, without waiting, with the descriptors that came along: fewer than
/// were sent where there is no room for all.
///
/// Not by nix, whose iterator gives nothing of a message that the kernel cut (MSG_CTRUNC): the
/// descriptors that came with it, since some had room, would stay open for good.
pub(crate) fn recv_with_handles(
    fd: BorrowedFd<'_>,
    buffer: &mut [u8],
) -> io::Result<(usize, Vec<Fd>)> {
    let mut space = [0_u64; FDS_SPACE.div_ceil(size_of::<u64>())];
    let mut part = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    // SAFETY: an all-zero msghdr is valid.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = space.as_mut_ptr().cast();
    message.msg_controllen = FDS_SPACE as _;
    let flags = libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC;
    let no_fork = NoFork::begin();
    // SAFETY: the message's pointers are to live buffers of the lengths that it says.
    let count = unsafe { raw::recv_message(fd, &mut message, flags) }?;
    // SAFETY: recvmsg filled the message in, and what it points to is where it was.
    let fds = unsafe { descriptors_of(&message, &no_fork) };
    Ok((count, fds))
}

/// Takes the descriptors that came with a message.
///
/// # Safety
///
/// recvmsg filled it in, its buffers live, and nobody else takes what came with it.
unsafe fn descriptors_of(message: &libc::msghdr, no_fork: &NoFork) -> Vec<Fd> {
    let mut fds = Vec::new();
    // SAFETY: headers are walked as cmsg(3) says, in what the kernel wrote; the numbers of one of
    // SCM_RIGHTS are descriptors that it just made for this message, and nothing else knows them.
    unsafe {
        let mut part = libc::CMSG_FIRSTHDR(message);
        while let Some(header) = part.as_ref() {
            if header.cmsg_level == libc::SOL_SOCKET && header.cmsg_type == libc::SCM_RIGHTS {
                let length: usize = header.cmsg_len as _; // musl counts it in 32 bits.
                let length = length.saturating_sub(libc::CMSG_LEN(0) as usize);
                let numbers: *const RawFd = libc::CMSG_DATA(part).cast();
                fds.extend((0..length / size_of::<RawFd>()).map(|index| {
                    let fd = OwnedFd::from_raw_fd(numbers.add(index).read_unaligned());
                    Fd::new(fd, no_fork)
                }));
            }
            part = libc::CMSG_NXTHDR(message, part);
        }
    }
    fds
}

const NO_WAIT: MsgFlags = MsgFlags::MSG_DONTWAIT.union(MsgFlags::MSG_NOSIGNAL);

fn stream(flags: SockFlag) -> io::Result<Fd> {
    let flags = flags | SockFlag::SOCK_CLOEXEC;
    Fd::make(|| socket(AddressFamily::Unix, SockType::Stream, flags, None))
}

fn set_send_timeout(fd: &Fd, timeout: Option<Duration>) -> io::Result<()> {
    let timeout = time_value(timeout);
    Ok(setsockopt(&fd.as_fd(), sockopt::SendTimeout, &timeout)?)
}

/// Zero is "without limit" to the kernel, so a limit is one microsecond at least. What the clock cannot count
/// to is 68 years, to which it can on 32 bits, too. The clock's types are inferred, since libc deprecates its names for musl's.
fn time_value(timeout: Option<Duration>) -> TimeVal {
    let limit = timeout.map_or(Duration::ZERO, |limit| limit.max(Duration::from_micros(1)));
    match limit.as_secs().try_into() {
        Ok(seconds) => TimeVal::new(seconds, limit.subsec_micros().cast_signed().into()),
        Err(_) => TimeVal::new(i32::MAX.into(), 0),
    }
}
