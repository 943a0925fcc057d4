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
            *lock = self.replace(&lock)?;
            // Only now: after a failure, the next try has to replace the lock as well.
            self.forks.store(fork::count(), Ordering::Relaxed);
        }
        self.owner.store(fork::generation(), Ordering::Relaxed);
        lock.own();
        Ok(())
    }

    /// Puts a lock of this process's own in the place of one whose open file the other side of a
    /// fork shares, and the lock with it. The name is locked all the while: by the old file, and
    /// from one moment to the next by the new one.
    fn replace(&self, shared: &Fd) -> Result<Fd> {
        let failure = |error: io::Error| self.failure(&error);
        // Among those who share the file, a lock of another kind lets only one go on.
        let is_alone = file::try_lock_for_process(shared.as_fd()).map_err(failure)?;
        if file::about(&self.path).map_err(failure)?.is_none() {
            let context = format!("{} was freed by another process", self.path.display());
            return Err(Error::new(Status::Stopped, context));
        }
        if !is_alone || !self.has_name(shared).map_err(failure)? {
            let context = format!("another process adopted {}", self.path.display());
            return Err(Error::new(Status::AddressInUse, context));
        }
        let fresh = with_suffix(&self.path, &format!(".{}", std::process::id()));
        let lock = Fd::inherited(file::open_lock(&fresh).map_err(failure)?);
        let result = match file::try_lock(lock.as_fd()) {
            Ok(true) => std::fs::rename(&fresh, &self.path),
            Ok(false) => Err(io::ErrorKind::AlreadyExists.into()),
            Err(error) => Err(error),
        };
        if let Err(error) = result {
            let _ = file::remove(&fresh);
            return Err(failure(error));
        }
        Ok(lock)
    }

    /// Whether this process may remove what bears the name: it made it, and no child adopted it.
    pub(crate) fn is_held(&self) -> bool {
        self.owner.load(Ordering::Relaxed) == fork::generation()
            && self.has_name(&self.lock()).unwrap_or(false)
    }

    /// Whether the open file is still the one that bears the lock's name.
    fn has_name(&self, lock: &Fd) -> io::Result<bool> {
        let open = file::about_open(lock.as_fd())?;
        let named = file::about(&self.path)?;
        Ok(named.is_some_and(|named| named.identity == open.identity))
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
        if self.is_held() {
            // Still locked, so that nobody can lock a file that is about to lose its name.
            let _ = file::remove(&self.path);
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
