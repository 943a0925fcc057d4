//! Names in the file system: locks, FIFOs, and who and what they are.

use super::fd::uninterrupted;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl, open};
use nix::sys::stat::{FileStat, Mode, SFlag, fchmod, fstat, lstat};
use nix::unistd::{geteuid, mkfifo};
use std::fs::Permissions;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What stands behind a name at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
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

/// Opens the lock file, made for this user alone, whatever the umask, where there is none.
pub(crate) fn open_lock(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlag::O_RDWR | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    loop {
        let create = flags | OFlag::O_CREAT | OFlag::O_EXCL;
        match uninterrupted(|| open(path, create, OWN)) {
            Ok(fd) => {
                uninterrupted(|| fchmod(&fd, OWN))?;
                return Ok(fd);
            }
            Err(Errno::EEXIST) => {}
            Err(error) => return Err(error.into()),
        }
        match uninterrupted(|| open(path, flags, Mode::empty())) {
            Err(Errno::ENOENT) => {} // Removed in between.
            result => return Ok(result?),
        }
    }
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
pub(crate) fn open_fifo(path: &Path, end: End) -> io::Result<OwnedFd> {
    let access = match end {
        End::Read => OFlag::O_RDONLY,
        End::Write => OFlag::O_WRONLY,
        End::Both => OFlag::O_RDWR,
    };
    let flags = access | OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let fd = uninterrupted(|| open(path, flags, Mode::empty()))?;
    let found: About = fstat(&fd)?.into();
    if found.kind != Kind::Fifo || !found.is_ours {
        return Err(Errno::EPERM.into());
    }
    Ok(fd)
}

/// Whether the error is that of opening a FIFO for writing that nobody reads.
pub(crate) fn has_no_reader(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ENXIO)
}
