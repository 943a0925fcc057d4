//! Where bytes lie that the host reads or writes itself.

use std::ptr::NonNull;

/// The first of some bytes that the host is handed: it reads and writes them by the rules of the C interface, and nothing
/// here looks behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(NonNull<u8>);

// SAFETY: it is a number until somebody looks behind it, which takes `unsafe` there.
unsafe impl Send for Place {}
// SAFETY: as above.
unsafe impl Sync for Place {}

impl Place {
    pub(in crate::sys) fn new(start: NonNull<u8>) -> Self {
        Self(start)
    }

    /// Where these bytes lie.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(NonNull::from(bytes).cast())
    }

    /// Where the host says that something lies; `None`: it is NULL.
    pub(crate) fn of_host(message: *const u8) -> Option<Self> {
        NonNull::new(message.cast_mut()).map(Self)
    }

    /// What the host is handed.
    #[must_use]
    pub fn as_ptr(self) -> *mut u8 {
        self.0.as_ptr()
    }

    /// The number of its address.
    pub(crate) fn address(self) -> usize {
        self.0.addr().get()
    }
}
