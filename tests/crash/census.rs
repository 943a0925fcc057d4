//! What a process has: descriptors, threads, children.

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
        let children = std::fs::read_dir(folder.join("task")).unwrap().flatten();
        let children = children
            .filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok())
            .map(|line| line.split_whitespace().count())
            .sum();
        Self {
            descriptors: count("fd"),
            threads: count("task"),
            children,
        }
    }

    pub(crate) fn own() -> Self {
        Self::of(std::process::id())
    }
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
