//! A lane of a client's: whose its connection is, and what ends the waits on it.

use crate::error::{Error, Result, Status};
use crate::service::calls::Calls;
use crate::service::loans::Loan;
use crate::sys::Hangup;
use crate::sys::place::Place;
use crate::sys::try_lock::{Attendant, Guard, TryLock, Untaken};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use std::{mem, thread};

/// Whose a connection is. Whoever calls over it has the lane locked.
pub(in crate::service) enum Lane {
    /// There is none: it is made when it is needed.
    Vacant,
    /// The next call's, which has it to itself.
    Free(Calls),
    /// That of calls which nobody waits for.
    InFlight,
    /// That of a loan, in the cell.
    Loaned,
    /// The server refused it, with this error and then, and it is done without.
    Lost(Error, Instant),
}

/// A lane that was tried.
pub(in crate::service) type Tried<'a, A> = std::result::Result<Taken<'a, A>, Untaken>;

/// A lane that this thread has, and who is told when it is given back if others have asked for it.
pub(in crate::service) type Taken<'a, A> = Guard<'a, Lane, A>;

impl Lane {
    /// The calls of its connection, which nobody else has.
    #[inline]
    pub(in crate::service) fn calls(&mut self) -> Result<&mut Calls> {
        match self {
            Self::Free(calls) => Ok(calls),
            _ => Err(lost()),
        }
    }

    /// Whether a call can go over its connection now, as far as is known.
    #[inline]
    pub(super) fn is_free(&self) -> bool {
        matches!(self, Self::Free(Calls { end: None, .. }))
    }
}

/// There is a bug: a lane has no connection where it has to have one.
#[cold]
pub(in crate::service) fn lost() -> Error {
    Error::new(Status::Internal, "a connection is lost").not_executed()
}

/// Why a lane is of no use that a call has left by a panic.
pub(in crate::service) const PANICKED: &str = "an earlier call on this client panicked";

#[cold]
pub(super) fn panicked() -> Error {
    Error::new(Status::Internal, PANICKED).not_executed()
}

/// A lane, and what ends the waits on its connection. Two cache lines, which CPUs fetch together, are its own: threads that
/// have lanes beside each other are not to wait for each other's.
#[repr(align(128))]
pub(super) struct LaneCell {
    pub(super) lane: TryLock<Lane>,
    pub(super) hangup: Hangup,
    /// What the host has of the lane's connection. Whoever has this locked never waits for the lane. While there is nothing, it is
    /// locked for a moment at most.
    pub(super) loan: TryLock<Option<Loan>>,
    /// The address of that memory, by which it is found; 0: there is none.
    loaned_at: AtomicUsize,
}

impl LaneCell {
    /// One without a connection.
    pub(super) fn new() -> Self {
        Self {
            lane: TryLock::new(Lane::Vacant),
            hangup: Hangup::new(),
            loan: TryLock::new(None),
            loaned_at: AtomicUsize::new(0),
        }
    }

    /// One with this connection.
    pub(super) fn with(calls: Calls) -> Self {
        let mut cell = Self::new();
        cell.hangup.watch(&calls.channel.lifeline());
        *cell.lane.get_mut() = Lane::Free(calls);
        cell
    }

    /// Takes the lane; with `asks`, whoever has it is asked for it. `attendant` is told if others ask for it from then on.
    pub(super) fn take<'a, A: Attendant>(&'a self, asks: bool, attendant: &'a A) -> Tried<'a, A> {
        loop {
            match self.lane.try_lock(attendant) {
                Err(Untaken::Busy) if asks && !self.lane.ask() => {} // It was given back meanwhile.
                taken => return taken,
            }
        }
    }

    /// The lane has this connection.
    pub(super) fn fill(&self, lane: &mut Lane, calls: Calls) {
        self.hangup.watch(&calls.channel.lifeline());
        *lane = Lane::Free(calls);
    }

    /// The lane has no connection any more.
    pub(super) fn empty(&self, lane: &mut Lane) {
        self.hangup.forget();
        *lane = Lane::Vacant;
    }

    /// Whether the host has the memory at this place of the lane's.
    pub(super) fn has_loaned(&self, place: Place) -> bool {
        self.loaned_at.load(Ordering::Acquire) == place.address()
    }

    /// The connection of the lane, which is locked, goes to the host with the memory at `place`.
    pub(super) fn loan(
        &self,
        lane: &mut Lane,
        place: Place,
        loan: impl FnOnce(Calls) -> Loan,
    ) -> Result<()> {
        let mut lent = self.lock_loan().ok_or_else(lost)?;
        match mem::replace(lane, Lane::Loaned) {
            Lane::Free(calls) => *lent = Some(loan(calls)),
            other => {
                *lane = other;
                return Err(lost());
            }
        }
        self.loaned_at.store(place.address(), Ordering::Release);
        Ok(())
    }

    /// What the host has, locked, which those have for a moment who come too late with a loan that has ended; `None`: it is
    /// poisoned.
    fn lock_loan(&self) -> Option<Guard<'_, Option<Loan>, Nobody>> {
        loop {
            match self.loan.try_lock(&Nobody) {
                Ok(loan) => return Some(loan),
                Err(Untaken::Busy) => thread::yield_now(),
                Err(Untaken::Poisoned) => return None,
            }
        }
    }

    /// Ends the loan of the memory at this place, unless a call over it is under way.
    pub(super) fn end_loan(&self, place: Place) -> Option<Loan> {
        let mut loan = self.loan.try_lock(&Nobody).ok()?;
        if !self.has_loaned(place) {
            return None; // Another thread was faster.
        }
        self.loaned_at.store(0, Ordering::Release);
        loan.take()
    }

    /// The lane has its connection back from the host, whose loan has ended.
    pub(super) fn give_back(&self, calls: Calls, attendant: &impl Attendant) {
        loop {
            match self.lane.try_lock(attendant) {
                Ok(mut lane) => {
                    *lane = Lane::Free(calls);
                    return;
                }
                // Others only look at a lane that is loaned, and go on.
                Err(Untaken::Busy) => thread::yield_now(),
                Err(Untaken::Poisoned) => return,
            }
        }
    }
}

/// Nobody asks for a loan.
pub(in crate::service) struct Nobody;

impl Attendant for Nobody {
    fn given_back(&self) {}
}
