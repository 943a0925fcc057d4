//! What a connected socket waits for, and when the kernel's own timer is enough.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::sys::socket::UnixStream;
use crate::transport::stand_in::{ScriptedStream, blocked};
use std::io::{Read, Write};

const MS: Duration = Duration::from_millis(1);

/// A socket, and the peer's end of it.
fn pair(timeout: Option<Duration>) -> (SocketStream, UnixStream) {
    let (own, peer) = UnixStream::pair().unwrap();
    let fd = Handle::make(|| Ok(own.try_clone().unwrap().into())).unwrap();
    (SocketStream::connected(fd, timeout).unwrap(), peer)
}

fn after(limit: Duration) -> Deadline {
    Deadline::after(Some(limit))
}

fn kind<T>(result: io::Result<T>) -> ErrorKind {
    result.map(drop).unwrap_err().kind()
}

#[test]
fn the_kernel_bounds_a_wait_that_ends_a_millisecond_late_at_most() {
    let limit = Some(100 * MS);
    for (timeout, left, is_bounded) in [
        (None, None, true),
        (None, limit, false),
        (limit, None, false),
        (limit, limit, true),
        (limit, Some(99 * MS), true),
        (limit, Some(99 * MS - Duration::from_nanos(1)), false),
        (limit, Some(200 * MS), true),
    ] {
        let (stream, _peer) = pair(timeout);
        // A deadline that nobody has looked at leaves all of its time.
        let deadline = Deadline::after(left);
        assert_eq!(
            stream.is_bounded_by_kernel(&deadline),
            is_bounded,
            "{timeout:?} {left:?}"
        );
    }
}

#[test]
fn an_answer_is_waited_for_until_the_deadline() {
    for timeout in [None, Some(MS)] {
        let (mut stream, mut peer) = pair(timeout);
        let read = stream.read_by(&mut [0; 9], &after(MS));
        assert_eq!(kind(read), ErrorKind::TimedOut);
        peer.write_all(b"answer").unwrap();
        let read = stream.read_by(&mut [0; 9], &after(60_000 * MS));
        assert_eq!(read.unwrap(), 6);
        drop(peer);
        let read = stream.read_by(&mut [0; 9], &after(60_000 * MS));
        assert_eq!(read.unwrap(), 0);
    }
}

#[test]
fn a_connection_that_was_reset_says_so() {
    for (timeout, deadline) in [(None, Deadline::never()), (None, after(60_000 * MS))] {
        let (mut stream, peer) = pair(timeout);
        stream.write(b"nobody reads it").unwrap();
        drop(peer);
        let read = stream.read_by(&mut [0; 9], &deadline);
        assert_eq!(kind(read), ErrorKind::ConnectionReset);
    }
}

#[test]
fn room_and_answers_are_waited_for() {
    let (mut stream, mut peer) = pair(None);
    let now = || after(Duration::ZERO);
    stream.await_room(&now()).unwrap();
    stream.await_any(&now()).unwrap();
    while stream.write(&[7; 4096]).is_ok() {}
    assert_eq!(kind(stream.await_room(&now())), ErrorKind::TimedOut);
    assert_eq!(kind(stream.await_any(&now())), ErrorKind::TimedOut);
    peer.write_all(b"answer").unwrap();
    assert_eq!(kind(stream.await_room(&now())), ErrorKind::TimedOut);
    stream.await_any(&now()).unwrap();
    peer.set_nonblocking(true).unwrap();
    while peer.read(&mut [0; 4096]).is_ok() {}
    stream.await_room(&now()).unwrap();
}

#[test]
fn a_read_without_descriptors_was_not_cut() {
    for may_carry_descriptors in [false, true] {
        let (stream, mut peer) = pair(None);
        let mut stream = SocketStream::accepted(stream.fd, may_carry_descriptors);
        peer.write_all(b"request").unwrap();
        assert_eq!(stream.read(&mut [0; 9]).unwrap(), 7);
        assert!(!stream.was_cut());
    }
}

#[test]
fn what_was_announced_and_is_gone_again_is_waited_for_again() {
    let bytes = |count| Ok(vec![7; count]);
    let fails = |kind: ErrorKind| Err(kind.into());
    for (reads, expected) in [
        (vec![bytes(3)], Ok(3)),
        (vec![blocked(), bytes(5)], Ok(5)),
        (vec![fails(ErrorKind::Interrupted), bytes(5)], Ok(5)),
        (
            vec![fails(ErrorKind::ConnectionReset), bytes(5)],
            Err(ErrorKind::ConnectionReset),
        ),
    ] {
        let mut stream = ScriptedStream::giving(reads);
        let read = wait_and_read(&mut stream, &mut [0; 9], |_| Ok(()));
        assert_eq!(read.map_err(|error| error.kind()), expected);
    }
}
