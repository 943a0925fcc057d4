//! A Unix socket with a name: what the Unix socket transport and shared memory have in common.

use super::{Accepted, Door};
use crate::error::{Error, Result, Status};
use crate::sys::fork;
use crate::sys::unix::fd::Fd;
use crate::sys::unix::file::{self, Identity, Kind};
use crate::sys::unix::{process, socket};
use crate::transport::claim::{Claim, check_still_there, foreign};
use crate::transport::{ClientOptions, ServerUser};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{self, Path, PathBuf};
use std::time::Duration;

/// A listening socket whose name is this process's alone, and gone when it is dropped.
#[derive(Debug)]
pub(in crate::transport) struct NamedSocket {
    socket: Fd,
    /// Absolute, so that it stays the same wherever this process goes (chdir(2)).
    path: PathBuf,
    identity: Identity,
    is_open_to_others: bool,
    claim: Claim,
}

impl NamedSocket {
    /// Takes the name, from a dead server if need be, and lets clients in that `mode` allows.
    pub(in crate::transport) fn bind(path: &Path, mode: u32) -> Result<Self> {
        check_length(path)?;
        let failure = |error: io::Error| Error::os(&format!("bind {}", path.display()), &error);
        // The path as given is what the kernel gets: it may be the shorter one.
        let absolute = path::absolute(path).map_err(failure)?;
        let claim = Claim::take(&absolute)?;
        clear_stale(path)?;
        let socket = Fd::inherited(socket::bind_narrow(path).map_err(failure)?);
        let bound = file::about(path).map_err(failure)?;
        let named = Self {
            identity: bound
                .ok_or_else(|| failure(ErrorKind::NotFound.into()))?
                .identity,
            path: absolute,
            is_open_to_others: mode & 0o077 != 0,
            socket,
            claim,
        };
        file::set_mode(path, mode).map_err(failure)?;
        socket::listen(named.socket.as_fd()).map_err(failure)?;
        Ok(named)
    }
}

impl Door for NamedSocket {
    fn adopt(&self) -> Result<()> {
        self.claim.adopt()?;
        check_still_there(&self.path, self.identity)?;
        self.socket.own();
        // Clients see the user of whoever called listen last (unix(7), SO_PEERCRED).
        socket::listen(self.socket.as_fd())
            .map_err(|error| Error::os(&format!("listen {}", self.path.display()), &error))
    }

    fn accept(&self) -> io::Result<Accepted> {
        let accepted = Accepted::next(self.socket.as_fd())?;
        Ok(match accepted {
            Accepted::Client(client) if !self.lets_in(&client) => Accepted::SentAway,
            accepted => accepted,
        })
    }
}

impl NamedSocket {
    fn lets_in(&self, client: &Fd) -> bool {
        self.is_open_to_others
            || socket::peer_uid(client.as_fd()).is_ok_and(|uid| uid.is_some_and(is_own_or_root))
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
pub(in crate::transport) fn connect(path: &Path, options: &ClientOptions) -> Result<Fd> {
    check_length(path)?;
    fork::follow().map_err(|error| Error::os("following forks", &error))?;
    let failure = |error: &io::Error| {
        let what = match error.kind() {
            ErrorKind::TimedOut => "the server did not accept before the deadline",
            _ => "connect",
        };
        Error::reaching(&format!("{}: {what}", path.display()), error)
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
        // A child forked before its server began to serve holds a copy of the socket, and answers
        // nobody; the server itself, which called listen, is dead.
        Ok(probe) if socket::listener_has_ended(probe.as_fd()) => {
            file::remove_if(path, found.identity).map_err(failure)
        }
        _ => Err(foreign(path, "is in use by another program")),
    }
}
