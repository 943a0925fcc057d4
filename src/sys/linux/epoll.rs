//! Waiting for many descriptors: epoll(7).

use super::fd::Fd;
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::Duration;

pub(crate) use nix::sys::epoll::{EpollEvent as Event, EpollFlags as Interest};

/// A set of descriptors to wait for, each with a token of the caller's.
#[derive(Debug)]
pub(crate) struct Poller(Fd);

impl Poller {
    /// An empty set.
    pub(crate) fn new() -> io::Result<Self> {
        let epoll = || Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map(|epoll| epoll.0);
        Ok(Self(Fd::make(epoll)?))
    }

    /// Adds a descriptor; its closing, with all its duplicates, removes it.
    pub(crate) fn add(&self, fd: BorrowedFd<'_>, interest: Interest, token: u64) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, fd, interest, token)
    }

    /// Changes what a descriptor of the set is watched for.
    pub(crate) fn change(
        &self,
        fd: BorrowedFd<'_>,
        interest: Interest,
        token: u64,
    ) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_MOD, fd, interest, token)
    }

    /// Takes a descriptor out of the set.
    pub(crate) fn remove(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_DEL, fd, Interest::empty(), 0)
    }

    /// Waits until something is there, or `timeout` (rounded up to milliseconds; `None`: for ever)
    /// is over; gives how many of `events` it filled. A signal ends it early, with none.
    pub(crate) fn wait(
        &self,
        events: &mut [Event],
        timeout: Option<Duration>,
    ) -> io::Result<usize> {
        let milliseconds = timeout.map_or(-1, |timeout| {
            i32::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX)
        });
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
            Ok(count) => Ok(usize::try_from(count).unwrap_or(0)),
            Err(Errno::EINTR) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    fn control(
        &self,
        what: i32,
        fd: BorrowedFd<'_>,
        interest: Interest,
        token: u64,
    ) -> io::Result<()> {
        let mut event = libc::epoll_event {
            events: interest.bits().cast_unsigned(),
            u64: token,
        };
        // SAFETY: both descriptors are open and `event` lives until the call returns.
        let result =
            unsafe { libc::epoll_ctl(self.0.as_raw_fd(), what, fd.as_raw_fd(), &raw mut event) };
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
