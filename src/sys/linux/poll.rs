//! Waiting for a few sources until a deadline: poll(2).

use super::raw;
use crate::sys::deadline::Deadline;
use crate::sys::ready::{Ready, Want};
use nix::errno::Errno;
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::slice;
use std::time::Duration;

/// The neutral bits are the kernel's own.
const _: () = {
    const fn bits(flag: libc::c_short) -> u32 {
        flag.cast_unsigned() as u32
    }
    assert!(Want::READ.bits() == bits(libc::POLLIN));
    assert!(Want::URGENT.bits() == bits(libc::POLLPRI));
    assert!(Want::WRITE.bits() == bits(libc::POLLOUT));
    assert!(Want::END.bits() == bits(libc::POLLRDHUP));
    assert!(Ready::READABLE.bits() == bits(libc::POLLIN));
    assert!(Ready::URGENT.bits() == bits(libc::POLLPRI));
    assert!(Ready::WRITABLE.bits() == bits(libc::POLLOUT));
    assert!(Ready::ERROR.bits() == bits(libc::POLLERR));
    assert!(Ready::HANG_UP.bits() == bits(libc::POLLHUP));
    assert!(Ready::ENDED.bits() == bits(libc::POLLRDHUP));
};

/// A source that is waited for, and what was found there.
#[repr(transparent)]
pub(crate) struct Awaited<'a> {
    entry: libc::pollfd,
    source: PhantomData<BorrowedFd<'a>>,
}

impl<'a> Awaited<'a> {
    /// Waits for this at that source; its failure and its end are always told.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "poll(2) knows nothing of what is beyond the lower half"
    )]
    pub(crate) fn new(source: BorrowedFd<'a>, want: Want) -> Self {
        let entry = libc::pollfd {
            fd: source.as_raw_fd(),
            events: (want.bits() as u16).cast_signed(),
            revents: 0,
        };
        Self {
            entry,
            source: PhantomData,
        }
    }

    /// What was found there.
    #[inline]
    pub(crate) fn ready(&self) -> Ready {
        Ready::from_bits(self.entry.revents.cast_unsigned().into())
    }
}

/// The same, as the kernel sees them.
#[inline]
fn entries<'a>(sources: &'a mut [Awaited<'_>]) -> &'a mut [libc::pollfd] {
    let count = sources.len();
    // SAFETY: `Awaited` is a transparent wrapper of `pollfd`, any of which is one.
    unsafe { slice::from_raw_parts_mut(sources.as_mut_ptr().cast(), count) }
}

/// Waits until a source has what is asked of it, or has failed; `false` when the deadline passed first.
pub(crate) fn wait(sources: &mut [Awaited<'_>], deadline: &Deadline) -> io::Result<bool> {
    loop {
        let limit = timeout(deadline.remaining());
        match raw::poll(entries(sources), limit) {
            // It waited so long itself, whatever the clock says, which stands still in some sandboxes.
            Ok(0) if limit < i32::MAX => return Ok(false),
            Ok(0) | Err(Errno::EINTR) => {}
            Ok(_) => return Ok(true),
            Err(error) => return Err(error.into()),
        }
    }
}

/// The same, but for so long at most, for which the clock is read but once.
pub(crate) fn wait_a_while(
    sources: &mut [Awaited<'_>],
    time: Duration,
    deadline: &Deadline,
) -> io::Result<bool> {
    let time = deadline.remaining().map_or(time, |left| left.min(time));
    match raw::poll(entries(sources), timeout(Some(time))) {
        Ok(count) => Ok(count > 0),
        Err(Errno::EINTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Waits until the source can be read without blocking.
pub(crate) fn wait_readable(source: BorrowedFd<'_>, deadline: &Deadline) -> io::Result<bool> {
    wait(&mut [Awaited::new(source, Want::READ)], deadline)
}

/// Waits until the source can be written without blocking.
pub(crate) fn wait_writable(source: BorrowedFd<'_>, deadline: &Deadline) -> io::Result<bool> {
    wait(&mut [Awaited::new(source, Want::WRITE)], deadline)
}

/// What holds of the source at this moment, hang-ups and errors included.
pub(crate) fn state(source: BorrowedFd<'_>, asked: Want) -> io::Result<Ready> {
    let mut sources = [Awaited::new(source, asked)];
    loop {
        match raw::poll(entries(&mut sources), 0) {
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => return Ok(sources[0].ready()),
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
