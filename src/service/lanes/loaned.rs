//! Lanes whose connections the host has, with memory for a request.

use super::cell::{Nobody, lost};
use super::{Lane, LaneCell, Lanes};
use crate::error::Result;
use crate::service::calls::Calls;
use crate::service::loans::Loan;
use crate::sys::place::Place;
use crate::sys::try_lock::{Attendant, Guard, Untaken};

/// A loan that a call over it has to itself.
pub(in crate::service) type TakenLoan<'a> = Guard<'a, Option<Loan>, Nobody>;

impl Lanes {
    /// The connection of this lane, which is locked, goes to the host with the memory at `place`.
    pub(in crate::service) fn loan(
        &self,
        number: usize,
        lane: &mut Lane,
        place: Place,
        loan: impl FnOnce(Calls) -> Loan,
    ) -> Result<()> {
        let cell = self.cells.get(number).ok_or_else(lost)?;
        cell.loan(lane, place, loan)
    }

    /// The loan with the memory at this place, unless a call over it is under way; `None`: there is none.
    pub(in crate::service) fn loaned(
        &self,
        place: Place,
    ) -> Option<std::result::Result<TakenLoan<'_>, Untaken>> {
        let cell = self.loaning(place)?;
        match cell.loan.try_lock(&Nobody) {
            Ok(_) if !cell.has_loaned(place) => None, // It was given back meanwhile.
            loan => Some(loan),
        }
    }

    /// The lane of the memory at this place has its connection back, if it is no longer needed for a call; whether it was.
    pub(in crate::service) fn take_back(&self, place: Place, attendant: &impl Attendant) -> bool {
        let Some(cell) = self.loaning(place) else {
            return false;
        };
        let Some(loan) = cell.end_loan(place) else {
            return false;
        };
        cell.give_back(loan.into_calls(), attendant);
        true
    }

    fn loaning(&self, place: Place) -> Option<&LaneCell> {
        self.cells.iter().find(|cell| cell.has_loaned(place))
    }
}
