//! How often a process has woken up.

use nix::unistd::Pid;
use std::fs;

/// How often all threads of a process have gone to sleep so far; `None` of one that has gone.
pub(super) fn of(process: Pid) -> Option<u32> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).ok()?;
    let of_thread = |thread: fs::DirEntry| {
        let status = fs::read_to_string(thread.path().join("status")).ok()?;
        let mut lines = status.lines();
        let count = lines.find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        count?.trim().parse::<u32>().ok()
    };
    threads.flatten().map(of_thread).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use std::time::Duration;

    #[test]
    fn who_sleeps_is_counted() {
        let before = of(Pid::this()).unwrap();
        thread::sleep(Duration::from_millis(1));
        assert!(of(Pid::this()).unwrap() > before);
    }
}
