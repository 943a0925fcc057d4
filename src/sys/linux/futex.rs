//! Sleeping on a word of memory that another process changes: futex(2).

use crate::sys::alarm::Alarm;
use crate::sys::atomic::Mapped;
use nix::errno::Errno;
use std::io;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

/// The alarm of whoever sleeps in futex(2), in whatever process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Futex;

impl Futex {
    /// That of any line.
    #[expect(clippy::unnecessary_wraps, reason = "the other systems' may fail")]
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self)
    }
}

impl Alarm<Mapped> for Futex {
    fn wait(&self, word: &AtomicU32, expected: u32, timeout: Duration) -> bool {
        wait(word, expected, timeout)
    }

    fn wake(&self, word: &AtomicU32) {
        wake(word, 1);
    }
}

pub(super) fn wait(word: &AtomicU32, expected: u32, timeout: Duration) -> bool {
    let errno = Errno::last();
    let timeout = libc::timespec {
        // 68 years at most where the clock cannot count so far. Its type is inferred, since libc deprecates its name for musl's.
        tv_sec: timeout.as_secs().try_into().unwrap_or(i32::MAX.into()),
        tv_nsec: libc::c_long::from(timeout.subsec_nanos().cast_signed()),
    };
    // SAFETY: `word` is an aligned word that outlives the call, and `timeout` a valid timespec.
    // Not FUTEX_PRIVATE: the waker is another process. Every outcome means "look again".
    let result = unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAIT,
            expected,
            &raw const timeout,
        )
    };
    let is_over = result == -1 && Errno::last() == Errno::ETIMEDOUT;
    errno.set();
    is_over
}

pub(super) fn wake_all(word: &AtomicU32) {
    wake(word, i32::MAX);
}

fn wake(word: &AtomicU32, sleepers: i32) {
    let errno = Errno::last();
    // SAFETY: `word` is an aligned word that outlives the call; the kernel does not write to it.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, sleepers) };
    errno.set();
}
