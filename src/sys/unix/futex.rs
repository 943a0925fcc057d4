//! Sleeping on a word of memory that another process changes: futex(2).

use nix::errno::Errno;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

/// Sleeps while `word` is `expected`, until it is woken or `timeout` is over. It may return early.
pub(crate) fn wait(word: &AtomicU32, expected: u32, timeout: Duration) {
    let errno = Errno::last();
    let timeout = libc::timespec {
        tv_sec: libc::time_t::try_from(timeout.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: timeout.subsec_nanos().into(),
    };
    // SAFETY: `word` is an aligned word that outlives the call, and `timeout` a valid timespec.
    // Not FUTEX_PRIVATE: the waker is another process. Every outcome means "look again".
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAIT,
            expected,
            &raw const timeout,
        );
    }
    errno.set();
}

/// Wakes one sleeper on `word`.
pub(crate) fn wake(word: &AtomicU32) {
    let errno = Errno::last();
    // SAFETY: `word` is an aligned word that outlives the call; the kernel does not write to it.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, 1) };
    errno.set();
}
