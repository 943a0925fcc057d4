//! Reading and writing once, of whatever is open: read(2), write(2).

use super::retry::uninterrupted;
use super::{poll, raw, sigpipe};
use crate::sys::ready::Want;
use nix::errno::Errno;
use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;

/// Reads once: `Ok(0)` is the end, `WouldBlock` on a non-blocking handle is nothing yet.
#[inline]
pub(crate) fn read(from: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    Ok(uninterrupted(|| raw::read(from, buffer))?)
}

/// Reads once what is there, without waiting, from a handle that may be a blocking one, and the
/// host's: its flags are not touched. Pipes know RWF_NOWAIT (preadv2(2)); others are asked first.
pub(crate) fn read_now(from: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    let read_once = || raw::read_with(from, buffer, libc::RWF_NOWAIT);
    match uninterrupted(read_once) {
        Ok(count) => Ok(count),
        // EPERM as ENOSYS: a sandbox's filter that is older than the call (seccomp(2)).
        Err(Errno::EOPNOTSUPP | Errno::ENOSYS | Errno::EPERM | Errno::EINVAL) => {
            match poll::state(from, Want::READ)? {
                ready if ready.is_empty() => Err(io::ErrorKind::WouldBlock.into()),
                _ => read(from, buffer),
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// Writes once, and never raises SIGPIPE: a reader that has gone is `BrokenPipe`.
#[inline]
pub(crate) fn write(to: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    loop {
        match sigpipe::write(to, bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Writes once to a pipe of which this process holds the reader too: its having one is what keeps
/// SIGPIPE away (pipe(7)).
#[inline]
pub(crate) fn write_to_own_reader(to: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    Ok(uninterrupted(|| raw::write(to, bytes))?)
}

/// Writes two pieces as one, as [`write_to_own_reader`].
pub(crate) fn write_two_to_own_reader(
    to: BorrowedFd<'_>,
    first: &[u8],
    second: &[u8],
) -> io::Result<usize> {
    let parts = [IoSlice::new(first), IoSlice::new(second)];
    Ok(uninterrupted(|| raw::write_parts(to, &parts))?)
}

/// Reads and throws away all that is there, from a non-blocking handle.
pub(crate) fn drain(from: BorrowedFd<'_>) {
    let mut waste = [0; 4096];
    while read(from, &mut waste).is_ok_and(|count| count > 0) {}
}
