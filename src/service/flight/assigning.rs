//! Which connection a call goes over that nobody waits for: one in flight, one that is made for it, or the first that is
//! free again.

#[cfg(test)]
mod tests;

use super::Flight;
use super::connection::Connection;
use super::queue::{IN_FLIGHT_MAX, Queue};
use super::state::State;
use super::watch::Connecting;
use crate::error::{Error, Result, Status};
use crate::service::lanes::{Lane, Lanes, Lent, PAUSE};
use std::mem;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::fence;
use std::time::Instant;

/// Where a call goes.
pub(super) enum Place {
    /// To this connection in flight.
    Connection(usize),
    /// To those that wait for one.
    Unassigned,
}

impl Flight {
    /// Where a call goes whose frame has this length: to a connection that is idle, or to another one that is made, or to the
    /// one in flight with the fewest calls, or to those that wait while calls that are waited for have all lanes.
    /// So many are `waiting`, this one included.
    pub(super) fn place(
        &self,
        state: &mut State,
        lanes: &Lanes,
        length: usize,
        waiting: usize,
    ) -> Result<Place> {
        let most = IN_FLIGHT_MAX.saturating_mul(lanes.count());
        if state.len() >= most && !state.has_open() {
            state.drop_late();
        }
        let itself = (state.unassigned.len() + 1).saturating_sub(waiting); // It may be one of those that wait.
        if state.len() - itself >= most {
            return Err(self.too_many());
        }
        while let Some(idle) = state.least_busy(Queue::is_empty) {
            let connection = state.connections.get_mut(idle);
            if !lanes.reconnects() || connection.is_some_and(Connection::is_alive) {
                return Ok(Place::Connection(idle));
            }
        }
        let lent = match self.borrow(state, lanes, waiting) {
            Lent::Calls(lane, calls) => {
                let connection = Connection::new(lane, calls);
                let can_ask = connection.end().is_none();
                state.connections.push(connection);
                return match can_ask {
                    true => Ok(Place::Connection(state.connections.len() - 1)),
                    false => self.place(state, lanes, length, waiting), // It is given back, as one that has ended.
                };
            }
            Lent::Opening(lane, opening) => {
                state.connecting.push(Connecting::new(lane, opening));
                Lent::Taken
            }
            lent => lent,
        };
        let has_room = |queue: &Queue| queue.has_room(length, self.max_message);
        let has_place = |queue: &Queue| queue.len() < IN_FLIGHT_MAX && has_room(queue);
        if !state.connecting.is_empty() && has_place(&state.unassigned) {
            return Ok(Place::Unassigned); // For the connection that is being made, or one that is idle before.
        }
        match (lent, state.least_busy(has_place)) {
            (_, Some(place)) => Ok(Place::Connection(place)),
            (Lent::Lost(error), None) => Err(error.not_executed()),
            (Lent::Taken, None) if lanes.waiting().is_some() && has_place(&state.unassigned) => {
                Ok(Place::Unassigned)
            }
            (Lent::Taken, None) if state.connections.is_empty() => Err(self.taken()),
            (_, None) if state.least_busy(has_room).is_some() => Err(self.too_many()),
            (_, None) => {
                let why = "too many bytes wait to be sent; take completions first";
                Err(self.turned_away(Status::Busy, why))
            }
        }
    }

    /// A connection from the lanes. Those that have ended are given back to them before.
    fn borrow(&self, state: &mut State, lanes: &Lanes, waiting: usize) -> Lent {
        let has_ended =
            |connection: &Connection| connection.end().is_some() && connection.is_over();
        // One that could not be made is tried again after a pause, unless there is no other.
        let has_failed = state.failed.is_some_and(|failed| failed.elapsed() < PAUSE);
        let may_open =
            state.connecting.len() < waiting && (state.connections.is_empty() || !has_failed);
        lanes.lend(may_open, |lane| {
            state.give_back(lane, self.watch.get(), has_ended)
        })
    }

    /// Goes on with connections that are being made. If none is left, and none that lives, the calls that wait for one end.
    fn go_on(&self, state: &mut State, lanes: &Lanes) {
        let mut failure = None;
        for connecting in mem::take(&mut state.connecting) {
            let lane = connecting.lane;
            match lanes.go_on(lane, connecting.end(self.watch.get())) {
                Ok(Lent::Opening(lane, opening)) => {
                    state.connecting.push(Connecting::new(lane, opening));
                }
                Ok(Lent::Calls(lane, calls)) => {
                    state.connections.push(Connection::new(lane, calls))
                }
                Ok(_) => {}
                Err(error) => {
                    state.unopened.push(lane);
                    failure = Some(error);
                }
            }
        }
        let Some(failure) = failure else { return };
        state.failed = Some(Instant::now());
        let lives = |connection: &Connection| connection.end().is_none();
        let has_hope = !state.connecting.is_empty() || state.connections.iter().any(lives);
        if !has_hope && !lanes.has_taken_or_free() {
            state.fail_unassigned(&failure.not_executed());
        }
    }

    /// Lets calls that wait for a connection have one, where there is one.
    fn assign(&self, state: &mut State, lanes: &Lanes) {
        while let Some(length) = state.unassigned.first_length() {
            let waiting = state.unassigned.len();
            match self.place(state, lanes, length, waiting) {
                Ok(Place::Connection(place)) => {
                    let Some(connection) = state.connections.get_mut(place) else {
                        break;
                    };
                    if let Err(error) = state.unassigned.move_first(&mut connection.queue) {
                        let error = error.at(&self.peer);
                        state.fail_unassigned(&error);
                    }
                }
                Ok(Place::Unassigned) => break,
                Err(error) if error.status() == Status::Busy => break,
                Err(error) => state.fail_unassigned(&error),
            }
        }
    }

    /// Lets calls go on elsewhere that a connection which has ended leaves behind, and ends all if the client was stopped.
    pub(super) fn see_to_ends(&self, state: &mut State, lanes: &Lanes) {
        if self.is_stopped() {
            state.fail(&self.stopped());
        }
        self.give_up_refused(state, lanes);
        self.go_on(state, lanes);
        self.count_unassigned(state, lanes); // Before it is looked for a lane, as threads are that wait.
        fence(SeqCst);
        if !state.unassigned.is_empty() {
            self.assign(state, lanes);
        }
        self.count_unassigned(state, lanes);
    }

    /// Counts the calls that wait for a connection among those who do, or no longer.
    fn count_unassigned(&self, state: &mut State, lanes: &Lanes) {
        if let Some(waiting) = lanes.waiting() {
            let waits = !state.unassigned.is_empty();
            if waits != mem::replace(&mut state.is_counted, waits) {
                waiting.count(waits);
            }
        }
    }

    /// Lets the calls of connections that the server refused wait for others.
    fn give_up_refused(&self, state: &mut State, lanes: &Lanes) {
        let refused = |connection: &Connection| connection.was_refused() && connection.is_open();
        while let Some(place) = state.connections.iter().position(refused) {
            let Some(connection) = state.connections.get_mut(place) else {
                return;
            };
            let error = connection.end().cloned();
            let starts_again =
                lanes.count() > 1 && connection.start_again_in(&mut state.unassigned);
            let Some(error) = error else { return };
            if !starts_again {
                connection.end_all(&error, &mut state.done);
            }
            let Some(mut lane) = lanes.lane(connection.lane) else {
                return; // Somebody looks at it: it is found to be over then.
            };
            let number = connection.lane;
            *lane = Lane::Free(
                state
                    .connections
                    .swap_remove(place)
                    .give_back(self.watch.get()),
            );
            lanes.refused(number, &mut lane, &error);
        }
    }

    fn too_many(&self) -> Error {
        let why = "as many calls as it may have are under way, or were not told of; take completions first";
        self.turned_away(Status::Busy, why)
    }
}
