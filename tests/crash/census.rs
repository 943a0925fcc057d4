//! What a process has: descriptors, threads, children.

use crate::support::eventually;
use std::path::Path;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Census {
    descriptors: usize,
    threads: usize,
    children: usize,
}

impl Census {
    pub(crate) fn of(pid: u32) -> Self {
        let folder = Path::new("/proc").join(pid.to_string());
        let count = |name: &str| std::fs::read_dir(folder.join(name)).unwrap().count();
        Self {
            descriptors: count("fd"),
            threads: count("task"),
            children: children(pid).len(),
        }
    }

    pub(crate) fn own() -> Self {
        Self::of(std::process::id())
    }

    /// Waits until this process has no more than that. A thread that was joined is listed a moment longer: who joins it
    /// waits until it is done with its memory (pthread_join(3)), not until the kernel is done with it.
    pub(crate) fn await_no_more(self, what: &str) {
        eventually(&format!("{what}: no more than {self:?}"), || {
            let now = Self::own();
            now.descriptors <= self.descriptors
                && now.threads <= self.threads
                && now.children <= self.children
        });
    }
}

/// The children of a process that it has not reaped.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let lists = threads
        .flatten()
        .map(|thread| thread.path().join("children"));
    let lists: String = lists
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .collect();
    let numbers = lists.split_whitespace();
    numbers.map(|number| number.parse().unwrap()).collect()
}

/// The memory of this process that is not shared with a file, in bytes.
pub(crate) fn own_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let kibibytes = line.unwrap().trim().split(' ').next().unwrap();
    kibibytes.parse::<usize>().unwrap() << 10
}
