//! Connections in flight that come back, for calls that are waited for.

use super::Flight;
use super::aloft::Aloft;
use crate::error::{Error, Result, Status};
use crate::service::calls::Calls;
use crate::service::lanes::{Landed, Lanes};
use crate::transport::Deadline;

impl Flight {
    /// The connection of this lane, for a call that is waited for, if no call that nobody waits for needs it any more.
    pub(in crate::service) fn land_at_once(&self, lane: usize) -> Landed {
        let mut state = self.lock();
        state.drop_late();
        state.land(lane, self.watch.get(), Aloft::is_over)
    }

    /// The connection of this lane, for a call that is waited for. [`Status::Busy`] while a call that nobody waits for is
    /// not told of; what is owed to those that are is awaited within the deadline.
    pub(in crate::service) fn land(
        &self,
        lanes: &Lanes,
        lane: usize,
        deadline: &Deadline,
    ) -> Result<Calls> {
        deadline.begin();
        let mut state = self.lock();
        loop {
            let is_open = |place| state.fleet.get(place).is_some_and(Aloft::is_open);
            let Some(is_open) = state.place_of(lane).map(is_open) else {
                return Err(self.turned_away(Status::Internal, "a connection is lost"));
            };
            if is_open || (lanes.count() == 1 && state.has_open()) {
                return Err(self.has_open());
            }
            state.drop_late();
            if let Landed::Calls(calls) = state.land(lane, self.watch.get(), Aloft::is_over) {
                return Ok(calls);
            }
            if deadline.has_passed() {
                let limit = deadline.limit().unwrap_or_default();
                let context = format!("the answers to earlier calls did not come within {limit:?}");
                return Err(Error::new(Status::TimedOut, context)
                    .at(&self.peer)
                    .not_executed());
            }
            if self.is_stopped() {
                return Err(self.stopped());
            }
            let slept = self.sleep(state, lanes, deadline);
            state = slept.map_err(Error::not_executed)?;
        }
    }

    /// The lane of a connection in flight that may land once the answers to calls that are over have come. [`Status::Busy`]:
    /// all of them have calls to be told of. `None`: it is not so any more. Where the first one is still being made, it is
    /// waited for until the deadline.
    pub(in crate::service) fn landing(
        &self,
        lanes: &Lanes,
        deadline: &Deadline,
    ) -> Result<Option<usize>> {
        let state = self.lock();
        match state.fleet.iter().find(|aloft| !aloft.is_open()) {
            Some(aloft) => Ok(Some(aloft.lane)),
            None if !state.fleet.is_empty() => Err(self.has_open()),
            None if self.is_stopped() => Err(self.stopped()),
            None if !state.runway.is_empty() && deadline.has_passed() => {
                let why = "a connection was not made in time";
                Err(self.turned_away(Status::TimedOut, why))
            }
            None if !state.runway.is_empty() => {
                let slept = self.sleep(state, lanes, deadline);
                slept.map(|_| None).map_err(Error::not_executed)
            }
            None => Ok(None),
        }
    }

    #[cold]
    fn has_open(&self) -> Error {
        let why = "calls that nobody waits for have the connection; take their completions first";
        self.turned_away(Status::Busy, why)
    }
}
