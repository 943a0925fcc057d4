//! Endpoints with a name in the file system, seen from outside: found, and found alive or dead,
//! without connecting to them and without taking their locks, which would disturb a server that
//! is just starting.

mod attended;
mod locks;

pub(crate) use locks::Locks;

use calc_ipc::transport::Address;
use std::fs::{self, FileType, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Where shared memory has its names.
pub(crate) const SHM_FOLDER: &str = "/dev/shm";

/// What stands behind a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A Unix socket.
    Unix,
    /// A Unix socket that keeps records apart.
    SeqPacket,
    /// Shared memory, whose name is a socket too.
    Shm,
    /// A set of FIFOs.
    Fifo,
}

impl Kind {
    /// Its name, as in URLs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unix => "unix",
            Self::SeqPacket => "seqpacket",
            Self::Shm => "shm",
            Self::Fifo => "fifo",
        }
    }

    /// What its file has to be, for people.
    pub(crate) fn file(self) -> &'static str {
        match self {
            Self::Unix | Self::SeqPacket | Self::Shm => "socket",
            Self::Fifo => "FIFO",
        }
    }

    /// Whether its file may be of this type.
    pub(crate) fn is_right(self, file: FileType) -> bool {
        match self {
            Self::Unix | Self::SeqPacket | Self::Shm => file.is_socket(),
            Self::Fifo => file.is_fifo(),
        }
    }
}

/// An endpoint's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// What it is.
    pub(crate) kind: Kind,
    /// What the lock beside it is named after: the socket, or the FIFO that requests come by.
    pub(crate) path: PathBuf,
}

/// Whether a server holds a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// It does: this process, if it can be seen from here.
    Alive(Option<u32>),
    /// It did, and died.
    LeftOver,
}

impl Place {
    /// Where `url` leads to, if that is in the file system.
    pub(crate) fn of(url: &Address) -> Option<Self> {
        let (kind, path) = match url {
            Address::Unix(path) => (Kind::Unix, path.into()),
            Address::SeqPacket(path) => (Kind::SeqPacket, path.into()),
            Address::Shm(name) => {
                let name = name.strip_prefix('/').unwrap_or(name);
                (Kind::Shm, Path::new(SHM_FOLDER).join(name))
            }
            Address::ShmAt(path) => (Kind::Shm, path.into()),
            Address::Fifo { request, .. } => (Kind::Fifo, request.into()),
            _ => return None,
        };
        Some(Self { kind, path })
    }

    /// The places in `folder` that servers of this user have, or had.
    pub(crate) fn all_in(folder: &Path) -> io::Result<Vec<Self>> {
        let mut places = Vec::new();
        for entry in fs::read_dir(folder)? {
            places.extend(Self::with_lock(&entry?.path()));
        }
        places.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(places)
    }

    /// The place whose lock this is.
    fn with_lock(lock: &Path) -> Option<Self> {
        if lock.extension()? != "lock" || !is_own_lock(lock, &fs::symlink_metadata(lock).ok()?) {
            return None;
        }
        let path = lock.with_extension("");
        let file = fs::symlink_metadata(&path).ok()?.file_type();
        let kind = match file {
            file if file.is_fifo() => Kind::Fifo,
            file if !file.is_socket() => return None,
            _ if path.parent()? == Path::new(SHM_FOLDER) => Kind::Shm,
            _ => of_socket(lock),
        };
        let place = Self { kind, path };
        // The FIFO of answers has a lock too, but nobody is announced there.
        (kind != Kind::Fifo || place.door().exists()).then_some(place)
    }

    /// What leads here, if its name can be said in a URL.
    pub(crate) fn url(&self) -> Option<Address> {
        let path = self.path.to_str()?;
        match self.kind {
            Kind::Unix => Some(Address::Unix(path.into())),
            Kind::SeqPacket => Some(Address::SeqPacket(path.into())),
            Kind::Shm if self.path.parent()? == Path::new(SHM_FOLDER) => {
                Some(Address::Shm(self.path.file_name()?.to_str()?.into()))
            }
            Kind::Shm => Some(Address::ShmAt(path.into())),
            Kind::Fifo => {
                let pair = path.strip_suffix(".request")?;
                let answers = fs::symlink_metadata(format!("{pair}.response")).ok()?;
                let is_pair = answers.file_type().is_fifo();
                is_pair.then(|| Address::fifo_pair(pair))
            }
        }
    }

    /// What a client opens first.
    pub(crate) fn door(&self) -> PathBuf {
        match self.kind {
            Kind::Unix | Kind::SeqPacket | Kind::Shm => self.path.clone(),
            Kind::Fifo => with_suffix(&self.path, ".hello"),
        }
    }

    /// The file that a live server has locked.
    pub(crate) fn lock(&self) -> PathBuf {
        with_suffix(&self.path, ".lock")
    }

    /// Whether a server holds it.
    pub(crate) fn life(&self, locks: &Locks) -> Life {
        let lock = fs::symlink_metadata(self.lock()).ok();
        match lock.and_then(|lock| locks.holder(&lock)) {
            Some(process) => Life::Alive(Some(process)),
            // One in another PID namespace is not listed with its locks, but it is there.
            None if attended::is_attended(self) => Life::Alive(None),
            None => Life::LeftOver,
        }
    }
}

/// Locks of this library are for one user alone, and say nothing, or which process has which files;
/// others lie beside sockets too, Wayland's, say.
fn is_own_lock(path: &Path, lock: &Metadata) -> bool {
    let uid = nix::unistd::geteuid().as_raw();
    let is_private = lock.is_file() && lock.uid() == uid && lock.mode() & 0o077 == 0;
    is_private
        && lock.len() <= LOCK_SAYS
        && fs::read_to_string(path)
            .is_ok_and(|text| text.is_empty() || text.starts_with(LOCK_TITLE))
}

/// What the socket is whose lock this is, which says so.
fn of_socket(lock: &Path) -> Kind {
    let text = fs::read_to_string(lock).unwrap_or_default();
    let says = |what: &str| text.lines().any(|line| line.starts_with(what));
    match () {
        () if says("seqpacket ") => Kind::SeqPacket,
        () if says("shm ") => Kind::Shm,
        () => Kind::Unix,
    }
}

/// The most bytes that a lock of this library says.
const LOCK_SAYS: u64 = 512;

/// What they begin with, if they say anything.
const LOCK_TITLE: &str = "calc_ipc lock ";

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
