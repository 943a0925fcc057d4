//! Where the calls are: under way, answered, over; and what is known of them.

#[cfg(test)]
mod tests;

use super::connection::{Connection, Done, Taken, end_due};
use super::queue::Queue;
use super::watch::{Connecting, Watch};
use super::{Completion, Next};
use crate::error::Error;
use crate::service::lanes::Returned;
use crate::sys::moment::{Clock, Moment};
use crate::sys::wait::Spin;
use crate::transport::{Armed, ClientOptions};
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use std::{io, mem};

/// How often one who does not wait, and does not watch either, asks whether the server has died.
const SLICE: Duration = Duration::from_millis(50);

/// How often a connection is looked at that no watch tells of.
const LOOK: Duration = Duration::from_millis(1);

/// Where the calls of a client are that nobody waits for.
pub(super) struct State {
    clock: Clock,
    /// The server, for people.
    peer: String,
    /// The number given last.
    pub(super) last: u64,
    /// The connections in flight.
    pub(super) connections: Vec<Connection>,
    /// Connections that are being made.
    pub(super) connecting: Vec<Connecting>,
    /// Lanes whose connections could not be made.
    pub(super) unopened: Vec<usize>,
    /// When one could not be made last.
    pub(super) failed: Option<Instant>,
    /// Calls that wait for a connection.
    pub(super) unassigned: Queue,
    pub(super) done: VecDeque<Done>,
    pub(super) spin: Spin,
    /// Threads that sleep until there is a completion, and those that spin.
    pub(super) sleepers: usize,
    pub(super) spinners: usize,
    /// Threads that sleep until a connection is over.
    pub(super) end_waiters: usize,
    /// The host watches.
    pub(super) is_watched: bool,
    /// The bell rings.
    is_rung: bool,
    /// The calls that wait for a connection are counted among those who do.
    pub(super) is_counted: bool,
    /// When the timer's time comes.
    pub(super) timer: Moment,
    /// When the connections are to be looked at again that nobody watches.
    next_look: Moment,
    /// Which connection is asked first for an answer, so that none is passed over for ever.
    turn: usize,
}

impl State {
    pub(super) fn new(peer: &str, options: &ClientOptions, clock: Clock) -> Self {
        Self {
            clock,
            peer: peer.to_owned(),
            last: 0,
            connections: Vec::new(),
            connecting: Vec::new(),
            unopened: Vec::new(),
            failed: None,
            unassigned: Queue::default(),
            done: VecDeque::new(),
            spin: Spin::of_memory(options.spin), // Its connections may be of shared memory.
            sleepers: 0,
            spinners: 0,
            end_waiters: 0,
            is_watched: false,
            is_rung: false,
            is_counted: false,
            timer: Moment::NEVER,
            next_look: clock.now(),
            turn: 0,
        }
    }

    /// Whether no call is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.unassigned.is_empty() && self.connections.iter().all(Connection::is_quiet)
    }

    /// Whether a call is still to be told of.
    pub(super) fn has_open(&self) -> bool {
        let is_in_flight = || self.connections.iter().any(Connection::is_open);
        !self.done.is_empty() || self.unassigned.has_open() || is_in_flight()
    }

    /// How many calls are under way, not told of, or still owed an answer.
    pub(super) fn len(&self) -> usize {
        let connection = self
            .connections
            .iter()
            .map(|connection| connection.queue.len());
        self.done.len() + self.unassigned.len() + connection.sum::<usize>()
    }

    /// The place of the connection in flight that is on this lane.
    pub(super) fn place_of(&self, lane: usize) -> Option<usize> {
        self.connections
            .iter()
            .position(|connection| connection.lane == lane)
    }

    /// Gives back this lane, with its connection if `may_return` lets it.
    pub(super) fn give_back(
        &mut self,
        lane: usize,
        watch: Option<&Watch>,
        may_return: impl Fn(&Connection) -> bool,
    ) -> Returned {
        let may_return = |place: &usize| self.connections.get(*place).is_some_and(may_return);
        if let Some(place) = self.place_of(lane).filter(may_return) {
            return Returned::Calls(self.connections.swap_remove(place).give_back(watch));
        }
        match self.unopened.iter().position(|unopened| *unopened == lane) {
            Some(place) => {
                self.unopened.swap_remove(place);
                Returned::Nothing
            }
            None => Returned::No,
        }
    }

    /// The place of the connection for the next call, which is one that is idle, or else the one with the fewest calls
    /// that `has_room` finds room in.
    pub(super) fn least_busy(&self, has_room: impl Fn(&Queue) -> bool) -> Option<usize> {
        let places = self.connections.iter().enumerate();
        let living = places
            .filter(|(_, connection)| connection.end().is_none() && has_room(&connection.queue));
        let least = living.min_by_key(|(_, connection)| connection.queue.len());
        least.map(|(place, _)| place)
    }

    /// Lets the bell ring, or be silent; whether it was silenced.
    pub(super) fn ring(&mut self, watch: &Watch, has_known: bool) -> bool {
        if has_known == mem::replace(&mut self.is_rung, has_known) {
            return false;
        }
        match has_known {
            true => watch.bell.ring(),
            false => watch.bell.silence(),
        }
        !has_known
    }

    /// All connections have ended, for this reason.
    pub(super) fn fail(&mut self, error: &Error) {
        let lanes = self.connecting.drain(..).map(|connecting| connecting.lane);
        self.unopened.extend(lanes);
        for connection in &mut self.connections {
            if connection.end().is_none() {
                connection.fail(error, &mut self.done);
            }
            connection.end_all(error, &mut self.done);
        }
        self.fail_unassigned(error);
    }

    /// The calls that wait for a connection end, for this reason.
    pub(super) fn fail_unassigned(&mut self, error: &Error) {
        while let Some(over) = self.unassigned.end_first() {
            self.done.push_back(Done::new(over, error.clone()));
        }
    }

    /// Looks what connections that nobody watches have to tell besides answers, if that was not done of late; whether
    /// that was the end of calls.
    pub(super) fn looks_now_and_then(&mut self) -> bool {
        let now = self.clock.now();
        if self.is_idle() || now < self.next_look {
            return false;
        }
        self.next_look = now.after(SLICE);
        for connection in &mut self.connections {
            connection.look(&mut self.done);
        }
        !self.done.is_empty()
    }

    /// Takes a completion that is there.
    #[inline]
    pub(super) fn look(&mut self, answer: &mut [u8]) -> Option<Next> {
        if self.done.is_empty() {
            let next = self.take(answer);
            if next.is_some() {
                return next;
            }
        }
        self.take_done()
    }

    /// Takes a completion of a call that is over without an answer.
    pub(super) fn take_done(&mut self) -> Option<Next> {
        let Done { name, error } = self.done.pop_front()?;
        Some(Next::Completion(Completion {
            id: name.id,
            tag: name.tag,
            outcome: Err(error),
        }))
    }

    /// Takes an answer that has come, to whichever connection.
    fn take(&mut self, answer: &mut [u8]) -> Option<Next> {
        let count = self.connections.len();
        let mut after = self.turn;
        for _ in 0..count {
            let place = if after < count { after } else { 0 };
            after = place + 1;
            let connection = self.connections.get_mut(place)?;
            if connection.is_quiet() {
                continue;
            }
            connection.send(&mut self.done); // Before, so that the server goes on meanwhile.
            match connection.take(answer, &mut self.done) {
                Some(taken) => {
                    let is_kept = matches!(taken, Taken::Kept(_));
                    self.turn = if is_kept { place } else { after };
                    return Some(taken.into());
                }
                None => connection.send(&mut self.done), // There may be room now.
            }
        }
        None
    }

    /// Whether some thread is known to take completions, or to look for them, in a moment: it sends what waits, too.
    pub(super) fn is_attended(&self) -> bool {
        self.is_watched || self.spinners > 0
    }

    /// Sends what can be sent at once, but where requests `may_gather` as long as the server has something to answer.
    #[inline]
    pub(super) fn send(&mut self, may_gather: bool) {
        for connection in &mut self.connections {
            connection.send_as(may_gather, &mut self.done);
        }
    }

    /// Whether a call waits for a connection, or may have to: one is made, or was refused.
    pub(super) fn has_to_assign(&self) -> bool {
        let is_refused = |connection: &Connection| connection.was_refused() && connection.is_open();
        let has_unassigned = !self.unassigned.is_empty() || self.is_counted;
        has_unassigned || !self.connecting.is_empty() || self.connections.iter().any(is_refused)
    }

    /// Whether somebody relies on the watch.
    #[inline]
    pub(super) fn is_relied_on(&self) -> bool {
        self.is_watched || self.sleepers > 0
    }

    /// Whether the watch has nothing to be told: nobody relies on it, or it tells that there is something already, and whoever
    /// looks then, and finds nothing, sees to it.
    #[inline]
    pub(super) fn has_told(&self) -> bool {
        self.is_rung || !self.is_relied_on()
    }

    /// The only connection, if it lives, no call waits for another, and the watch has nothing to be told: so that there is
    /// nothing to see to but what goes over it.
    #[inline]
    pub(super) fn only(&mut self) -> Option<(&mut Connection, &mut VecDeque<Done>)> {
        let is_all = self.unassigned.is_empty() && self.connecting.is_empty() && self.has_told();
        match self.connections.as_mut_slice() {
            [connection] if is_all && connection.end().is_none() => {
                Some((connection, &mut self.done))
            }
            _ => None,
        }
    }

    /// Drops the answers that have come, where no call is open.
    pub(super) fn drop_late(&mut self) {
        for connection in self
            .connections
            .iter_mut()
            .filter(|connection| !connection.is_open())
        {
            connection.drop_late(&mut self.done);
        }
    }

    /// The same over the connection on this lane alone.
    pub(super) fn drop_late_of(&mut self, lane: usize) {
        let mut connections = self.connections.iter_mut();
        if let Some(connection) =
            connections.find(|connection| connection.lane == lane && !connection.is_open())
        {
            connection.drop_late(&mut self.done);
        }
    }

    /// No call is due before.
    fn next_due(&self) -> Moment {
        let connection = self.connections.iter().map(|connection| &connection.queue);
        let dues = connection.chain([&self.unassigned]).map(Queue::next_due);
        dues.min().unwrap_or_default()
    }

    /// Ends the calls whose time is over; whether there was one.
    pub(super) fn end_due(&mut self) -> bool {
        if self.next_due() < Moment::NEVER {
            self.end_due_by(self.clock.now());
        }
        !self.done.is_empty()
    }

    /// Ends the calls whose time was over then.
    pub(super) fn end_due_by(&mut self, now: Moment) {
        for connection in &mut self.connections {
            connection.end_due(now, &mut self.done);
        }
        end_due(&mut self.unassigned, now, &self.peer, &mut self.done);
    }

    /// Arms the watches of the connections.
    pub(super) fn arm(&mut self) -> Armed {
        let living = self
            .connections
            .iter_mut()
            .filter(|connection| connection.end().is_none());
        living.map(Connection::arm).fold(Armed::Watched, worst)
    }

    /// The watch told of something at the connection on this lane.
    pub(super) fn look_at(&mut self, lane: usize) {
        let connection = self
            .place_of(lane)
            .and_then(|place| self.connections.get_mut(place));
        if let Some(connection) = connection {
            connection.look(&mut self.done);
            if connection.is_quiet() {
                connection.drop_late(&mut self.done); // Nothing was asked, so this can be its end alone.
            }
        }
    }

    /// Whether there is a completion that no watch tells of, or a connection is over for which some thread sleeps.
    pub(super) fn has_known(&self) -> bool {
        let may_return =
            || self.end_waiters > 0 && self.connections.iter().any(Connection::is_over);
        !self.done.is_empty() || self.connections.iter().any(Connection::has_news) || may_return()
    }

    /// Lets the timer's time come when that of the next call is over, or when the connections are to be looked at again.
    pub(super) fn set_timer(&mut self, watch: &Watch, armed: Armed) -> io::Result<()> {
        let look = (armed == Armed::Unwatched).then_some(LOOK);
        let connecting = self.connecting.iter().filter_map(Connecting::remaining);
        let mut due = self.next_due();
        if let Some(soonest) = connecting.chain(look).min() {
            due = due.min(self.clock.now().after(soonest));
        }
        if due < self.timer {
            watch.timer.set(Some(due.since(self.clock.now())))?;
            self.timer = due;
        }
        Ok(())
    }
}

/// What is to be known of two connections: what has arrived comes before what has to be looked for.
fn worst(one: Armed, other: Armed) -> Armed {
    match (one, other) {
        (Armed::Arrived, _) | (_, Armed::Arrived) => Armed::Arrived,
        (Armed::Unwatched, _) | (_, Armed::Unwatched) => Armed::Unwatched,
        (Armed::Watched, Armed::Watched) => Armed::Watched,
    }
}
