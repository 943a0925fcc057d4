//! Anonymous pipes: pipe(7).

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::pipe2;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

/// A one-way pipe: what is written to `write` comes out of `read`. No program executed inherits it.
#[derive(Debug)]
pub(crate) struct Pipe {
    pub(crate) read: OwnedFd,
    pub(crate) write: OwnedFd,
}

impl Pipe {
    /// A pipe whose ends are numbered 3 or higher, even where the host closed its standard
    /// descriptors: a child puts others there.
    pub(crate) fn new() -> io::Result<Self> {
        let (read, write) = pipe2(OFlag::O_CLOEXEC)?;
        Ok(Self {
            read: above_standard(read)?,
            write: above_standard(write)?,
        })
    }
}

fn above_standard(fd: OwnedFd) -> io::Result<OwnedFd> {
    let raw = fcntl(&fd, FcntlArg::F_DUPFD_CLOEXEC(3))?;
    // SAFETY: fcntl just made this descriptor, and nothing else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
}
