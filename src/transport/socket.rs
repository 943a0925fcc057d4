//! A Unix socket with a name: what the Unix socket transport and shared memory have in common.

use super::claim::{Claim, foreign};
use super::framed::{Patient, Stream};
use super::reactor::Watched;
use super::{ClientOptions, Deadline, ServerUser};
use crate::error::{Error, Result, Status};
use crate::sys::fork;
use crate::sys::unix::fd::Fd;
use crate::sys::unix::file::{self, Identity, Kind};
use crate::sys::unix::poll::{self, PollFd, PollFlags};
use crate::sys::unix::{process, socket};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A listening socket whose name is this process's alone, and gone when it is dropped.
#[derive(Debug)]
pub(super) struct NamedSocket {
    socket: Fd,
    path: PathBuf,
    identity: Identity,
    is_open_to_others: bool,
    claim: Claim,
}

impl NamedSocket {
    /// Takes the name, from a dead server if need be, and lets clients in that `mode` allows.
    pub(super) fn bind(path: &Path, mode: u32) -> Result<Self> {
        check_length(path)?;
        let claim = Claim::take(path)?;
        clear_stale(path)?;
        let failure = |error: io::Error| Error::os(&format!("bind {}", path.display()), &error);
        let socket = Fd::inherited(socket::bind_narrow(path).map_err(failure)?);
        let bound = file::about(path).map_err(failure)?;
        let named = Self {
            identity: bound
                .ok_or_else(|| failure(ErrorKind::NotFound.into()))?
                .identity,
            path: path.to_owned(),
            is_open_to_others: mode & 0o077 != 0,
            socket,
            claim,
        };
        file::set_mode(path, mode).map_err(failure)?;
        socket::listen(named.socket.as_fd()).map_err(failure)?;
        Ok(named)
    }

    /// Makes this process, perhaps forked since, the one that serves.
    pub(super) fn adopt(&self) -> Result<()> {
        self.claim.adopt()?;
        self.socket.own();
        // Clients see the user of whoever called listen last (unix(7), SO_PEERCRED).
        socket::listen(self.socket.as_fd())
            .map_err(|error| Error::os(&format!("listen {}", self.path.display()), &error))
    }

    /// The next client that is allowed in: `Ok(None)` when nobody waits, `Ok(Some(None))` when one
    /// was sent away.
    pub(super) fn accept(&self) -> io::Result<Option<Option<Fd>>> {
        let client = match socket::accept(self.socket.as_fd()) {
            Ok(client) => Fd::new(client),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            // It went away while it waited (accept(2)).
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => return Ok(Some(None)),
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(Some(None)),
            Err(error) => return Err(error),
        };
        let is_welcome = self.is_open_to_others
            || socket::peer_uid(client.as_fd()).is_ok_and(|uid| uid.is_some_and(is_own_or_root));
        Ok(Some(is_welcome.then_some(client)))
    }
}

impl AsFd for NamedSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for NamedSocket {
    fn drop(&mut self) {
        if self.claim.is_held() {
            let _ = file::remove_if(&self.path, self.identity);
        }
    }
}

/// Connects to the server at `path` and checks whose it is.
pub(super) fn connect(path: &Path, options: &ClientOptions) -> Result<Fd> {
    check_length(path)?;
    fork::follow().map_err(|error| Error::os("following forks", &error))?;
    let failure = |error: &io::Error| {
        let what = match error.kind() {
            ErrorKind::WouldBlock => "the server did not accept before the deadline",
            _ => "connect",
        };
        Error::os(&format!("{}: {what}", path.display()), error)
    };
    let fd = socket::connect(path, options.connect_timeout).map_err(|error| failure(&error))?;
    let uid = socket::peer_uid(fd.as_fd()).map_err(|error| failure(&error))?;
    let is_trusted = match options.server_user {
        ServerUser::Any => true,
        ServerUser::Own => uid.is_some_and(is_own_or_root),
        ServerUser::Uid(wanted) => uid == Some(wanted),
    };
    if is_trusted {
        return Ok(Fd::new(fd));
    }
    let who = uid.map_or("an unknown user".into(), |uid| format!("user {uid}"));
    Err(Error::new(
        Status::PermissionDenied,
        format!("{}: the server is run by {who}", path.display()),
    ))
}

fn is_own_or_root(uid: u32) -> bool {
    uid == 0 || uid == process::effective_uid()
}

fn check_length(path: &Path) -> Result<()> {
    let length = path.as_os_str().len();
    if length > 0 && length <= socket::PATH_MAX {
        return Ok(());
    }
    Err(Error::new(
        Status::InvalidArgument,
        format!(
            "{}: a socket's path has 1 to {} bytes, not {length}",
            path.display(),
            socket::PATH_MAX
        ),
    ))
}

/// Removes the socket of a dead server. Whoever holds the lock calls it, so a socket that is left
/// belongs to no live server of this library; one that answers belongs to another program.
fn clear_stale(path: &Path) -> Result<()> {
    let failure = |error: io::Error| Error::os(&format!("look at {}", path.display()), &error);
    let Some(found) = file::about(path).map_err(failure)? else {
        return Ok(());
    };
    if found.kind != Kind::Socket {
        return Err(foreign(path, "is no socket"));
    }
    if !found.is_ours {
        let context = format!("{} belongs to another user", path.display());
        return Err(Error::new(Status::PermissionDenied, context));
    }
    match socket::connect(path, Some(Duration::ZERO)) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            file::remove_if(path, found.identity).map_err(failure)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        _ => Err(foreign(path, "is in use by another program")),
    }
}

/// A connected socket.
#[derive(Debug)]
pub(super) struct SocketStream {
    fd: Fd,
    /// What the kernel bounds a blocking receive with: a deadline that costs no system call.
    receive_timeout: Option<Duration>,
}

impl SocketStream {
    /// The server's end, which never blocks.
    pub(super) fn accepted(fd: Fd) -> Self {
        Self {
            fd,
            receive_timeout: None,
        }
    }

    /// The client's end, most of whose waits last `timeout` at most.
    pub(super) fn connected(fd: Fd, timeout: Option<Duration>) -> Result<Self> {
        socket::set_receive_timeout(fd.as_fd(), timeout)
            .map_err(|error| Error::os("set the receive timeout", &error))?;
        Ok(Self {
            fd,
            receive_timeout: timeout,
        })
    }

    fn wait(&self, what: PollFlags, deadline: Deadline) -> io::Result<()> {
        match poll::wait(&mut [PollFd::new(self.fd.as_fd(), what)], deadline)? {
            true => Ok(()),
            false => Err(ErrorKind::TimedOut.into()),
        }
    }

    /// Whether the kernel's own timer ends a wait close enough to the deadline: it is armed with
    /// the whole timeout, of which spinning took a little.
    fn is_bounded_by_kernel(&self, deadline: Deadline) -> bool {
        match (self.receive_timeout, deadline.remaining()) {
            (None, None) => true,
            (Some(timeout), Some(remaining)) => timeout.saturating_sub(remaining) <= SLACK,
            _ => false,
        }
    }
}

/// How much later than its deadline a wait may end so that it costs one system call, not two.
const SLACK: Duration = Duration::from_millis(1);

impl Stream for SocketStream {
    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        socket::recv_now(self.fd.as_fd(), buffer)
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        socket::send_now(self.fd.as_fd(), bytes)
    }

    fn write_frame(&mut self, prefix: &[u8], body: &[u8]) -> io::Result<usize> {
        socket::send_two(self.fd.as_fd(), prefix, body)
    }
}

impl Patient for SocketStream {
    fn read_by(&mut self, buffer: &mut [u8], deadline: Deadline) -> io::Result<usize> {
        if self.is_bounded_by_kernel(deadline) {
            match socket::recv(self.fd.as_fd(), buffer) {
                Err(error) if is_passing(&error) => {}
                result => return result,
            }
        }
        loop {
            self.wait(PollFlags::POLLIN, deadline)?;
            match self.read(buffer) {
                Err(error) if is_passing(&error) => {}
                result => return result,
            }
        }
    }

    fn await_room(&mut self, deadline: Deadline) -> io::Result<()> {
        self.wait(PollFlags::POLLOUT, deadline)
    }

    fn await_any(&mut self, deadline: Deadline) -> io::Result<()> {
        self.wait(PollFlags::POLLIN | PollFlags::POLLOUT, deadline)
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

impl Watched for SocketStream {
    fn input(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    fn output(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}
