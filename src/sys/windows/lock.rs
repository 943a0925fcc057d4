//! Files that prove who owns a name: there are none, since names of Windows are free when their owner ends.

pub(crate) use crate::sys::bare::lock::{open, read_record, try_lock, write_record};

use crate::sys::Source;
use std::io;

/// Nothing is forked: what this process has, no other one has.
#[expect(clippy::unnecessary_wraps, reason = "the other systems' may fail")]
pub(crate) fn try_lock_for_process(_: Source<'_>) -> io::Result<bool> {
    Ok(true)
}
