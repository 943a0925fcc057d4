//! Reading and writing once: of whatever the library has connected without waiting, of the host's standard handles with.

use super::node::Source;
use super::standard::Standard;
use super::stream::Stream;
use std::io;

/// Reads once: `Ok(0)` is the end, `WouldBlock` of what does not wait is nothing yet.
pub(crate) fn read(from: Source<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    match from.get::<Standard>() {
        None => Stream::of(from)?.read(buffer),
        Some(standard) => standard.read(buffer),
    }
}

/// The same, without waiting.
pub(crate) fn read_now(from: Source<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    match from.get::<Standard>() {
        None => read(from, buffer),
        Some(standard) => standard.read_now(buffer),
    }
}

/// Writes once: a reader that has gone is `BrokenPipe`.
pub(crate) fn write(to: Source<'_>, bytes: &[u8]) -> io::Result<usize> {
    match to.get::<Standard>() {
        None => Stream::of(to)?.write(bytes, &[]),
        Some(standard) => standard.write(bytes),
    }
}

/// The same: no signal has to be kept away.
pub(crate) fn write_to_own_reader(to: Source<'_>, bytes: &[u8]) -> io::Result<usize> {
    write(to, bytes)
}

/// Writes two pieces as one.
pub(crate) fn write_two_to_own_reader(
    to: Source<'_>,
    first: &[u8],
    second: &[u8],
) -> io::Result<usize> {
    Stream::of(to)?.write(first, second)
}

/// Reads and throws away all that is there.
pub(crate) fn drain(from: Source<'_>) {
    let mut waste = [0; 4096];
    while read(from, &mut waste).is_ok_and(|count| count > 0) {}
}
