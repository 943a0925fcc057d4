//! One connection to a backend: calls that go out over it, and those that wait until it can carry more.
//!
//! Whoever asks submits at once, on its own thread, where the connection can carry the call. A task takes the answers as
//! they come, and submits what waits. Nothing here waits on a thread of the runtime.

mod batch;
mod driving;
mod flying;

use super::call::{Call, Placed};
use super::queue::{Place, Queue};
use super::standing::Standing;
use bytes::Bytes;
use calc_ipc::error::{Error, Result, Status};
use calc_ipc::service::{Client, IN_FLIGHT_MAX, Limit};
use calc_ipc::transport::{Address, ClientOptions};
use flying::InFlight;
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout_at};

/// What an answer is, or why there is none.
pub(super) type Answer = Result<Bytes>;

/// Who takes the answers to the requests of a batch.
trait Collect: Send + Sync {
    /// This is the answer to the request in that place of the batch, or why there is none.
    fn take(&self, place: usize, answer: Result<&[u8]>);
}

/// Where an answer goes.
enum Reply {
    /// To who asks for nothing else meanwhile.
    One(oneshot::Sender<Answer>),
    /// To this place of a batch.
    Part(Arc<dyn Collect>, usize),
}

impl Reply {
    fn send(self, answer: Result<&[u8]>) {
        match self {
            Self::One(reply) => {
                let _ = reply.send(answer.map(Bytes::copy_from_slice)); // Who asked may have gone.
            }
            Self::Part(batch, place) => batch.take(place, answer),
        }
    }
}

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
    flying: InFlight,
    /// The tag that was given last.
    last: u64,
}

impl Calls {
    /// The tag of one more call.
    fn next_tag(&mut self) -> u64 {
        self.last += 1;
        self.last
    }
}

/// A call that is asked for.
struct Asked {
    message: Bytes,
    due: Instant,
    reply: Reply,
}

/// A call that was not submitted.
struct Waiting {
    asked: Asked,
    place: Place,
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
        let (asked, answer) = one(message, due);
        match self.put(asked, || self.queue.enter()) {
            Ok((tag, placed)) => Call::new(self.clone(), tag, due, placed, answer),
            Err(_) => Call::ended(self, Err(self.queue.full())),
        }
    }

    /// The same for whoever asks much, one after another: where the queue has no place, it waits for one, until `due`.
    pub async fn ask_in_turn(self: &Arc<Self>, message: Bytes, due: Instant) -> Call {
        let (asked, answer) = one(message, due);
        match self.put_in_turn(asked).await {
            Ok((tag, placed)) => Call::new(self.clone(), tag, due, placed, answer),
            Err(_) => Call::ended(self, Err(expired())),
        }
    }

    /// [`Lane::put`], once the queue has a place if it needs one. A call that is due before that is given back.
    async fn put_in_turn(&self, mut asked: Asked) -> std::result::Result<(u64, Placed), Asked> {
        let mut place = None;
        loop {
            let mut emptied = pin!(self.emptied.notified());
            emptied.as_mut().enable(); // Before it is tried.
            let has = place.take();
            asked = match self.put(asked, || has.or_else(|| self.queue.enter())) {
                Ok(put) => return Ok(put),
                Err(asked) => asked,
            };
            let waited = timeout_at(asked.due, async {
                tokio::select! {
                    entered = self.queue.entered() => entered,
                    () = emptied => None,
                }
            });
            match waited.await {
                Ok(entered) => place = entered,
                Err(_) => return Err(asked),
            }
        }
    }

    /// Submits a call, or lets it wait in the place that `enter` gives, and gives its tag; without a place, it is given back.
    fn put(
        &self,
        asked: Asked,
        enter: impl FnOnce() -> Option<Place>,
    ) -> std::result::Result<(u64, Placed), Asked> {
        let mut calls = self.lock();
        let tag = calls.next_tag();
        let asked = match calls.waiting.is_empty() {
            true => self.submit(&mut calls, tag, asked),
            false => Err(asked),
        };
        let Err(asked) = asked else {
            return Ok((tag, Placed::Submitted));
        };
        let Some(place) = enter() else {
            return Err(asked);
        };
        calls.waiting.insert(tag, Waiting { asked, place });
        self.load.fetch_add(1, Ordering::Relaxed);
        Ok((tag, Placed::Waiting))
    }

    /// Submits a call, or fails it; gives it back if the connection carries as many as it can.
    fn submit(&self, calls: &mut Calls, tag: u64, asked: Asked) -> std::result::Result<(), Asked> {
        let Asked {
            message,
            due,
            reply,
        } = asked;
        let left = due.saturating_duration_since(Instant::now());
        let submitted = self.submit_body(calls, tag, left, &message, reply);
        submitted.map(drop).map_err(|reply| Asked {
            message,
            due,
            reply,
        })
    }

    /// The same for a body, to be answered in the time that is `left`; whether it was submitted.
    fn submit_body(
        &self,
        calls: &mut Calls,
        tag: u64,
        left: Duration,
        body: &[u8],
        reply: Reply,
    ) -> std::result::Result<bool, Reply> {
        let submitted = match left.is_zero() {
            true => Err(expired()),
            false => self.client.submit(Limit::Own(Some(left)), body, tag),
        };
        match submitted {
            Ok(id) => {
                calls.flying.push(tag, id, reply);
                self.load.fetch_add(1, Ordering::Relaxed);
                Ok(true)
            }
            Err(error) if error.status() == Status::Busy => Err(reply),
            Err(error) => {
                let error = error.not_executed();
                self.note(&error);
                reply.send(Err(error));
                Ok(false)
            }
        }
    }

    /// Submits what waits, as far as the connection carries it.
    fn refill(&self, calls: &mut Calls) {
        while !calls.waiting.is_empty() && self.under_way() < IN_FLIGHT_MAX {
            let Some((tag, Waiting { asked, place })) = calls.waiting.pop_first() else {
                return;
            };
            if let Err(asked) = self.submit(calls, tag, asked) {
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
        let id = self.lock().flying.id(tag);
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

/// A call that asks for nothing else meanwhile, and where its answer comes.
fn one(message: Bytes, due: Instant) -> (Asked, oneshot::Receiver<Answer>) {
    let (reply, answer) = oneshot::channel();
    let reply = Reply::One(reply);
    let asked = Asked {
        message,
        due,
        reply,
    };
    (asked, answer)
}

/// The failure of a call whose time was up before it was sent.
pub(crate) fn expired() -> Error {
    let context = "the time of the call was up before it was sent";
    Error::new(Status::TimedOut, context).not_executed()
}
