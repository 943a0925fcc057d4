//! Anonymous pipes: pipe(7).

use super::fd::Fd;
use super::gate::NoFork;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::pipe2;
use std::io;

/// A one-way pipe: what is written to `write` comes out of `read`. No program executed inherits it.
#[derive(Debug)]
pub(crate) struct Pipe {
    pub(crate) read: Fd,
    pub(crate) write: Fd,
}

impl Pipe {
    /// A pipe whose ends are numbered 3 or higher, even where the host closed its standard
    /// descriptors: a child puts others there.
    pub(crate) fn new() -> io::Result<Self> {
        let no_fork = NoFork::begin();
        let (read, write) = pipe2(OFlag::O_CLOEXEC)?;
        let [read, write] = [read, write].map(|fd| Fd::new(fd, &no_fork));
        if read.is_above_standard() && write.is_above_standard() {
            Ok(Self { read, write })
        } else {
            Err(Errno::EMFILE.into())
        }
    }
}
