//! When the kernel's own timer is enough, and what is waited for again.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::sys::socket::UnixStream;
use crate::transport::channel::Stream;
use crate::transport::stand_in::{ScriptedStream, blocked};

const MS: Duration = Duration::from_millis(1);

/// A socket, and the peer's end of it.
fn pair(timeout: Option<Duration>) -> (Connected, UnixStream) {
    let (own, peer) = UnixStream::pair().unwrap();
    let fd = Handle::make(|| Ok(own.try_clone().unwrap().into())).unwrap();
    (Connected::to_server(fd, timeout).unwrap(), peer)
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
        let (socket, _peer) = pair(timeout);
        // A deadline that nobody has looked at leaves all of its time.
        let deadline = Deadline::after(left);
        assert_eq!(
            socket.is_bounded_by_kernel(&deadline),
            is_bounded,
            "{timeout:?} {left:?}"
        );
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
        let read = wait_and_receive(|| Ok(()), || stream.read(&mut [0; 9]));
        assert_eq!(read.map_err(|error| error.kind()), expected);
    }
}
