//! By what the host's event loop knows a source of the library's, for as long as that lives.

use crate::sys::Source;
use crate::sys::ready::Want;
use std::ffi::c_void;
use std::io;

/// The number that Unix has in place of a handle.
pub(crate) const NUMBER: Option<fn(Source<'_>) -> i32> = None;

/// The handle of its event.
pub(crate) const WAIT_HANDLE: Option<fn(Source<'_>) -> io::Result<*mut c_void>> = Some(event);

/// That of a poller, which has one event for all that it watches.
fn event(source: Source<'_>) -> io::Result<*mut c_void> {
    let mut objects = Vec::new();
    source.watchable().objects(Want::READ, &mut objects)?;
    objects
        .first()
        .copied()
        .ok_or_else(|| io::ErrorKind::Unsupported.into())
}
