//! Private memory for the messages of loans.

use crate::error::Result;
use crate::sys::loan_room::LoanRoom;
use crate::transport::InPlace;

/// Room of this side's own for loans, kept for the next one.
#[derive(Debug)]
pub(super) struct Rooms {
    /// For requests, where the transport lends none.
    pub(super) request: LoanRoom,
    /// For answers that are not read where they come.
    pub(super) answer: LoanRoom,
    /// How many bytes of that were written to at most. The rest, of which the system has lent nothing, costs nothing to keep, and
    /// making it anew for each loan costs zeros for all of it, where malloc(3) has such room already.
    answered: usize,
    /// The memory that was lent last is the transport's.
    pub(super) is_of_transport: bool,
}

/// Room of which more bytes than this were lent, or written to, goes with its loan.
const KEPT: usize = 4 << 20;

impl Rooms {
    pub(super) const fn none() -> Self {
        Self {
            request: LoanRoom::empty(),
            answer: LoanRoom::empty(),
            answered: 0,
            is_of_transport: false,
        }
    }

    /// Gives back what is not worth keeping.
    pub(super) fn trim(&mut self) {
        if self.request.len() > KEPT {
            self.request = LoanRoom::empty();
        }
        if self.answered > KEPT {
            self.answer = LoanRoom::empty();
            self.answered = 0;
        }
    }

    /// Takes note of an answer, which lies in the room for it, or elsewhere. Of one that did not come, any part may lie there.
    pub(super) fn note(&mut self, answer: &Result<InPlace>) {
        let written = match answer {
            Ok(answer) if answer.place != self.answer.place() => 0,
            Ok(answer) => answer.length,
            Err(_) => self.answer.len(),
        };
        self.answered = self.answered.max(written);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, Status};

    /// Whether room for long answers is kept after these.
    fn is_kept(answers: impl Fn(&Rooms) -> Vec<Result<InPlace>>) -> bool {
        let mut rooms = Rooms::none();
        rooms.answer.grow(2 * KEPT).unwrap();
        for answer in answers(&rooms) {
            rooms.note(&answer);
        }
        rooms.trim();
        !rooms.answer.is_empty()
    }

    #[test]
    fn room_is_kept_unless_much_of_it_was_written_to() {
        let other = LoanRoom::new(1).unwrap();
        let here = |rooms: &Rooms, length| InPlace {
            place: rooms.answer.place(),
            length,
        };
        let elsewhere = InPlace {
            place: other.place(),
            length: 2 * KEPT,
        };
        assert!(is_kept(|_| vec![]));
        assert!(is_kept(|rooms| vec![Ok(here(rooms, KEPT)), Ok(elsewhere)]));
        assert!(!is_kept(|rooms| vec![
            Ok(here(rooms, KEPT + 1)),
            Ok(here(rooms, 1))
        ]));
        let late = || Error::new(Status::TimedOut, "a part has come");
        assert!(!is_kept(|_| vec![Err(late())]));
    }

    #[test]
    fn room_for_long_requests_goes_with_its_loan() {
        for (length, is_kept) in [(1, true), (KEPT + 1, false)] {
            let mut rooms = Rooms::none();
            rooms.request.grow(length).unwrap();
            rooms.trim();
            assert_eq!(!rooms.request.is_empty(), is_kept);
        }
    }
}
