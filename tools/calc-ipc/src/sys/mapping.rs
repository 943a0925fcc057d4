//! A file that two processes of Windows have mapped, and an event by which each wakes the other.

use super::pipe::wide;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::path::Path;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU32, Ordering};
use windows_sys::Win32::Foundation::WAIT_OBJECT_0;
use windows_sys::Win32::System::Memory::{
    CreateFileMappingW, FILE_MAP_ALL_ACCESS, MEMORY_MAPPED_VIEW_ADDRESS, MapViewOfFile,
    PAGE_READWRITE, UnmapViewOfFile,
};
use windows_sys::Win32::System::Threading::{
    CreateEventW, INFINITE, SetEvent, WaitForSingleObject,
};

/// The mapping. It begins with a word by which the two sides say whose turn it is; whoever's turn it is not
/// leaves the rest alone.
pub(crate) struct Shared {
    base: NonNull<u8>,
    length: usize,
    /// What wakes this side, and what wakes the other.
    own: OwnedHandle,
    other: OwnedHandle,
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
        Self::map(&file, event(path, "server")?, event(path, "client")?)
    }

    /// Maps what another process has made.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Self::map(&file, event(path, "client")?, event(path, "server")?)
    }

    fn map(file: &File, own: OwnedHandle, other: OwnedHandle) -> io::Result<Self> {
        let length = usize::try_from(file.metadata()?.len()).unwrap_or(0);
        if length < size_of::<AtomicU32>() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        // SAFETY: the file is open; there are neither attributes nor a name.
        let section = unsafe {
            CreateFileMappingW(
                file.as_raw_handle(),
                ptr::null(),
                PAGE_READWRITE,
                0,
                0,
                ptr::null(),
            )
        };
        let section = owned(section)?;
        // SAFETY: it is a new mapping at an address of the system's choice, over nothing of this process's.
        let view =
            unsafe { MapViewOfFile(section.as_raw_handle(), FILE_MAP_ALL_ACCESS, 0, 0, length) };
        let base = NonNull::new(view.Value.cast()).ok_or_else(io::Error::last_os_error)?;
        Ok(Self {
            base,
            length,
            own,
            other,
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
        while self.word().load(Ordering::Acquire) == value {
            // SAFETY: the event is open.
            let woken = unsafe { WaitForSingleObject(self.own.as_raw_handle(), INFINITE) };
            if woken != WAIT_OBJECT_0 {
                return;
            }
        }
    }

    /// Wakes the other side, or keeps it from going to sleep.
    pub(crate) fn wake(&self) {
        // SAFETY: the event is open.
        unsafe { SetEvent(self.other.as_raw_handle()) };
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
        unsafe { self.base.add(offset) }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let view = MEMORY_MAPPED_VIEW_ADDRESS {
            Value: self.base.as_ptr().cast(),
        };
        // SAFETY: the mapping is this value's own, and nothing borrows from it any more.
        unsafe { UnmapViewOfFile(view) };
    }
}

/// The event of one side, which is reset as it wakes that side; the other finds it by the file's name.
fn event(path: &Path, side: &str) -> io::Result<OwnedHandle> {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let name = wide(&format!("Local\\{file}-{side}"));
    // SAFETY: the name ends with 0, and there are no attributes.
    owned(unsafe { CreateEventW(ptr::null(), 0, 0, name.as_ptr()) })
}

/// A handle that a function gave, or why it gave none.
fn owned(handle: std::os::windows::io::RawHandle) -> io::Result<OwnedHandle> {
    if handle.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was just made, and nobody else has it.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}
