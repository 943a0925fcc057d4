//! Mappings by MapViewOfFile; each side has an event that wakes it.

use super::Side;
use crate::sys::pipe::wide;
use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle, RawHandle};
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

/// A mapping of a file, from its start.
pub(super) struct View(NonNull<u8>);

impl View {
    pub(super) fn map(file: &File, length: NonZeroUsize) -> io::Result<Self> {
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
        let (section, length) = (section.as_raw_handle(), length.get());
        // SAFETY: it is a new mapping at an address of the system's choice, over nothing of this process's.
        let view = unsafe { MapViewOfFile(section, FILE_MAP_ALL_ACCESS, 0, 0, length) };
        let start = NonNull::new(view.Value.cast());
        start.map(Self).ok_or_else(io::Error::last_os_error)
    }

    pub(super) fn start(&self) -> NonNull<u8> {
        self.0
    }
}

impl Drop for View {
    fn drop(&mut self) {
        let view = MEMORY_MAPPED_VIEW_ADDRESS {
            Value: self.0.as_ptr().cast(),
        };
        // SAFETY: the mapping is this value's own, and nothing borrows from it any more.
        unsafe { UnmapViewOfFile(view) };
    }
}

/// What wakes this side, and what wakes the other.
pub(super) struct Wakers {
    own: OwnedHandle,
    other: OwnedHandle,
}

impl Wakers {
    pub(super) fn new(path: &Path, side: Side) -> io::Result<Self> {
        let (own, other) = match side {
            Side::Server => ("server", "client"),
            Side::Client => ("client", "server"),
        };
        Ok(Self {
            own: event(path, own)?,
            other: event(path, other)?,
        })
    }

    pub(super) fn wait_while(&self, word: &AtomicU32, value: u32) {
        while word.load(Ordering::Acquire) == value {
            // SAFETY: the event is open.
            let woken = unsafe { WaitForSingleObject(self.own.as_raw_handle(), INFINITE) };
            if woken != WAIT_OBJECT_0 {
                return;
            }
        }
    }

    pub(super) fn wake(&self, _: &AtomicU32) {
        // SAFETY: the event is open.
        unsafe { SetEvent(self.other.as_raw_handle()) };
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
fn owned(handle: RawHandle) -> io::Result<OwnedHandle> {
    if handle.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was just made, and nobody else has it.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}
