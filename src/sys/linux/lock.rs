//! Lock files, and what they say of their holder: flock(2), fcntl(2).

use super::fd::Fd;
use super::file::OWN;
use super::retry::uninterrupted;
use super::sigpipe::without_signal;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl, open as open_file};
use nix::sys::signal::Signal;
use nix::sys::stat::{Mode, fchmod};
use nix::sys::uio::{pread, pwrite};
use nix::unistd::ftruncate;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::Path;

/// Opens the lock file, made for this user alone, whatever the umask, where there is none; `true`: it was made.
pub(crate) fn open(path: &Path) -> io::Result<(Fd, bool)> {
    let flags = OFlag::O_RDWR | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    loop {
        let create = flags | OFlag::O_CREAT | OFlag::O_EXCL;
        match Fd::make(|| open_file(path, create, OWN)) {
            Ok(fd) => {
                uninterrupted(|| fchmod(fd.as_fd(), OWN))?;
                return Ok((fd, true));
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        match Fd::make(|| open_file(path, flags, Mode::empty())) {
            Err(error) if error.kind() == ErrorKind::NotFound => {} // Removed in between.
            result => return Ok((result?, false)),
        }
    }
}

/// The most bytes that are read of a lock file.
const RECORD: usize = 512;

/// What a lock file says, as far as it is text.
pub(crate) fn read_record(fd: BorrowedFd<'_>) -> io::Result<String> {
    let mut bytes = [0; RECORD];
    let count = uninterrupted(|| pread(fd, &mut bytes, 0))?;
    let (text, _) = bytes.split_at(count);
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
    let narrow = |number: libc::c_int| {
        libc::c_short::try_from(number).expect("what fcntl(2) knows is a small number")
    };
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
