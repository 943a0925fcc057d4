//! What calls over shared memory that nobody waits for are answered next.

use std::ops::Range;

/// What the server answers next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pending {
    /// Nothing: the line is free.
    None,
    /// One request.
    Single,
    /// So many requests, published as one.
    Batch(u32),
    /// So many requests of calls that are over, published as one by those who waited.
    Owed(u32),
}

impl Pending {
    pub(super) fn owed(count: u32) -> Self {
        match count {
            0 => Self::None,
            count => Self::Owed(count),
        }
    }
}

/// Answers that were copied out, to free the line, and not taken yet. They come before what is pending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Arrived {
    /// The length of the first, which came in a line.
    pub(super) line: Option<usize>,
    /// How many others came with a batch, and the part of the room where they lie.
    pub(super) count: u32,
    pub(super) rest: Range<usize>,
}
