//! The side that tells: `calc-ipc serve`.

use super::ask::is_of_stats;
use super::{SUFFIX, folder};
use nix::unistd::geteuid;
use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, ErrorKind, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Who does not take what is told in this time is told no more.
const PATIENCE: Duration = Duration::from_secs(1);

/// The socket, whose name goes when this is dropped.
pub(crate) struct Offer {
    listening: UnixListener,
    path: PathBuf,
}

impl Offer {
    /// A socket for this process; `None`: it belongs to no session.
    pub(crate) fn make() -> io::Result<Option<Self>> {
        let Some(folder) = folder() else {
            return Ok(None);
        };
        match make_folder(&folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            made => made?,
        }
        clean(&folder);
        Self::make_in(&folder).map(Some)
    }

    /// Nobody finds it by its name before it lets anybody in: else it would seem to be left by a dead one.
    fn make_in(folder: &Path) -> io::Result<Self> {
        let process = std::process::id();
        let path = folder.join(format!("{process}{SUFFIX}"));
        if UnixStream::connect(&path).is_ok() {
            // It is of another PID namespace, which shares the folder.
            return Err(ErrorKind::AddrInUse.into());
        }
        let unnamed = folder.join(format!(".{process}.new"));
        let _ = fs::remove_file(&unnamed);
        let listening = UnixListener::bind(&unnamed)?;
        fs::set_permissions(&unnamed, Permissions::from_mode(0o600))?;
        fs::rename(&unnamed, &path)?;
        Ok(Self { listening, path })
    }

    /// Tells everybody who comes, until the closer is called.
    pub(crate) fn tell(&self, mut sheet: impl FnMut() -> Vec<u8>) {
        while let Ok((mut stream, _)) = self.listening.accept() {
            // Who does not listen is none of this process's.
            let _ = stream
                .set_write_timeout(Some(PATIENCE))
                .and_then(|()| stream.write_all(&sheet()));
        }
    }

    /// What ends [`Offer::tell`], in which accept then fails (shutdown(2)).
    pub(crate) fn closer(&self) -> io::Result<impl Fn() + use<>> {
        let socket = UnixStream::from(OwnedFd::from(self.listening.try_clone()?));
        Ok(move || {
            let _ = socket.shutdown(Shutdown::Both);
        })
    }
}

impl Drop for Offer {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The folder, which is this user's alone.
fn make_folder(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => return made,
    }
    let about = fs::symlink_metadata(folder)?;
    let is_own = about.is_dir() && about.uid() == geteuid().as_raw() && about.mode() & 0o077 == 0;
    match is_own {
        true => Ok(()),
        false => Err(io::Error::new(
            ErrorKind::PermissionDenied,
            "it is no folder of this user's alone (mode 0700)",
        )),
    }
}

/// Removes what servers left behind that were killed.
fn clean(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        let is_dead = || {
            let refused = UnixStream::connect(&path).err();
            refused.is_some_and(|error| error.kind() == ErrorKind::ConnectionRefused)
        };
        if is_of_stats(&path) && is_dead() {
            let _ = fs::remove_file(&path);
        }
    }
}
