//! Shared memory that tests left behind when they were killed.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

const FOLDER: &str = "/dev/shm";

pub struct Leftovers {
    before: HashSet<OsString>,
}

impl Leftovers {
    pub fn new() -> Self {
        Self {
            before: names().collect(),
        }
    }

    /// Removes what has come since, unless the process runs whose number is in the name: that may be someone else's.
    pub fn remove(&self) {
        for name in names().filter(|name| !self.before.contains(name)) {
            let process = name.to_str().and_then(owner);
            if process.is_some_and(|id| !Path::new("/proc").join(id).exists()) {
                _ = fs::remove_file(Path::new(FOLDER).join(&name));
            }
        }
    }
}

/// The process that made up a name, as `tests/support` does: calc_ipc-test-PROCESS-...
fn owner(name: &str) -> Option<&str> {
    let (process, _) = name.strip_prefix("calc_ipc-test-")?.split_once('-')?;
    process.parse::<u32>().is_ok().then_some(process)
}

fn names() -> impl Iterator<Item = OsString> {
    fs::read_dir(FOLDER)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name())
}
