//! Which CPU this thread runs on, and how many there are.

use super::gate::NoFork;

/// The number of the CPU, as far as 16 bits hold it; `UNKNOWN` otherwise.
#[inline]
pub(crate) fn current() -> u16 {
    // SAFETY: sched_getcpu takes nothing and touches nothing of the caller's.
    u16::try_from(unsafe { libc::sched_getcpu() }).unwrap_or(UNKNOWN)
}

/// No CPU's number.
pub(crate) const UNKNOWN: u16 = u16::MAX;

/// How many CPUs the machine has that are in use, one at least (sysconf(3)), for which the C library reads a
/// file.
pub(crate) fn online() -> usize {
    let _no_fork = NoFork::begin();
    // SAFETY: takes a number and touches nothing of the caller's.
    let count = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
    usize::try_from(count).unwrap_or(1).max(1)
}

/// How many CPUs this process may use, as far as its affinity and its group's quota go; finding out reads
/// files, which no child is to see open.
pub(crate) fn usable() -> usize {
    let _no_fork = NoFork::begin();
    std::thread::available_parallelism().map_or(1, |cpus| cpus.get())
}
