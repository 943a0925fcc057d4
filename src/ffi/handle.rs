//! What the opaque pointers point to.
//!
//! A handle is a counted reference, so that a call which [`destroy_when`] may overlap can hold on
//! to the value until it has returned. The bounds of [`create`] are the header's promise that a
//! const handle may be used from any thread.

use super::pointer::Out;
use crate::error::{Error, Result, Status};
use std::ptr;
use std::sync::Arc;

/// Puts a handle of what `make` gives at `out`, or NULL if it fails.
///
/// # Safety
///
/// `out` is NULL or may be written to.
pub(super) unsafe fn create<T: Send + Sync>(
    out: *mut *mut T,
    make: impl FnOnce() -> Result<T>,
) -> Result<()> {
    // SAFETY: the caller's promise is the same.
    let mut out = unsafe { Out::new(out, "out") }?;
    out.write(ptr::null_mut());
    out.write(Arc::into_raw(Arc::new(make()?)).cast_mut());
    Ok(())
}

/// What `handle` stands for.
///
/// # Safety
///
/// `handle` is NULL or came from [`create`] and is not destroyed while `'a` lasts.
pub(super) unsafe fn get<'a, T>(handle: *const T) -> Result<&'a T> {
    // SAFETY: if not NULL, the handle's own reference keeps the value alive.
    unsafe { handle.as_ref() }.ok_or_else(null_handle)
}

/// What `handle` stands for, alive even if it is destroyed meanwhile.
///
/// # Safety
///
/// `handle` is NULL or came from [`create`] and is not yet destroyed.
pub(super) unsafe fn hold<T>(handle: *const T) -> Result<Arc<T>> {
    if handle.is_null() {
        return Err(null_handle());
    }
    // SAFETY: the handle is a reference of `Arc::into_raw`, and is there until destroyed.
    unsafe {
        Arc::increment_strong_count(handle);
        Ok(Arc::from_raw(handle))
    }
}

/// Gives the handle up if `may_go` agrees. NULL is nothing to give up.
///
/// # Safety
///
/// `handle` is NULL or came from [`create`], is not yet destroyed, and if `may_go` agrees, not used
/// again.
pub(super) unsafe fn destroy_when<T>(
    handle: *mut T,
    may_go: impl FnOnce(&T) -> bool,
) -> Result<()> {
    // SAFETY: the caller's promise; the reference is not used after `may_go`.
    let may_go = unsafe { handle.as_ref() }.is_some_and(may_go);
    if may_go {
        // SAFETY: this is the reference that `create` gave away, taken back once.
        drop(unsafe { Arc::from_raw(handle) });
    }
    Ok(())
}

/// [`destroy_when`] without a condition.
///
/// # Safety
///
/// `handle` is NULL or came from [`create`], and is not used again.
pub(super) unsafe fn destroy<T>(handle: *mut T) -> Result<()> {
    // SAFETY: the caller's promise is the same.
    unsafe { destroy_when(handle, |_| true) }
}

#[cold]
pub(super) fn null_handle() -> Error {
    Error::new(Status::InvalidArgument, "the handle is NULL")
}
