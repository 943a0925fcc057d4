//! What Windows says of processors, those of the group that this process is in: 64 at most.

use super::super::program::Process;
use crate::exit::Failure;
use crate::sys;

/// The processors that this process may use.
pub(super) fn own() -> Result<Vec<usize>, Failure> {
    let mask = sys::processors();
    let mask = mask.map_err(|error| Failure::io("which processors are there", &error))?;
    let bits = usize::try_from(usize::BITS).unwrap_or(0);
    Ok((0..bits).filter(|&cpu| mask >> cpu & 1 == 1).collect())
}

/// Those that may be threads of the same core: Windows numbers them one after the other.
pub(super) fn siblings(cpu: usize) -> Vec<usize> {
    vec![cpu, cpu ^ 1]
}

/// Runs `start` on these processors: what it starts inherits them.
pub(in crate::bench) fn starting_on<T>(cpus: &[usize], start: impl FnOnce() -> T) -> T {
    let before = sys::processors();
    // What cannot be pinned is measured where it is; nothing that a user may do makes this fail.
    let _ = sys::use_processors(mask(cpus));
    let started = start();
    if let Ok(before) = before {
        let _ = sys::use_processors(before);
    }
    started
}

/// Moves all threads of a process to these processors.
pub(in crate::bench) fn move_to(process: Process, cpus: &[usize]) {
    let _ = sys::move_to_processors(process.number(), mask(cpus));
}

fn mask(cpus: &[usize]) -> usize {
    cpus.iter().fold(0, |mask, cpu| mask | 1 << cpu)
}

/// Nanoseconds that all threads of a process ran in all; 0 if that is not known.
pub(in crate::bench) fn time_used(process: Process) -> u64 {
    sys::processor_time(process.number()).unwrap_or(0)
}
