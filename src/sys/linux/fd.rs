//! Descriptors that the library owns.

use super::gate::NoFork;
use super::{fork, poll, raw, sigpipe};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::PollFlags;
use nix::sys::stat::Mode;
use std::io::{self, IoSlice};
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

/// Makes a system call again as long as a signal interrupts it. Those that do not wait are not
/// interrupted in the kernel, but a debugger, tracer or sandbox may answer for it.
#[inline]
pub(super) fn uninterrupted<T>(mut call: impl FnMut() -> nix::Result<T>) -> nix::Result<T> {
    loop {
        match call() {
            Err(Errno::EINTR) => {}
            result => return result,
        }
    }
}

/// Reads once: `Ok(0)` is the end, `WouldBlock` on a non-blocking descriptor is nothing yet.
#[inline]
pub(crate) fn read(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    Ok(uninterrupted(|| raw::read(fd, buffer))?)
}

/// Reads once what is there, without waiting, from a descriptor that may be a blocking one, and the
/// host's: its flags are not touched. Pipes know RWF_NOWAIT (preadv2(2)); others are asked first.
pub(crate) fn read_now(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    let read_once = || raw::read_with(fd, buffer, libc::RWF_NOWAIT);
    match uninterrupted(read_once) {
        Ok(count) => Ok(count),
        // EPERM as ENOSYS: a sandbox's filter that is older than the call (seccomp(2)).
        Err(Errno::EOPNOTSUPP | Errno::ENOSYS | Errno::EPERM | Errno::EINVAL) => {
            match poll::state(fd, PollFlags::POLLIN)? {
                ready if ready.is_empty() => Err(io::ErrorKind::WouldBlock.into()),
                _ => read(fd, buffer),
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// Writes once, and never raises SIGPIPE: a reader that has gone is `BrokenPipe`.
#[inline]
pub(crate) fn write(fd: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    loop {
        match sigpipe::write(fd, bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Writes once to a pipe of which this process holds the reader too: its having one is what keeps
/// SIGPIPE away (pipe(7)).
#[inline]
pub(crate) fn write_to_own_reader(fd: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    Ok(uninterrupted(|| raw::write(fd, bytes))?)
}

/// Writes two pieces as one, as [`write_to_own_reader`].
pub(crate) fn write_two_to_own_reader(
    fd: BorrowedFd<'_>,
    first: &[u8],
    second: &[u8],
) -> io::Result<usize> {
    let parts = [IoSlice::new(first), IoSlice::new(second)];
    Ok(uninterrupted(|| raw::write_parts(fd, &parts))?)
}

/// Reads and throws away all that is there, from a non-blocking descriptor.
pub(crate) fn drain(fd: BorrowedFd<'_>) {
    let mut waste = [0; 4096];
    while read(fd, &mut waste).is_ok_and(|count| count > 0) {}
}

/// Whether the error says that this process, or the system, has too little of something for now.
pub(crate) fn is_shortage(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM | libc::ENOBUFS | libc::ENOSPC)
    )
}

/// What a pipe holds unless it is told to hold more (pipe(7)).
const PIPE_HOLDS: u32 = 64 << 10;
/// What anybody may have a pipe hold, unless the system was set up otherwise (pipe(7)).
const PIPE_MAY_HOLD: u32 = 1 << 20;

/// Lets a pipe hold a message of this length, if that is more than it does, as far as the system
/// allows: fewer turns for a large message. Best effort.
pub(crate) fn widen_pipe(fd: BorrowedFd<'_>, message: u32) {
    if message > PIPE_HOLDS {
        let size = message.next_power_of_two().min(PIPE_MAY_HOLD);
        let _ = fcntl(fd, FcntlArg::F_SETPIPE_SZ(size.cast_signed()));
    }
}

/// Makes reads and writes answer `WouldBlock` instead of waiting.
pub(crate) fn set_nonblocking(fd: BorrowedFd<'_>) -> io::Result<()> {
    let flags = OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL)?);
    fcntl(fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    Ok(())
}

/// Makes reads and writes wait.
pub(super) fn set_blocking(fd: BorrowedFd<'_>) -> io::Result<()> {
    let flags = OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL)?);
    fcntl(fd, FcntlArg::F_SETFL(flags - OFlag::O_NONBLOCK))?;
    Ok(())
}

/// A descriptor for nothing, to be let go of when others run out.
pub(crate) fn spare() -> io::Result<Fd> {
    Fd::make(|| {
        nix::fcntl::open(
            "/dev/null",
            OFlag::O_RDONLY | OFlag::O_CLOEXEC,
            Mode::empty(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_call_is_made_again_and_any_other_failure_is_given() {
        let mut answers = [Err(Errno::EINTR), Err(Errno::EINTR), Ok(7)].into_iter();
        assert_eq!(uninterrupted(|| answers.next().unwrap()), Ok(7));
        assert_eq!(uninterrupted(|| Err::<(), _>(Errno::EIO)), Err(Errno::EIO));
    }

    #[test]
    fn a_pipe_holds_more_only_where_messages_are_larger() {
        for (message, holds) in [
            (1000, 65536),
            (65536, 65536),
            (65537, 131_072),
            (64 << 20, 1 << 20),
        ] {
            let pipe = super::super::pipe::Pipe::new().unwrap();
            widen_pipe(pipe.write.as_fd(), message);
            assert_eq!(
                fcntl(&pipe.read, FcntlArg::F_GETPIPE_SZ),
                Ok(holds),
                "{message}"
            );
        }
    }
}
