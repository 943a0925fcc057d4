//! Cancellation of threads: pthreads(7).
//!
//! A cancelled thread is unwound from the next system call that is a cancellation point, which read(2), poll(2)
//! and most others here are, through whatever called it; one whose type is asynchronous, from any instruction. So
//! no part of the library runs where that can happen.

use std::ffi::c_int;

// The libc crate has no declaration of it for Linux. It unwinds the thread if that was cancelled meanwhile, and may
// be at any instruction.
unsafe extern "C-unwind" {
    fn pthread_setcancelstate(state: c_int, before: *mut c_int) -> c_int;
    fn pthread_setcanceltype(kind: c_int, before: *mut c_int) -> c_int;
}

/// The numbers for them in the C libraries of Linux.
const PTHREAD_CANCEL_DISABLE: c_int = 1;
const PTHREAD_CANCEL_DEFERRED: c_int = 0;

/// What `body` returns, while this thread cannot be cancelled. What it was cancelled by meanwhile takes effect at the
/// host's next point of cancellation, or, if its type is asynchronous, at once, which unwinds the caller: that has to
/// have nothing left to drop, and to be `extern "C-unwind"` (RFC 2945). So `body` does not panic, and `T` is plain.
#[inline(always)]
pub(crate) fn held_off<T: Copy>(body: impl FnOnce() -> T) -> T {
    if cfg!(miri) {
        return body(); // It knows no cancellation.
    }
    let mut before = PTHREAD_CANCEL_DISABLE;
    // SAFETY: a state that there is, and a place for the last one. It fails for neither, and turning off unwinds nobody.
    unsafe { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &raw mut before) };
    let result = body();
    if before != PTHREAD_CANCEL_DISABLE {
        // SAFETY: the state that was there before; NULL is for who does not want to know the last. Nothing is left to drop.
        unsafe { pthread_setcancelstate(before, std::ptr::null_mut()) };
    }
    result
}

/// What `body` returns, while this thread can be cancelled at points of cancellation alone, of which `body` has none. That is
/// so already in all threads but those whose type is asynchronous, and to find it out costs less than to hold all off. For the
/// rest, [`held_off`] says what is asked of the caller, of `body` and of `T`.
#[inline(always)]
pub(crate) fn held_to_points<T: Copy>(body: impl FnOnce() -> T) -> T {
    if cfg!(miri) {
        return body(); // It knows no cancellation.
    }
    let mut before = PTHREAD_CANCEL_DEFERRED;
    // SAFETY: a type that there is, and a place for the last one. It fails for neither, and this type unwinds nobody.
    unsafe { pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &raw mut before) };
    let result = body();
    if before != PTHREAD_CANCEL_DEFERRED {
        let mut deferred = PTHREAD_CANCEL_DEFERRED;
        // SAFETY: the type that was there before, and a place for the last one. Nothing is left to drop.
        unsafe { pthread_setcanceltype(before, &raw mut deferred) };
    }
    result
}
