//! What a process has, and must not keep of what it had.

use super::{PATIENCE, eventually, state};
use libc::pid_t;
use std::time::Instant;

/// Descriptors, threads, children and shared memory of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census {
    /// What each stands for, in order.
    descriptors: Vec<String>,
    threads: usize,
    children: usize,
    /// Mappings of memory that the library shares.
    shared: usize,
}

impl Census {
    pub fn of(process: pid_t) -> Self {
        let folder = format!("/proc/{process}/fd");
        let mut descriptors: Vec<_> = state::numbers_in(&folder)
            .into_iter()
            .filter_map(|fd| std::fs::read_link(format!("{folder}/{fd}")).ok()) // The folder's is closed.
            .map(|target| target.display().to_string())
            .filter(|target| !target.ends_with("/fd"))
            .collect();
        descriptors.sort();
        let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
        let shared = maps.lines().filter(|line| line.contains("memfd:calc_ipc"));
        Self {
            descriptors,
            threads: state::threads(process).len(),
            children: state::children(process).len(),
            shared: shared.count(),
        }
    }

    pub fn own() -> Self {
        Self::of(std::process::id().cast_signed())
    }

    /// Looks until this process has the same again, or for [`PATIENCE`]; gives what it has then. A thread that was joined
    /// is listed a moment longer: who joins it waits until it is done with its memory (pthread_join(3)), not until
    /// the kernel is done with it.
    pub fn await_again(&self) -> Self {
        let patience = Instant::now() + PATIENCE;
        let mut now = Self::own();
        while now != *self && Instant::now() < patience {
            std::thread::yield_now();
            now = Self::own();
        }
        now
    }

    /// Waits until another process has as much of everything again.
    pub fn await_as_much_in(&self, process: pid_t) {
        eventually(&format!("{process} has {self:?} again"), || {
            Self::of(process).counts() == self.counts()
        });
    }

    /// Waits until this process has no more of anything.
    pub fn await_no_more(&self, what: &str) {
        eventually(&format!("{what}: no more than {self:?}"), || {
            let now = Self::own().counts();
            now.iter()
                .zip(self.counts())
                .all(|(now, then)| *now <= then)
        });
    }

    fn counts(&self) -> [usize; 4] {
        let descriptors = self.descriptors.len();
        [descriptors, self.threads, self.children, self.shared]
    }
}
