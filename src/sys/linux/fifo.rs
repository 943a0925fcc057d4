//! FIFOs: fifo(7).

use super::fd::Fd;
use super::file::{Kind, OWN, about_open, remove, set_mode};
use nix::errno::Errno;
use nix::fcntl::{OFlag, open as open_file};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

/// Makes a FIFO for this user alone, whatever the umask; `false` when the name is taken.
pub(crate) fn make(path: &Path) -> io::Result<bool> {
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
pub(crate) fn open(path: &Path, end: End) -> io::Result<Fd> {
    let access = match end {
        End::Read => OFlag::O_RDONLY,
        End::Write => OFlag::O_WRONLY,
        End::Both => OFlag::O_RDWR,
    };
    let flags = access | OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let fd = Fd::make(|| open_file(path, flags, Mode::empty()))?;
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
