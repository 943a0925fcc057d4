//! What can be watched: a descriptor, whoever owns it.

use std::os::fd::{AsFd, BorrowedFd};

/// What a poller watches and a wait waits for, borrowed from its owner.
pub(crate) type Source<'a> = BorrowedFd<'a>;

/// What can be watched.
pub(crate) trait AsSource {
    /// What of it is watched.
    fn as_source(&self) -> Source<'_>;
}

impl<T: AsFd> AsSource for T {
    #[inline]
    fn as_source(&self) -> Source<'_> {
        self.as_fd()
    }
}
