//! Calls that nobody waits for: they are submitted, and their completions are taken as they come.
//!
//! Whoever calls in here drives the connection; there is no thread. A call is in one place at a time: in the connection's
//! [`queue`](queue::Queue) until it is answered or over, then, without an answer, in `done` until it is told.

mod aloft;
mod queue;
mod state;
mod watch;

use super::calls::{Calls, Limit, check_length};
use crate::error::{Error, Result, Status};
use crate::sys::wait::{LOOKS, LOOKS_AT_CLOCK};
use crate::sys::{AsSource as _, Source, mutex};
use crate::transport::{Armed, ClientOptions, Deadline};
use aloft::{Aloft, Done};
pub use queue::IN_FLIGHT_MAX;
use queue::Name;
use state::State;
use std::mem;
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};
use watch::{Told, Watch};

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
    /// How long a call may take.
    timeout: Option<Duration>,
    /// The longest body sent, in bytes.
    max_message: usize,
}

impl Flight {
    pub(super) fn new(peer: &str, options: &ClientOptions) -> Self {
        Self {
            peer: peer.to_owned(),
            state: Mutex::new(State::new(options)),
            watch: OnceLock::new(),
            timeout: options.call_timeout,
            max_message: options.max_message as usize,
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

    /// Sends `message`, whose answer has a body of `longest_answer` bytes at most, and gives the call's number. The
    /// connection comes from `free`, unless it is in flight already.
    pub(super) fn submit(
        &self,
        limit: Limit,
        message: &[u8],
        longest_answer: u32,
        tag: u64,
        free: impl FnOnce() -> Result<Option<Calls>>,
    ) -> Result<u64> {
        check_length(message.len(), self.max_message, &self.peer)?;
        let mut state = self.lock();
        let state = &mut *state;
        if state.aloft.is_none() {
            state.aloft = free()?.map(Aloft::new);
        }
        if self.check_room(state, message.len()).is_err() && !state.has_open() {
            state.drop_late();
        }
        self.check_room(state, message.len())?;
        let (last, due) = (state.last + 1, self.due(limit));
        let name = Name { id: last, tag };
        if let Some(aloft) = &mut state.aloft {
            let pushed = aloft.queue.push(name, message, longest_answer, due);
            pushed.map_err(|error| error.at(&self.peer).not_executed())?;
            state.last = last;
        }
        self.settle(state);
        Ok(last)
    }

    /// Takes the next completion, whose answer is written to the start of `answer`; waits for one this long at most
    /// (zero: not at all; `None`: without limit). [`Status::TimedOut`]: none came.
    pub(super) fn next(&self, wait: Option<Duration>, answer: &mut [u8]) -> Result<Next> {
        let deadline = Deadline::after(wait);
        let mut state = self.lock();
        let mut looks = 0;
        let next = loop {
            if let Some(next) = state.look(answer) {
                break Ok(next);
            }
            if wait == Some(Duration::ZERO) {
                looks += 1;
                if self.is_quiet(&mut state)? || looks == LOOKS_AT_ONCE {
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
            state = self.sleep(state, &deadline)?;
        };
        self.settle(&mut state);
        next
    }

    /// Ends the call with this number, if it is not over: its completion says [`Status::Cancelled`]. The server is not
    /// told; a request that was not begun is never sent.
    pub(super) fn cancel(&self, id: u64) -> Result<()> {
        let mut state = self.lock();
        if id == 0 || id > state.last {
            let context = format!("no call has the number {id}");
            return Err(Error::new(Status::InvalidArgument, context).at(&self.peer));
        }
        let over = state.aloft.as_mut().and_then(|aloft| aloft.queue.end(id));
        if let Some(over) = over {
            let error = Error::new(Status::Cancelled, "the call was cancelled").at(&self.peer);
            state.done.push_back(Done::new(over, error));
        }
        self.settle(&mut state);
        Ok(())
    }

    /// What is readable at the latest when [`Flight::next`] would give something, and no more once it said that it has
    /// nothing, until something happens.
    pub(super) fn source(&self) -> Result<Source<'_>> {
        let mut state = self.lock();
        let watch = self.watch()?;
        let was_watched = mem::replace(&mut state.is_watched, true);
        if let Err(error) = self.try_to_settle(&mut state) {
            state.is_watched = was_watched;
            return Err(error);
        }
        Ok(watch.as_source())
    }

    /// Fails unless the connection in flight has room for a call of so many bytes.
    fn check_room(&self, state: &State, length: usize) -> Result<()> {
        let Some(aloft) = &state.aloft else {
            return Err(self.turned_away(Status::Internal, "a connection is lost"));
        };
        if let Some(end) = aloft.end() {
            return Err(end.clone().not_executed());
        }
        if aloft.queue.len() + state.done.len() >= IN_FLIGHT_MAX {
            let why = "as many calls as it may have are under way, or were not told of; take completions first";
            return Err(self.turned_away(Status::Busy, why));
        }
        if !aloft.queue.has_room(length, self.max_message) {
            let why = "too many bytes wait to be sent; take completions first";
            return Err(self.turned_away(Status::Busy, why));
        }
        Ok(())
    }

    /// The connection, for a call that is waited for. [`Status::Busy`] while a call that nobody waits for is not told of;
    /// what is owed to those that are is awaited within the call's limit, of which the rest is left.
    pub(super) fn land(&self, limit: &mut Limit) -> Result<Calls> {
        let deadline = Deadline::after(limit.or(self.timeout));
        let mut state = self.lock();
        loop {
            if state.has_open() {
                let why =
                    "calls that nobody waits for have the connection; take their completions first";
                return Err(self.turned_away(Status::Busy, why));
            }
            state.drop_late();
            let is_landing = |aloft: &Aloft| aloft.is_quiet() || aloft.end().is_some();
            if state.aloft.as_ref().is_none_or(is_landing) {
                let watch = self.watch.get();
                let calls = state.aloft.take().map(|aloft| aloft.land(watch));
                *limit = Limit::Own(deadline.remaining());
                return calls
                    .ok_or_else(|| self.turned_away(Status::Internal, "a connection is lost"));
            }
            if deadline.has_passed() {
                let limit = deadline.limit().unwrap_or_default();
                let context = format!("the answers to earlier calls did not come within {limit:?}");
                return Err(Error::new(Status::TimedOut, context)
                    .at(&self.peer)
                    .not_executed());
            }
            state = self.sleep(state, &deadline).map_err(Error::not_executed)?;
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
        deadline: &Deadline,
    ) -> Result<MutexGuard<'a, State>> {
        let watch = self.watch()?;
        state.sleepers += 1;
        self.settle(&mut state);
        drop(state);
        let told = watch.wait(deadline.remaining());
        let mut state = self.lock();
        state.sleepers -= 1;
        let told =
            told.map_err(|error| Error::os("wait for completions", &error).at(&self.peer))?;
        self.heed(&mut state, told)?;
        // Others may rely on what this thread has just taken note of.
        self.settle(&mut state);
        Ok(state)
    }

    /// Whether nothing has happened that the watch tells of; if something has, it is seen to.
    fn is_quiet(&self, state: &mut State) -> Result<bool> {
        self.settle(state);
        let Some(watch) = self.watch.get().filter(|_| state.is_watched) else {
            return Ok(!state.looks_now_and_then());
        };
        if state.has_known() {
            return Ok(false);
        }
        let told = watch.wait(Some(Duration::ZERO));
        let told =
            told.map_err(|error| Error::os("look for completions", &error).at(&self.peer))?;
        self.heed(state, told)?;
        self.settle(state);
        Ok(!told.connection && !told.timer)
    }

    /// Takes note of what the watch told.
    fn heed(&self, state: &mut State, told: Told) -> Result<()> {
        if told.timer
            && let Some(watch) = self.watch.get()
        {
            state.timer = None;
            let set = watch.timer.set(None);
            set.map_err(|error| Error::os("set a timer", &error).at(&self.peer))?;
        }
        if told.connection {
            state.look_at_connection();
        }
        Ok(())
    }

    /// Makes the watch tell of what there is to tell, where somebody relies on it. A connection that cannot be watched
    /// ends, so that nobody waits for it in vain.
    fn settle(&self, state: &mut State) {
        if let Err(error) = self.try_to_settle(state) {
            state.fail(&error);
            if let Some(watch) = self.watch.get() {
                state.ring(watch, state.has_known());
            }
        }
    }

    fn try_to_settle(&self, state: &mut State) -> Result<()> {
        state.send();
        let Some(watch) = self.watch.get() else {
            return Ok(());
        };
        if let Some(aloft) = &mut state.aloft {
            let watched = aloft.watch(watch);
            watched.map_err(|error| Error::os("watch a connection", &error).at(&self.peer))?;
        }
        if state.is_watched || state.sleepers > 0 {
            // Armed first: what arrives from then on is told of, and what arrived before is seen.
            let armed = state.arm();
            state.ring(watch, armed == Armed::Arrived || state.has_known());
            let set = state.set_timer(watch, armed);
            set.map_err(|error| Error::os("set a timer", &error).at(&self.peer))?;
        } else {
            state.ring(watch, false);
        }
        Ok(())
    }

    fn turned_away(&self, status: Status, why: &'static str) -> Error {
        Error::new(status, why).at(&self.peer).not_executed()
    }

    fn none_came(&self) -> Error {
        Error::new(Status::TimedOut, "no completion came").at(&self.peer)
    }
}
