//! Which CPU this thread runs on, and how many there are.

use windows_sys::Win32::System::Kernel::PROCESSOR_NUMBER;
use windows_sys::Win32::System::Threading::{
    ALL_PROCESSOR_GROUPS, GetActiveProcessorCount, GetCurrentProcessorNumberEx,
};

/// The CPUs of a group, as many as a number within one counts to.
const GROUP: u16 = 64;

/// The number of the CPU.
#[inline]
pub(crate) fn current() -> u16 {
    let mut number = PROCESSOR_NUMBER::default();
    // SAFETY: the system fills in the number.
    unsafe { GetCurrentProcessorNumberEx(&raw mut number) };
    number.Group * GROUP + u16::from(number.Number)
}

/// No CPU's number.
pub(crate) const UNKNOWN: u16 = u16::MAX;

/// How many CPUs the machine has that are in use, one at least.
pub(crate) fn online() -> usize {
    // SAFETY: takes a number and touches nothing of the caller's.
    let count = unsafe { GetActiveProcessorCount(ALL_PROCESSOR_GROUPS) };
    usize::try_from(count).unwrap_or(1).max(1)
}

/// How many CPUs this process may use.
pub(crate) fn usable() -> usize {
    std::thread::available_parallelism().map_or(1, |cpus| cpus.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_thread_runs_on_one_of_the_cpus() {
        assert!(usable() >= 1 && usable() <= online());
        assert_ne!(current(), UNKNOWN);
    }
}
