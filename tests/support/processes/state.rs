//! What the kernel says of a process (proc(5)), and what it lets one have.

use super::eventually;
use libc::pid_t;
use std::fmt::Display;

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

/// Changes how many descriptors this process may have, until it is changed again; gives how many it might have.
pub fn allow_descriptors(count: libc::rlim_t) -> libc::rlim_t {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: a live rlimit, for the old limits and then for the new.
    unsafe {
        assert_eq!(libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit), 0);
        let before = std::mem::replace(&mut limit.rlim_cur, count);
        assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit), 0);
        before
    }
}

/// Lets this process have no more of something (setrlimit(2)), which it cannot take back.
pub fn limit(resource: libc::__rlimit_resource_t, most: u64) {
    let limit = libc::rlimit {
        rlim_cur: most,
        rlim_max: most,
    };
    // SAFETY: a live rlimit.
    assert_eq!(unsafe { libc::setrlimit(resource, &raw const limit) }, 0);
}
