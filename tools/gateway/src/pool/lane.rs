//! One connection to a backend: calls that go out over it, and those that wait until it can carry more.
//!
//! Whoever asks submits at once, on its own thread, where the connection can carry the call. A task takes the answers as
//! they come, and submits what waits. Nothing here waits on a thread of the runtime.

use super::call::{Admission, Call, Placed};
use bytes::Bytes;
use calc_ipc::error::{Error, Result, Status};
use calc_ipc::service::{Client, Completion, Limit, Next};
use calc_ipc::transport::{Address, ClientOptions};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::oneshot;
use tokio::task;
use tokio::time::Instant;

/// The room for an answer from the start, in bytes, and what is kept after one that was larger.
const ROOM: usize = 64 << 10;

/// So many answers are taken before other tasks of the thread have their turn.
const TURN: u32 = 256;

/// What an answer is, or why there is none.
pub(super) type Answer = Result<Bytes>;

/// One connection.
pub struct Lane {
    client: Client,
    calls: Mutex<Calls>,
    queue: Arc<Queue>,
    /// Told of each call that found no server there any more.
    lost: Box<dyn Fn() + Send + Sync>,
}

/// How many calls of a backend wait, over all of its lanes.
#[derive(Debug)]
pub struct Queue {
    waiting: AtomicUsize,
    limit: usize,
}

/// The calls of a lane. Each is in one of the two places.
#[derive(Default)]
struct Calls {
    waiting: VecDeque<Waiting>,
    /// By tag.
    flying: HashMap<u64, Flying>,
    /// The tag that was given last.
    last: u64,
    /// Calls that were over before they were answered, since the last answer: the backend may still be busy with them.
    owed: usize,
}

/// A call that was not submitted.
struct Waiting {
    tag: u64,
    message: Bytes,
    due: Instant,
    admission: Admission,
    reply: oneshot::Sender<Answer>,
}

/// A call that was submitted.
struct Flying {
    /// The client's number of it.
    id: u64,
    reply: oneshot::Sender<Answer>,
}

impl Queue {
    /// One for `limit` calls.
    pub fn new(limit: usize) -> Self {
        Self {
            waiting: AtomicUsize::new(0),
            limit,
        }
    }

    /// How many wait.
    pub fn length(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Takes one more, unless it is full. Calls that are bounded by their stream always have a place.
    fn enter(&self, admission: Admission) -> bool {
        if admission == Admission::Windowed {
            return true;
        }
        let more = |waiting| (waiting < self.limit).then_some(waiting + 1);
        let (set, fetch) = (Ordering::Relaxed, Ordering::Relaxed);
        self.waiting.fetch_update(set, fetch, more).is_ok()
    }

    fn leave(&self, admission: Admission) {
        if admission == Admission::Queued {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Lane {
    /// A connection to the server at `address`, which is made when it is needed and made anew when it was lost. A task of
    /// this runtime drives it. `lost` is told of each call that found no server there
    /// any more.
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
            lost: Box::new(lost),
        });
        let number = lane.client.source()?.as_raw_fd();
        let watched = watch(Watched(lane.clone(), number));
        let watched = watched.map_err(|error| Error::os("watch a client", &error))?;
        task::spawn(drive(watched));
        Ok(lane)
    }

    /// How busy it is, in calls.
    pub(super) fn load(&self) -> usize {
        let calls = self.lock();
        calls.flying.len() + calls.waiting.len() + calls.owed
    }

    /// Asks for an answer to `message` until `due`. Calls of one lane go out in the order in which they are asked for.
    pub fn ask(self: &Arc<Self>, message: Bytes, due: Instant, admission: Admission) -> Call {
        let (reply, answer) = oneshot::channel();
        let mut calls = self.lock();
        calls.last += 1;
        let tag = calls.last;
        let waiting = Waiting {
            tag,
            message,
            due,
            admission,
            reply,
        };
        let placed = match calls.waiting.is_empty() {
            true => self.submit(&mut calls, waiting),
            false => Err(waiting),
        };
        let placed = match placed {
            Ok(()) => Placed::Submitted,
            Err(waiting) if self.queue.enter(admission) => {
                calls.waiting.push_back(waiting);
                Placed::Waiting
            }
            Err(waiting) => {
                let _ = waiting.reply.send(Err(self.full())); // The other end is held right here.
                Placed::Submitted
            }
        };
        drop(calls);
        Call::new(self.clone(), tag, due, placed, answer)
    }

    fn full(&self) -> Error {
        let limit = self.queue.limit;
        let context = format!("{limit} calls wait for the backend already; ask again later");
        Error::new(Status::Refused, context).not_executed()
    }

    /// Submits a call, or fails it; gives it back if the connection carries as many as it can.
    fn submit(&self, calls: &mut Calls, waiting: Waiting) -> std::result::Result<(), Waiting> {
        let left = waiting.due.saturating_duration_since(Instant::now());
        let submitted = match left.is_zero() {
            true => Err(expired()),
            false => {
                let limit = Limit::Own(Some(left));
                self.client.submit(limit, &waiting.message, waiting.tag)
            }
        };
        let (tag, reply) = (waiting.tag, waiting.reply);
        match submitted {
            Ok(id) => {
                calls.flying.insert(tag, Flying { id, reply });
            }
            Err(error) if error.status() == Status::Busy => {
                return Err(Waiting { reply, ..waiting });
            }
            Err(error) => {
                let error = error.not_executed();
                self.note(&error);
                let _ = reply.send(Err(error)); // Who asked may have gone.
            }
        }
        Ok(())
    }

    /// Takes all answers that have come, and submits what waits. `false`: there may be more to take.
    fn advance(&self, room: &mut Vec<u8>) -> bool {
        for _ in 0..TURN {
            match self.client.next(Some(Duration::ZERO), room) {
                Ok(Next::Completion(completion)) => self.complete(completion, room),
                Ok(Next::NoRoom(length)) => room.resize(length, 0),
                Err(_) => {
                    room.truncate(ROOM);
                    room.shrink_to(ROOM);
                    return true;
                }
            }
        }
        false
    }

    fn complete(&self, completion: Completion, room: &[u8]) {
        let Completion { tag, outcome, .. } = completion;
        let answer = outcome.map(|length| {
            let body = room.get(..length).unwrap_or_default();
            Bytes::copy_from_slice(body)
        });
        let mut calls = self.lock();
        let flying = calls.flying.remove(&tag);
        match &answer {
            // Answers come in the order of requests: those before it have come.
            Ok(_) => calls.owed = 0,
            Err(error) => match error.status() {
                Status::TimedOut | Status::Cancelled if !error.is_not_executed() => calls.owed += 1,
                Status::HandlerFailed => calls.owed = 0,
                Status::Closed | Status::PeerDied | Status::NotConnected => {
                    calls.owed = 0;
                    self.note(error);
                }
                _ => {}
            },
        }
        self.refill(&mut calls);
        drop(calls);
        if let Some(flying) = flying {
            let _ = flying.reply.send(answer); // Who asked may have gone.
        }
    }

    /// Submits what waits, as far as the connection carries it.
    fn refill(&self, calls: &mut Calls) {
        while let Some(waiting) = calls.waiting.pop_front() {
            let admission = waiting.admission;
            match self.submit(calls, waiting) {
                Ok(()) => self.queue.leave(admission),
                Err(waiting) => {
                    calls.waiting.push_front(waiting);
                    return;
                }
            }
        }
    }

    /// Tells of a call that found no server, or one that had gone before it was asked.
    fn note(&self, error: &Error) {
        let is_of_connection = matches!(
            error.status(),
            Status::NotConnected | Status::Closed | Status::PeerDied
        );
        if is_of_connection && error.is_not_executed() {
            (self.lost)();
        }
    }

    /// Takes a call that waits out of the line, if it still is there.
    pub(super) fn withdraw(&self, tag: u64) -> bool {
        let mut calls = self.lock();
        let Some(place) = calls.waiting.iter().position(|waiting| waiting.tag == tag) else {
            return false;
        };
        if let Some(waiting) = calls.waiting.remove(place) {
            self.queue.leave(waiting.admission);
        }
        true
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

/// A lane, and the number of the descriptor that tells of it, which stays the same for the client's life.
struct Watched(Arc<Lane>, RawFd);

impl AsRawFd for Watched {
    fn as_raw_fd(&self) -> RawFd {
        self.1
    }
}

#[allow(
    deprecated,
    reason = "the other way is unsafe code, which has no place here; what that has to promise is so: the client keeps the \
              descriptor open, under the same number, and `Watched` keeps the client"
)]
fn watch(watched: Watched) -> io::Result<AsyncFd<Watched>> {
    AsyncFd::with_interest(watched, Interest::READABLE)
}

/// Takes the answers of a lane as they come, for as long as anybody else has it.
async fn drive(watched: AsyncFd<Watched>) {
    let lane = &watched.get_ref().0;
    let mut room = vec![0; ROOM];
    loop {
        let Ok(mut ready) = watched.readable().await else {
            return; // The runtime ends.
        };
        while !lane.advance(&mut room) {
            task::yield_now().await;
        }
        lane.refill(&mut lane.lock());
        ready.clear_ready();
    }
}
