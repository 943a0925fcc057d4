//! Memory shared with another process: memfd_create(2), mmap(2).
//!
//! Sealed against shrinking, so that no peer can turn an access into SIGBUS, and allocated before
//! it is mapped, or before it is first accessed, so that a full system cannot either. The peer may write at any moment: what is
//! shared is only ever touched through atomics, never behind a Rust reference to plain data.

use super::fd::Fd;
use super::file;
use super::retry::uninterrupted;
use super::sigpipe::without_signal;
use crate::sys::atomic::Mapped;
use crate::sys::line::{Line, Page};
use crate::sys::view::View;
use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, FcntlArg, SealFlag, fallocate, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mmap, munmap};
use nix::sys::signal::Signal;
use nix::sys::stat::fstat;
use nix::unistd::ftruncate;
use std::io;
use std::mem;
use std::num::NonZeroUsize;
use std::ops::{Deref, DerefMut, Range};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU8, Ordering};

/// What a peer that is handed the memory may do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Read only.
    Read,
    /// Read and write.
    Write,
}

/// Shared memory mapped into this process, all of it there but for what was only reserved, and none of it ever taken away.
#[derive(Debug)]
pub(crate) struct Mapping(View);

/// What the pages of all systems are parts of, or as long as.
const LONGEST_PAGE: usize = 64 << 10;

/// Makes `length` bytes of zeros, mapped here for reading and writing; a peer that is handed the
/// descriptor can do with it what `access` says, and nobody can change its size.
pub(crate) fn create(length: usize, access: Access) -> io::Result<(Fd, Mapping)> {
    reserve(length, length, access)
}

/// The same, of which only as many bytes as `there` says can be accessed; for others, see [`Mapping::populate`].
pub(crate) fn reserve(length: usize, there: usize, access: Access) -> io::Result<(Fd, Mapping)> {
    let fd = memfd()?;
    let of = |bytes| libc::off_t::try_from(bytes).map_err(|_| Errno::EINVAL);
    let (size, part) = (of(length)?, of(there)?);
    let allocate = || {
        if part < size {
            uninterrupted(|| ftruncate(fd.as_fd(), size))?;
        }
        uninterrupted(|| fallocate(fd.as_fd(), FallocateFlags::empty(), 0, part))
    };
    // Beyond the host's RLIMIT_FSIZE, which counts for memory too, this raises a signal.
    without_signal(Signal::SIGXFSZ, Errno::EFBIG, allocate)?;
    let mut mapping = Mapping::new(fd.as_fd(), length, Access::Write)?;
    let mut seals = SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SEAL;
    if access == Access::Read {
        // The mapping made above stays writable; no later one can be (Linux 5.1).
        seals |= SealFlag::F_SEAL_FUTURE_WRITE;
    }
    fcntl(fd.as_fd(), FcntlArg::F_ADD_SEALS(seals))?;
    if access == Access::Read {
        mapping = mapping.own();
    }
    Ok((fd, mapping))
}

/// Whether [`Mapping::populate`] can do it here: from Linux 5.14 on. Threads that ask first may find out twice.
pub(crate) fn populates() -> bool {
    static ANSWER: AtomicU8 = AtomicU8::new(UNKNOWN);
    const UNKNOWN: u8 = 0;
    const NO: u8 = 1;
    const YES: u8 = 2;
    if ANSWER.load(Ordering::Relaxed) == UNKNOWN {
        let answer = if knows_populate() { YES } else { NO };
        ANSWER.store(answer, Ordering::Relaxed);
    }
    ANSWER.load(Ordering::Relaxed) == YES
}

fn knows_populate() -> bool {
    let Some(nowhere) = NonNull::new(ptr::without_provenance_mut(LONGEST_PAGE)) else {
        return false;
    };
    // SAFETY: of no bytes it only asks whether the kernel knows this advice (madvise(2)).
    unsafe { madvise(nowhere, 0, MmapAdvise::MADV_POPULATE_READ) }.is_ok()
}

/// A file without a name, of no bytes: in memory, or in a folder that there is everywhere, where a kernel or a sandbox
/// has no memfd_create(2). TMPDIR is not asked for: the host may be changing its environment.
pub(crate) fn nameless() -> io::Result<Fd> {
    memfd().or_else(|error| match error.raw_os_error() {
        Some(libc::ENOSYS | libc::EPERM) => {
            file::nameless(Path::new("/dev/shm")).or_else(|_| file::nameless(Path::new("/tmp")))
        }
        _ => Err(error),
    })
}

fn memfd() -> io::Result<Fd> {
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    let no_exec = MFdFlags::from_bits_retain(libc::MFD_NOEXEC_SEAL);
    Fd::make(|| match memfd_create(c"calc_ipc", flags | no_exec) {
        // Before Linux 6.3, or where a sandbox does not know the flag.
        Err(Errno::EINVAL | Errno::EPERM) => memfd_create(c"calc_ipc", flags),
        result => result,
    })
}

impl Mapping {
    /// Maps memory that a peer handed over: at least `length` bytes that cannot shrink.
    pub(crate) fn from_peer(fd: BorrowedFd<'_>, length: usize, access: Access) -> io::Result<Self> {
        let size = usize::try_from(fstat(fd)?.st_size).unwrap_or(0);
        let seals = SealFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GET_SEALS)?);
        if size < length || !seals.contains(SealFlag::F_SEAL_SHRINK) {
            return Err(Errno::EPROTO.into());
        }
        Self::new(fd, length, access)
    }

    /// Sees to it that reserved bytes are there. Without, an access to one for which the system has no memory is a SIGBUS.
    pub(crate) fn populate(&self, range: Range<usize>) -> io::Result<()> {
        let start = range.start & !(LONGEST_PAGE - 1);
        assert!(start < range.end && range.end <= self.length(), "{range:?}");
        // SAFETY: as if each page was read (madvise(2)), all of which are mapped.
        unsafe {
            let first = self.0.extent().0.add(start);
            madvise(first, range.end - start, MmapAdvise::MADV_POPULATE_READ)
        }
        .map_err(|error| match error {
            Errno::EFAULT => Errno::ENOMEM.into(), // An access would have been a SIGBUS.
            error => error.into(),
        })
    }

    /// The same, sealed against all other writers.
    fn own(self) -> Self {
        let (start, length) = self.0.extent();
        mem::forget(self);
        // SAFETY: it is mapped as it was, and no other mapping of it that was not there before the seal can be written; the
        // descriptor was nobody else's then.
        Self(unsafe { View::new(start, length).own() })
    }

    fn new(fd: BorrowedFd<'_>, length: usize, access: Access) -> io::Result<Self> {
        let protection = match access {
            Access::Read => ProtFlags::PROT_READ,
            Access::Write => ProtFlags::PROT_READ | ProtFlags::PROT_WRITE,
        };
        let size = NonZeroUsize::new(length).ok_or(Errno::EINVAL)?;
        // SAFETY: a new mapping at an address of the kernel's choice touches nothing that exists.
        let start = unsafe { mmap(None, size, protection, MapFlags::MAP_SHARED, fd, 0) }?;
        // SAFETY: so many bytes were mapped there, which begin on a page, and end with this.
        Ok(Self(unsafe { View::new(start, length) }))
    }
}

impl Deref for Mapping {
    type Target = View;

    #[inline]
    fn deref(&self) -> &View {
        &self.0
    }
}

impl DerefMut for Mapping {
    #[inline]
    fn deref_mut(&mut self) -> &mut View {
        &mut self.0
    }
}

impl Page for Mapping {
    type Memory = Mapped;

    #[inline]
    fn line(&self, number: usize) -> &Line {
        self.0.line(number)
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        let (start, length) = self.0.extent();
        // SAFETY: it was mapped with this length, and nothing borrowed from it outlives `self`.
        let _ = unsafe { munmap(start, length) };
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    /// How many bytes of it there are.
    fn there(fd: &Fd) -> usize {
        usize::try_from(fstat(fd.as_fd()).unwrap().st_blocks).unwrap() * 512
    }

    #[test]
    fn what_was_reserved_comes_to_be_there_where_the_kernel_can_do_it() {
        const LENGTH: usize = 10 * LONGEST_PAGE;
        for access in [Access::Read, Access::Write] {
            let (fd, own) = reserve(LENGTH, LONGEST_PAGE, access).unwrap();
            let theirs = Mapping::from_peer(fd.as_fd(), LENGTH, access).unwrap();
            assert_eq!(there(&fd), LONGEST_PAGE);
            let populated = own.populate(LONGEST_PAGE..2 * LONGEST_PAGE);
            assert_eq!(populated.is_ok(), populates());
            if populated.is_ok() {
                assert_eq!(there(&fd), 2 * LONGEST_PAGE);
                theirs.populate(2 * LONGEST_PAGE + 1..LENGTH).unwrap();
                assert_eq!(there(&fd), LENGTH);
            }
        }
    }
}
