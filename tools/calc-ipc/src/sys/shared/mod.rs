//! A file that two processes have mapped, and by which each wakes the other.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as own;
#[cfg(windows)]
use windows as own;

use own::{View, Wakers};
use std::fs::{File, OpenOptions};
use std::io;
use std::num::NonZeroUsize;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::atomic::AtomicU32;

/// Which of the two a process is.
#[derive(Clone, Copy)]
enum Side {
    Server,
    Client,
}

/// The mapping. It begins with a word by which the two sides say whose turn it is; whoever's turn it is not
/// leaves the rest alone.
pub(crate) struct Shared {
    view: View,
    length: usize,
    wakers: Wakers,
}

// SAFETY: the mapping belongs to the process, not to a thread, and is written to by one side at a
// time, which the word at its start settles.
unsafe impl Send for Shared {}

impl Shared {
    /// Makes the file.
    pub(crate) fn create(path: &Path, length: usize) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create_new(true).open(path)?;
        file.set_len(u64::try_from(length).unwrap_or(u64::MAX))?;
        Self::map(&file, Wakers::new(path, Side::Server)?)
    }

    /// Maps what another process has made.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Self::map(&file, Wakers::new(path, Side::Client)?)
    }

    fn map(file: &File, wakers: Wakers) -> io::Result<Self> {
        let length = usize::try_from(file.metadata()?.len()).ok();
        let length = length
            .and_then(NonZeroUsize::new)
            .filter(|length| length.get() >= size_of::<AtomicU32>())
            .ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self {
            view: View::map(file, length)?,
            length: length.get(),
            wakers,
        })
    }

    /// The word at the start.
    pub(crate) fn word(&self) -> &AtomicU32 {
        // SAFETY: a mapping begins at a page and is at least a word long (`map`), it lives as long as `self`, and
        // both sides use the word atomically alone.
        unsafe { AtomicU32::from_ptr(self.view.start().as_ptr().cast()) }
    }

    /// Sleeps while the word holds `value`, until the other side has changed it and wakes this one.
    pub(crate) fn wait_while(&self, value: u32) {
        self.wakers.wait_while(self.word(), value);
    }

    /// Wakes the other side, or keeps it from going to sleep.
    pub(crate) fn wake(&self) {
        self.wakers.wake(self.word());
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
        assert!(end.is_some_and(|end| end <= self.length));
        // SAFETY: the offset is within the mapping.
        unsafe { self.view.start().add(offset) }
    }
}
