//! What the opaque pointers point to.
//!
//! A handle is a counted reference, so that a call which [`destroy_when`] may overlap can hold on
//! to the value until it has returned. The bounds of [`create`] are the header's promise that a
//! const handle may be used from any thread.

use super::pointer::Out;
use crate::error::{Error, Result, Status};
use crate::transport::{NO_TRANSPORTS, unsupported};
use std::ptr;
use std::sync::Arc;

/// What a handle points to: a server or a client, and what else C may ask about it.
pub(super) trait Handle: Send + Sync + 'static {
    /// The server or the client.
    type Inside;

    /// Why this system can have no such handle, if so: then no pointer to one is ever looked behind.
    const LACK: Option<&str> = NO_TRANSPORTS;

    /// The server or the client.
    fn inside(&self) -> &Self::Inside;
}

/// Puts a handle of what `make` gives at `out`, or NULL if it fails.
///
/// # Safety
///
/// `out` is NULL or may be written to.
pub(super) unsafe fn create<T: Handle>(
    out: *mut *mut T,
    make: impl FnOnce() -> Result<T>,
) -> Result<()> {
    // SAFETY: the caller's promise is the same.
    let mut out = unsafe { Out::new(out, "out") }?;
    out.write(ptr::null_mut());
    out.write(Arc::into_raw(Arc::new(make()?)).cast_mut());
    Ok(())
}

/// What `handle` points to; `None` if it is NULL, or can be no handle. It allocates nothing and locks
/// nothing.
///
/// # Safety
///
/// `handle` is NULL or came from [`create`] and is not destroyed while `'a` lasts.
pub(super) unsafe fn look<'a, T: Handle>(handle: *const T) -> Option<&'a T> {
    if T::LACK.is_some() {
        return None;
    }
    // SAFETY: if not NULL, the handle's own reference keeps the value alive.
    unsafe { handle.as_ref() }
}

/// The server or the client that `handle` stands for.
///
/// # Safety
///
/// As for [`look`].
pub(super) unsafe fn get<'a, T: Handle>(handle: *const T) -> Result<&'a T::Inside> {
    // SAFETY: the caller's promise is the same.
    let found = unsafe { look(handle) }.ok_or_else(|| none(handle))?;
    Ok(found.inside())
}

/// What `handle` points to, alive even if it is destroyed meanwhile.
///
/// # Safety
///
/// `handle` is NULL or came from [`create`] and is not yet destroyed.
pub(super) unsafe fn hold<T: Handle>(handle: *const T) -> Result<Arc<T>> {
    // SAFETY: the caller's promise; the reference is not used.
    if unsafe { look(handle) }.is_none() {
        return Err(none(handle));
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
pub(super) unsafe fn destroy_when<T: Handle>(
    handle: *mut T,
    may_go: impl FnOnce(&T::Inside) -> bool,
) -> Result<()> {
    // SAFETY: the caller's promise; the reference is not used after `may_go`.
    let may_go = unsafe { look(handle) }.is_some_and(|found| may_go(found.inside()));
    if may_go {
        // SAFETY: this is the reference that `create` gave away, taken back once.
        drop(unsafe { Arc::from_raw(handle) });
    }
    Ok(())
}

/// The failure to find anything behind `handle`.
#[cold]
fn none<T: Handle>(handle: *const T) -> Error {
    match T::LACK {
        Some(lack) if !handle.is_null() => unsupported(lack),
        _ => Error::new(Status::InvalidArgument, "the handle is NULL"),
    }
}
