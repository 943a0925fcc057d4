//! Memory of the allocator's.

use std::alloc::{self, Layout};
use std::num::NonZeroUsize;
use std::ptr::NonNull;

pub(crate) fn take(bytes: NonZeroUsize) -> Option<NonNull<u8>> {
    let layout = Layout::from_size_align(bytes.get(), 1).ok()?;
    // SAFETY: the layout is not of size 0.
    NonNull::new(unsafe { alloc::alloc_zeroed(layout) })
}

/// # Safety
///
/// So many bytes were taken there, and nothing points to them any more.
pub(crate) unsafe fn give_back(start: NonNull<u8>, bytes: NonZeroUsize) {
    if let Ok(layout) = Layout::from_size_align(bytes.get(), 1) {
        // SAFETY: as the caller says.
        unsafe { alloc::dealloc(start.as_ptr(), layout) };
    }
}
