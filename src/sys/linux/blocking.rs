//! Whole reads and writes on descriptors of the host's, blocking or not, of any kind.

use super::{poll, transfer};
use crate::sys::deadline::Deadline;
use std::io;
use std::os::fd::BorrowedFd;

/// The source with this number, which the host gave.
///
/// One that is not open harms no memory: the system calls answer EBADF.
///
/// # Safety
///
/// Nothing else uses the number for something of its own while `'a` lasts.
pub(crate) unsafe fn numbered<'a>(number: i32) -> io::Result<BorrowedFd<'a>> {
    if number < 0 {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is negative",
        ));
    }
    // SAFETY: not -1, which `BorrowedFd` must never hold, and the host's promise is the caller's.
    Ok(unsafe { BorrowedFd::borrow_raw(number) })
}

/// This process's standard input and output.
pub(crate) fn standard() -> io::Result<[BorrowedFd<'static>; 2]> {
    // SAFETY: neither is -1. std takes them for open for good, too; where the host closed one, the system calls answer EBADF.
    Ok([0, 1].map(|number| unsafe { BorrowedFd::borrow_raw(number) }))
}

/// Fills `buffer`; `UnexpectedEof` when the bytes end before.
pub(crate) fn read_exact(from: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<()> {
    let mut rest = buffer;
    while !rest.is_empty() {
        match transfer::read(from, rest) {
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
        match transfer::write(to, rest) {
            Ok(length) => rest = rest.split_at(length).1,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                poll::wait_writable(to, &Deadline::never())?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
