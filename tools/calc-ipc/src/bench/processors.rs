//! Processors: who may run on which, and for how long it has.

use super::report::Placement;
use crate::exit::Failure;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use std::fs;

/// The processors that this program may use.
pub(super) struct Processors {
    all: Vec<usize>,
}

/// Where both sides run.
#[derive(Clone, Debug)]
pub(super) struct Seats {
    pub(super) server: Vec<usize>,
    pub(super) client: Vec<usize>,
}

impl Processors {
    pub(super) fn find() -> Result<Self, Failure> {
        let own = sched_getaffinity(Pid::from_raw(0));
        let own = own.map_err(|error| Failure::io("which processors are there", &error.into()))?;
        let all = (0..CpuSet::count()).filter(|&cpu| own.is_set(cpu).unwrap_or(false));
        Ok(Self { all: all.collect() })
    }

    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// The seats for a placement; `None` where there are too few processors.
    pub(super) fn seats(&self, placement: Placement) -> Option<Seats> {
        let first = *self.all.first()?;
        let seats = |server, client| Seats { server, client };
        match placement {
            Placement::OneCore => Some(seats(vec![first], vec![first])),
            Placement::Anywhere => Some(seats(self.all.clone(), self.all.clone())),
            Placement::TwoCores => Some(seats(vec![first], vec![self.partner(first)?])),
        }
    }

    /// A processor of another core if there is one: two threads of one core share more than two cores do.
    fn partner(&self, first: usize) -> Option<usize> {
        let path = format!("/sys/devices/system/cpu/cpu{first}/topology/thread_siblings_list");
        let siblings = numbers(&fs::read_to_string(path).unwrap_or_default());
        let others = || self.all.iter().copied().filter(|&cpu| cpu != first);
        others()
            .find(|cpu| !siblings.contains(cpu))
            .or_else(|| others().next())
    }
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
pub(super) fn starting_on<T>(cpus: &[usize], start: impl FnOnce() -> T) -> T {
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
pub(super) fn move_to(process: Pid, cpus: &[usize]) {
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
pub(super) fn time_used(process: Pid) -> u64 {
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
    fn seats_need_processors() {
        let one = Processors { all: vec![3] };
        assert_eq!(one.seats(Placement::OneCore).unwrap().client, [3]);
        assert!(one.seats(Placement::TwoCores).is_none());
        let two = Processors {
            all: vec![1000, 2000],
        };
        let seats = two.seats(Placement::TwoCores).unwrap();
        assert_eq!((seats.server, seats.client), (vec![1000], vec![2000]));
    }

    #[test]
    fn this_process_has_used_some_time() {
        assert!(time_used(Pid::this()) > 0);
    }
}
