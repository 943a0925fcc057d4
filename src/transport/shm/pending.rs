//! What calls over shared memory that nobody waits for are answered next.

use std::ops::Range;

/// What is answered next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pending {
    /// Nothing: the line is free.
    None,
    /// One request.
    Single,
    /// So many requests, published as one.
    Batch(u32),
    /// So many requests as one, whose answers lie in this part of the room.
    Answers(u32, Range<usize>),
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
