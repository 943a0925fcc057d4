//! By what the host's event loop knows a source of the library's, for as long as that lives.

use std::ffi::c_void;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Its number.
pub(crate) const NUMBER: Option<fn(BorrowedFd<'_>) -> i32> = Some(|source| source.as_raw_fd());

/// The handle that Windows has in place of a number.
pub(crate) const WAIT_HANDLE: Option<fn(BorrowedFd<'_>) -> io::Result<*mut c_void>> = None;
