//! What the kernel says of a process (proc(5)).

use super::eventually;
use libc::pid_t;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::os::fd::RawFd;

/// Whether a thread is in this state, as /proc names it: S, it sleeps.
pub fn is_in_state(process: impl Display, thread: impl Display, state: char) -> bool {
    let line = std::fs::read_to_string(format!("/proc/{process}/task/{thread}/stat")).unwrap();
    line.rsplit_once(") ").unwrap().1.starts_with(state)
}

/// Waits until a thread is in this state.
pub fn await_state(process: impl Display, thread: impl Display, state: char) {
    eventually(&format!("{process}/{thread} is in state {state}"), || {
        is_in_state(&process, &thread, state)
    });
}

/// The number of the calling thread.
pub fn own_thread() -> pid_t {
    // SAFETY: takes nothing.
    unsafe { libc::gettid() }
}

/// The numbers of a process's threads.
pub fn threads(process: impl Display) -> Vec<pid_t> {
    numbers_in(&format!("/proc/{process}/task"))
}

/// How many descriptors a process has open; of the calling one ("self"), the one that says so included.
pub fn descriptors(process: impl Display) -> usize {
    numbers_in(&format!("/proc/{process}/fd")).len()
}

/// The numbers below `most` at which this process has descriptors; asking needs none.
pub fn open_below(most: RawFd) -> BTreeSet<RawFd> {
    // SAFETY: asks about a number, whatever it is.
    let is_open = |fd: &RawFd| unsafe { libc::fcntl(*fd, libc::F_GETFD) } >= 0;
    (0..most).filter(is_open).collect()
}

/// The entries of a folder whose names are numbers.
pub fn numbers_in(folder: &str) -> Vec<i32> {
    let names = std::fs::read_dir(folder).unwrap().flatten();
    let numbers = names.map(|entry| entry.file_name().to_str().unwrap().parse().unwrap());
    numbers.collect()
}

/// The children of a process that it has not reaped; none where the kernel does not say.
pub fn children(process: impl Display) -> Vec<pid_t> {
    let lists = threads(&process).into_iter().filter_map(|thread| {
        std::fs::read_to_string(format!("/proc/{process}/task/{thread}/children")).ok()
    });
    let lists: String = lists.collect();
    let numbers = lists.split_whitespace();
    numbers.map(|number| number.parse().unwrap()).collect()
}

/// A field of what `/proc/PROCESS/status` says, or a thread's file of that name, as a number.
pub fn status_number(process: impl Display, field: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    let number = line.unwrap().trim_start_matches(':').split_whitespace();
    number.take(1).collect::<String>().parse().unwrap()
}
