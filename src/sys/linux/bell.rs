//! A bell that wakes another thread or process: eventfd(2).

use super::fd::Fd;
use super::raw;
use super::retry::uninterrupted;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::stat::{SFlag, fstat};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};

/// Rings, once it was rung, until it is silenced, which one that others wait for never is.
///
/// Level-triggered, it stops everything that watches it; edge-triggered, each ring wakes once.
#[derive(Debug)]
pub struct Bell {
    fd: Fd,
    /// Rung by this process, and not renewed since.
    has_rung: AtomicBool,
}

impl Bell {
    /// A bell that is silent so far.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self::around(event()?))
    }

    fn around(fd: Fd) -> Self {
        Self {
            fd,
            has_rung: AtomicBool::new(false),
        }
    }

    /// Whether this process rang it: what a busy thread can ask without a system call.
    #[inline]
    pub(crate) fn has_rung(&self) -> bool {
        self.has_rung.load(Ordering::Relaxed)
    }

    /// From now on, forked children inherit it.
    pub(crate) fn bequeath(&self) {
        self.fd.bequeath();
    }

    /// From now on, forked children close it.
    pub(crate) fn own(&self) {
        self.fd.own();
    }

    /// A bell of another process, received from it. Nothing but an anonymous file is taken, as an
    /// eventfd is: a pipe or socket might raise SIGPIPE, a terminal SIGTTOU. What a file is never
    /// changes, but whether it blocks does: a peer that keeps a copy may have it block later
    /// (F_SETFL), and then be waited for if it also filled the counter.
    pub(crate) fn from_peer(fd: Fd) -> io::Result<Self> {
        let kind = SFlag::from_bits_truncate(fstat(&fd)?.st_mode) & SFlag::S_IFMT;
        let flags = OFlag::from_bits_retain(fcntl(&fd, FcntlArg::F_GETFL)?);
        if kind.is_empty() && flags.contains(OFlag::O_NONBLOCK) {
            Ok(Self::around(fd))
        } else {
            Err(Errno::EPROTO.into())
        }
    }

    /// Wakes who watches it. Async-signal-safe, errno included.
    pub(crate) fn ring(&self) {
        self.has_rung.store(true, Ordering::Relaxed);
        let errno = Errno::last();
        // It fails only when it has been rung 2^64 - 2 times and is ringing anyway.
        let _ = uninterrupted(|| raw::write(self.fd.as_fd(), &1u64.to_ne_bytes()));
        errno.set();
    }

    /// Lets it be silent until it is rung again. Its owner alone may, and no other process has it.
    pub(crate) fn silence(&self) {
        self.has_rung.store(false, Ordering::Relaxed);
        // It fails only where it did not ring.
        let _ = uninterrupted(|| raw::read(self.fd.as_fd(), &mut [0; 8]));
    }

    /// Puts a new bell, which no other process shares, in this one's place: same number, silent.
    pub(crate) fn renew(&self) -> io::Result<()> {
        let fresh = event()?;
        // SAFETY: both are open descriptors of the library's; dup3 closes the old one atomically,
        // and its number stays owned by `self.fd`.
        let result = unsafe { libc::dup3(fresh.as_raw_fd(), self.fd.as_raw_fd(), libc::O_CLOEXEC) };
        Errno::result(result)?;
        self.has_rung.store(false, Ordering::Relaxed);
        Ok(())
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn event() -> io::Result<Fd> {
    let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
    Fd::make(|| EventFd::from_value_and_flags(0, flags).map(Into::into))
}
