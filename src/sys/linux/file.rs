//! Names in the file system: who and what they are.

use super::fd::Fd;
use super::gate::NoFork;
use nix::NixPath;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, lstat, stat};
use nix::unistd::geteuid;
use std::fs::Permissions;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// What stands behind a name at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    device: libc::dev_t,
    inode: libc::ino_t,
}

/// The kinds of file that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A FIFO.
    Fifo,
    /// A Unix socket.
    Socket,
    /// A regular file.
    Regular,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// Anything else.
    Device,
}

/// What a file is, whose, and which.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About {
    pub(crate) kind: Kind,
    /// The number of the user whose it is.
    pub(crate) owner: u32,
    /// Who may do what with it: nine bits.
    pub(crate) mode: u32,
    pub(crate) is_ours: bool,
    pub(crate) identity: Identity,
}

impl Identity {
    /// Whether it is the one with these numbers.
    pub(super) fn is(self, device: u64, inode: u64) -> bool {
        // The fields have 64 bits or 32, as the system has it.
        u128::from(self.device) == u128::from(device) && u128::from(self.inode) == u128::from(inode)
    }
}

/// What tells a file, as one word, from every other that ever had its name: numbers of inodes are used again.
/// Where the system does not say when it was born, they have to do.
pub(crate) fn stamp(path: &Path) -> io::Result<String> {
    let born = match born(path) {
        Ok(Some(time)) => format!("{}.{:09}", time.tv_sec, time.tv_nsec),
        // A kernel, or a sandbox, that does not know statx(2).
        Ok(None) | Err(Errno::ENOSYS | Errno::EPERM) => "-".into(),
        Err(error) => return Err(error.into()),
    };
    let identity = lstat(path)?;
    Ok(format!("{}:{}:{born}", identity.st_dev, identity.st_ino))
}

/// When what stands at `path` was born, symbolic links not followed; `None` where its file system does not say. std asks over
/// glibc alone (statx(2)).
fn born(path: &Path) -> nix::Result<Option<libc::statx_timestamp>> {
    let mut about = MaybeUninit::<libc::statx>::zeroed();
    let flags = libc::AT_SYMLINK_NOFOLLOW;
    path.with_nix_path(|path| {
        let (path, about) = (path.as_ptr(), about.as_mut_ptr());
        // SAFETY: a string that ends with NUL, and room for what the kernel writes.
        let call = unsafe {
            libc::syscall(
                libc::SYS_statx,
                libc::AT_FDCWD,
                path,
                flags,
                libc::STATX_BTIME,
                about,
            )
        };
        Errno::result(call)
    })??;
    // SAFETY: plain integers, which were zero before the kernel wrote.
    let about = unsafe { about.assume_init() };
    Ok((about.stx_mask & libc::STATX_BTIME != 0).then_some(about.stx_btime))
}

impl From<FileStat> for About {
    fn from(stat: FileStat) -> Self {
        let kind = match SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT {
            SFlag::S_IFIFO => Kind::Fifo,
            SFlag::S_IFSOCK => Kind::Socket,
            SFlag::S_IFREG => Kind::Regular,
            SFlag::S_IFDIR => Kind::Folder,
            SFlag::S_IFLNK => Kind::Link,
            _ => Kind::Device,
        };
        Self {
            kind,
            owner: stat.st_uid,
            mode: stat.st_mode & 0o777,
            is_ours: stat.st_uid == geteuid().as_raw(),
            identity: Identity {
                device: stat.st_dev,
                inode: stat.st_ino,
            },
        }
    }
}

/// What stands at `path`, symbolic links not followed; `None` when nothing does.
pub(crate) fn about(path: &Path) -> io::Result<Option<About>> {
    match lstat(path) {
        Ok(stat) => Ok(Some(stat.into())),
        Err(Errno::ENOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What stands at `path`, symbolic links followed.
pub(crate) fn about_target(path: &Path) -> io::Result<About> {
    Ok(stat(path)?.into())
}

/// What the descriptor has open.
pub(crate) fn about_open(fd: BorrowedFd<'_>) -> io::Result<About> {
    Ok(fstat(fd)?.into())
}

/// The names in a folder that `wanted` makes something of.
pub(crate) fn names_in<T>(folder: &Path, wanted: impl Fn(&str) -> Option<T>) -> io::Result<Vec<T>> {
    let _no_fork = NoFork::begin(); // The folder is open meanwhile.
    let entries = std::fs::read_dir(folder)?.flatten();
    Ok(entries
        .filter_map(|entry| wanted(entry.file_name().to_str()?))
        .collect())
}

/// Removes the name if it still stands for `identity`; a name that has gone is fine.
pub(crate) fn remove_if(path: &Path, identity: Identity) -> io::Result<()> {
    match about(path)? {
        Some(found) if found.identity == identity => remove(path),
        _ => Ok(()),
    }
}

/// Removes the name; one that has gone is fine.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match nix::unistd::unlink(path) {
        Ok(()) | Err(Errno::ENOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Sets the permission bits of what the name stands for.
pub(crate) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    std::fs::set_permissions(path, Permissions::from_mode(mode))
}

/// What this user alone may do.
pub(super) const OWN: Mode = Mode::from_bits_truncate(0o600);

/// A file without a name, in this folder (open(2), O_TMPFILE).
pub(crate) fn nameless(folder: &Path) -> io::Result<Fd> {
    let flags = OFlag::O_RDWR | OFlag::O_CLOEXEC | OFlag::O_TMPFILE;
    Fd::make(|| open(folder, flags, OWN))
}
