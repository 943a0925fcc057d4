//! The server: one endpoint, one handler, and the order in which they may be used.

mod driving;

use super::counts::Stats;
use super::user_code::UserCode;
use super::{Handler, Observer};
use crate::error::{Error, Result, Status};
use crate::protocol::ErrorText;
use crate::sys::{Bell, NoFork, fork, mutex, panic, thread};
use crate::transport::{Answer, Endpoint, Tallies, Task};
use driving::Driving;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often whoever waits for the end of serving looks whether the thread that serves still is there.
const LOOK: Duration = Duration::from_millis(100);

/// A server at one address.
///
/// Clients can connect once it is made. It serves in [`Server::run`] or after [`Server::start`], and ends, with its
/// address, by [`Server::stop`] or when it is dropped. A server that has not served yet may serve in a forked child,
/// which then owns it.
pub struct Server(Arc<Core>);

struct Core {
    /// The address, for people.
    name: String,
    answer: Box<dyn Answer + Send>,
    user_code: Arc<UserCode>,
    stop: Bell,
    /// What its threads have answered.
    tallies: Tallies,
    /// Somebody asked it to stop.
    is_stopping: AtomicBool,
    /// The generation (fork.rs) of the process that owns it.
    owner: AtomicU32,
    /// How many forks there were when `stop` was made or renewed: each child shares it.
    forks: AtomicU32,
    state: Mutex<State>,
    /// Serving has ended.
    ended: Condvar,
    driving: Driving,
}

struct State {
    phase: Phase,
    /// `None` once it has stopped.
    endpoint: Option<Arc<dyn Endpoint>>,
    /// The thread that serves, once it does.
    serves: Option<thread::Mark>,
    /// The thread that `start` made.
    thread: Option<JoinHandle<()>>,
    /// How serving on that thread ended, if not well.
    failure: Option<Error>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// It has not served yet.
    Fresh,
    /// It is serving.
    Serving,
    /// It has served, and may again.
    Idle,
    /// Its host drives it.
    Driven,
    /// It never will again.
    Stopped,
}

impl State {
    /// Whether the thread that serves has ended without a word, as while a process exits, when a library's destructor may stop it.
    fn is_lost(&self) -> bool {
        self.serves.as_ref().is_some_and(thread::Mark::has_ended)
    }
}

impl Server {
    /// A server that answers clients of `endpoint` with `handler`.
    pub fn new(endpoint: Box<dyn Endpoint>, handler: Handler) -> Result<Self> {
        Self::around(endpoint, handler, None)
    }

    /// The same; it tells `observer` of clients that come and go, and of failures of the handler.
    pub fn observed(
        endpoint: Box<dyn Endpoint>,
        handler: Handler,
        observer: Box<Observer>,
    ) -> Result<Self> {
        Self::around(endpoint, handler, Some(observer))
    }

    pub(crate) fn around(
        endpoint: Box<dyn Endpoint>,
        handler: Handler,
        observer: Option<Box<Observer>>,
    ) -> Result<Self> {
        let name = endpoint.name();
        let failure = |error| Error::os(&format!("{name}: create a server"), &error);
        fork::follow().map_err(failure)?;
        let stop = Bell::new().map_err(failure)?;
        {
            let _no_fork = NoFork::begin(); // A child has all of it, or nothing.
            endpoint.bequeath();
            stop.bequeath();
        }
        let user_code = Arc::new(UserCode::new(observer));
        Ok(Self(Arc::new(Core {
            name,
            answer: handler.into_answer(Arc::clone(&user_code)),
            user_code,
            stop,
            tallies: Tallies::default(),
            is_stopping: AtomicBool::new(false),
            owner: AtomicU32::new(fork::generation()),
            forks: AtomicU32::new(fork::count()),
            state: Mutex::new(State {
                phase: Phase::Fresh,
                endpoint: Some(Arc::from(endpoint)),
                serves: None,
                thread: None,
                failure: None,
            }),
            ended: Condvar::new(),
            driving: Driving::default(),
        })))
    }

    /// Serves on this thread until stopped or idle, or gives why it could not go on.
    pub fn run(&self) -> Result<()> {
        let endpoint = self.0.begin()?;
        let result = self.0.serve(endpoint, true, &|| ());
        self.0.end();
        result
    }

    /// Serves on a thread of the library, which blocks all signals, until stopped. It is serving, or
    /// has failed to begin, when this returns.
    pub fn start(&self) -> Result<()> {
        let endpoint = self.0.begin()?;
        let core = Arc::clone(&self.0);
        let (tell, has_begun) = mpsc::sync_channel(1);
        let started = thread::spawn("calc_ipc", move || {
            let result = core.serve(endpoint, false, &|| drop(tell.try_send(Ok(()))));
            core.lock().failure = result.clone().err();
            core.end();
            // Full, if it had begun: then stop tells how it ended.
            let _ = tell.try_send(result);
        });
        let thread = started.map_err(|error| {
            self.0.end();
            Error::os(&format!("{}: start a thread", self.0.name), &error)
        })?;
        match has_begun.recv() {
            Ok(Ok(())) => {
                self.0.lock().thread = Some(thread);
                Ok(())
            }
            Ok(Err(error)) => {
                let _ = thread.join();
                self.0.lock().failure = None;
                Err(error)
            }
            Err(mpsc::RecvError) => Err(self
                .0
                .failed(Status::Internal, "the thread ended without a word")),
        }
    }

    /// Ends serving for good, waits until it has ended, and frees the address; within 200 ms
    /// whatever the clients do, unless a handler still runs. After [`Server::start`], gives how
    /// serving ended.
    pub fn stop(&self) -> Result<()> {
        self.0.check_owner()?;
        if self.is_serving_here() {
            let what = "a handler cannot stop its own server; request_stop asks it to stop";
            return Err(self.0.failed(Status::Busy, what));
        }
        self.0.stop()
    }

    /// Asks serving to end and never waits. Safe in a signal handler.
    pub fn request_stop(&self) {
        if self.0.is_owner() {
            self.0.request_stop();
        }
    }

    /// What the handler said when it failed last, see [`current_failure`]; `None`: it never did.
    ///
    /// [`current_failure`]: super::current_failure
    pub fn last_failure(&self) -> Option<ErrorText> {
        self.0.user_code.last_failure()
    }

    /// What it did so far.
    pub fn stats(&self) -> Result<Stats> {
        self.0.check_owner_to_be()?;
        let answered = self.0.tallies.sum();
        Ok(Stats {
            requests: answered.requests,
            bytes_in: answered.bytes_in,
            bytes_out: answered.bytes_out,
            ..self.0.user_code.counts.stats()
        })
    }

    /// Whether this thread is inside this server's handler, where dropping it must not be tried.
    pub fn is_serving_here(&self) -> bool {
        self.0.user_code.is_running_here()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.0.is_owner() {
            let _ = self.0.stop();
        } else {
            self.0.forget();
        }
    }
}

impl Core {
    /// From now on this process serves, unless it, or another, does already.
    fn begin(&self) -> Result<Arc<dyn Endpoint>> {
        self.check_owner_to_be()?;
        let mut state = self.lock();
        match state.phase {
            Phase::Serving => {
                return Err(self.failed(Status::Busy, "the server is serving already"));
            }
            Phase::Driven => {
                let what = "the host drives the server by dispatch, and does so for good";
                return Err(self.failed(Status::Busy, what));
            }
            Phase::Stopped => return Err(self.stopped()),
            Phase::Fresh | Phase::Idle => {}
        }
        let Some(endpoint) = state.endpoint.clone() else {
            return Err(self.stopped());
        };
        self.adopt(&*endpoint)?;
        state.phase = Phase::Serving;
        Ok(endpoint)
    }

    /// Makes this process the owner of all that a fork may have copied.
    fn adopt(&self, endpoint: &dyn Endpoint) -> Result<()> {
        let _no_fork = NoFork::begin();
        endpoint.adopt()?;
        if self.forks.load(Ordering::Relaxed) != fork::count() {
            self.stop
                .renew()
                .map_err(|error| Error::os(&format!("{}: create an event", self.name), &error))?;
            self.forks.store(fork::count(), Ordering::Relaxed);
            if self.has_to_stop() {
                self.stop.ring();
            }
        }
        self.stop.own();
        self.owner.store(fork::generation(), Ordering::Relaxed);
        Ok(())
    }

    /// Serves until it is over, even if that is by a bug of this library.
    fn serve(
        &self,
        endpoint: Arc<dyn Endpoint>,
        may_end_when_idle: bool,
        begun: &(dyn Fn() + Sync),
    ) -> Result<()> {
        self.lock().serves = Some(thread::Mark::here());
        let task = self.task(may_end_when_idle, begun);
        panic::catch(|| endpoint.serve(&task))
            .and_then(|result| result)
            .map_err(|error| error.at(&self.name))
    }

    fn task<'a>(&'a self, may_end_when_idle: bool, begun: &'a (dyn Fn() + Sync)) -> Task<'a> {
        Task {
            answer: &*self.answer,
            stop: &self.stop,
            tallies: &self.tallies,
            may_end_when_idle,
            begun,
        }
    }

    /// Serving has ended.
    fn end(&self) {
        let mut state = self.lock();
        state.serves = None;
        if self.has_to_stop() {
            state.phase = Phase::Stopped;
            state.endpoint = None;
        } else {
            state.phase = Phase::Idle;
        }
        drop(state);
        self.ended.notify_all();
    }

    fn stop(self: &Arc<Self>) -> Result<()> {
        self.request_stop();
        let driven = self.stop_driving();
        let mut state = self.lock();
        while state.phase == Phase::Serving && !state.is_lost() {
            state = mutex::whole(self.ended.wait_timeout(state, LOOK)).0;
        }
        let is_lost = state.phase == Phase::Serving;
        state.phase = Phase::Stopped;
        let endpoint = state.endpoint.take();
        let thread = state.thread.take().filter(|_| !is_lost);
        let result = state.failure.clone().map_or(Ok(()), Err);
        drop(state);
        drop(driven);
        {
            let _no_fork = NoFork::begin(); // Of one that never served, a child has all, or nothing.
            drop(endpoint);
            self.stop.own();
        }
        if let Some(thread) = thread {
            // It has nothing left to do, and cannot have panicked.
            let _ = thread.join();
        }
        result
    }

    fn request_stop(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
        self.stop.ring();
    }

    /// Whether somebody asked it to stop.
    fn has_to_stop(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }

    fn is_owner(&self) -> bool {
        self.owner.load(Ordering::Relaxed) == fork::generation()
    }

    /// Whether it has not served before this process was forked. No thread can hold the lock here
    /// but one that did not survive the fork; then it was in use.
    fn may_be_adopted(&self) -> bool {
        self.state
            .try_lock()
            .is_ok_and(|state| state.phase == Phase::Fresh)
    }

    /// Fails unless this process owns it, or may.
    fn check_owner_to_be(&self) -> Result<()> {
        if self.is_owner() || self.may_be_adopted() {
            Ok(())
        } else {
            Err(self.forked())
        }
    }

    fn check_owner(&self) -> Result<()> {
        if self.is_owner() {
            Ok(())
        } else {
            Err(self.forked())
        }
    }

    /// In a forked child: there is no thread to join, and nothing of the parent's to end.
    fn forget(self: &Arc<Self>) {
        if let Ok(mut state) = self.state.try_lock() {
            std::mem::forget(state.thread.take());
        }
        if !self.forget_driven() {
            std::mem::forget(Arc::clone(self)); // With it, they stay as they are.
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        mutex::lock(&self.state)
    }

    fn stopped(&self) -> Error {
        self.failed(Status::Stopped, "the server was stopped; create another")
    }

    fn forked(&self) -> Error {
        let what = "the server belongs to the process that this one was forked from";
        self.failed(Status::Forked, what)
    }

    fn failed(&self, status: Status, what: &'static str) -> Error {
        Error::new(status, what).at(&self.name)
    }
}
