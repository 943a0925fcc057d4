//! Who owns a name in the file system: one live process at most, proved by a lock.
//!
//! A socket file or a FIFO stays behind when its server is killed, and a server that is alive
//! refuses connections too, between bind and listen. Only the lock proves death: the kernel releases it when
//! its holder ends (flock(2)), however it ends. The lock file says which files a dead holder left; any other file with
//! the name is another program's, if somebody uses it.
//!
//! `models/claim.pml` is this, searched in every order of its steps, with deaths between any two.

mod record;

use crate::error::{Error, Result, Status};
use crate::sys::file::{self, Identity, Kind};
use crate::sys::mutex;
use crate::sys::{AsSource, Handle, fork, lock, process};
use crate::transport::posix::place;
use record::Record;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard};

/// No generation's number: no process is that many forks deep.
const NOBODY: u32 = u32::MAX;

/// The lock on a name and the files that bear it, from [`Claim::take`] until it is dropped, or its process dies.
#[derive(Debug)]
pub(crate) struct Claim {
    /// The lock file's.
    path: PathBuf,
    lock: Mutex<Handle>,
    /// The generation (fork.rs) of the process that holds it.
    owner: AtomicU32,
    /// How many forks there were when it was taken: each copied the open file, and the lock with it.
    forks: AtomicU32,
    /// What the lock file says.
    record: Record,
    /// The files of this server, made or taken over.
    files: Vec<(PathBuf, Identity)>,
    /// It made the lock file.
    has_made_lock: bool,
}

impl Claim {
    /// Takes `<name>.lock`, so that this process alone may make and remove what bears that name.
    pub(crate) fn take(name: &Path) -> Result<Self> {
        let path = with_suffix(name, ".lock");
        let (lock, has_made_lock) = acquire(name, &path)?;
        let text = lock::read_record(lock.as_source()).map_err(|error| failure(&path, &error))?;
        Ok(Self {
            record: Record::parse(&text).ok_or_else(|| place::of_another_program(&path, None))?,
            path,
            lock: Mutex::new(lock),
            owner: AtomicU32::new(fork::generation()),
            forks: AtomicU32::new(fork::count()),
            files: Vec::new(),
            has_made_lock,
        })
    }

    /// Whether the last holder, which is dead, had made this file.
    pub(crate) fn is_left_over(&self, path: &Path) -> Result<bool> {
        let stamp = file::stamp(path).map_err(|error| looking_at(path, &error))?;
        Ok(self.record.has(&stamp))
    }

    /// The same; if so, it is about to be removed, and the lock file will tell of it no more.
    pub(crate) fn gives_up(&mut self, path: &Path) -> Result<bool> {
        let stamp = file::stamp(path).map_err(|error| looking_at(path, &error))?;
        Ok(self.record.forget(&stamp))
    }

    /// Makes this file, an absolute path, one of this server's: its file for `what`. It is removed with the claim; if this
    /// process is killed, the next server takes it over.
    pub(crate) fn keep(&mut self, what: &str, path: &Path) -> Result<()> {
        let found = file::about(path).map_err(|error| looking_at(path, &error))?;
        let found = found.ok_or_else(|| looking_at(path, &io::ErrorKind::NotFound.into()))?;
        self.files.push((path.to_owned(), found.identity));
        let stamp = file::stamp(path).map_err(|error| looking_at(path, &error))?;
        self.record.process = Some(std::process::id());
        self.record.put(what, &stamp);
        lock::write_record(self.lock().as_source(), &self.record.to_text())
            .map_err(|error| failure(&self.path, &error))
    }

    /// Shares the lock with children that are forked from now on, until [`Claim::adopt`].
    pub(crate) fn bequeath(&self) {
        self.lock().bequeath();
    }

    /// Makes this process, perhaps a forked child of the one that took the claim, its only holder.
    pub(crate) fn adopt(&self) -> Result<()> {
        let mut lock = self.lock();
        if self.forks.load(Ordering::Relaxed) != fork::count() {
            *lock = self.replace(&lock)?;
            // Only now: after a failure, the next try has to replace the lock as well.
            self.forks.store(fork::count(), Ordering::Relaxed);
        }
        self.owner.store(fork::generation(), Ordering::Relaxed);
        lock.own();
        self.files
            .iter()
            .try_for_each(|(path, identity)| check_still_there(path, *identity))
    }

    /// Replaces a lock that the other side of a fork shares by one of this process alone: a new file, locked before it
    /// is renamed over the old one, so that the name is locked at every moment.
    fn replace(&self, shared: &Handle) -> Result<Handle> {
        let failure = |error: io::Error| failure(&self.path, &error);
        // Among those who share the file, a lock of another kind lets only one go on.
        let is_alone = lock::try_lock_for_process(shared.as_source()).map_err(failure)?;
        if file::about(&self.path).map_err(failure)?.is_none() {
            // Perhaps it was only cleaned away; then another child may have adopted it, and nothing shows that.
            let context = format!("{} was removed by another process", self.path.display());
            return Err(Error::new(Status::Stopped, context));
        }
        if !is_alone || !self.has_name(shared).map_err(failure)? {
            let context = format!("another process adopted {}", self.path.display());
            return Err(Error::new(Status::AddressInUse, context));
        }
        let fresh = with_suffix(&self.path, &format!(".{}", std::process::id()));
        let (lock, _) = lock::open(&fresh).map_err(failure)?;
        let mut record = self.record.clone();
        record.process = Some(std::process::id());
        let result = match lock::try_lock(lock.as_source()) {
            Ok(true) => lock::write_record(lock.as_source(), &record.to_text())
                .and_then(|()| std::fs::rename(&fresh, &self.path)),
            Ok(false) => Err(io::ErrorKind::AlreadyExists.into()),
            Err(error) => Err(error),
        };
        if let Err(error) = result {
            let _ = file::remove(&fresh);
            return Err(failure(error));
        }
        Ok(lock)
    }

    /// Fails if the files belong to another user than this process runs as, whose clients could not use them.
    pub(crate) fn check_user(&self) -> Result<()> {
        for (path, _) in &self.files {
            let found = file::about(path).map_err(|error| looking_at(path, &error))?;
            if found.is_some_and(|found| !found.is_ours) {
                let context = format!(
                    "{} was made by another user than {}, who runs it now and whose clients it would not let in; create the server after changing the user",
                    path.display(),
                    process::effective_uid()
                );
                return Err(Error::new(Status::PermissionDenied, context));
            }
        }
        Ok(())
    }

    /// Leaves what bears the name to the process that adopted it.
    pub(crate) fn leave(&mut self) {
        *self.owner.get_mut() = NOBODY;
    }

    /// Whether this process may remove the files: it holds the claim, and no other process has adopted it or can.
    pub(crate) fn is_held(&self) -> bool {
        let mut lock = self.lock();
        if self.owner.load(Ordering::Relaxed) != fork::generation()
            // A child that adopts it has this lock from before it looks at the files.
            || lock::try_lock_for_process(lock.as_source()).is_ok_and(|is_alone| !is_alone)
        {
            return false;
        }
        match file::about(&self.path) {
            Ok(Some(_)) => self.has_name(&lock).unwrap_or(false),
            Ok(None) if self.is_shared(&lock) => false,
            Ok(None) => self.take_again(&mut lock),
            Err(_) => false,
        }
    }

    /// Whether a forked child may hold the lock, too.
    fn is_shared(&self, lock: &Handle) -> bool {
        !lock.is_own() && self.forks.load(Ordering::Relaxed) != fork::count()
    }

    /// Takes a lock file in the place of one that was cleaned away; `false` when somebody else is faster.
    fn take_again(&self, lock: &mut Handle) -> bool {
        match acquire(&self.path, &self.path) {
            Ok((fresh, true)) => {
                *lock = fresh;
                true
            }
            _ => false,
        }
    }

    /// Whether the open file is still the one that bears the lock's name.
    fn has_name(&self, lock: &Handle) -> io::Result<bool> {
        let open = file::about_open(lock.as_source())?;
        let named = file::about(&self.path)?;
        Ok(named.is_some_and(|named| named.identity == open.identity))
    }

    /// Whether the lock file is removed with the claim. One that this claim found stays if it made no files, and one that
    /// tells the next server of a dead server's files stays as well.
    fn is_lock_to_go(&self) -> bool {
        self.has_made_lock || (!self.files.is_empty() && self.record.len() <= self.files.len())
    }

    fn lock(&self) -> MutexGuard<'_, Handle> {
        mutex::lock(&self.lock)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if !self.is_held() {
            return;
        }
        for (path, identity) in &self.files {
            let _ = file::remove_if(path, *identity);
        }
        if self.is_lock_to_go() {
            // Still locked, so that nobody can lock a file that is about to lose its name.
            let _ = file::remove(&self.path);
        }
    }
}

/// The lock file at `path`, locked; `true`: it was made.
fn acquire(name: &Path, path: &Path) -> Result<(Handle, bool)> {
    let failure = |error: io::Error| failure(path, &error);
    loop {
        let opened = lock::open(path).map_err(|error| place::locking(name, path, &error))?;
        let about = file::about_open(opened.0.as_source()).map_err(failure)?;
        if about.kind != Kind::Regular {
            return Err(place::of_another_kind("lock file", path));
        }
        if !about.is_ours {
            return Err(place::of_another_user(path));
        }
        if !lock::try_lock(opened.0.as_source()).map_err(failure)? {
            let text = lock::read_record(opened.0.as_source()).unwrap_or_default();
            return Err(match Record::parse(&text) {
                Some(record) => place::of_a_live_server(path, record.process),
                None => place::of_another_program(path, None),
            });
        }
        // Its last holder may have removed it between the opening and the locking.
        let named = file::about(path).map_err(failure)?;
        if named.is_some_and(|named| named.identity == about.identity) {
            return Ok(opened);
        }
    }
}

fn failure(lock: &Path, cause: &io::Error) -> Error {
    Error::os(&format!("lock {}", lock.display()), cause)
}

fn looking_at(path: &Path, cause: &io::Error) -> Error {
    Error::os(&format!("look at {}", path.display()), cause)
}

/// Fails unless the name still stands for what this server made: whoever shared it over a fork may
/// have freed it.
fn check_still_there(path: &Path, identity: Identity) -> Result<()> {
    let found = file::about(path).map_err(|error| looking_at(path, &error))?;
    if found.is_some_and(|found| found.identity == identity) {
        return Ok(());
    }
    let context = format!(
        "{} was freed by another process before it was served here",
        path.display()
    );
    Err(Error::new(Status::Stopped, context))
}

/// `path` with something behind it.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
