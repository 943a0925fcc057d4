//! Anonymous pipes: pipe(7).

use super::fd::above_standard;
use nix::fcntl::OFlag;
use nix::unistd::pipe2;
use std::io;
use std::os::fd::OwnedFd;

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
        let above = |fd| above_standard(fd).map_err(|(_, error)| error);
        Ok(Self {
            read: above(read)?,
            write: above(write)?,
        })
    }
}
