//! Texts of the Rust side as C strings, made when this library is compiled: no list is kept twice.

use std::ffi::c_char;

/// A NUL-terminated copy of a text.
#[derive(Clone, Copy)]
pub(super) struct StaticText([u8; Self::CAPACITY]);

impl StaticText {
    /// Bytes of the longest text and its NUL. A longer one does not compile.
    const CAPACITY: usize = 40;

    /// The empty text, to be copied over.
    pub(super) const EMPTY: Self = Self([0; Self::CAPACITY]);

    #[expect(clippy::indexing_slicing, reason = "runs when compiled")]
    pub(super) const fn new(text: &str) -> Self {
        assert!(text.len() < Self::CAPACITY);
        let mut copy = Self::EMPTY;
        let mut at = 0;
        while at < text.len() {
            copy.0[at] = text.as_bytes()[at];
            at += 1;
        }
        copy
    }

    /// A pointer for C, valid as long as the program runs.
    pub(super) const fn as_ptr(&'static self) -> *const c_char {
        self.0.as_ptr().cast()
    }
}
