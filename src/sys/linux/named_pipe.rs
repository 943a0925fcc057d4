//! Named pipes, which Windows has.

use crate::sys::deadline::Deadline;
use crate::sys::{Handle, Source};
use std::io::{self, ErrorKind};

pub(crate) fn listen(_: &str, _is_open_to_others: bool) -> io::Result<Handle> {
    Err(ErrorKind::Unsupported.into())
}

pub(crate) fn connect(_: &str, _: &Deadline) -> io::Result<Handle> {
    Err(ErrorKind::Unsupported.into())
}

pub(crate) fn is_server_trusted(_: Source<'_>) -> io::Result<bool> {
    Err(ErrorKind::Unsupported.into())
}

pub(crate) fn client(_: Source<'_>) -> io::Result<u32> {
    Err(ErrorKind::Unsupported.into())
}
