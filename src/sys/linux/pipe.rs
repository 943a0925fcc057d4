//! Anonymous pipes: pipe(7).

use super::fd::Fd;
use super::gate::NoFork;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::pipe2;
use std::io;
use std::os::fd::BorrowedFd;

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

    /// A pipe whose reader goes to a child.
    pub(crate) fn to_child() -> io::Result<Self> {
        Self::new()
    }

    /// A pipe whose writer goes to a child.
    pub(crate) fn from_child() -> io::Result<Self> {
        Self::new()
    }
}

/// What a pipe holds unless it is told to hold more (pipe(7)).
const PIPE_HOLDS: u32 = 64 << 10;
/// What anybody may have a pipe hold, unless the system was set up otherwise (pipe(7)).
const PIPE_MAY_HOLD: u32 = 1 << 20;

/// Lets a pipe hold a message of this length, if that is more than it does, as far as the system
/// allows: fewer turns for a large message. Best effort.
pub(crate) fn widen(pipe: BorrowedFd<'_>, message: u32) {
    if message > PIPE_HOLDS {
        let size = message.next_power_of_two().min(PIPE_MAY_HOLD);
        let _ = fcntl(pipe, FcntlArg::F_SETPIPE_SZ(size.cast_signed()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn a_pipe_holds_more_only_where_messages_are_larger() {
        for (message, holds) in [
            (1000, 65536),
            (65536, 65536),
            (65537, 131_072),
            (64 << 20, 1 << 20),
        ] {
            let pipe = Pipe::new().unwrap();
            widen(pipe.write.as_fd(), message);
            assert_eq!(
                fcntl(&pipe.read, FcntlArg::F_GETPIPE_SZ),
                Ok(holds),
                "{message}"
            );
        }
    }
}
