//! Waiting for descriptors until a deadline: poll(2).

use super::raw;
use crate::sys::deadline::Deadline;
use nix::errno::Errno;
use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

pub(crate) use nix::poll::{PollFd, PollFlags};

/// Waits until a descriptor has what is asked of it, or has failed; `false` when the deadline
/// passed first.
pub(crate) fn wait(fds: &mut [PollFd<'_>], deadline: &Deadline) -> io::Result<bool> {
    loop {
        let limit = timeout(deadline.remaining());
        match raw::poll(fds, limit) {
            // It waited so long itself, whatever the clock says, which stands still in some sandboxes.
            Ok(0) if limit < i32::MAX => return Ok(false),
            Ok(0) | Err(Errno::EINTR) => {}
            Ok(_) => return Ok(true),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Waits until the descriptor can be read without blocking.
pub(crate) fn wait_readable(fd: BorrowedFd<'_>, deadline: &Deadline) -> io::Result<bool> {
    wait(&mut [PollFd::new(fd, PollFlags::POLLIN)], deadline)
}

/// Waits until the descriptor can be written without blocking.
pub(crate) fn wait_writable(fd: BorrowedFd<'_>, deadline: &Deadline) -> io::Result<bool> {
    wait(&mut [PollFd::new(fd, PollFlags::POLLOUT)], deadline)
}

/// What holds of the descriptor at this moment, hang-ups and errors included.
pub(crate) fn state(fd: BorrowedFd<'_>, asked: PollFlags) -> io::Result<PollFlags> {
    let mut fds = [PollFd::new(fd, asked)];
    loop {
        match raw::poll(&mut fds, 0) {
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => return Ok(fds[0].revents().unwrap_or(PollFlags::empty())),
        }
    }
}

/// Whole milliseconds, rounded up so that no wait ends before its deadline; -1 is for ever.
fn timeout(remaining: Option<Duration>) -> i32 {
    let Some(remaining) = remaining else {
        return -1;
    };
    let partial = u64::from(remaining.subsec_nanos().div_ceil(1_000_000));
    let milliseconds = remaining.as_secs().saturating_mul(1000) + partial;
    i32::try_from(milliseconds).unwrap_or(i32::MAX)
}
