//! Forks of the host, as this library sees them.
//!
//! A descriptor that a forked child inherits keeps a connection or a lock alive after its owner
//! died: a peer would wait for an end of file that never comes. So the child closes every
//! descriptor of the library at once, in a handler that `fork` itself calls (pthread_atfork(3)),
//! and every handle learns by a generation number that it belongs to another process; `getpid`
//! would be a system call per call. No fork falls into the moments in which descriptors are made, noted and
//! closed ([`super::gate`]). `clone` and `vfork` by hand go past this, as in any library.

use super::gate;
use crate::sys::panic;
use std::cell::Cell;
use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};

/// Descriptors up to this number are followed: 128 KiB of zero pages, touched as they are used.
const FOLLOWED: usize = 1 << 20;
const WORD: usize = u64::BITS as usize;

/// One bit for each descriptor that a forked child has to close.
static OWNED: [AtomicU64; FOLLOWED / WORD] = [const { AtomicU64::new(0) }; FOLLOWED / WORD];
/// One more than the highest word of [`OWNED`] ever used.
static WORDS_USED: AtomicUsize = AtomicUsize::new(0);
/// How many forks lie between the process that loaded the library and this one.
static GENERATION: AtomicU32 = AtomicU32::new(0);
/// How many forks this process has made or comes from.
static FORKS: AtomicU32 = AtomicU32::new(0);

thread_local! {
    /// What a child that this thread forks keeps open although it is noted.
    static KEPT: Cell<[RawFd; 2]> = const { Cell::new([-1; 2]) };
}

/// Run when the library is loaded. Handlers before a fork run in the reverse order of their registration
/// (pthread_atfork(3)): this library's shuts its gate after the host's own handlers, registered later, took
/// their locks, so that no thread waits at the gate with a lock that the fork waits for.
#[used]
#[unsafe(link_section = ".init_array")]
static AT_LOAD: extern "C" fn() = at_load;

extern "C" fn at_load() {
    panic::hook_at_load();
    let _ = follow(); // Each handle tries again.
}

/// Which process in a line of forks this is. Two equal answers come from one process.
#[inline]
pub(crate) fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// Changes with every fork, in the parent and in the child.
pub(crate) fn count() -> u32 {
    FORKS.load(Ordering::Relaxed)
}

/// Follows the forks of this process from now on. Every handle begins with it.
pub(crate) fn follow() -> io::Result<()> {
    static IS_FOLLOWING: AtomicBool = AtomicBool::new(false);
    // No lock: a child forked while another thread held it would wait for ever. Handlers that are
    // registered twice do their work once and count twice, which is as good.
    if IS_FOLLOWING.load(Ordering::Acquire) {
        return Ok(());
    }
    // SAFETY: the handlers are functions of this library that take nothing, touch only atomics,
    // sleep on one of them, and call close(2).
    let result =
        unsafe { libc::pthread_atfork(Some(before_fork), Some(in_parent), Some(in_child)) };
    match result {
        0 => IS_FOLLOWING.store(true, Ordering::Release),
        errno => return Err(io::Error::from_raw_os_error(errno)),
    }
    Ok(())
}

/// A forked child shall close this descriptor.
pub(crate) fn own(fd: RawFd) {
    if let Some((index, word, bit)) = place(fd) {
        WORDS_USED.fetch_max(index + 1, Ordering::Relaxed);
        word.fetch_or(bit, Ordering::Release);
    }
}

/// The descriptor is about to be closed here.
pub(crate) fn disown(fd: RawFd) {
    if let Some((_, word, bit)) = place(fd) {
        word.fetch_and(!bit, Ordering::Release);
    }
}

fn place(fd: RawFd) -> Option<(usize, &'static AtomicU64, u64)> {
    let fd = usize::try_from(fd).ok()?;
    OWNED
        .get(fd / WORD)
        .map(|word| (fd / WORD, word, 1 << (fd % WORD)))
}

/// The descriptor of a bit: below [`FOLLOWED`], which every `RawFd` can hold.
fn descriptor(word: usize, bit: u32) -> RawFd {
    let first = RawFd::try_from(word * WORD).expect("less than FOLLOWED");
    first + bit.cast_signed()
}

/// Runs `fork`, whose child keeps these descriptors open.
pub(super) fn keeping<T>(kept: [RawFd; 2], fork: impl FnOnce() -> T) -> T {
    let before = KEPT.replace(kept);
    let result = fork();
    KEPT.set(before);
    result
}

extern "C" fn before_fork() {
    FORKS.fetch_add(1, Ordering::Relaxed);
    gate::shut();
}

extern "C" fn in_parent() {
    gate::open();
}

/// Only what is async-signal-safe: the child of a process with threads may do nothing else.
extern "C" fn in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    panic::forked();
    let kept = KEPT.get();
    let used = WORDS_USED.load(Ordering::Relaxed);
    for (index, word) in OWNED.iter().enumerate().take(used) {
        let mut bits = word.swap(0, Ordering::Relaxed);
        while bits != 0 {
            let bit = bits.trailing_zeros();
            bits &= bits - 1;
            let fd = descriptor(index, bit);
            if !kept.contains(&fd) {
                // SAFETY: the descriptor is the library's own, and no handle of this child will use or
                // close it: they all see that the generation changed.
                unsafe { libc::close(fd) };
            }
        }
    }
    gate::reset();
}
