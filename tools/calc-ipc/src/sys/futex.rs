//! Sleeping on a word of shared memory, futex(2).

use nix::libc;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

/// Sleeps while `word` holds `value`, until another process has changed it and wakes this one.
pub(super) fn wait_while(word: &AtomicU32, value: u32) {
    while word.load(Ordering::Acquire) == value {
        // SAFETY: FUTEX_WAIT only reads the word, which the reference keeps alive; no timeout is given.
        // Its result does not matter, since the word itself is looked at again.
        unsafe {
            libc::syscall(
                libc::SYS_futex,
                word.as_ptr(),
                libc::FUTEX_WAIT,
                value,
                ptr::null::<libc::timespec>(),
            );
        }
    }
}

/// Wakes one process that sleeps on `word`.
pub(super) fn wake_one(word: &AtomicU32) {
    // SAFETY: FUTEX_WAKE reads no memory; the address is only what sleepers are found by.
    unsafe {
        libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, 1);
    }
}
