//! What a channel asks of a stream, and how it reads and writes one: first without waiting, as long as that pays.

use crate::sys::wait::Spin;
use crate::transport::{Deadline, Lifeline, Watches};
use std::io::{self, ErrorKind};

/// A two-way stream of bytes: a socket, or a pair of pipes.
pub(crate) trait Stream: Send {
    /// The room that every read needs, in bytes, since what finds none is lost; 0: it stays for the next read.
    const LEAST_ROOM: usize = 0;

    /// Reads once, without waiting: `Ok(0)` at the end, `WouldBlock` when nothing is there.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes once, as much as there is room for, without waiting.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Writes a prefix and a body once, as much as there is room for, without waiting.
    fn write_frame(&mut self, prefix: &[u8], body: &[u8]) -> io::Result<usize>;
}

/// A stream that can also be waited for.
pub(crate) trait Patient: Stream {
    /// Reads once, waiting until something is there; `TimedOut` when the deadline passes first.
    fn read_by(&mut self, buffer: &mut [u8], deadline: &Deadline) -> io::Result<usize>;

    /// Waits until there is room to write; `TimedOut` when the deadline passes first.
    fn await_room(&mut self, deadline: &Deadline) -> io::Result<()>;

    /// Waits until something is there or there is room to write; `TimedOut` as above.
    fn await_any(&mut self, deadline: &Deadline) -> io::Result<()>;

    /// Whether the server has not accepted this client yet, which it says by a notice.
    fn awaits_welcome(&self) -> bool {
        false
    }

    /// The server has accepted this client.
    fn welcomed(&mut self) {}

    /// What to watch for answers and for the server's end, and, if `for_room`, for room to write.
    fn watches(&self, for_room: bool) -> Watches<'_>;

    /// What ends all waits.
    fn lifeline(&self) -> Lifeline<'_>;

    /// Whether the peer has ended, which its stream may not show.
    fn peer_has_ended(&self) -> bool {
        false
    }

    /// How the peer, which no longer answers, has ended, where that can be known.
    fn epitaph(&self) -> Option<String> {
        None
    }
}

/// Writes what is left of a frame once, first without waiting as long as that pays. Of a prefix and a body, what is
/// left goes together: a stream may be one of records. Nearly always there is room, for which nobody waits.
pub(super) fn write_some(
    stream: &mut impl Patient,
    spin: &mut Spin,
    (first, second): (&[u8], &[u8]),
    deadline: &Deadline,
) -> io::Result<usize> {
    let write = |stream: &mut _| match second {
        [] => Stream::write(stream, first),
        _ => Stream::write_frame(stream, first, second),
    };
    loop {
        match write(stream) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            result => return result,
        }
        let written = spin.until(|| match write(stream) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            result => Some(result),
        });
        match written {
            Some(result) => return result,
            None => stream.await_room(deadline)?,
        }
    }
}

/// Reads once, first without waiting as long as that pays.
#[inline]
pub(super) fn read_some(
    stream: &mut impl Patient,
    spin: &mut Spin,
    room: &mut [u8],
    deadline: &Deadline,
) -> io::Result<usize> {
    let found = spin.until(|| match stream.read(room) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => None,
        result => Some(result),
    });
    match found {
        Some(result) => result,
        None => stream.read_by(room, deadline),
    }
}

pub(super) fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::NotConnected
    )
}
