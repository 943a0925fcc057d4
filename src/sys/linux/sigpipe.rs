//! Writing without SIGPIPE, and other calls without their signal: dispositions belong to the host.
//!
//! Sockets have MSG_NOSIGNAL. A pipe whose reader this process holds too raises none, nor does one
//! in a process that ignores the signal. For other pipes pwritev2(2) takes RWF_NOSIGNAL since Linux 6.18;
//! before, the signal is blocked for this thread and, if the write raised it, taken back.

use super::file::{self, Kind};
use super::raw;
use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, pthread_sigmask};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, Ordering};

/// `RWF_NOSIGNAL` of linux/fs.h.
const RWF_NOSIGNAL: libc::c_int = 0x100;

/// It is known not to have the flag.
static KERNEL_IS_OLD: AtomicBool = AtomicBool::new(false);

/// This process ignores the signal, for as long as it lives.
static IS_IGNORED: AtomicBool = AtomicBool::new(false);

/// Says that this process, the library's own, ignores SIGPIPE for good: then writing costs nothing more.
pub(super) fn ignore_for_good() {
    IS_IGNORED.store(true, Ordering::Relaxed);
}

/// write(2) that answers `BrokenPipe` and raises nothing.
#[inline]
pub(crate) fn write(fd: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    if IS_IGNORED.load(Ordering::Relaxed) {
        return Ok(raw::write(fd, bytes)?);
    }
    if !KERNEL_IS_OLD.load(Ordering::Relaxed) {
        match raw::write_with(fd, bytes, RWF_NOSIGNAL) {
            Err(error @ (Errno::EOPNOTSUPP | Errno::ENOSYS | Errno::EPERM | Errno::EINVAL)) => {
                if says_old(error, fd) {
                    KERNEL_IS_OLD.store(true, Ordering::Relaxed);
                }
            }
            result => return Ok(result?),
        }
    }
    write_with_signal_blocked(fd, bytes)
}

/// Whether the error comes from the kernel's age: an eventfd, say, knows no flag in any kernel, but
/// pipes and sockets know all that there are.
fn says_old(error: Errno, fd: BorrowedFd<'_>) -> bool {
    let knows_flags =
        || file::about_open(fd).is_ok_and(|open| matches!(open.kind, Kind::Fifo | Kind::Socket));
    match error {
        // EPERM: a sandbox's filter that is older than the call; write(2) itself has no such error for pipes.
        Errno::ENOSYS | Errno::EPERM => true,
        Errno::EOPNOTSUPP => knows_flags(),
        _ => false,
    }
}

fn write_with_signal_blocked(fd: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    let write = || raw::write(fd, bytes);
    Ok(without_signal(Signal::SIGPIPE, Errno::EPIPE, write)?)
}

/// Runs a system call which, where it fails with `errno`, raises a signal for this thread (SIGPIPE,
/// SIGXFSZ), and takes that back.
pub(super) fn without_signal<T>(
    signal: Signal,
    errno: Errno,
    call: impl FnOnce() -> nix::Result<T>,
) -> nix::Result<T> {
    let mut this_only = SigSet::empty();
    this_only.add(signal);
    let was_pending = is_pending(signal);
    let mut before = SigSet::empty();
    pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&this_only), Some(&mut before))?;
    let result = call();
    if result.as_ref().err() == Some(&errno) && !was_pending {
        take_pending(&this_only);
    }
    pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&before), None)?;
    result
}

/// Whether the host's thread already had the signal pending, which is then the host's to take.
fn is_pending(signal: Signal) -> bool {
    let mut pending = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigpending writes the whole set when it returns 0, and only then is it read.
    unsafe {
        libc::sigpending(pending.as_mut_ptr()) == 0
            && libc::sigismember(pending.as_ptr(), signal as libc::c_int) == 1
    }
}

fn take_pending(set: &SigSet) {
    let now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    loop {
        // SAFETY: both pointers are to live values; NULL means that the details are not wanted.
        let taken =
            unsafe { libc::sigtimedwait(set.as_ref(), std::ptr::null_mut(), &raw const now) };
        if taken >= 0 || Errno::last() != Errno::EINTR {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::eventfd::EventFd;
    use std::os::fd::AsFd;

    #[test]
    fn a_descriptor_without_flags_says_nothing_of_the_kernel() {
        let (_reader, writer) = io::pipe().unwrap();
        assert_eq!(write(writer.as_fd(), b"x").unwrap(), 1);
        let was_old = KERNEL_IS_OLD.load(Ordering::Relaxed);
        let event = EventFd::new().unwrap();
        assert_eq!(write(event.as_fd(), &1_u64.to_ne_bytes()).unwrap(), 8);
        assert_eq!(event.read().unwrap(), 1);
        assert_eq!(KERNEL_IS_OLD.load(Ordering::Relaxed), was_old);
    }
}
