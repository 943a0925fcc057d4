//! A Unix socket with a name: what all transports have in common whose names are sockets.

use super::claim::Claim;
use super::place;
use crate::error::{Error, Result, Status};
use crate::sys::{AsSource, Handle, Source, file, holder, process, socket};
use crate::transport::socket::{Accepted, Listening};
use crate::transport::{ClientOptions, Credentials, ServerOptions, ServerUser};
use std::io::{self, ErrorKind};
use std::path::{self, Path, PathBuf};

/// What such a socket is.
#[derive(Clone, Copy, Debug)]
pub(in crate::transport) struct Kind {
    /// What people call it: "Unix socket".
    pub(in crate::transport) called: &'static str,
    /// What a lock file calls it.
    pub(in crate::transport) in_lock: &'static str,
    pub(in crate::transport) of_type: socket::Type,
}

/// A listening socket whose name is this process's alone, and gone when it is dropped.
#[derive(Debug)]
pub(in crate::transport) struct NamedSocket {
    /// First, so that the name is gone before the socket is.
    claim: Claim,
    kind: Kind,
    socket: Handle,
    /// Absolute, so that it stays the same wherever this process goes (chdir(2)).
    path: PathBuf,
    is_open_to_others: bool,
}

impl NamedSocket {
    /// Takes the name, from a dead server if need be, and lets clients in that its mode allows.
    pub(in crate::transport) fn bind(
        kind: Kind,
        path: &Path,
        options: &ServerOptions,
    ) -> Result<Self> {
        place::check(kind.called, path, socket::PATH_MAX)?;
        let failure = |error: io::Error| Error::os(&format!("bind {}", path.display()), &error);
        // The path as given is what the kernel gets: it may be the shorter one.
        let absolute = path::absolute(path).map_err(failure)?;
        let mut claim = Claim::take(&absolute)?;
        clear_stale(path, &mut claim)?;
        let socket = socket::bind_narrow(kind.of_type, path).map_err(failure)?;
        // Before anybody can connect: a socket that lets nobody in is known to be dead by that.
        claim.keep(kind.in_lock, &absolute)?;
        file::set_mode(path, options.mode).map_err(failure)?;
        socket::listen(socket.as_source()).map_err(failure)?;
        Ok(Self {
            claim,
            kind,
            socket,
            path: absolute,
            is_open_to_others: options.is_open_to_others(),
        })
    }
}

impl Listening for NamedSocket {
    fn name(&self) -> String {
        format!("{} {}", self.kind.called, self.path.display())
    }

    fn bequeath(&self) {
        self.claim.bequeath();
        self.socket.bequeath();
    }

    fn adopt(&self) -> Result<()> {
        // Root can connect to whatever socket it is.
        if !self.is_open_to_others && process::effective_uid() != 0 {
            self.claim.check_user()?;
        }
        self.claim.adopt()?;
        self.socket.own();
        // Clients see the user of whoever called listen last (unix(7), SO_PEERCRED).
        socket::listen(self.socket.as_source())
            .map_err(|error| Error::os(&format!("listen {}", self.path.display()), &error))
    }

    fn accept(&self) -> io::Result<Accepted> {
        accept(&self.socket, self.is_open_to_others)
    }
}

/// Who is next in line at a Unix socket; those of other users may come in where it is open to them.
pub(super) fn accept(socket: &Handle, is_open_to_others: bool) -> io::Result<Accepted> {
    let accepted = Accepted::next(socket.as_source())?;
    let Accepted::Client(client, _) = accepted else {
        return Ok(accepted);
    };
    let credentials = socket::peer(client.as_source()).unwrap_or(Credentials::UNKNOWN);
    let is_let_in = is_open_to_others || credentials.uid.is_some_and(is_own_or_root);
    Ok(match is_let_in {
        true => Accepted::Client(client, credentials),
        false => Accepted::NotAllowed(credentials),
    })
}

impl AsSource for NamedSocket {
    fn as_source(&self) -> Source<'_> {
        self.socket.as_source()
    }
}

/// Connects to the server at `path` and checks whose it is.
pub(in crate::transport) fn connect(
    kind: Kind,
    path: &Path,
    options: &ClientOptions,
) -> Result<Handle> {
    let what = kind.called;
    place::check(what, path, socket::PATH_MAX)?;
    let failure = |error: &io::Error| match (error.kind(), options.connect_timeout) {
        (ErrorKind::TimedOut, Some(limit)) => Error::new(
            Status::TimedOut,
            format!(
                "{what} {}: the server did not accept within {limit:?} (connect_timeout_ms)",
                path.display()
            ),
        ),
        _ if socket::is_of_another_type(error) => {
            let what = format!(
                "{what} {}: its type is not {}, so its server has another transport: use that one's address",
                path.display(),
                kind.of_type.name()
            );
            Error::os(&what, error)
        }
        _ => place::reaching(what, file::Kind::Socket, path, error),
    };
    let fd = socket::connect(kind.of_type, path, options.connect_timeout)
        .map_err(|error| failure(&error))?;
    let uid = socket::peer(fd.as_source())
        .map_err(|error| failure(&error))?
        .uid;
    let is_trusted = match options.server_user {
        ServerUser::Any => true,
        ServerUser::Own => uid.is_some_and(is_own_or_root),
        ServerUser::Uid(wanted) => uid == Some(wanted),
    };
    if is_trusted {
        return Ok(fd);
    }
    let who = uid.map_or("an unknown user".into(), |uid| format!("user {uid}"));
    let trusted = match options.server_user {
        ServerUser::Uid(uid) => format!("user {uid} only"),
        _ => format!("user {} and root only", process::effective_uid()),
    };
    Err(Error::new(
        Status::PermissionDenied,
        format!(
            "{what} {}: its server is run by {who}, and this client trusts {trusted}; \
             the option server_uid says whom else",
            path.display()
        ),
    ))
}

fn is_own_or_root(uid: u32) -> bool {
    is_or_root(process::effective_uid(), uid)
}

/// Whether `uid` is the user `own`, or root.
fn is_or_root(own: u32, uid: u32) -> bool {
    uid == 0 || uid == own
}

/// Removes the socket of a dead server. Whoever holds the lock calls it, so a socket that is left
/// belongs to no live server of this library; one that a process has, and that no dead one is known to have made,
/// belongs to another program.
fn clear_stale(path: &Path, claim: &mut Claim) -> Result<()> {
    let failure = |error: io::Error| Error::os(&format!("look at {}", path.display()), &error);
    let Some(found) = file::about(path).map_err(failure)? else {
        return Ok(());
    };
    if found.kind != file::Kind::Socket {
        return Err(place::of_another_kind("socket", path));
    }
    if !found.is_ours {
        return Err(place::of_another_user(path));
    }
    // A child forked before its server began to serve may hold a copy of the socket: the kernel lets clients
    // in, whom nobody answers.
    if !claim.gives_up(path)? {
        match socket::is_alive(path) {
            Ok(false) => {}
            _ => return Err(place::of_another_program(path, holder::of_socket(path))),
        }
    }
    file::remove_if(path, found.identity).map_err(failure)
}

#[cfg(test)]
#[cfg(unix_sockets)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_that_has_gone_is_not_alive() {
        let is_alive = socket::is_alive(Path::new("/none/calc.sock"));
        assert!(matches!(is_alive, Ok(false)), "{is_alive:?}");
    }

    #[test]
    fn only_this_user_and_root_are_trusted() {
        for (own, uid, is_trusted) in [
            (1000, 1000, true),
            (1000, 0, true),
            (1000, 1001, false),
            (0, 0, true),
            (0, 1000, false),
        ] {
            assert_eq!(is_or_root(own, uid), is_trusted, "{own} {uid}");
        }
    }
}
