//! Private memory for the messages of loans.

use crate::sys::loan_room::LoanRoom;

/// Room of this side's own for loans, kept for the next one.
#[derive(Debug)]
pub(super) struct Rooms {
    /// For requests, where the transport lends none.
    pub(super) request: LoanRoom,
    /// For answers that are not read where they come.
    pub(super) answer: LoanRoom,
    /// The last loan is of the transport's memory.
    pub(super) is_transports: bool,
}

/// Room of more bytes than this goes with its loan.
const KEPT: usize = 4 << 20;

impl Rooms {
    pub(super) const fn none() -> Self {
        Self {
            request: LoanRoom::empty(),
            answer: LoanRoom::empty(),
            is_transports: false,
        }
    }

    /// Gives back what is not worth keeping.
    pub(super) fn trim(&mut self) {
        for room in [&mut self.request, &mut self.answer] {
            if room.len() > KEPT {
                *room = LoanRoom::empty();
            }
        }
    }
}
