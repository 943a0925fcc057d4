//! Which connection a call goes over that nobody waits for: one in flight, one that is made for it, or the first that is
//! free again.

use super::Flight;
use super::aloft::Aloft;
use super::queue::{IN_FLIGHT_MAX, Queue};
use super::state::State;
use super::watch::TakingOff;
use crate::error::{Error, Result, Status};
use crate::service::lanes::{Ground, Lane, Lanes, PAUSE};
use std::mem;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::fence;
use std::time::Instant;

/// Where a call goes.
pub(super) enum Place {
    /// To this connection in flight.
    Aloft(usize),
    /// To those that wait for one.
    Grounded,
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
        let itself = (state.grounded.len() + 1).saturating_sub(waiting); // It may be one of those that wait.
        if state.len() - itself >= most {
            return Err(self.too_many());
        }
        while let Some(idle) = state.least_busy(Queue::is_empty) {
            let aloft = state.fleet.get_mut(idle);
            if !lanes.reconnects() || aloft.is_some_and(Aloft::is_alive) {
                return Ok(Place::Aloft(idle));
            }
        }
        let ground = self.take_off(state, lanes, waiting);
        let has_room = |queue: &Queue| queue.has_room(length, self.max_message);
        let has_place = |queue: &Queue| queue.len() < IN_FLIGHT_MAX && has_room(queue);
        let ground = match ground {
            Ground::Opening(lane, opening) => {
                state.runway.push(TakingOff::new(lane, opening));
                Ground::Taken
            }
            ground => ground,
        };
        if !state.runway.is_empty() && has_place(&state.grounded) {
            return Ok(Place::Grounded); // For the connection that is being made, or one that is idle before.
        }
        match (ground, state.least_busy(has_place)) {
            (Ground::Calls(lane, calls), _) => {
                let aloft = Aloft::new(lane, calls);
                let can_ask = aloft.end().is_none();
                state.fleet.push(aloft);
                match can_ask {
                    true => Ok(Place::Aloft(state.fleet.len() - 1)),
                    false => self.place(state, lanes, length, waiting), // It is given back, as one that has ended.
                }
            }
            (_, Some(place)) => Ok(Place::Aloft(place)),
            (Ground::Lost(error), None) => Err(error.not_executed()),
            (Ground::Taken, None) if lanes.waiting().is_some() && has_place(&state.grounded) => {
                Ok(Place::Grounded)
            }
            (Ground::Taken, None) if state.fleet.is_empty() => Err(self.taken()),
            (_, None) if state.least_busy(has_room).is_some() => Err(self.too_many()),
            (_, None) => {
                let why = "too many bytes wait to be sent; take completions first";
                Err(self.turned_away(Status::Busy, why))
            }
        }
    }

    /// A connection from the lanes. Those that have ended are given back to them before.
    fn take_off(&self, state: &mut State, lanes: &Lanes, waiting: usize) -> Ground {
        let has_ended = |aloft: &Aloft| aloft.end().is_some() && aloft.is_over();
        // One that could not be made is tried again after a pause, unless there is no other.
        let has_failed = state.failed.is_some_and(|failed| failed.elapsed() < PAUSE);
        let may_open = state.runway.len() < waiting && (state.fleet.is_empty() || !has_failed);
        lanes.take_off(may_open, |lane| {
            state.land(lane, self.watch.get(), has_ended)
        })
    }

    /// Goes on with connections that are being made. If none is left, and none that lives, the calls that wait for one end.
    fn go_on(&self, state: &mut State, lanes: &Lanes) {
        let mut failure = None;
        for taking_off in mem::take(&mut state.runway) {
            let lane = taking_off.lane;
            match lanes.go_on(lane, taking_off.end(self.watch.get())) {
                Ok(Ground::Opening(lane, opening)) => {
                    state.runway.push(TakingOff::new(lane, opening));
                }
                Ok(Ground::Calls(lane, calls)) => state.fleet.push(Aloft::new(lane, calls)),
                Ok(_) => {}
                Err(error) => {
                    state.unopened.push(lane);
                    failure = Some(error);
                }
            }
        }
        let Some(failure) = failure else { return };
        state.failed = Some(Instant::now());
        let lives = |aloft: &Aloft| aloft.end().is_none();
        let has_hope = !state.runway.is_empty() || state.fleet.iter().any(lives);
        if !has_hope && !lanes.has_taken_or_free() {
            state.fail_grounded(&failure.not_executed());
        }
    }

    /// Lets calls that wait for a connection have one, where there is one.
    fn board(&self, state: &mut State, lanes: &Lanes) {
        while let Some(length) = state.grounded.first_length() {
            let waiting = state.grounded.len();
            match self.place(state, lanes, length, waiting) {
                Ok(Place::Aloft(place)) => {
                    let Some(aloft) = state.fleet.get_mut(place) else {
                        break;
                    };
                    if let Err(error) = state.grounded.move_first(&mut aloft.queue) {
                        let error = error.at(&self.peer);
                        state.fail_grounded(&error);
                    }
                }
                Ok(Place::Grounded) => break,
                Err(error) if error.status() == Status::Busy => break,
                Err(error) => state.fail_grounded(&error),
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
        self.count_grounded(state, lanes); // Before it is looked for a lane, as threads are that wait.
        fence(SeqCst);
        if !state.grounded.is_empty() {
            self.board(state, lanes);
        }
        self.count_grounded(state, lanes);
    }

    /// Counts the calls that wait for a connection among those who do, or no longer.
    fn count_grounded(&self, state: &mut State, lanes: &Lanes) {
        if let Some(waiting) = lanes.waiting() {
            let waits = !state.grounded.is_empty();
            if waits != mem::replace(&mut state.is_counted, waits) {
                waiting.count(waits);
            }
        }
    }

    /// Lets the calls of connections that the server refused wait for others.
    fn give_up_refused(&self, state: &mut State, lanes: &Lanes) {
        let refused = |aloft: &Aloft| aloft.was_refused() && aloft.is_open();
        while let Some(place) = state.fleet.iter().position(refused) {
            let Some(aloft) = state.fleet.get_mut(place) else {
                return;
            };
            let error = aloft.end().cloned();
            let starts_again = lanes.count() > 1 && aloft.start_again_in(&mut state.grounded);
            let Some(error) = error else { return };
            if !starts_again {
                aloft.end_all(&error, &mut state.done);
            }
            let Some(mut lane) = lanes.lane(aloft.lane) else {
                return; // Somebody looks at it: it is found to be over then.
            };
            let number = aloft.lane;
            *lane = Lane::Free(state.fleet.swap_remove(place).land(self.watch.get()));
            lanes.refused(number, &mut lane, &error);
        }
    }

    fn too_many(&self) -> Error {
        let why = "as many calls as it may have are under way, or were not told of; take completions first";
        self.turned_away(Status::Busy, why)
    }
}
