//! A bell that wakes another thread or process: eventfd(2).

use super::fd::Fd;
use nix::errno::Errno;
use nix::sys::eventfd::{EfdFlags, EventFd};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// Rings until the end of its days, once it was rung: it is never read.
///
/// Level-triggered, it stops everything that watches it; edge-triggered, each ring wakes once.
#[derive(Debug)]
pub struct Bell(Fd);

impl Bell {
    /// A bell that is silent so far, and that a forked child inherits until [`Bell::own`].
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(Fd::inherited(event()?)))
    }

    /// From now on, forked children close it.
    pub(crate) fn own(&self) {
        self.0.own();
    }

    /// A bell of another process, received from it.
    pub(crate) fn from_peer(fd: OwnedFd) -> Self {
        Self(Fd::new(fd))
    }

    /// Wakes who watches it. Async-signal-safe, errno included.
    pub(crate) fn ring(&self) {
        let errno = Errno::last();
        // It fails only when it has been rung 2^64 - 2 times and is ringing anyway.
        let _ = nix::unistd::write(&self.0, &1u64.to_ne_bytes());
        errno.set();
    }

    /// Puts a new bell, which no other process shares, in this one's place: same number, silent.
    pub(crate) fn renew(&self) -> io::Result<()> {
        let fresh = event()?;
        // SAFETY: both are open descriptors of the library's; dup3 closes the old one atomically,
        // and its number stays owned by `self.0`.
        let result = unsafe { libc::dup3(fresh.as_raw_fd(), self.0.as_raw_fd(), libc::O_CLOEXEC) };
        Errno::result(result)?;
        Ok(())
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn event() -> io::Result<OwnedFd> {
    let event = EventFd::from_value_and_flags(0, EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
    Ok(event.into())
}
