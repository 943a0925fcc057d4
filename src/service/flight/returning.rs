//! Connections in flight that come back, for calls that are waited for.

#[cfg(test)]
mod tests;

use super::Flight;
use super::connection::Connection;
use super::state::State;
use crate::error::{Error, Result, Status};
use crate::service::calls::Calls;
use crate::service::lanes::{Lanes, PAUSE, Returned, lost};
use crate::transport::Deadline;
use std::sync::MutexGuard;
use std::thread;
use std::time::Duration;

/// How often one looks who cannot be told.
const NAP: Duration = Duration::from_millis(1);

impl Flight {
    /// The connection of this lane, for a call that is waited for, if no call that nobody waits for needs it any more.
    pub(in crate::service) fn give_back_at_once(&self, lane: usize) -> Returned {
        let mut state = self.lock();
        state.drop_late_of(lane);
        state.give_back(lane, self.watch.get(), Connection::is_over)
    }

    /// The connection of this lane, the only one, for a call that is waited for. [`Status::Busy`] while a call that nobody waits for is
    /// not told of; what is owed to those that are is awaited within the deadline.
    pub(in crate::service) fn give_back(
        &self,
        lanes: &Lanes,
        lane: usize,
        deadline: &Deadline,
    ) -> Result<Calls> {
        deadline.begin();
        let mut state = self.lock();
        loop {
            let is_open = |place| {
                state
                    .connections
                    .get(place)
                    .is_some_and(Connection::is_open)
            };
            let Some(is_open) = state.place_of(lane).map(is_open) else {
                return Err(lost().at(&self.peer));
            };
            if is_open || state.has_open() {
                return Err(self.has_open());
            }
            state.drop_late();
            if let Returned::Calls(calls) =
                state.give_back(lane, self.watch.get(), Connection::is_over)
            {
                return Ok(calls);
            }
            if deadline.has_passed() {
                return Err(self.too_late(deadline));
            }
            if self.is_stopped() {
                return Err(self.stopped());
            }
            state = self.sleep_until_over(state, lanes, deadline)?;
        }
    }

    /// Sleeps until something happens. Other threads may take the answers for which this one waits.
    fn sleep_until_over<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        lanes: &Lanes,
        deadline: &Deadline,
    ) -> Result<MutexGuard<'a, State>> {
        state.end_waiters += 1;
        let slept = self.sleep(state, lanes, deadline);
        let mut state = slept.map_err(|error| {
            self.lock().end_waiters -= 1;
            error.not_executed()
        })?;
        state.end_waiters -= 1;
        Ok(state)
    }

    /// Waits until a connection in flight may be given back: one that only owes answers to calls that are over, or that is being
    /// made. This thread `saw` that many in flight, and no other lane. [`Status::Busy`]: all of them have calls to be told of.
    pub(in crate::service) fn await_return(
        &self,
        lanes: &Lanes,
        saw: usize,
        deadline: &Deadline,
    ) -> Result<()> {
        let state = self.lock();
        // Another thread was faster: it has one, or gave one back.
        let is_over = state.connections.len() + state.connecting.len() < saw;
        let all_are_open = state.connections.iter().all(Connection::is_open);
        if !is_over && all_are_open && state.connecting.is_empty() {
            return Err(self.has_open());
        }
        if self.is_stopped() {
            return Err(self.stopped());
        }
        if deadline.has_passed() {
            return Err(self.too_late(deadline));
        }
        if is_over {
            return Ok(());
        }
        if state.connections.len() + state.connecting.len() == 1 && !state.has_known() {
            // Another lane may be made, or is tried again after a pause, of which no watch tells.
            let limit = match lanes.count() {
                1 => deadline.clone(),
                _ => deadline.within(PAUSE),
            };
            return self.sleep_until_over(state, lanes, &limit).map(drop);
        }
        // What others have to tell would wake this thread again and again.
        drop(state);
        thread::sleep(deadline.within(NAP).remaining().unwrap_or(NAP));
        self.settle(&mut self.lock(), lanes);
        Ok(())
    }

    #[cold]
    fn too_late(&self, deadline: &Deadline) -> Error {
        let limit = deadline.limit().unwrap_or_default();
        let why = format!("the answers to earlier calls did not come within {limit:?}");
        self.turned_away(Status::TimedOut, why)
    }

    #[cold]
    fn has_open(&self) -> Error {
        let why = "calls that nobody waits for have the connection; take their completions first";
        self.turned_away(Status::Busy, why)
    }
}
