//! The connections of a client, for calls that are waited for: each has one to itself.

use super::calls::Calls;
use super::flight::Flight;
use super::lanes::{Found, Lane, Lanes, PANICKED, Seen, Waiter, Waiting};
use crate::error::{Error, Result, Status};
use crate::transport::Deadline;
use std::sync::{MutexGuard, TryLockError};

/// The connections of a client, and the calls over them that nobody waits for.
pub(super) struct Pool {
    pub(super) lanes: Lanes,
    pub(super) flight: Flight,
}

/// A connection that a call has to itself.
pub(super) struct Held<'a> {
    number: usize,
    lane: MutexGuard<'a, Lane>,
    // Dropped after the lane is unlocked: fields are dropped in the order of their declaration.
    _released: Released<'a>,
}

/// Tells others that a lane may be free.
struct Released<'a>(&'a Pool);

impl Drop for Released<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.0.lanes.waiting().is_some_and(Waiting::is_awaited) {
            self.0.released();
        }
    }
}

impl Pool {
    pub(super) fn new(lanes: Lanes, flight: Flight) -> Self {
        Self { lanes, flight }
    }

    /// The only lane, where there is but one and its connection is never made anew.
    #[inline]
    pub(super) fn only(&self) -> Option<Result<MutexGuard<'_, Lane>>> {
        let only = self.lanes.only()?;
        Some(only.map_err(|error| self.taken(&error)))
    }

    /// The calls of the only lane. Where they are in flight, they have landed first.
    #[inline]
    pub(super) fn calls<'a>(
        &self,
        lane: &'a mut Lane,
        deadline: &Deadline,
    ) -> Result<&'a mut Calls> {
        if let Lane::InFlight = lane {
            *lane = Lane::Free(self.flight.land(&self.lanes, 0, deadline)?);
        }
        lane.calls()
    }

    fn held<'a>(&'a self, number: usize, lane: MutexGuard<'a, Lane>) -> Held<'a> {
        Held {
            number,
            lane,
            _released: Released(self),
        }
    }

    /// A connection for one call, which waits for it until the deadline at most, if calls wait at all.
    pub(super) fn hold(&self, deadline: &Deadline) -> Result<Held<'_>> {
        deadline.begin(); // Waiting and connecting take of its time.
        let waiting = self.lanes.waiting();
        if let Some(waiting) = waiting {
            waiting.let_others_go_first();
        }
        let is_wanted = || !self.flight.is_stopped();
        let mut waiter = None;
        loop {
            let seen = match self.lanes.find(|lane| self.flight.land_at_once(lane)) {
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
                _ => self.wait_for_landing(seen, deadline)?,
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
    fn wait_for_landing(&self, seen: Seen, deadline: &Deadline) -> Result<()> {
        match seen.lost {
            _ if seen.is_taken => Err(self.flight.taken()),
            Some(error) if !seen.is_in_flight => Err(error.not_executed()),
            _ => self.flight.await_landing(&self.lanes, deadline),
        }
    }

    /// Whether the call may go on over another connection, since the server refused this one with that error.
    #[cold]
    pub(super) fn may_go_elsewhere(&self, mut held: Held<'_>, error: &Error) -> bool {
        error.status() == Status::Refused && self.lanes.refused(held.number, &mut held.lane, error)
    }

    /// A lane may be free.
    #[cold]
    fn released(&self) {
        if let Some(waiting) = self.lanes.waiting() {
            waiting.wake();
        }
        self.flight.resume(&self.lanes);
    }

    /// All calls end, and what comes after does so at once. Async-signal-safe.
    pub(super) fn stop(&self) {
        self.flight.stop();
        self.lanes.hang_up();
    }

    #[cold]
    fn taken<T>(&self, by: &TryLockError<T>) -> Error {
        match by {
            TryLockError::WouldBlock => self.flight.taken(),
            TryLockError::Poisoned(_) => self.flight.turned_away(Status::Internal, PANICKED),
        }
    }
}

impl Held<'_> {
    /// The calls of the connection.
    pub(super) fn calls(&mut self) -> Result<&mut Calls> {
        self.lane.calls()
    }
}
