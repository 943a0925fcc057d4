//! One connection to a backend: calls that go out over it, and those that wait until it can carry more.
//!
//! Whoever asks submits at once, on its own thread, where the connection can carry the call. A task takes the answers as
//! they come, and submits what waits. Nothing here waits on a thread of the runtime.

mod driving;

use super::call::{Call, Placed};
use super::queue::{Place, Queue};
use super::standing::Standing;
use bytes::Bytes;
use calc_ipc::error::{Error, Result, Status};
use calc_ipc::service::{Client, IN_FLIGHT_MAX, Limit};
use calc_ipc::transport::{Address, ClientOptions};
use std::collections::{BTreeMap, HashMap};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout_at};

/// What an answer is, or why there is none.
pub(super) type Answer = Result<Bytes>;

/// One connection.
pub struct Lane {
    client: Client,
    calls: Mutex<Calls>,
    queue: Arc<Queue>,
    /// How many calls it had when they changed last, with those that the server owes answers to.
    load: AtomicUsize,
    standing: Standing,
    /// Told of each answer that leaves room while nothing waits.
    emptied: Notify,
    /// Told of each call that found no server there any more.
    lost: Box<dyn Fn() + Send + Sync>,
}

/// The calls of a lane. Each is in one of the two places, by its tag.
#[derive(Default)]
struct Calls {
    /// Tags grow, so that the first is the one that has waited longest.
    waiting: BTreeMap<u64, Waiting>,
    flying: HashMap<u64, Flying>,
    /// The tag that was given last.
    last: u64,
}

/// A call that is asked for.
struct Asked {
    tag: u64,
    message: Bytes,
    due: Instant,
    reply: oneshot::Sender<Answer>,
}

/// A call that was not submitted.
struct Waiting {
    asked: Asked,
    place: Place,
}

/// A call that was submitted.
struct Flying {
    /// The client's number of it.
    id: u64,
    reply: oneshot::Sender<Answer>,
}

impl Lane {
    /// A connection to the server at `address`, which is made when it is needed and made anew when it was lost. A task of
    /// this runtime drives it. `lost` is told of each call that found no server there any more.
    pub fn open(
        address: &Address,
        max_message: u32,
        queue: Arc<Queue>,
        lost: impl Fn() + Send + Sync + 'static,
    ) -> Result<Arc<Self>> {
        let options = ClientOptions {
            // Each call says how long it may take.
            call_timeout: None,
            max_message,
            connections: 1,
            reconnect: true,
            // A thread of the runtime has other things to do.
            spin: Duration::ZERO,
            ..ClientOptions::default()
        };
        let lane = Arc::new(Self {
            client: Client::connect(address, &options)?,
            calls: Mutex::default(),
            queue,
            load: AtomicUsize::new(0),
            standing: Standing::new(),
            emptied: Notify::new(),
            lost: Box::new(lost),
        });
        driving::begin(&lane)?;
        Ok(lane)
    }

    /// How busy it is, in calls.
    pub fn load(&self) -> usize {
        self.load.load(Ordering::Relaxed)
    }

    /// Whether its server was full when it was asked last.
    pub(super) fn is_refused(&self) -> bool {
        self.standing.is_refused()
    }

    /// Whether one call, this one, may find out whether the server is still full.
    pub(super) fn may_try(&self) -> bool {
        self.standing.may_try()
    }

    /// The server may have a place for it now.
    pub(super) fn hope(&self) {
        self.standing.hope();
    }

    /// Asks for an answer to `message` until `due`. Calls of one lane go out in the order in which they are asked for. Where
    /// the queue has no place, it is refused.
    pub fn ask(self: &Arc<Self>, message: Bytes, due: Instant) -> Call {
        let put = self.put(message, due, || self.queue.enter());
        put.unwrap_or_else(|_| Call::ended(self, Err(self.queue.full())))
    }

    /// The same for whoever asks much, one after another: where the queue has no place, it waits for one, until `due`.
    pub async fn ask_in_turn(self: &Arc<Self>, mut message: Bytes, due: Instant) -> Call {
        let mut place = None;
        loop {
            let mut emptied = pin!(self.emptied.notified());
            emptied.as_mut().enable(); // Before it is tried.
            let has = place.take();
            message = match self.put(message, due, || has.or_else(|| self.queue.enter())) {
                Ok(call) => return call,
                Err(message) => message,
            };
            let waited = timeout_at(due, async {
                tokio::select! {
                    entered = self.queue.entered() => entered,
                    () = emptied => None,
                }
            });
            match waited.await {
                Ok(entered) => place = entered,
                Err(_) => return Call::ended(self, Err(expired())),
            }
        }
    }

    /// Submits a call, or lets it wait in the place that `enter` gives; without one, its message is given back.
    fn put(
        self: &Arc<Self>,
        message: Bytes,
        due: Instant,
        enter: impl FnOnce() -> Option<Place>,
    ) -> std::result::Result<Call, Bytes> {
        let (reply, answer) = oneshot::channel();
        let mut calls = self.lock();
        calls.last += 1;
        let tag = calls.last;
        let asked = Asked {
            tag,
            message,
            due,
            reply,
        };
        let asked = match calls.waiting.is_empty() {
            true => self.submit(&mut calls, asked),
            false => Err(asked),
        };
        let placed = match asked {
            Ok(()) => Placed::Submitted,
            Err(asked) => {
                let Some(place) = enter() else {
                    return Err(asked.message);
                };
                calls.waiting.insert(tag, Waiting { asked, place });
                self.load.fetch_add(1, Ordering::Relaxed);
                Placed::Waiting
            }
        };
        drop(calls);
        Ok(Call::new(self.clone(), tag, due, placed, answer))
    }

    /// Submits a call, or fails it; gives it back if the connection carries as many as it can.
    fn submit(&self, calls: &mut Calls, asked: Asked) -> std::result::Result<(), Asked> {
        let left = asked.due.saturating_duration_since(Instant::now());
        let submitted = match left.is_zero() {
            true => Err(expired()),
            false => {
                let limit = Limit::Own(Some(left));
                self.client.submit(limit, &asked.message, asked.tag)
            }
        };
        match submitted {
            Ok(id) => {
                let Asked { tag, reply, .. } = asked;
                calls.flying.insert(tag, Flying { id, reply });
                self.load.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) if error.status() == Status::Busy => return Err(asked),
            Err(error) => {
                let error = error.not_executed();
                self.note(&error);
                let _ = asked.reply.send(Err(error)); // Who asked may have gone.
            }
        }
        Ok(())
    }

    /// Submits what waits, as far as the connection carries it.
    fn refill(&self, calls: &mut Calls) {
        while !calls.waiting.is_empty() && self.under_way() < IN_FLIGHT_MAX {
            let Some((tag, Waiting { asked, place })) = calls.waiting.pop_first() else {
                return;
            };
            if let Err(asked) = self.submit(calls, asked) {
                calls.waiting.insert(tag, Waiting { asked, place });
                return;
            }
        }
        if calls.waiting.is_empty() {
            self.emptied.notify_one();
        }
    }

    /// Calls that were submitted and are not told of, or that the server owes answers to.
    fn under_way(&self) -> usize {
        // It fails in a process that was forked alone.
        self.client.under_way().unwrap_or_default()
    }

    /// Takes note of how busy it is.
    fn count(&self, calls: &Calls) {
        let load = self.under_way() + calls.waiting.len();
        self.load.store(load, Ordering::Relaxed);
    }

    /// Takes note of what a failure says of the server.
    fn note(&self, error: &Error) {
        match error.status() {
            Status::Refused => self.standing.refuse(),
            Status::NotConnected | Status::Closed | Status::PeerDied => {
                self.standing.hope();
                if error.is_not_executed() {
                    (self.lost)();
                }
            }
            _ => {}
        }
    }

    /// Takes a call that waits out of the line, if it still is there.
    pub(super) fn withdraw(&self, tag: u64) -> bool {
        let mut calls = self.lock();
        let withdrawn = calls.waiting.remove(&tag);
        if withdrawn.is_some() {
            self.count(&calls);
        }
        withdrawn.is_some()
    }

    /// Nobody awaits this call any more. A request that was not begun is never sent.
    pub(super) fn abandon(&self, tag: u64) {
        if self.withdraw(tag) {
            return;
        }
        let id = self.lock().flying.get(&tag).map(|flying| flying.id);
        if let Some(id) = id {
            // It may be over by now. Its completion comes in any case.
            let _ = self.client.cancel(id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        // No panic leaves calls half changed.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The failure of a call whose time was up before it was sent.
pub(crate) fn expired() -> Error {
    let context = "the time of the call was up before it was sent";
    Error::new(Status::TimedOut, context).not_executed()
}
