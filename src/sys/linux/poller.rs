//! Waiting for many sources: epoll(7).

use super::fd::Fd;
use crate::sys::ready::{Ready, Want};
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::Duration;

/// The neutral bits are the kernel's own.
const _: () = {
    assert!(Want::READ.bits() == libc::EPOLLIN.cast_unsigned());
    assert!(Want::URGENT.bits() == libc::EPOLLPRI.cast_unsigned());
    assert!(Want::WRITE.bits() == libc::EPOLLOUT.cast_unsigned());
    assert!(Want::END.bits() == libc::EPOLLRDHUP.cast_unsigned());
    assert!(Want::SHARED.bits() == libc::EPOLLEXCLUSIVE.cast_unsigned());
    assert!(Want::EDGE.bits() == libc::EPOLLET.cast_unsigned());
    assert!(Ready::READABLE.bits() == libc::EPOLLIN.cast_unsigned());
    assert!(Ready::URGENT.bits() == libc::EPOLLPRI.cast_unsigned());
    assert!(Ready::WRITABLE.bits() == libc::EPOLLOUT.cast_unsigned());
    assert!(Ready::ERROR.bits() == libc::EPOLLERR.cast_unsigned());
    assert!(Ready::HANG_UP.bits() == libc::EPOLLHUP.cast_unsigned());
    assert!(Ready::ENDED.bits() == libc::EPOLLRDHUP.cast_unsigned());
};

/// What happened at one source of a set.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Event(libc::epoll_event);

impl Event {
    /// Room for one.
    pub(crate) const EMPTY: Self = Self(libc::epoll_event { events: 0, u64: 0 });

    /// This happened at the source with this token.
    #[cfg(test)]
    pub(crate) const fn new(ready: Ready, token: u64) -> Self {
        Self(libc::epoll_event {
            events: ready.bits(),
            u64: token,
        })
    }

    /// The token with which the source was added.
    #[inline]
    pub(crate) fn token(&self) -> u64 {
        self.0.u64
    }

    /// What happened there.
    #[inline]
    pub(crate) fn ready(&self) -> Ready {
        Ready::from_bits(self.0.events)
    }
}

/// A set of sources to wait for, each with a token of the caller's.
#[derive(Debug)]
pub(crate) struct Poller(Fd);

impl Poller {
    /// An empty set.
    pub(crate) fn new() -> io::Result<Self> {
        let epoll = || Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map(|epoll| epoll.0);
        Ok(Self(Fd::make(epoll)?))
    }

    /// The same set under another number.
    pub(crate) fn duplicate(&self) -> io::Result<Self> {
        self.0.duplicate().map(Self)
    }

    /// Adds a source; its closing, with all its duplicates, removes it.
    pub(crate) fn add(&self, source: BorrowedFd<'_>, want: Want, token: u64) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, source, want, token)
    }

    /// Changes what a source of the set is watched for.
    pub(crate) fn change(&self, source: BorrowedFd<'_>, want: Want, token: u64) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_MOD, source, want, token)
    }

    /// Takes a source out of the set. Closing it does not where a process forked by hand has a copy
    /// (epoll(7), Q6).
    pub(crate) fn remove(&self, source: BorrowedFd<'_>) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_DEL, source, Want::NOTHING, 0)
    }

    /// Waits until something is there, or `timeout` (rounded up to milliseconds; `None`: for ever)
    /// is over; gives how many of `events` it filled. A signal ends it early, with none.
    pub(crate) fn wait(
        &self,
        events: &mut [Event],
        timeout: Option<Duration>,
    ) -> io::Result<usize> {
        let milliseconds = match timeout {
            None => -1,
            Some(Duration::ZERO) => 0,
            Some(timeout) => {
                i32::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX)
            }
        };
        let capacity = i32::try_from(events.len()).unwrap_or(i32::MAX);
        // SAFETY: Event is a transparent wrapper of epoll_event, and `capacity` of them are there.
        let count = unsafe {
            libc::epoll_wait(
                self.0.as_raw_fd(),
                events.as_mut_ptr().cast(),
                capacity,
                milliseconds,
            )
        };
        match Errno::result(count) {
            Ok(count) => Ok(usize::try_from(count).expect("what is below 0 is an error")),
            Err(Errno::EINTR) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    fn control(&self, what: i32, source: BorrowedFd<'_>, want: Want, token: u64) -> io::Result<()> {
        let mut event = libc::epoll_event {
            events: want.bits(),
            u64: token,
        };
        // SAFETY: both descriptors are open and `event` lives until the call returns.
        let result = unsafe {
            libc::epoll_ctl(self.0.as_raw_fd(), what, source.as_raw_fd(), &raw mut event)
        };
        Errno::result(result)?;
        Ok(())
    }
}

impl AsFd for Poller {
    /// Readable when something of the set is ready, so that a set can be in another one.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
