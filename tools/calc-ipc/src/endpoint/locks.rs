//! Who holds which lock, as the kernel lists them (proc_locks(5)).

use nix::sys::stat::makedev;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;

/// The locks of flock(2) that were held at one moment.
#[derive(Debug)]
pub(crate) struct Locks(Vec<Lock>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lock {
    process: u32,
    device: u64,
    inode: u64,
}

impl Locks {
    /// Those held now; none where the kernel does not say.
    pub(crate) fn read() -> Self {
        Self::parse(&fs::read_to_string("/proc/locks").unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        Self(text.lines().filter_map(Lock::parse).collect())
    }

    /// The process that holds the lock of this file.
    pub(crate) fn holder(&self, file: &Metadata) -> Option<u32> {
        let holds = |lock: &&Lock| {
            lock.inode == file.ino() && (lock.device == file.dev() || has_open(lock.process, file))
        };
        self.0.iter().find(holds).map(|lock| lock.process)
    }
}

impl Lock {
    /// `1: FLOCK  ADVISORY  WRITE 5685 fe:00:10011446 0 EOF`; whoever waits for one has `->` in
    /// the place of `FLOCK`.
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace().skip(1);
        (words.next()? == "FLOCK").then_some(())?;
        let process = words.nth(2)?.parse().ok()?;
        let mut file = words.next()?.splitn(3, ':');
        let mut hex = || u64::from_str_radix(file.next()?, 16).ok();
        let device = makedev(hex()?, hex()?);
        let inode = file.next()?.parse().ok()?;
        Some(Self {
            process,
            device,
            inode,
        })
    }
}

/// Whether the process has just this file open. Some file systems (btrfs, overlayfs) have one device
/// number in the list of locks, and another in stat(2).
fn has_open(process: u32, file: &Metadata) -> bool {
    let Ok(open) = fs::read_dir(format!("/proc/{process}/fd")) else {
        return false;
    };
    let is_file = |about: Metadata| about.ino() == file.ino() && about.dev() == file.dev();
    open.flatten()
        .any(|entry| fs::metadata(entry.path()).is_ok_and(is_file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::fcntl::{Flock, FlockArg};

    #[test]
    fn the_kernels_lines_are_read() {
        let locks = Locks::parse(
            "1: FLOCK  ADVISORY  WRITE 5685 fe:00:10011446 0 EOF\n\
             1: -> FLOCK  ADVISORY  WRITE 5690 fe:00:10011446 0 EOF\n\
             2: POSIX  ADVISORY  WRITE 3548 00:1b:15 0 EOF\n\
             3: FLOCK  ADVISORY  WRITE x y\n",
        );
        let expected = Lock {
            process: 5685,
            device: makedev(0xfe, 0),
            inode: 10_011_446,
        };
        assert_eq!(locks.0, [expected]);
    }

    #[test]
    fn the_holder_is_known_by_the_device_or_by_what_it_has_open() {
        let file = tempfile::tempfile().unwrap();
        assert_eq!(Locks::read().holder(&file.metadata().unwrap()), None);
        let locked = Flock::lock(file, FlockArg::LockExclusive).unwrap();
        let about = locked.metadata().unwrap();
        let own = std::process::id();
        assert_eq!(Locks::read().holder(&about), Some(own));
        let elsewhere = Lock {
            process: own,
            device: 0,
            inode: about.ino(),
        };
        assert_eq!(Locks(vec![elsewhere]).holder(&about), Some(own));
        drop(locked);
        assert_eq!(Locks(vec![elsewhere]).holder(&about), None);
    }
}
