//! Users and groups, as this user namespace numbers them: user_namespaces(7).
//!
//! Whom a namespace does not map, the kernel shows as one and the same user, the overflow user, 65534 unless root
//! has set another (/proc/sys/kernel/overflowuid, proc_sys_kernel(5)). The number is an ordinary one, too: that of
//! nobody. Groups are as users.

use super::gate::NoFork;
use std::sync::atomic::{AtomicU32, Ordering};

/// Those of users.
pub(super) static USERS: Numbers = Numbers {
    map: "/proc/self/uid_map",
    overflow: "/proc/sys/kernel/overflowuid",
    number: AtomicU32::new(UNREAD),
};

/// Those of groups.
pub(super) static GROUPS: Numbers = Numbers {
    map: "/proc/self/gid_map",
    overflow: "/proc/sys/kernel/overflowgid",
    number: AtomicU32::new(UNREAD),
};

/// The numbers of users, or of groups.
pub(super) struct Numbers {
    map: &'static str,
    overflow: &'static str,
    /// What the file `overflow` said when it was read.
    number: AtomicU32,
}

/// Nobody's number (setuid(2), setgid(2)).
const UNREAD: u32 = u32::MAX;

impl Numbers {
    /// Whether this number, which the kernel gave of a peer, is surely that of one user, or group. `is_visible`: this
    /// PID namespace shows the peer's process.
    pub(super) fn is_known(&self, id: u32, is_visible: bool) -> bool {
        if id != self.overflow() {
            return id != UNREAD;
        }
        let _no_fork = NoFork::begin(); // The file is open meanwhile.
        let map = std::fs::read_to_string(self.map).unwrap_or_default();
        match mapped(&map, id) {
            Mapped::No => false,
            // Somebody from outside looks the same. The container of such a map has processes of its own, as a rule.
            Mapped::AmongSome => is_visible,
            Mapped::AmongAll => true,
        }
    }

    /// The number that the kernel shows for those without one.
    fn overflow(&self) -> u32 {
        const DEFAULT: u32 = 65534;
        // No lock: see `wait::has_one_cpu`.
        let number = self.number.load(Ordering::Relaxed);
        if number != UNREAD {
            return number;
        }
        let _no_fork = NoFork::begin(); // The file is open meanwhile.
        let text = std::fs::read_to_string(self.overflow).unwrap_or_default();
        let number = text.trim().parse().unwrap_or(DEFAULT);
        self.number.store(number, Ordering::Relaxed);
        number
    }
}

/// Whether a map has a user of some number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mapped {
    /// It has not, or it could not be read.
    No,
    /// It has, and there are users that it does not map.
    AmongSome,
    /// It maps all users that there can be.
    AmongAll,
}

/// Lines of three numbers: the first inside, the first outside, and how many.
fn mapped(map: &str, uid: u32) -> Mapped {
    let lines = map.lines().filter_map(|line| {
        let mut numbers = line.split_whitespace().map(str::parse::<u32>);
        let (first, _, count) = (numbers.next()?, numbers.next()?, numbers.next()?);
        Some((first.ok()?, count.ok()?))
    });
    let (mut all, mut has_it) = (0_u64, false);
    for (first, count) in lines {
        all += u64::from(count);
        has_it |= uid.checked_sub(first).is_some_and(|place| place < count);
    }
    match has_it {
        false => Mapped::No,
        true if all < u64::from(u32::MAX) => Mapped::AmongSome,
        true => Mapped::AmongAll,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_mapped_by_the_line_that_its_number_is_in() {
        let all = "         0          0 4294967295\n";
        let some = "0 100000 65534\n70000 1000 1\n";
        for uid in [0, 65534] {
            assert_eq!(mapped(all, uid), Mapped::AmongAll);
        }
        for uid in [0, 65533, 70000] {
            assert_eq!(mapped(some, uid), Mapped::AmongSome);
        }
        for uid in [65534, 69999, 70001] {
            assert_eq!(mapped(some, uid), Mapped::No);
        }
        for map in ["", "x y z", "0 0"] {
            assert_eq!(mapped(map, 0), Mapped::No);
        }
        let halves = "0 0 65534\n65534 65534 4294901761\n";
        assert_eq!(mapped(halves, 65534), Mapped::AmongAll);
    }
}
