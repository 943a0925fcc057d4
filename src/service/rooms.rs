//! Private memory for the messages of loans.

use crate::sys::loan_room::LoanRoom;
use crate::sys::room::NoMemory;

/// Room of this side's own for loans, kept for the next one.
#[derive(Debug)]
pub(super) struct Rooms {
    /// For requests, where the transport lends none.
    pub(super) request: LoanRoom,
    /// For answers that cannot be read where they come.
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

    /// Makes room for requests of so many bytes.
    pub(super) fn make_for_request(&mut self, length: usize) -> Result<(), NoMemory> {
        grow(&mut self.request, length)
    }

    /// Makes room for answers of so many bytes.
    pub(super) fn make_for_answers(&mut self, length: usize) -> Result<(), NoMemory> {
        grow(&mut self.answer, length)
    }
}

/// Makes the room as long as that, and of a byte at least.
fn grow(room: &mut LoanRoom, length: usize) -> Result<(), NoMemory> {
    if room.len() < length.max(1) {
        *room = LoanRoom::empty(); // Given back before.
        *room = LoanRoom::new(length)?;
    }
    Ok(())
}
