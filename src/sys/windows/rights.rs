//! What a handle allows: DuplicateHandle.

use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr::null_mut;
use windows_sys::Win32::Foundation::{DUPLICATE_SAME_ACCESS, DuplicateHandle, FALSE};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

/// Another handle of the same object, which allows this and no more, in whatever process it is.
pub(super) fn narrowed(handle: BorrowedHandle<'_>, rights: u32) -> io::Result<OwnedHandle> {
    duplicate(handle, rights, 0)
}

/// Another handle of the same object, which allows the same.
pub(super) fn same(handle: BorrowedHandle<'_>) -> io::Result<OwnedHandle> {
    duplicate(handle, 0, DUPLICATE_SAME_ACCESS)
}

fn duplicate(handle: BorrowedHandle<'_>, rights: u32, options: u32) -> io::Result<OwnedHandle> {
    let mut copy = null_mut();
    // SAFETY: both are open: this process's pseudo handle always is.
    let is_made = unsafe {
        let own = GetCurrentProcess();
        let from = handle.as_raw_handle();
        DuplicateHandle(own, from, own, &raw mut copy, rights, FALSE, options)
    };
    match is_made {
        0 => Err(io::Error::last_os_error()),
        // SAFETY: it was just made, and nobody else has it.
        _ => Ok(unsafe { OwnedHandle::from_raw_handle(copy) }),
    }
}

/// A handle that another process put into this one, for this one to own.
pub(super) fn received(number: usize) -> OwnedHandle {
    let handle = std::ptr::without_provenance_mut(number);
    // SAFETY: the sender, which is trusted with that, put it here for whoever learns of the number, which is told once.
    unsafe { OwnedHandle::from_raw_handle(handle) }
}
