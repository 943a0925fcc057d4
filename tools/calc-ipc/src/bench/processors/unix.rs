//! What Linux says of processors.

use crate::exit::Failure;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use std::fs;

/// The processors that this process may use.
pub(super) fn own() -> Result<Vec<usize>, Failure> {
    let own = sched_getaffinity(Pid::from_raw(0));
    let own = own.map_err(|error| Failure::io("which processors are there", &error.into()))?;
    let all = (0..CpuSet::count()).filter(|&cpu| own.is_set(cpu).unwrap_or(false));
    Ok(all.collect())
}

/// The threads of the same core.
pub(super) fn siblings(cpu: usize) -> Vec<usize> {
    let path = format!("/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list");
    numbers(&fs::read_to_string(path).unwrap_or_default())
}

/// The numbers of a list like `0-2,8`.
fn numbers(list: &str) -> Vec<usize> {
    let ranges = list.trim().split(',').filter_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(first.parse().ok()?..=last.parse().ok()?)
    });
    ranges.flatten().collect()
}

/// Runs `start` on these processors: what it starts inherits them.
pub(in crate::bench) fn starting_on<T>(cpus: &[usize], start: impl FnOnce() -> T) -> T {
    let own = Pid::from_raw(0);
    let before = sched_getaffinity(own);
    // What cannot be pinned is measured where it is; nothing that a user may do makes this fail.
    let _ = sched_setaffinity(own, &set(cpus));
    let started = start();
    if let Ok(before) = before {
        let _ = sched_setaffinity(own, &before);
    }
    started
}

/// Moves all threads of a process to these processors.
pub(in crate::bench) fn move_to(process: Pid, cpus: &[usize]) {
    let threads = fs::read_dir(format!("/proc/{process}/task"));
    for thread in threads.into_iter().flatten().flatten() {
        let number = thread
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        if let Some(number) = number {
            let _ = sched_setaffinity(Pid::from_raw(number), &set(cpus));
        }
    }
}

fn set(cpus: &[usize]) -> CpuSet {
    let mut set = CpuSet::new();
    for &cpu in cpus {
        let _ = set.set(cpu);
    }
    set
}

/// Nanoseconds that all threads of a process, also those that have ended, ran in all; 0 if that is not known.
pub(in crate::bench) fn time_used(process: Pid) -> u64 {
    let time = clock_getcpuclockid(process).and_then(clock_gettime);
    let nanos =
        time.map(|time| i128::from(time.tv_sec()) * 1_000_000_000 + i128::from(time.tv_nsec()));
    nanos
        .ok()
        .and_then(|nanos| u64::try_from(nanos).ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_processors_are_read() {
        assert_eq!(numbers("0-2,8\n"), [0, 1, 2, 8]);
        assert_eq!(numbers("3\n"), [3]);
        assert_eq!(numbers(""), [0; 0]);
    }

    #[test]
    fn this_process_has_used_some_time() {
        assert!(time_used(Pid::this()) > 0);
    }
}
