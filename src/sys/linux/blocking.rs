//! Whole reads and writes on descriptors of the host's, blocking or not, of any kind.

use super::{fd, poll};
use crate::sys::deadline::Deadline;
use std::io;
use std::os::fd::BorrowedFd;

/// Fills `buffer`; `UnexpectedEof` when the bytes end before.
pub(crate) fn read_exact(from: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<()> {
    let mut rest = buffer;
    while !rest.is_empty() {
        match fd::read(from, rest) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(length) => rest = rest.split_at_mut(length).1,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                poll::wait_readable(from, &Deadline::never())?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Writes all of `bytes`, and never raises SIGPIPE.
pub(crate) fn write_all(to: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        match fd::write(to, rest) {
            Ok(length) => rest = rest.split_at(length).1,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                poll::wait_writable(to, &Deadline::never())?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
