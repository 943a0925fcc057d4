//! Events that stay signalled until they are reset: CreateEventW.

use super::call::{check, milliseconds};
use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr;
use std::time::Duration;
use windows_sys::Win32::Foundation::{HANDLE, WAIT_OBJECT_0};
use windows_sys::Win32::System::Threading::{
    CreateEventW, ResetEvent, SetEvent, WaitForSingleObject,
};

/// An event.
#[derive(Debug)]
pub(super) struct Event(OwnedHandle);

impl Event {
    /// One that has to be reset.
    pub(super) fn new() -> io::Result<Self> {
        Self::make(1)
    }

    /// One that is reset by the wait that it ends.
    pub(super) fn for_one() -> io::Result<Self> {
        Self::make(0)
    }

    fn make(manual: i32) -> io::Result<Self> {
        // SAFETY: it has no name, and whose it may be is the default.
        let event = unsafe { CreateEventW(ptr::null(), manual, 0, ptr::null()) };
        check(i32::from(!event.is_null()))?;
        // SAFETY: it was just made, and nobody else has it.
        Ok(Self(unsafe { OwnedHandle::from_raw_handle(event) }))
    }

    pub(super) fn set(&self) {
        // SAFETY: the event is open; setting one cannot fail.
        unsafe { SetEvent(self.raw()) };
    }

    pub(super) fn reset(&self) {
        // SAFETY: the event is open; resetting one cannot fail.
        unsafe { ResetEvent(self.raw()) };
    }

    /// Waits for it this long (`None`: without limit); whether it was signalled.
    pub(super) fn wait(&self, time: Option<Duration>) -> bool {
        // SAFETY: the event is open.
        unsafe { WaitForSingleObject(self.raw(), milliseconds(time)) == WAIT_OBJECT_0 }
    }

    pub(super) fn raw(&self) -> HANDLE {
        self.0.as_raw_handle()
    }
}
