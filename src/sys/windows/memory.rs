//! Memory that processes share.

pub(crate) use crate::sys::bare::memory::{Access, Mapping, create};

use crate::sys::Handle;
use std::io;

/// What is there to be locked by one process: nothing, since none is forked.
pub(crate) fn nameless() -> io::Result<Handle> {
    Handle::spare()
}
