//! The connections of a client, for calls that are waited for: each has one to itself.

#[cfg(test)]
mod tests;

use super::calls::Calls;
use super::flight::Flight;
use super::lanes::{Found, Lane, Lanes, PANICKED, Seen, Taken, Waiter, Waiting};
use super::loans::Loan;
use crate::error::{Error, Result, Status};
use crate::sys::place::Place;
use crate::sys::try_lock::{Attendant, Untaken};
use crate::transport::Deadline;

/// The connections of a client, and the calls over them that nobody waits for.
pub(super) struct Pool {
    pub(super) lanes: Lanes,
    pub(super) flight: Flight,
}

/// A connection that a call has to itself.
pub(super) struct Held<'a> {
    number: usize,
    lane: Taken<'a, Pool>,
}

/// A lane was given back for which somebody waits.
impl Attendant for Pool {
    #[cold]
    fn given_back(&self) {
        if let Some(waiting) = self.lanes.waiting().filter(|waiting| waiting.is_awaited()) {
            waiting.wake();
            self.flight.resume(&self.lanes);
        }
    }
}

impl Pool {
    pub(super) fn new(lanes: Lanes, flight: Flight) -> Self {
        Self { lanes, flight }
    }

    /// The connection that this thread looks at first, if a call can have it at once.
    #[inline]
    pub(super) fn own(&self) -> Option<Held<'_>> {
        let (number, lane) = self.lanes.own(self)?;
        Some(Held { number, lane })
    }

    /// A connection for one call, which waits for it until the deadline at most, if calls wait at all.
    pub(super) fn hold(&self, deadline: &Deadline) -> Result<Held<'_>> {
        match self.lanes.only(self) {
            Some(only) => self.give_back(only.map_err(|why| self.taken(why))?, deadline),
            None => self.hold_one_of_many(deadline),
        }
    }

    /// The only lane, once calls that are in flight have given its connection back.
    fn give_back<'a>(&'a self, mut lane: Taken<'a, Self>, deadline: &Deadline) -> Result<Held<'a>> {
        match *lane {
            Lane::InFlight => {
                *lane = Lane::Free(self.flight.give_back(&self.lanes, 0, deadline)?);
            }
            Lane::Loaned => return Err(self.flight.taken()),
            _ => {}
        }
        Ok(Held { number: 0, lane })
    }

    /// A lane of several, which others ask for who wait.
    fn held<'a>(&'a self, number: usize, lane: Taken<'a, Self>) -> Held<'a> {
        if self.lanes.waiting().is_some_and(Waiting::is_awaited) {
            lane.ask();
        }
        Held { number, lane }
    }

    fn hold_one_of_many(&self, deadline: &Deadline) -> Result<Held<'_>> {
        deadline.begin(); // Waiting and connecting take of its time.
        let waiting = self.lanes.waiting();
        if let Some(waiting) = waiting {
            waiting.let_others_go_first();
        }
        let is_wanted = || !self.flight.is_stopped();
        let mut waiter = None;
        loop {
            let seen = match self
                .lanes
                .find(self, |lane| self.flight.give_back_at_once(lane))
            {
                Found::Free(number, lane) => return Ok(self.held(number, lane)),
                Found::Vacant(number, mut lane, seen) => {
                    match self.lanes.open(number, &mut lane, &is_wanted, deadline) {
                        Ok(()) => return Ok(self.held(number, lane)),
                        Err(_) if !is_wanted() => return Err(self.flight.stopped()),
                        Err(error) if !seen.has_living() => return Err(error),
                        Err(_) => seen, // It has to do with those that there are.
                    }
                }
                Found::None(seen) => seen,
            };
            match (waiting, &mut waiter) {
                (Some(waiting), None) if seen.is_taken => waiter = Some(waiting.join()),
                (Some(_), Some(waiter)) if seen.is_taken => self.wait(waiter, deadline)?,
                _ => self.wait_for_return(seen, deadline)?,
            }
        }
    }

    /// Waits until a lane may be free.
    fn wait(&self, waiter: &mut Waiter<'_>, deadline: &Deadline) -> Result<()> {
        if self.flight.is_stopped() {
            return Err(self.flight.stopped());
        }
        if waiter.sleep(deadline) {
            return Ok(());
        }
        let limit = deadline.limit().unwrap_or_default();
        let why = format!("other calls had all connections for {limit:?}");
        Err(self.flight.turned_away(Status::TimedOut, why))
    }

    /// Waits until a connection of calls that nobody waits for may come back, if these are all that live.
    fn wait_for_return(&self, seen: Seen, deadline: &Deadline) -> Result<()> {
        match seen.lost {
            _ if seen.is_taken => Err(self.flight.taken()),
            Some(error) if seen.in_flight == 0 => Err(error.not_executed()),
            _ => self
                .flight
                .await_return(&self.lanes, seen.in_flight, deadline),
        }
    }

    /// Whether the call may go on over another connection, since the server refused this one with that error.
    #[cold]
    pub(super) fn may_go_elsewhere(&self, mut held: Held<'_>, error: &Error) -> bool {
        error.status() == Status::Refused && self.lanes.refused(held.number, &mut held.lane, error)
    }

    /// The host has this connection, with the memory at `place`, until it is taken back.
    pub(super) fn loan(
        &self,
        mut held: Held<'_>,
        place: Place,
        loan: impl FnOnce(Calls) -> Loan,
    ) -> Result<()> {
        self.lanes.loan(held.number, &mut held.lane, place, loan)
    }

    /// Takes back the connection of the memory at this place, for whoever waits.
    pub(super) fn take_back(&self, place: Place) {
        if self.lanes.take_back(place, self) {
            self.given_back();
        }
    }

    /// All calls end, and what comes after does so at once. Async-signal-safe.
    pub(super) fn stop(&self) {
        self.flight.stop();
        self.lanes.hang_up();
    }

    #[cold]
    fn taken(&self, why: Untaken) -> Error {
        match why {
            Untaken::Busy => self.flight.taken(),
            Untaken::Poisoned => self.flight.turned_away(Status::Internal, PANICKED),
        }
    }
}

impl Held<'_> {
    /// The calls of the connection.
    #[inline]
    pub(super) fn calls(&mut self) -> Result<&mut Calls> {
        self.lane.calls()
    }
}
