//! Sockets that are connected: socket(7), unix(7), tcp(7).

mod listening;
mod rights;
mod seqpacket;

pub(crate) use crate::sys::socket_type::Type;
pub(crate) use listening::{
    PATH_MAX, accept, bind_narrow, connect, end_listening, is_alive, is_of_another_type, listen,
};
pub(crate) use rights::{HANDLES_IN_BAND, handles_in_band, recv_with_handles, send_with_handles};
#[cfg(test)]
pub(crate) use seqpacket::pair as seqpacket_pair;
pub(crate) use seqpacket::{recv_record, recv_record_now, send_record};

use super::raw;
use super::retry::uninterrupted;
use super::user::{GROUPS, Numbers, USERS};
use crate::sys::credentials::Credentials;
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, getsockopt, setsockopt, sockopt};
use nix::sys::time::TimeVal;
use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;
use std::time::Duration;

/// The standard library's, with which tests play the other side.
#[cfg(any(test, fuzzing))]
pub(crate) use std::os::unix::net::UnixStream;

/// Both ends of a connection over which handles can go along: the server's, and the client's.
#[cfg(any(test, fuzzing))]
#[expect(clippy::unwrap_used, reason = "a panic is how a test fails")]
pub(crate) fn pair() -> (crate::sys::Handle, crate::sys::Handle) {
    let (server, client) = UnixStream::pair().unwrap();
    let end = |socket: &UnixStream| {
        crate::sys::Handle::make(|| Ok(socket.try_clone().unwrap().into())).unwrap()
    };
    (end(&server), end(&client))
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

/// The process at the other end, as the kernel knows it (SO_PEERCRED): whoever called connect, or listen. Nothing is
/// known of what the namespaces of this process have no number for.
pub(crate) fn peer(fd: BorrowedFd<'_>) -> io::Result<Credentials> {
    let peer = getsockopt(&fd, sockopt::PeerCredentials)?;
    let pid = u32::try_from(peer.pid()).ok().filter(|pid| *pid > 0);
    let known = |numbers: &Numbers, id| numbers.is_known(id, pid.is_some()).then_some(id);
    Ok(Credentials {
        uid: known(&USERS, peer.uid()),
        gid: known(&GROUPS, peer.gid()),
        pid,
    })
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

/// Whether bytes that count as sent are still this process's, whose end would cut them. They are the kernel's.
pub(crate) const fn is_sending(_: BorrowedFd<'_>) -> bool {
    false
}

const NO_WAIT: MsgFlags = MsgFlags::MSG_DONTWAIT.union(MsgFlags::MSG_NOSIGNAL);

/// Zero is "without limit" to the kernel, so a limit is one microsecond at least. What the clock cannot count
/// to is 68 years, to which it can on 32 bits, too. The clock's types are inferred, since libc deprecates its names for musl's.
fn time_value(timeout: Option<Duration>) -> TimeVal {
    let limit = timeout.map_or(Duration::ZERO, |limit| limit.max(Duration::from_micros(1)));
    match limit.as_secs().try_into() {
        Ok(seconds) => TimeVal::new(seconds, limit.subsec_micros().cast_signed().into()),
        Err(_) => TimeVal::new(i32::MAX.into(), 0),
    }
}
