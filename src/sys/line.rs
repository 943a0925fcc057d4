//! What shared memory is laid out in, whatever system maps it: cache lines.

use super::atomic::{Mapped, Memory};

/// The bytes of a [`Line`].
pub(crate) const LINE: usize = 64;
/// The words of data in a [`Line`].
pub(crate) const LINE_WORDS: usize = 7;

/// One cache line of shared memory: a word that says whose turn it is, and data.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Line<M: Memory = Mapped> {
    /// Whose turn it is; a side may sleep until it changes.
    pub(crate) word: M::Word,
    /// The CPU that its writer ran on.
    pub(crate) cpu: M::Half,
    /// What kind of message is handed over.
    pub(crate) kind: M::Half,
    /// What is handed over.
    pub(crate) data: [M::Data; LINE_WORDS],
}

const _: () = {
    assert!(size_of::<Line>() == LINE && align_of::<Line>() == LINE);
    assert!(std::mem::offset_of!(Line, word) == 0);
    assert!(std::mem::offset_of!(Line, cpu) == 4);
    assert!(std::mem::offset_of!(Line, kind) == 6);
    assert!(std::mem::offset_of!(Line, data) == 8);
};

/// Memory in lines.
pub(crate) trait Page {
    /// What its atomics are.
    type Memory: Memory;

    /// The line with this number, which has to be inside.
    fn line(&self, number: usize) -> &Line<Self::Memory>;
}
