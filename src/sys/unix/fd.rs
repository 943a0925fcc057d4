//! Descriptors that the library owns.

use super::{fork, poll, sigpipe};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::PollFlags;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicU32, Ordering};

/// A descriptor of the library's, closed when dropped, and at once in a forked child.
#[derive(Debug)]
pub(crate) struct Fd {
    raw: RawFd,
    /// The generation whose forked children close it, plus one; 0: they keep it.
    owned_since: AtomicU32,
}

impl Fd {
    /// Takes a descriptor that forked children close.
    pub(crate) fn new(fd: OwnedFd) -> Self {
        let fd = Self::inherited(fd);
        fd.own();
        fd
    }

    /// Takes a descriptor that a forked child inherits, until [`Fd::own`] is called: that of a
    /// server not yet run, which one child may adopt.
    ///
    /// Where the host closed a standard descriptor, the kernel gives its number to the next that is
    /// opened, and what the host prints would go there; so it gets another number, if there is one.
    pub(crate) fn inherited(fd: OwnedFd) -> Self {
        let fd = above_standard(fd).unwrap_or_else(|(fd, _)| fd);
        Self {
            raw: fd.into_raw_fd(),
            owned_since: AtomicU32::new(0),
        }
    }

    /// From now on, forked children close it.
    pub(crate) fn own(&self) {
        self.owned_since
            .store(fork::generation() + 1, Ordering::Relaxed);
        fork::own(self.raw);
    }

    /// Whether it is this process's own: not one to inherit, nor that of the parent process.
    pub(crate) fn is_own(&self) -> bool {
        self.owned_since.load(Ordering::Relaxed) == fork::generation() + 1
    }
}

impl Drop for Fd {
    fn drop(&mut self) {
        let since = self.owned_since.load(Ordering::Relaxed);
        if since != 0 {
            if since != fork::generation() + 1 {
                return; // Closed when this process was forked; the number may be the host's by now.
            }
            fork::disown(self.raw);
        }
        // SAFETY: `raw` came from an OwnedFd, and nothing else closes it in this process.
        unsafe { libc::close(self.raw) };
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
pub(super) fn above_standard(fd: OwnedFd) -> Result<OwnedFd, (OwnedFd, io::Error)> {
    if fd.as_raw_fd() >= FIRST {
        return Ok(fd);
    }
    match fcntl(&fd, FcntlArg::F_DUPFD_CLOEXEC(FIRST)) {
        // SAFETY: fcntl just made this descriptor, and nothing else knows it.
        Ok(raw) => Ok(unsafe { OwnedFd::from_raw_fd(raw) }),
        Err(error) => Err((fd, error.into())),
    }
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
    Ok(uninterrupted(|| nix::unistd::read(fd, buffer))?)
}

/// Reads once what is there, without waiting, from a descriptor that may be a blocking one, and the
/// host's: its flags are not touched. Pipes know RWF_NOWAIT (preadv2(2)); others are asked first.
pub(crate) fn read_now(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    let vector = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    // SAFETY: `vector` describes `buffer`, which the kernel may fill; -1 is the current position.
    let read_once = || unsafe {
        let count = libc::preadv2(fd.as_raw_fd(), &raw const vector, 1, -1, libc::RWF_NOWAIT);
        Errno::result(count)
    };
    match uninterrupted(read_once) {
        Ok(count) => Ok(count.cast_unsigned()),
        Err(Errno::EOPNOTSUPP | Errno::ENOSYS | Errno::EINVAL) => {
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
    Ok(uninterrupted(|| nix::unistd::write(fd, bytes))?)
}

/// Writes two pieces as one, as [`write_to_own_reader`].
pub(crate) fn write_two_to_own_reader(
    fd: BorrowedFd<'_>,
    first: &[u8],
    second: &[u8],
) -> io::Result<usize> {
    let parts = [IoSlice::new(first), IoSlice::new(second)];
    Ok(uninterrupted(|| nix::sys::uio::writev(fd, &parts))?)
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
