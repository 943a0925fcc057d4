//! Calls that nobody waits for: they are submitted, and their completions are taken as they come.
//!
//! Whoever calls in here drives the connections; there is no thread. A call is in one place at a time: in a connection's
//! [`queue`](queue::Queue), or in that of those that wait for one, until it is answered or over, then, without an answer, in
//! `done` until it is told.

mod aloft;
mod boarding;
mod landing;
mod queue;
mod state;
mod watch;

use super::calls::{Limit, check_length};
use super::lanes::Lanes;
use crate::error::{Error, Result, Status};
use crate::sys::wait::{LOOKS, LOOKS_AT_CLOCK};
use crate::sys::{AsSource as _, Source, mutex};
use crate::transport::{Armed, ClientOptions, Deadline};
use aloft::Done;
use boarding::Place;
pub use queue::IN_FLIGHT_MAX;
use queue::Name;
use state::State;
use std::borrow::Cow;
use std::mem;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, fence};
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};
use watch::{Told, Watch};

/// How often one who does not wait looks: a server that says something all the time, and never answers, is to keep
/// nobody.
const LOOKS_AT_ONCE: u32 = 100;

/// Why calls end once the client was stopped.
const STOPPED: &str = "the client was stopped";

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
    /// How long a call may take.
    timeout: Option<Duration>,
    /// The longest body sent, in bytes.
    max_message: usize,
    /// All calls are to end, and no more to begin.
    is_stopped: AtomicBool,
}

impl Flight {
    pub(super) fn new(peer: &str, options: &ClientOptions) -> Self {
        Self {
            peer: peer.to_owned(),
            state: Mutex::new(State::new(peer, options)),
            watch: OnceLock::new(),
            timeout: options.call_timeout,
            max_message: options.max_message as usize,
            is_stopped: AtomicBool::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        mutex::lock(&self.state)
    }

    /// When a call that begins now is over.
    fn due(&self, limit: Limit) -> Option<Instant> {
        Instant::now().checked_add(limit.or(self.timeout)?)
    }

    /// The watch, which is made if it is not there.
    fn watch(&self) -> Result<&Watch> {
        if let Some(watch) = self.watch.get() {
            return Ok(watch);
        }
        let made = Watch::new().map_err(|error| Error::os("watch a client", &error))?;
        Ok(self.watch.get_or_init(|| made))
    }

    /// Sends `message`, whose answer has a body of `longest_answer` bytes at most, and gives the call's number. Its
    /// connection is in flight, or taken from the lanes.
    pub(super) fn submit(
        &self,
        lanes: &Lanes,
        limit: Limit,
        message: &[u8],
        longest_answer: u32,
        tag: u64,
    ) -> Result<u64> {
        check_length(message.len(), self.max_message, &self.peer)?;
        let mut state = self.lock();
        let state = &mut *state;
        let waiting = state.grounded.len() + 1;
        let place = self.place(state, lanes, message.len(), waiting)?;
        let (last, due) = (state.last + 1, self.due(limit));
        let name = Name { id: last, tag };
        let queue = match place {
            Place::Aloft(place) => state.fleet.get_mut(place).map(|aloft| &mut aloft.queue),
            Place::Grounded => Some(&mut state.grounded),
        };
        if let Some(queue) = queue {
            let pushed = queue.push(name, message, longest_answer, due);
            pushed.map_err(|error| error.at(&self.peer).not_executed())?;
            state.last = last;
        }
        self.settle(state, lanes);
        Ok(last)
    }

    /// Takes the next completion, whose answer is written to the start of `answer`; waits for one this long at most
    /// (zero: not at all; `None`: without limit). [`Status::TimedOut`]: none came.
    pub(super) fn next(
        &self,
        lanes: &Lanes,
        wait: Option<Duration>,
        answer: &mut [u8],
    ) -> Result<Next> {
        let deadline = Deadline::after(wait);
        let mut state = self.lock();
        let mut looks = 0;
        let next = loop {
            let is_stopped = self.is_stopped();
            if is_stopped {
                state.fail(&self.stopped());
            }
            if let Some(next) = state.look(answer) {
                break Ok(next);
            }
            if is_stopped {
                break Err(self.stopped());
            }
            if wait == Some(Duration::ZERO) {
                looks += 1;
                if self.is_quiet(&mut state, lanes)? || looks == LOOKS_AT_ONCE {
                    break Err(self.none_came());
                }
                continue;
            }
            let spun;
            (state, spun) = self.spin(state, answer);
            if let Some(next) = spun {
                break Ok(next);
            }
            if deadline.has_passed() {
                break Err(self.none_came());
            }
            state = self.sleep(state, lanes, &deadline)?;
        };
        self.settle(&mut state, lanes);
        let mut next = next?;
        if let Next::Completion(completion) = &mut next {
            completion.outcome =
                mem::replace(&mut completion.outcome, Ok(0)).map_err(|error| self.told(error));
        }
        Ok(next)
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
        let aloft = state.fleet.iter_mut().map(|aloft| &mut aloft.queue);
        let over = aloft
            .chain([&mut state.grounded])
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
        if let Err(error) = self.try_to_settle(&mut state, lanes) {
            state.is_watched = was_watched;
            return Err(error);
        }
        Ok(watch.as_source())
    }

    /// A lane may be free, or lost: calls that wait for one are seen to.
    pub(super) fn resume(&self, lanes: &Lanes) {
        let mut state = self.lock();
        if !state.grounded.is_empty() {
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

    /// Looks again and again, as long as that pays. Others may use the client meanwhile.
    fn spin<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        answer: &mut [u8],
    ) -> (MutexGuard<'a, State>, Option<Next>) {
        if state.is_idle() || !state.spin.begin() {
            return (state, None);
        }
        let (started, budget) = (Instant::now(), state.spin.budget());
        for _ in 0..LOOKS_AT_CLOCK {
            for _ in 0..LOOKS {
                drop(state);
                std::hint::spin_loop();
                state = self.lock();
                if let Some(next) = state.look(answer) {
                    state.spin.succeeded(Some(started));
                    return (state, Some(next));
                }
            }
            if started.elapsed() >= budget {
                break;
            }
        }
        state.spin.failed();
        (state, None)
    }

    /// Sleeps until something happens. Others may use the client meanwhile.
    fn sleep<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        lanes: &Lanes,
        deadline: &Deadline,
    ) -> Result<MutexGuard<'a, State>> {
        let watch = self.watch()?;
        state.sleepers += 1;
        self.settle(&mut state, lanes);
        drop(state);
        let told = watch.wait(deadline.remaining());
        let mut state = self.lock();
        state.sleepers -= 1;
        let told =
            told.map_err(|error| Error::os("wait for completions", &error).at(&self.peer))?;
        self.heed(&mut state, &told)?;
        // Others may rely on what this thread has just taken note of.
        self.settle(&mut state, lanes);
        Ok(state)
    }

    /// Whether nothing has happened that the watch tells of; if something has, it is seen to.
    fn is_quiet(&self, state: &mut State, lanes: &Lanes) -> Result<bool> {
        self.settle(state, lanes);
        let Some(watch) = self.watch.get().filter(|_| state.is_watched) else {
            return Ok(!state.looks_now_and_then());
        };
        if state.has_known() {
            return Ok(false);
        }
        let told = watch.wait(Some(Duration::ZERO));
        let told =
            told.map_err(|error| Error::os("look for completions", &error).at(&self.peer))?;
        self.heed(state, &told)?;
        self.settle(state, lanes);
        Ok(told.lanes().next().is_none() && !told.timer)
    }

    /// Takes note of what the watch told.
    fn heed(&self, state: &mut State, told: &Told) -> Result<()> {
        if told.timer
            && let Some(watch) = self.watch.get()
        {
            state.timer = None;
            let set = watch.timer.set(None);
            set.map_err(|error| Error::os("set a timer", &error).at(&self.peer))?;
        }
        for lane in told.lanes() {
            state.look_at(lane);
        }
        Ok(())
    }

    /// Makes the watch tell of what there is to tell, where somebody relies on it. A connection that cannot be watched
    /// ends, so that nobody waits for it in vain.
    fn settle(&self, state: &mut State, lanes: &Lanes) {
        if let Err(error) = self.try_to_settle(state, lanes) {
            state.fail(&error);
            if let Some(watch) = self.watch.get() {
                self.ring(state, watch, state.has_known());
            }
        }
    }

    fn try_to_settle(&self, state: &mut State, lanes: &Lanes) -> Result<()> {
        self.see_to_ends(state, lanes);
        state.send();
        let Some(watch) = self.watch.get() else {
            return Ok(());
        };
        for taking_off in &mut state.runway {
            let watched = taking_off.watch(watch);
            watched.map_err(|error| Error::os("watch a connection", &error).at(&self.peer))?;
        }
        for aloft in &mut state.fleet {
            let watched = aloft.watch(watch);
            watched.map_err(|error| Error::os("watch a connection", &error).at(&self.peer))?;
        }
        if state.is_watched || state.sleepers > 0 {
            // Armed first: what arrives from then on is told of, and what arrived before is seen.
            let armed = state.arm();
            self.ring(state, watch, armed == Armed::Arrived || state.has_known());
            let set = state.set_timer(watch, armed);
            set.map_err(|error| Error::os("set a timer", &error).at(&self.peer))?;
        } else {
            self.ring(state, watch, false);
        }
        Ok(())
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

    /// The failure of what was not begun.
    #[cold]
    pub(super) fn turned_away(&self, status: Status, why: impl Into<Cow<'static, str>>) -> Error {
        Error::new(status, why).at(&self.peer).not_executed()
    }

    /// The failure to find a connection that no call has.
    #[cold]
    pub(super) fn taken(&self) -> Error {
        let why = "another call on this client is under way; each thread needs a client of its own, or the option connections";
        self.turned_away(Status::Busy, why)
    }

    /// The failure of what is called once the client was stopped.
    pub(super) fn stopped(&self) -> Error {
        self.turned_away(Status::Cancelled, STOPPED)
    }

    /// Why a call of any kind failed: once the client was stopped, that is why its connection ended.
    #[cold]
    pub(super) fn told(&self, error: Error) -> Error {
        let may_be_the_stop = matches!(
            error.status(),
            Status::Closed | Status::PeerDied | Status::System | Status::TimedOut
        );
        if !may_be_the_stop || !self.is_stopped() {
            return error;
        }
        let stopped = Error::new(Status::Cancelled, STOPPED).at(&self.peer);
        match error.is_not_executed() {
            true => stopped.not_executed(),
            false => stopped,
        }
    }

    fn none_came(&self) -> Error {
        Error::new(Status::TimedOut, "no completion came").at(&self.peer)
    }
}
