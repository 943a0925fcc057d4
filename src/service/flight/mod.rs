//! Calls that nobody waits for: they are submitted, and their completions are taken as they come.
//!
//! Whoever calls in here drives the connections; there is no thread. A call is in one place at a time: in a connection's
//! [`queue`](queue::Queue), or in that of those that wait for one, until it is answered or over, then, without an answer, in
//! `done` until it is told.

mod assigning;
mod connection;
mod failures;
mod queue;
mod quick;
mod returning;
#[cfg(test)]
mod stage;
mod state;
#[cfg(test)]
mod tests;
mod waiting;
mod watch;

use super::calls::{Limit, check_length};
use super::lanes::Lanes;
use crate::error::{Error, Result, Status};
use crate::protocol::frame::{self, PREFIX};
use crate::sys::moment::{Clock, Moment};
use crate::sys::wait::LOOKS;
use crate::sys::{AsSource as _, Source};
use crate::transport::{Armed, ClientOptions, Deadline, prefix_length};
use assigning::Place;
use connection::{Connection, Done};
pub use queue::IN_FLIGHT_MAX;
use queue::Name;
pub(crate) use quick::Answered;
use state::State;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize, fence};
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::time::Duration;
use std::{hint, mem};
use watch::Watch;

/// How often one who does not wait looks: a server that says something all the time, and never answers, is to keep
/// nobody.
const LOOKS_AT_ONCE: u32 = 100;

/// What a call that nobody waited for came to.
#[derive(Clone, Debug)]
pub struct Completion {
    /// The number that submitting gave.
    pub id: u64,
    /// What the caller gave with it.
    pub tag: u64,
    /// The length of the answer, or why there is none.
    pub outcome: Result<usize>,
}

/// What there is to take.
#[derive(Clone, Debug)]
pub enum Next {
    /// A completion, whose answer was written to the start of the room.
    Completion(Completion),
    /// The next one has an answer of so many bytes, for which there is no room. It stays.
    NoRoom(usize),
}

/// The calls of a client that nobody waits for.
pub(super) struct Flight {
    /// The server, for people.
    peer: String,
    state: Mutex<State>,
    /// Made when first needed, and then there for the client's life.
    watch: OnceLock<Watch>,
    /// How long a call may take, and when that is over.
    timeout: Option<Duration>,
    clock: Clock,
    /// The longest body sent, in bytes.
    max_message: usize,
    /// All calls are to end, and no more to begin.
    is_stopped: AtomicBool,
    /// Threads that wait for the lock of the state, which one that spins leaves to them.
    waiters: AtomicUsize,
}

impl Flight {
    pub(super) fn new(peer: &str, options: &ClientOptions) -> Self {
        let clock = Clock::new();
        Self {
            peer: peer.to_owned(),
            state: Mutex::new(State::new(peer, options, clock)),
            watch: OnceLock::new(),
            timeout: options.call_timeout,
            clock,
            max_message: options.max_message as usize,
            is_stopped: AtomicBool::new(false),
            waiters: AtomicUsize::new(0),
        }
    }

    /// When a call that begins now is over.
    #[inline]
    fn due(&self, limit: Limit) -> Moment {
        match limit.or(self.timeout) {
            Some(limit) => self.clock.due(limit),
            None => Moment::NEVER,
        }
    }

    /// The watch, which is made if it is not there.
    fn watch(&self) -> Result<&Watch> {
        if let Some(watch) = self.watch.get() {
            return Ok(watch);
        }
        let made = Watch::new().map_err(|error| Error::os("watch a client", &error))?;
        Ok(self.watch.get_or_init(|| made))
    }

    /// The prefix of the frame with this message.
    #[inline]
    pub(super) fn prefix(&self, message: &[u8]) -> Result<[u8; PREFIX]> {
        check_length(message.len(), self.max_message, &self.peer)?;
        prefix_length(message).map(frame::prefix)
    }

    /// Sends this frame, which comes in two parts, whose answer has a body of `longest_answer` bytes at most, and gives the
    /// call's number. Its connection is in flight, or taken from the lanes.
    #[inline]
    pub(super) fn submit(
        &self,
        lanes: &Lanes,
        limit: Limit,
        frame: (&[u8], &[u8]),
        longest_answer: u32,
        tag: u64,
    ) -> Result<u64> {
        let due = || self.due(limit);
        let mut state = self.lock();
        let state = &mut *state;
        let length = frame.0.len() + frame.1.len();
        let may_gather = state.is_attended();
        let last = state.last + 1;
        let name = Name { id: last, tag };
        if lanes.is_one()
            && let Some((connection, done)) = state.only()
            && connection.queue.len() + done.len() < IN_FLIGHT_MAX
            && connection.queue.has_room(length, self.max_message)
        {
            let asked = connection.ask(name, frame, longest_answer, due, may_gather, done);
            asked.map_err(|error| self.unsent(error))?;
            state.last = last;
            return Ok(last);
        }
        let place = self.place(state, lanes, length, state.unassigned.len() + 1)?;
        let queue = match place {
            Place::Connection(place) => state
                .connections
                .get_mut(place)
                .map(Connection::queue_for_one_more),
            Place::Unassigned => Some(&mut state.unassigned),
        };
        if let Some(queue) = queue {
            let pushed = queue.push(name, frame, longest_answer, due());
            pushed.map_err(|error| self.unsent(error))?;
            state.last = last;
        }
        self.settle_as(state, lanes, may_gather);
        Ok(last)
    }

    /// Takes the next completion, whose answer is written to the start of `answer`; waits for one this long at most
    /// (zero: not at all; `None`: without limit). [`Status::TimedOut`]: none came.
    #[inline]
    pub(super) fn next(
        &self,
        lanes: &Lanes,
        wait: Option<Duration>,
        answer: &mut [u8],
    ) -> Result<Next> {
        let mut state = self.lock();
        let mut has_looked = false;
        let is_watched = state.is_watched;
        let spins = wait != Some(Duration::ZERO) && state.spin.may_spin();
        if lanes.is_one()
            && !self.is_stopped()
            && let Some((connection, done)) = state.only()
            && done.is_empty()
        {
            connection.send(done); // Before, so that the server goes on meanwhile.
            let looks = match (connection.is_quiet(), spins) {
                (true, _) if is_watched => 0, // What comes unasked, the watch tells of.
                (false, true) => LOOKS,
                _ => 1,
            };
            for _ in 0..looks {
                if let Some(taken) = connection.take(answer, done) {
                    connection.send(done);
                    return Ok(taken.into());
                }
                if !done.is_empty() {
                    break; // A failure in place of an answer, which comes before what has come after it.
                }
                hint::spin_loop();
            }
            has_looked = true;
        }
        self.await_next(state, has_looked, lanes, wait, answer)
    }

    /// [`Flight::next`] where it is not the usual case, or there was none at the first look.
    fn await_next<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        mut has_looked: bool,
        lanes: &Lanes,
        wait: Option<Duration>,
        answer: &mut [u8],
    ) -> Result<Next> {
        let deadline = Deadline::after(wait);
        let mut looks = 0;
        let next = loop {
            let is_stopped = self.is_stopped();
            if is_stopped {
                state.fail(&self.stopped());
            }
            let found = match mem::take(&mut has_looked) {
                true => state.take_done(),
                false => state.look(answer),
            };
            if let Some(next) = found {
                break Ok(next);
            }
            if is_stopped {
                break Err(self.stopped());
            }
            if wait == Some(Duration::ZERO) {
                if state.end_due() {
                    continue;
                }
                looks += 1;
                if self.is_quiet(&mut state, lanes)? || looks == LOOKS_AT_ONCE {
                    break Err(Self::none_came());
                }
                continue;
            }
            let spun;
            (state, spun) = self.spin(state, answer);
            if let Some(next) = spun {
                break Ok(next);
            }
            if state.end_due() {
                continue;
            }
            if deadline.has_passed() {
                break Err(Self::none_came());
            }
            state = self.sleep(state, lanes, &deadline)?;
        };
        self.settle_as(&mut state, lanes, false);
        let mut next = next?;
        if let Next::Completion(completion) = &mut next {
            completion.outcome =
                mem::replace(&mut completion.outcome, Ok(0)).map_err(|error| self.told(error));
        }
        Ok(next)
    }

    /// How many calls are under way, not told of, or still owed an answer.
    pub(super) fn under_way(&self) -> usize {
        self.lock().len()
    }

    /// Ends the call with this number, if it is not over: its completion says [`Status::Cancelled`]. The server is not
    /// told; a request that was not begun is never sent.
    pub(super) fn cancel(&self, lanes: &Lanes, id: u64) -> Result<()> {
        let mut state = self.lock();
        let state = &mut *state;
        if id == 0 || id > state.last {
            let context = format!("no call has the number {id}");
            return Err(Error::new(Status::InvalidArgument, context).at(&self.peer));
        }
        let connection = state
            .connections
            .iter_mut()
            .map(|connection| &mut connection.queue);
        let over = connection
            .chain([&mut state.unassigned])
            .find_map(|queue| queue.end(id));
        if let Some(over) = over {
            let error = Error::new(Status::Cancelled, "the call was cancelled").at(&self.peer);
            state.done.push_back(Done::new(over, error));
        }
        self.settle(state, lanes);
        Ok(())
    }

    /// What is readable at the latest when [`Flight::next`] would give something, and no more once it said that it has
    /// nothing, until something happens.
    pub(super) fn source(&self, lanes: &Lanes) -> Result<Source<'_>> {
        let mut state = self.lock();
        let watch = self.watch()?;
        let was_watched = mem::replace(&mut state.is_watched, true);
        self.look_around(&mut state, lanes, false);
        if let Err(error) = self.try_to_tell(&mut state) {
            state.is_watched = was_watched;
            return Err(error);
        }
        Ok(watch.as_source())
    }

    /// A lane may be free, or lost: calls that wait for one are seen to.
    pub(super) fn resume(&self, lanes: &Lanes) {
        let mut state = self.lock();
        if !state.unassigned.is_empty() {
            self.settle(&mut state, lanes);
        }
    }

    /// All calls end with [`Status::Cancelled`], and what comes after does so at once. Async-signal-safe.
    pub(super) fn stop(&self) {
        self.is_stopped.store(true, SeqCst);
        fence(SeqCst);
        if let Some(watch) = self.watch.get() {
            watch.bell.ring();
        }
    }

    /// Makes the watch tell of what there is to tell, where somebody relies on it. A connection that cannot be watched
    /// ends, so that nobody waits for it in vain.
    fn settle(&self, state: &mut State, lanes: &Lanes) {
        self.look_around(state, lanes, false);
        self.tell(state);
    }

    /// The same, but as long as the watch tells that there is something, it is left to do so. If requests `may_gather`, those
    /// for servers that have something to answer wait until somebody looks.
    #[inline]
    fn settle_as(&self, state: &mut State, lanes: &Lanes, may_gather: bool) {
        match state.only() {
            Some((connection, done)) if lanes.is_one() => connection.send_as(may_gather, done),
            _ => {
                self.look_around(state, lanes, may_gather);
                if !state.has_told() {
                    self.tell(state);
                }
            }
        }
    }

    /// Sees to calls that wait for connections, and sends what can be sent.
    fn look_around(&self, state: &mut State, lanes: &Lanes, may_gather: bool) {
        if state.has_to_assign() || self.is_stopped() {
            self.see_to_ends(state, lanes);
        }
        if let Some(waiting) = lanes.waiting().filter(|waiting| waiting.is_awaited()) {
            waiting.wake(); // A connection may have been given back.
        }
        state.send(may_gather);
    }

    fn tell(&self, state: &mut State) {
        if let Err(error) = self.try_to_tell(state) {
            state.fail(&error);
            if let Some(watch) = self.watch.get() {
                self.ring(state, watch, state.has_known());
            }
        }
    }

    fn try_to_tell(&self, state: &mut State) -> Result<()> {
        let Some(watch) = self.watch.get().filter(|_| state.is_relied_on()) else {
            return Ok(());
        };
        for connecting in &mut state.connecting {
            let watched = connecting.watch(watch);
            watched.map_err(|error| Error::os("watch a connection", &error).at(&self.peer))?;
        }
        for connection in &mut state.connections {
            let watched = connection.watch(watch);
            watched.map_err(|error| Error::os("watch a connection", &error).at(&self.peer))?;
        }
        // Armed first: what arrives from then on is told of, and what arrived before is seen.
        let armed = state.arm();
        self.ring(state, watch, armed == Armed::Arrived || state.has_known());
        let set = state.set_timer(watch, armed);
        set.map_err(|error| Error::os("set a timer", &error).at(&self.peer))
    }

    /// Lets the bell ring, or be silent. Once the client was stopped, it rings.
    fn ring(&self, state: &mut State, watch: &Watch, has_known: bool) {
        let silenced = state.ring(watch, has_known || self.is_stopped());
        fence(SeqCst);
        if silenced && self.is_stopped() {
            state.ring(watch, true);
        }
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.is_stopped.load(SeqCst)
    }
}
