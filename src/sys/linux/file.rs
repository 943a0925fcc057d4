//! Names in the file system: locks, FIFOs, and who and what they are.

use super::fd::{Fd, uninterrupted};
use super::gate::NoFork;
use super::sigpipe::without_signal;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl, open};
use nix::sys::signal::Signal;
use nix::sys::stat::{FileStat, Mode, SFlag, fchmod, fstat, lstat};
use nix::sys::uio::{pread, pwrite};
use nix::unistd::{ftruncate, geteuid, mkfifo};
use std::fs::Permissions;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::UNIX_EPOCH;

/// What stands behind a name at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    device: libc::dev_t,
    inode: libc::ino_t,
}

/// The kinds of file that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A FIFO.
    Fifo,
    /// A Unix socket.
    Socket,
    /// A regular file.
    Regular,
    /// Anything else, symbolic links among it.
    Other,
}

/// What a file is, whose, and which.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About {
    pub(crate) kind: Kind,
    pub(crate) is_ours: bool,
    pub(crate) identity: Identity,
}

impl Identity {
    /// Whether it is the one with these numbers.
    pub(super) fn is(self, device: u64, inode: u64) -> bool {
        // The fields have 64 bits or 32, as the system has it.
        u128::from(self.device) == u128::from(device) && u128::from(self.inode) == u128::from(inode)
    }
}

/// What tells a file, as one word, from every other that ever had its name: numbers of inodes are used again.
/// Where the system does not say when it was born, they have to do.
pub(crate) fn stamp(path: &Path) -> io::Result<String> {
    let is_unknown = |errno| matches!(errno, Some(libc::ENOSYS | libc::EPERM));
    let born = match std::fs::symlink_metadata(path) {
        Ok(about) => about.created().ok(),
        // A sandbox that does not know statx(2); std does not ask again once it had an answer.
        Err(error) if is_unknown(error.raw_os_error()) => None,
        Err(error) => return Err(error),
    };
    let identity = lstat(path)?;
    let since = born.and_then(|born| born.duration_since(UNIX_EPOCH).ok());
    let born = since.map_or("-".into(), |since| {
        format!("{}.{:09}", since.as_secs(), since.subsec_nanos())
    });
    Ok(format!("{}:{}:{born}", identity.st_dev, identity.st_ino))
}

impl From<FileStat> for About {
    fn from(stat: FileStat) -> Self {
        let kind = match SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT {
            SFlag::S_IFIFO => Kind::Fifo,
            SFlag::S_IFSOCK => Kind::Socket,
            SFlag::S_IFREG => Kind::Regular,
            _ => Kind::Other,
        };
        Self {
            kind,
            is_ours: stat.st_uid == geteuid().as_raw(),
            identity: Identity {
                device: stat.st_dev,
                inode: stat.st_ino,
            },
        }
    }
}

/// What stands at `path`, symbolic links not followed; `None` when nothing does.
pub(crate) fn about(path: &Path) -> io::Result<Option<About>> {
    match lstat(path) {
        Ok(stat) => Ok(Some(stat.into())),
        Err(Errno::ENOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What the descriptor has open.
pub(crate) fn about_open(fd: BorrowedFd<'_>) -> io::Result<About> {
    Ok(fstat(fd)?.into())
}

/// The names in a folder that `wanted` makes something of.
pub(crate) fn names_in<T>(folder: &Path, wanted: impl Fn(&str) -> Option<T>) -> io::Result<Vec<T>> {
    let _no_fork = NoFork::begin(); // The folder is open meanwhile.
    let entries = std::fs::read_dir(folder)?.flatten();
    Ok(entries
        .filter_map(|entry| wanted(entry.file_name().to_str()?))
        .collect())
}

/// Removes the name if it still stands for `identity`; a name that has gone is fine.
pub(crate) fn remove_if(path: &Path, identity: Identity) -> io::Result<()> {
    match about(path)? {
        Some(found) if found.identity == identity => remove(path),
        _ => Ok(()),
    }
}

/// Removes the name; one that has gone is fine.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match nix::unistd::unlink(path) {
        Ok(()) | Err(Errno::ENOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Sets the permission bits of what the name stands for.
pub(crate) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    std::fs::set_permissions(path, Permissions::from_mode(mode))
}

/// What this user alone may do.
const OWN: Mode = Mode::from_bits_truncate(0o600);

/// Opens the lock file, made for this user alone, whatever the umask, where there is none; `true`: it was made.
pub(crate) fn open_lock(path: &Path) -> io::Result<(Fd, bool)> {
    let flags = OFlag::O_RDWR | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    loop {
        let create = flags | OFlag::O_CREAT | OFlag::O_EXCL;
        match Fd::make(|| open(path, create, OWN)) {
            Ok(fd) => {
                uninterrupted(|| fchmod(fd.as_fd(), OWN))?;
                return Ok((fd, true));
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        match Fd::make(|| open(path, flags, Mode::empty())) {
            Err(error) if error.kind() == ErrorKind::NotFound => {} // Removed in between.
            result => return Ok((result?, false)),
        }
    }
}

/// A file without a name, in this folder (open(2), O_TMPFILE).
pub(crate) fn nameless(folder: &Path) -> io::Result<Fd> {
    let flags = OFlag::O_RDWR | OFlag::O_CLOEXEC | OFlag::O_TMPFILE;
    Fd::make(|| open(folder, flags, OWN))
}

/// The most bytes that are read of a lock file.
const RECORD: usize = 512;

/// What a lock file says, as far as it is text.
pub(crate) fn read_record(fd: BorrowedFd<'_>) -> io::Result<String> {
    let mut bytes = [0; RECORD];
    let count = uninterrupted(|| pread(fd, &mut bytes, 0))?;
    let text = bytes.get(..count).unwrap_or_default();
    Ok(String::from_utf8_lossy(text).into_owned())
}

/// Has a lock file say this and nothing else. What it said before is gone only once this is there, whenever
/// the process is killed: the kernel copies less than a page in one go.
pub(crate) fn write_record(fd: BorrowedFd<'_>, text: &str) -> io::Result<()> {
    // Beyond the host's RLIMIT_FSIZE, it raises a signal.
    let write = || uninterrupted(|| pwrite(fd, text.as_bytes(), 0));
    if without_signal(Signal::SIGXFSZ, Errno::EFBIG, write)? != text.len() {
        return Err(Errno::ENOSPC.into());
    }
    let length = libc::off_t::try_from(text.len()).map_err(|_| Errno::EFBIG)?;
    Ok(uninterrupted(|| ftruncate(fd, length))?)
}

/// Takes the lock of an open file (flock(2)) without waiting; `false` when another has it.
pub(crate) fn try_lock(fd: BorrowedFd<'_>) -> io::Result<bool> {
    match flock(fd, libc::LOCK_EX | libc::LOCK_NB) {
        Ok(()) => Ok(true),
        Err(Errno::EWOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Takes a lock that, other than that of [`try_lock`], is this process's alone even where a fork
/// shares the open file (fcntl(2), F_SETLK); `false` when another process has it.
pub(crate) fn try_lock_for_process(fd: BorrowedFd<'_>) -> io::Result<bool> {
    let narrow = |number: libc::c_int| libc::c_short::try_from(number).unwrap_or(-1);
    let whole = libc::flock {
        l_type: narrow(libc::F_WRLCK),
        l_whence: narrow(libc::SEEK_SET),
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    match fcntl(fd, FcntlArg::F_SETLK(&whole)) {
        Ok(_) => Ok(true),
        Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn flock(fd: BorrowedFd<'_>, operation: libc::c_int) -> nix::Result<()> {
    // SAFETY: the descriptor is open, and flock takes no pointer.
    uninterrupted(|| Errno::result(unsafe { libc::flock(fd.as_raw_fd(), operation) })).map(drop)
}

/// Makes a FIFO for this user alone, whatever the umask; `false` when the name is taken.
pub(crate) fn make_fifo(path: &Path) -> io::Result<bool> {
    match mkfifo(path, OWN) {
        Ok(()) => {}
        Err(Errno::EEXIST) => return Ok(false),
        Err(error) => return Err(error.into()),
    }
    set_mode(path, OWN.bits()).inspect_err(|_| drop(remove(path)))?;
    Ok(true)
}

/// How to open a FIFO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// For reading; works without a writer.
    Read,
    /// For writing; without a reader, the error is ENXIO.
    Write,
    /// Both, so that neither end is ever missing (Linux, fifo(7)).
    Both,
}

/// Opens what should be a FIFO of this user's; it never blocks, neither now nor when used.
pub(crate) fn open_fifo(path: &Path, end: End) -> io::Result<Fd> {
    let access = match end {
        End::Read => OFlag::O_RDONLY,
        End::Write => OFlag::O_WRONLY,
        End::Both => OFlag::O_RDWR,
    };
    let flags = access | OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let fd = Fd::make(|| open(path, flags, Mode::empty()))?;
    let found = about_open(fd.as_fd())?;
    if found.kind != Kind::Fifo || !found.is_ours {
        return Err(Errno::EPERM.into());
    }
    Ok(fd)
}

/// Whether the error is that of opening a FIFO for writing that nobody reads.
pub(crate) fn has_no_reader(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ENXIO)
}
