//! Which CPU this thread runs on.

/// The number of the CPU, as far as 16 bits hold it; `UNKNOWN` otherwise.
#[inline]
pub(crate) fn current() -> u16 {
    // SAFETY: sched_getcpu takes nothing and touches nothing of the caller's.
    u16::try_from(unsafe { libc::sched_getcpu() }).unwrap_or(UNKNOWN)
}

/// No CPU's number.
pub(crate) const UNKNOWN: u16 = u16::MAX;
