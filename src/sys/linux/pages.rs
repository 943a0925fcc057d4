//! Memory straight from the system: mmap(2).
//!
//! The allocator's is another matter: once malloc(3) of glibc has had a long allocation back, it keeps as much for the next one,
//! and fills that with zeros itself (mallopt(3), M_MMAP_THRESHOLD).

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use std::num::NonZeroUsize;
use std::ptr::NonNull;

/// So many zeros. The system lends their pages as they are first written to; `None`: there is no memory.
pub(crate) fn take(bytes: NonZeroUsize) -> Option<NonNull<u8>> {
    let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: a new mapping at an address of the kernel's choice touches nothing that exists.
    let start = unsafe { mmap_anonymous(None, bytes, protection, MapFlags::MAP_PRIVATE) };
    Some(start.ok()?.cast())
}

/// Gives all of it back.
///
/// # Safety
///
/// So many bytes were taken there, and nothing points to them any more.
pub(crate) unsafe fn give_back(start: NonNull<u8>, bytes: NonZeroUsize) {
    // SAFETY: as the caller says.
    let _ = unsafe { munmap(start.cast(), bytes.get()) };
}
