//! Who owns a name in the file system: one live process at most, proved by a lock.
//!
//! A socket file or a FIFO stays behind when its server is killed, and a server that is alive
//! refuses connections too, between bind and listen. Only the lock proves death: the kernel gives
//! it back when its holder ends (flock(2)), however that comes.

use crate::error::{Error, Result, Status};
use crate::sys::fork;
use crate::sys::unix::fd::Fd;
use crate::sys::unix::file::{self, Identity, Kind};
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The lock on a name: held from [`Claim::take`] until it is dropped, or its process dies.
#[derive(Debug)]
pub(crate) struct Claim {
    path: PathBuf,
    lock: Mutex<Fd>,
    /// The generation of the process that holds it.
    owner: AtomicU32,
    /// How many forks there were when it was taken: each copied the descriptor, and the lock with it.
    forks: AtomicU32,
}

impl Claim {
    /// Takes `<name>.lock`, so that this process alone may make and remove what bears that name.
    pub(crate) fn take(name: &Path) -> Result<Self> {
        fork::follow().map_err(|error| Error::os("following forks", &error))?;
        let path = with_suffix(name, ".lock");
        Ok(Self {
            lock: Mutex::new(acquire(&path)?),
            path,
            owner: AtomicU32::new(fork::generation()),
            forks: AtomicU32::new(fork::count()),
        })
    }

    /// Makes this process, which may be a fork of the one that took it, the holder, and keeps
    /// children forked from now on from holding it too.
    pub(crate) fn adopt(&self) -> Result<()> {
        let mut lock = self.lock();
        if self.forks.load(Ordering::Relaxed) != fork::count() {
            // The open file is shared with the other side of the fork, so its lock is too.
            file::unlock(lock.as_fd()).map_err(|error| self.failure(&error))?;
            *lock = acquire(&self.path)?;
            // Only now: after a failure, the next try has to take the lock as well.
            self.forks.store(fork::count(), Ordering::Relaxed);
        }
        self.owner.store(fork::generation(), Ordering::Relaxed);
        lock.own();
        Ok(())
    }

    /// Whether this process may remove what bears the name: it made it, and no child adopted it.
    pub(crate) fn is_held(&self) -> bool {
        self.owner.load(Ordering::Relaxed) == fork::generation()
            && file::try_lock(self.lock().as_fd()).unwrap_or(false)
    }

    fn lock(&self) -> MutexGuard<'_, Fd> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failure(&self, cause: &io::Error) -> Error {
        Error::os(&format!("lock {}", self.path.display()), cause)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.is_held()
            && let Ok(about) = file::about_open(self.lock().as_fd())
        {
            // Still locked, so that nobody can lock a file that is about to lose its name.
            let _ = file::remove_if(&self.path, about.identity);
        }
    }
}

fn acquire(path: &Path) -> Result<Fd> {
    let failure = |error: &io::Error| Error::os(&format!("lock {}", path.display()), error);
    loop {
        let fd = Fd::inherited(file::open_lock(path).map_err(|error| failure(&error))?);
        let opened = file::about_open(fd.as_fd()).map_err(|error| failure(&error))?;
        if opened.kind != Kind::Regular {
            return Err(foreign(path, "is no lock file"));
        }
        if !opened.is_ours {
            return Err(Error::new(
                Status::PermissionDenied,
                format!("{} belongs to another user", path.display()),
            ));
        }
        if !file::try_lock(fd.as_fd()).map_err(|error| failure(&error))? {
            let context = format!("a live server holds {}", path.display());
            return Err(Error::new(Status::AddressInUse, context));
        }
        // Its last holder may have removed it between the opening and the locking.
        let named = file::about(path).map_err(|error| failure(&error))?;
        if named.is_some_and(|named| named.identity == opened.identity) {
            return Ok(fd);
        }
    }
}

/// Fails unless the name still stands for what this server made: whoever shared it over a fork may
/// have freed it.
pub(crate) fn check_still_there(path: &Path, identity: Identity) -> Result<()> {
    let found = file::about(path)
        .map_err(|error| Error::os(&format!("look at {}", path.display()), &error))?;
    if found.is_some_and(|found| found.identity == identity) {
        return Ok(());
    }
    let context = format!(
        "{} was freed by another process before it was served here",
        path.display()
    );
    Err(Error::new(Status::Stopped, context))
}

/// The failure of finding something else where a name of ours should be.
pub(crate) fn foreign(path: &Path, what: &str) -> Error {
    Error::new(Status::AddressInUse, format!("{} {what}", path.display()))
}

/// `path` with something behind it.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
