//! Who has a FIFO or a socket open.

use super::fifo::{self, End};
use super::file::Identity;
use super::gate::NoFork;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What of a FIFO somebody has open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Either end.
    Any,
    /// The end for reading, whatever else.
    Reading,
}

/// A process that uses this file, if one is found, as far as this user may see (proc_pid_fd(5)). Unlike opening
/// a FIFO, looking changes nothing for those who have it open, or wait for the other end.
pub(crate) fn of(identity: Identity, wanted: Use) -> Option<u32> {
    process_with(|path| {
        fs::metadata(path).is_ok_and(|about| identity.is(about.dev(), about.ino()))
            && (wanted == Use::Any || fs::symlink_metadata(path).is_ok_and(|link| reads(&link)))
    })
}

/// A process that has the Unix socket open that was bound to `path`, if one is found, as far as this user
/// may see.
pub(crate) fn of_socket(path: &Path) -> Option<u32> {
    // Each line ends in an inode and the path (proc_net(5)).
    let table = fs::read("/proc/net/unix").ok()?;
    let inode = String::from_utf8_lossy(&table).lines().find_map(|line| {
        let before = line.strip_suffix(path.to_str()?)?.strip_suffix(' ')?;
        before.rsplit(' ').next().map(str::to_owned)
    })?;
    let socket = format!("socket:[{inode}]");
    process_with(|path| fs::read_link(path).is_ok_and(|target| target.to_str() == Some(&socket)))
}

/// The first process one of whose descriptors is like that, given as its path in /proc.
fn process_with(is_so: impl Fn(&Path) -> bool) -> Option<u32> {
    let _no_fork = NoFork::begin(); // Folders are open meanwhile.
    let processes = fs::read_dir("/proc").ok()?.flatten();
    processes
        .filter_map(|process| process.file_name().to_str()?.parse().ok())
        .find(|number: &u32| {
            fs::read_dir(format!("/proc/{number}/fd"))
                .is_ok_and(|descriptors| descriptors.flatten().any(|each| is_so(&each.path())))
        })
}

/// The link's own mode is that of the open file.
fn reads(link: &fs::Metadata) -> bool {
    link.mode() & 0o400 != 0
}

/// Whether somebody reads the FIFO, whom /proc may not show: one in another PID namespace, or one that waits
/// in open(2), which this lets go.
pub(crate) fn is_read(path: &Path) -> io::Result<bool> {
    match fifo::open(path, End::Write) {
        Ok(_) => Ok(true),
        Err(error) if fifo::has_no_reader(&error) => Ok(false),
        Err(error) => Err(error),
    }
}
