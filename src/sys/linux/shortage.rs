//! What this process, or the system, has too little of: errno(3).

use std::io;

/// Whether the error says that this process, or the system, has too little of something for now.
pub(crate) fn is_shortage(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM | libc::ENOBUFS | libc::ENOSPC)
    )
}
