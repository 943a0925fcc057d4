//! Descriptors that the library owns.

use super::gate::NoFork;
use super::retry::uninterrupted;
use super::{fork, raw};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::stat::Mode;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicU32, Ordering};

/// A descriptor of the library's, closed when dropped, and at once in a forked child. Nothing else in the
/// library owns one: what the system makes becomes an `Fd` while no fork can happen.
#[derive(Debug)]
pub(crate) struct Fd {
    raw: RawFd,
    /// The generation whose forked children close it, plus one; 0: they keep it.
    owned_since: AtomicU32,
}

impl Fd {
    /// What `call`, which does not wait, makes.
    pub(crate) fn make(call: impl FnMut() -> nix::Result<OwnedFd>) -> io::Result<Self> {
        let no_fork = NoFork::begin();
        Ok(Self::new(uninterrupted(call)?, &no_fork))
    }

    /// Takes a descriptor that was made while no fork could happen, as it still cannot.
    ///
    /// Where the host closed a standard descriptor, the kernel gives its number to the next that is
    /// opened, and what the host prints would go there; so it gets another number, if there is one.
    pub(super) fn new(fd: OwnedFd, _no_fork: &NoFork) -> Self {
        let fd = above_standard(fd).into_raw_fd();
        fork::own(fd);
        Self {
            raw: fd,
            owned_since: AtomicU32::new(fork::generation() + 1),
        }
    }

    /// Another descriptor for the same open file.
    pub(crate) fn duplicate(&self) -> io::Result<Self> {
        Self::make(|| duplicate(self.as_fd()))
    }

    /// Another descriptor for an open file of the host's.
    pub(crate) fn copy_of(fd: BorrowedFd<'_>) -> io::Result<Self> {
        Self::make(|| duplicate(fd))
    }

    /// From now on, forked children inherit it, until [`Fd::own`] is called: that of a server not yet
    /// run, which one child may adopt.
    pub(crate) fn bequeath(&self) {
        let _no_fork = NoFork::begin();
        self.owned_since.store(0, Ordering::Relaxed);
        fork::disown(self.raw);
    }

    /// From now on, forked children close it.
    pub(crate) fn own(&self) {
        let _no_fork = NoFork::begin();
        self.owned_since
            .store(fork::generation() + 1, Ordering::Relaxed);
        fork::own(self.raw);
    }

    /// Whether it is this process's own: not one to inherit, nor that of the parent process.
    pub(crate) fn is_own(&self) -> bool {
        self.owned_since.load(Ordering::Relaxed) == fork::generation() + 1
    }

    /// Whether its number is not that of a standard descriptor.
    pub(super) fn is_above_standard(&self) -> bool {
        self.raw >= FIRST
    }

    /// A handle for nothing, to be let go of when others run out.
    pub(crate) fn spare() -> io::Result<Self> {
        Self::make(|| {
            nix::fcntl::open(
                "/dev/null",
                OFlag::O_RDONLY | OFlag::O_CLOEXEC,
                Mode::empty(),
            )
        })
    }

    /// Makes reads and writes answer `WouldBlock` instead of waiting.
    pub(crate) fn set_nonblocking(&self) -> io::Result<()> {
        let flags = OFlag::from_bits_retain(fcntl(self, FcntlArg::F_GETFL)?);
        fcntl(self, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
        Ok(())
    }

    /// Makes reads and writes wait.
    pub(super) fn set_blocking(&self) -> io::Result<()> {
        let flags = OFlag::from_bits_retain(fcntl(self, FcntlArg::F_GETFL)?);
        fcntl(self, FcntlArg::F_SETFL(flags - OFlag::O_NONBLOCK))?;
        Ok(())
    }
}

impl Drop for Fd {
    fn drop(&mut self) {
        let since = self.owned_since.load(Ordering::Relaxed);
        if since != 0 && since != fork::generation() + 1 {
            return; // Closed when this process was forked; the number may be the host's by now.
        }
        let _no_fork = NoFork::begin();
        if since != 0 {
            fork::disown(self.raw);
        }
        // SAFETY: `raw` came from an OwnedFd, and nothing else closes it in this process.
        unsafe { raw::close(self.raw) };
    }
}

impl AsRawFd for Fd {
    fn as_raw_fd(&self) -> RawFd {
        self.raw
    }
}

impl AsFd for Fd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: it is open as long as `self` lives, but in a forked child, where the number may
        // be closed or the host's: handles of the parent answer FORKED there before they get here.
        unsafe { BorrowedFd::borrow_raw(self.raw) }
    }
}

/// The first number that is no standard descriptor's.
const FIRST: RawFd = 3;

/// The open file under a number that is no standard descriptor's, or, where the process has no
/// other left, under the one that it had.
fn above_standard(fd: OwnedFd) -> OwnedFd {
    if fd.as_raw_fd() >= FIRST {
        return fd;
    }
    duplicate(fd.as_fd()).unwrap_or(fd)
}

/// The same open file under another number, no standard descriptor's.
fn duplicate(fd: BorrowedFd<'_>) -> nix::Result<OwnedFd> {
    let raw = fcntl(fd, FcntlArg::F_DUPFD_CLOEXEC(FIRST))?;
    // SAFETY: fcntl just made this descriptor, and nothing else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
}
