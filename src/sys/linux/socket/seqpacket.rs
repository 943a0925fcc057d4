//! Records: what a socket of type SOCK_SEQPACKET sends at once is received at once, and nothing with it (unix(7)).
//!
//! Of a record for which a buffer has no room, the rest is lost, which is an error. Handles that came along
//! are dropped by the kernel, since nothing here has room for any. An empty record is not told from the end.

use super::{NO_WAIT, received};
#[cfg(test)]
use crate::sys::linux::fd::Fd;
use crate::sys::linux::raw;
use crate::sys::linux::retry::uninterrupted;
use nix::errno::Errno;
use nix::sys::socket::{setsockopt, sockopt};
use std::io::{self, ErrorKind, IoSlice};
use std::os::fd::BorrowedFd;

/// Receives the next record, waiting until one is there; `WouldBlock` when the receive timeout passed first.
/// `Interrupted` is given to the caller, who knows the deadline.
pub(crate) fn recv_record(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    recv(fd, buffer, 0)
}

/// Receives the next record, without waiting.
#[inline]
pub(crate) fn recv_record_now(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    recv(fd, buffer, libc::MSG_DONTWAIT)
}

#[inline]
fn recv(fd: BorrowedFd<'_>, buffer: &mut [u8], flags: libc::c_int) -> io::Result<usize> {
    // MSG_TRUNC gives the record's own length (recv(2)).
    let flags = flags | libc::MSG_TRUNC;
    let count = match raw::recv(fd, buffer, flags) {
        Err(Errno::ECONNRESET) => recv_what_was_left(fd, buffer),
        Err(Errno::EINTR) if flags & libc::MSG_DONTWAIT != 0 => {
            uninterrupted(|| raw::recv(fd, buffer, flags))
        }
        result => result,
    };
    match received(count)? {
        count if count <= buffer.len() => Ok(count),
        count => Err(too_long(count, buffer.len())),
    }
}

/// The peer has gone, and had not read all; the kernel says so once, before it gives the records that the peer had sent.
#[cold]
fn recv_what_was_left(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> nix::Result<usize> {
    let flags = libc::MSG_DONTWAIT | libc::MSG_TRUNC;
    match uninterrupted(|| raw::recv(fd, buffer, flags)) {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(Errno::ECONNRESET),
    }
}

#[cold]
fn too_long(length: usize, room: usize) -> io::Error {
    let what = format!("a record of {length} bytes came, where it may have {room}");
    io::Error::new(ErrorKind::InvalidData, what)
}

/// Sends two pieces as one record, without waiting and without SIGPIPE: all of it, or nothing.
#[inline]
pub(crate) fn send_record(fd: BorrowedFd<'_>, first: &[u8], second: &[u8]) -> io::Result<usize> {
    match send(fd, first, second) {
        Ok(count) => Ok(count),
        Err(Errno::EMSGSIZE) => send_with_more_room(fd, first, second),
        // Some kernels say so where the peer goes at this moment.
        Err(Errno::ECONNREFUSED) => Err(ErrorKind::BrokenPipe.into()),
        Err(error) => Err(error.into()),
    }
}

#[inline]
fn send(fd: BorrowedFd<'_>, first: &[u8], second: &[u8]) -> nix::Result<usize> {
    let flags = NO_WAIT.bits();
    if second.is_empty() {
        return uninterrupted(|| raw::send(fd, first, flags));
    }
    let parts = [IoSlice::new(first), IoSlice::new(second)];
    uninterrupted(|| raw::send_parts(fd, &parts, flags))
}

/// The buffer of what is sent is smaller than the record, as net.core.wmem_default may have it (socket(7)).
#[cold]
fn send_with_more_room(fd: BorrowedFd<'_>, first: &[u8], second: &[u8]) -> io::Result<usize> {
    let length = first.len() + second.len();
    // The kernel doubles it, and takes of it what it needs itself.
    let _ = setsockopt(&fd, sockopt::SndBuf, &length);
    send(fd, first, second).map_err(|error| match error {
        Errno::EMSGSIZE => io::Error::other(format!(
            "net.core.wmem_max leaves no room for a record of {length} bytes: {error}"
        )),
        error => error.into(),
    })
}

/// Two sockets, each the other's peer.
#[cfg(test)]
pub(crate) fn pair() -> [Fd; 2] {
    use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
    let (kind, flags) = (SockType::SeqPacket, SockFlag::SOCK_CLOEXEC);
    let (own, peer) = socketpair(AddressFamily::Unix, kind, None, flags).unwrap();
    [own, peer].map(|fd| Fd::make(|| Ok(fd.try_clone().unwrap())).unwrap())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::linux::socket::send_with_handles;
    use nix::sys::socket::getsockopt;
    use std::os::fd::AsFd;

    fn send(fd: &Fd, bytes: &[u8]) {
        let (first, second) = bytes.split_at(bytes.len() / 2);
        assert_eq!(send_record(fd.as_fd(), first, second).unwrap(), bytes.len());
    }

    fn kind<T>(result: io::Result<T>) -> ErrorKind {
        result.map(drop).unwrap_err().kind()
    }

    #[test]
    fn a_record_comes_as_it_was_sent() {
        let [own, peer] = pair();
        send(&own, b"one");
        send(&own, b"another");
        let mut buffer = [0; 9];
        assert_eq!(recv_record(peer.as_fd(), &mut buffer).unwrap(), 3);
        assert_eq!(recv_record_now(peer.as_fd(), &mut buffer).unwrap(), 7);
        assert_eq!(&buffer[..7], b"another");
        let nothing = recv_record_now(peer.as_fd(), &mut buffer);
        assert_eq!(kind(nothing), ErrorKind::WouldBlock);
    }

    #[test]
    fn what_has_no_room_is_an_error() {
        for recv in [recv_record, recv_record_now] {
            let [own, peer] = pair();
            send(&own, b"ten bytes.");
            assert_eq!(
                kind(recv(peer.as_fd(), &mut [0; 9])),
                ErrorKind::InvalidData
            );
        }
    }

    #[test]
    fn a_small_buffer_is_made_larger() {
        let [own, peer] = pair();
        setsockopt(&own.as_fd(), sockopt::SndBuf, &1).unwrap();
        let record = vec![7; 65_540];
        assert!(getsockopt(&own.as_fd(), sockopt::SndBuf).unwrap() < record.len());
        send(&own, &record);
        let mut buffer = vec![0; record.len()];
        assert_eq!(
            recv_record_now(peer.as_fd(), &mut buffer).unwrap(),
            record.len()
        );
        assert_eq!(buffer, record);
    }

    #[test]
    fn one_that_no_buffer_can_hold_is_an_error_that_says_so() {
        let [own, _peer] = pair();
        // What the kernel lets nobody have without a right for it.
        let error = send_record(own.as_fd(), &vec![0; 1 << 29], &[]).unwrap_err();
        assert!(error.to_string().contains("wmem_max"), "{error}");
    }

    #[test]
    fn the_last_word_of_a_peer_that_read_nothing_is_heard() {
        let [own, peer] = pair();
        send(&own, b"unread");
        send(&peer, b"last");
        drop(peer);
        let mut buffer = [0; 9];
        assert_eq!(recv_record(own.as_fd(), &mut buffer).unwrap(), 4);
        assert_eq!(recv_record(own.as_fd(), &mut buffer).unwrap(), 0);
        let sent = send_record(own.as_fd(), b"x", &[]);
        assert_eq!(kind(sent), ErrorKind::BrokenPipe);
        let [own, peer] = pair();
        send(&own, b"unread");
        drop(peer);
        let read = recv_record_now(own.as_fd(), &mut buffer);
        assert_eq!(kind(read), ErrorKind::ConnectionReset);
    }

    #[test]
    fn handles_that_came_along_are_closed() {
        let [own, peer] = pair();
        let [end, other_end] = pair();
        send_with_handles(own.as_fd(), b"x", &[end.as_fd()]).unwrap();
        drop(end);
        assert_eq!(recv_record_now(peer.as_fd(), &mut [0; 9]).unwrap(), 1);
        assert_eq!(recv_record_now(other_end.as_fd(), &mut [0; 9]).unwrap(), 0);
    }
}
