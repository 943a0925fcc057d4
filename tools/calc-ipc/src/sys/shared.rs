//! A file that two processes have mapped.

use super::futex::{wait_while, wake_one};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};
use std::ffi::c_void;
use std::fs::{File, OpenOptions};
use std::io;
use std::num::NonZeroUsize;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::atomic::AtomicU32;

/// The mapping. It begins with a word by which the two sides say whose turn it is; whoever's turn it is not
/// leaves the rest alone.
pub(crate) struct Shared {
    base: NonNull<u8>,
    length: NonZeroUsize,
}

// SAFETY: the mapping belongs to the process, not to a thread, and is written to by one side at a
// time, which the word at its start settles.
unsafe impl Send for Shared {}

impl Shared {
    /// Makes the file.
    pub(crate) fn create(path: &Path, length: usize) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path)?;
        file.set_len(u64::try_from(length).unwrap_or(u64::MAX))?;
        Self::map(&file)
    }

    /// Maps what another process has made.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Self::map(&OpenOptions::new().read(true).write(true).open(path)?)
    }

    fn map(file: &File) -> io::Result<Self> {
        let length = usize::try_from(file.metadata()?.len()).ok();
        let length = length
            .and_then(NonZeroUsize::new)
            .filter(|length| length.get() >= size_of::<AtomicU32>())
            .ok_or(io::ErrorKind::InvalidData)?;
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        let flags = MapFlags::MAP_SHARED | MapFlags::MAP_POPULATE;
        // SAFETY: it is a new mapping at an address of the kernel's choice, over nothing of this process's.
        let base = unsafe { mmap(None, length, protection, flags, file, 0)? };
        Ok(Self {
            base: base.cast(),
            length,
        })
    }

    /// The word at the start.
    pub(crate) fn word(&self) -> &AtomicU32 {
        // SAFETY: a mapping begins at a page and is at least a word long (`map`), it lives as long as `self`, and
        // both sides use the word atomically alone.
        unsafe { AtomicU32::from_ptr(self.base.as_ptr().cast()) }
    }

    /// Sleeps while the word holds `value`, until the other side has changed it and wakes this one.
    pub(crate) fn wait_while(&self, value: u32) {
        wait_while(self.word(), value);
    }

    /// Wakes the other side.
    pub(crate) fn wake(&self) {
        wake_one(self.word());
    }

    /// Copies `bytes` into the mapping.
    pub(crate) fn write(&self, offset: usize, bytes: &[u8]) {
        let to = self.place(offset, bytes.len());
        // SAFETY: `place` has checked that it is all within the mapping, which is no memory of a slice's.
        unsafe { to.copy_from_nonoverlapping(NonNull::from(bytes).cast(), bytes.len()) }
    }

    /// Copies from the mapping.
    pub(crate) fn read(&self, offset: usize, bytes: &mut [u8]) {
        let from = self.place(offset, bytes.len());
        // SAFETY: as in `write`.
        unsafe { from.copy_to_nonoverlapping(NonNull::from(&mut *bytes).cast(), bytes.len()) }
    }

    fn place(&self, offset: usize, length: usize) -> NonNull<u8> {
        let end = offset.checked_add(length);
        assert!(end.is_some_and(|end| end <= self.length.get()));
        // SAFETY: the offset is within the mapping.
        unsafe { self.base.add(offset) }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, and nothing borrows from it any more.
        let _ = unsafe { munmap(self.base.cast::<c_void>(), self.length.get()) };
    }
}
