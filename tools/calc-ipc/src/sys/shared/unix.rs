//! Mappings by mmap(2); who sleeps, sleeps on the word itself.

use super::Side;
use crate::sys::futex;
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};
use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::atomic::AtomicU32;

/// A mapping of a file, from its start.
pub(super) struct View {
    start: NonNull<c_void>,
    length: NonZeroUsize,
}

impl View {
    pub(super) fn map(file: &File, length: NonZeroUsize) -> io::Result<Self> {
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        let flags = MapFlags::MAP_SHARED | MapFlags::MAP_POPULATE;
        // SAFETY: it is a new mapping at an address of the kernel's choice, over nothing of this process's.
        let start = unsafe { mmap(None, length, protection, flags, file, 0)? };
        Ok(Self { start, length })
    }

    pub(super) fn start(&self) -> NonNull<u8> {
        self.start.cast()
    }
}

impl Drop for View {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, and nothing borrows from it any more.
        let _ = unsafe { munmap(self.start, self.length.get()) };
    }
}

/// What wakes the two sides: the word.
pub(super) struct Wakers;

impl Wakers {
    pub(super) fn new(_: &Path, _: Side) -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) fn wait_while(&self, word: &AtomicU32, value: u32) {
        futex::wait_while(word, value);
    }

    pub(super) fn wake(&self, word: &AtomicU32) {
        futex::wake_one(word);
    }
}
