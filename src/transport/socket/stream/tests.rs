//! What a connected socket waits for.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::sys::socket::UnixStream;
use std::io::{ErrorKind, Read, Write};

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
    for accepted in [SocketStream::accepted, SocketStream::accepted_with_handles] {
        let (own, mut peer) = UnixStream::pair().unwrap();
        let mut stream = accepted(Handle::make(|| Ok(own.try_clone().unwrap().into())).unwrap());
        peer.write_all(b"request").unwrap();
        assert_eq!(stream.read(&mut [0; 9]).unwrap(), 7);
        assert!(!stream.was_cut());
    }
}
