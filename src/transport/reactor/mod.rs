//! Serves many peers with few threads: one event loop for every transport with descriptors.
//!
//! A transport says where newcomers announce themselves ([`Listener`]) and how requests reach a
//! peer that was let in ([`Peer`]); everything else is here, once: who watches what, how many
//! clients there may be, whose turn it is, when to spin and when to sleep, when a peer is too slow,
//! and how to stop.

mod attention;
mod clock;
mod crew;
mod doors;
mod quantum;
mod queue;
mod recent;
mod relief;
mod shard;
mod slab;
mod sleep;
mod spin;
mod stream;
mod sweep;
#[cfg(test)]
mod tests;
mod token;
mod watch;
mod worker;

pub(crate) use clock::Times;
pub(crate) use quantum::Quantum;
pub(crate) use sleep::{Sleepers, sleep_counted};
pub(crate) use stream::{StreamPeer, Watched};

use super::conversation::outbox::Outbox;
use super::conversation::server::{Half, Spare};
use super::{Answer, ServerOptions, Task, Visit};
use crate::error::{Error, Result};
use crate::sys::ready::{Ready, Want};
use crate::sys::{Bell, Source, cpu, thread};
use crew::{Crew, lock};
use std::io;
use std::sync::atomic::Ordering;
use std::thread::Scope;
use std::time::Duration;
use worker::Worker;

/// Where newcomers announce themselves.
pub(crate) trait Listener: Sync {
    /// What to watch; a door is later called by its place in the list.
    fn doors(&self) -> Vec<Door<'_>>;

    /// Deals with the next newcomer at a door, without waiting. With `is_full` it is refused, in
    /// a way that it understands. An error means that this process lacks something for now
    /// (descriptors, memory), and that whoever is at the door still waits.
    fn admit(&self, door: usize, is_full: bool) -> io::Result<Admission>;

    /// Where the threads that sleep are counted, for peers that announce a request in memory
    /// before they ring. `None`: every request wakes through a descriptor.
    fn sleepers(&self) -> Option<&dyn Sleepers> {
        None
    }
}

/// A descriptor that is readable when somebody is at the door.
pub(crate) struct Door<'a> {
    pub(crate) source: Source<'a>,
    pub(crate) watch: DoorWatch,
}

/// Who watches a door, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DoorWatch {
    /// Every thread, as long as somebody is there; the newcomer goes to the least busy thread.
    ByAll,
    /// The first thread, each time that somebody comes (edge-triggered); the newcomer stays there.
    ByFirst,
}

/// What became of a newcomer.
pub(crate) enum Admission {
    /// Nobody is at the door.
    Nobody,
    /// It was not let in, and does not count.
    TurnedAway,
    /// It had left before it was let in, but it had come.
    Left,
    /// It is a client from now on.
    Peer(Box<dyn Peer>),
}

/// A client that was let in.
pub(crate) trait Peer: Send {
    /// What to watch for it: its descriptors, by place, and what for; `is_blocked`: it has answers
    /// that could not be written yet, and is not asked for more requests until they are.
    fn watches(&self, is_blocked: bool) -> [Option<(Source<'_>, Want)>; 2];

    /// Takes what requests there are and answers them, without waiting, until there are no more or its
    /// [`Quantum`] is used up; `happened`: what its descriptors said since its last turn.
    fn turn(&mut self, happened: Happened, work: &mut Work<'_>) -> TurnEnd;

    /// Whether a request of it lies in memory. Only reading tells that of a descriptor.
    fn asks(&self) -> bool {
        true
    }

    /// The server stops: last words, without waiting.
    fn farewell(&mut self) {}

    /// The CPU from which its last request came, where that is known.
    fn cpu(&self) -> Option<u16> {
        None
    }
}

/// What a thread serves its peers with.
pub(crate) struct Work<'a> {
    /// What answers.
    pub(crate) answer: &'a dyn Answer,
    /// Whether it has to be given aligned bodies ([`Answer::takes_aligned`]).
    pub(crate) aligns: bool,
    /// Where answers are put together; empty between two peers.
    pub(crate) out: Outbox,
    /// Room for large requests and for large answers that nobody uses now.
    pub(crate) spare: Spare,
    /// Rings when serving has to stop, also amid the requests of one peer.
    pub(crate) stop: &'a Bell,
    /// What was done in this turn: requests, and each 256 bytes of them.
    pub(crate) done: u32,
}

impl<'a> Work<'a> {
    pub(crate) fn new(
        answer: &'a dyn Answer,
        stop: &'a Bell,
        max_message: u32,
    ) -> io::Result<Self> {
        let aligns = answer.takes_aligned();
        let out = Outbox::new(answer.longest_answer(max_message), aligns).map_err(|lack| {
            let what = format!("room for answers of {max_message} bytes (max_message): {lack}");
            io::Error::new(io::ErrorKind::OutOfMemory, what)
        })?;
        Ok(Self {
            answer,
            aligns,
            out,
            spare: Spare::default(),
            stop,
            done: 0,
        })
    }

    /// So many requests of so many bytes were answered.
    #[inline]
    pub(crate) fn count(&mut self, requests: u32, bytes: usize) {
        let weight = u32::try_from(bytes / BYTES_A_REQUEST).unwrap_or(u32::MAX);
        self.done = self.done.saturating_add(requests).saturating_add(weight);
    }
}

/// Bytes of requests that are as much work as one more request.
const BYTES_A_REQUEST: usize = 256;

/// What happened at a peer's descriptors, by their places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Happened([Ready; 2]);

impl Default for Happened {
    fn default() -> Self {
        Self([Ready::NOTHING; 2])
    }
}

impl Happened {
    /// Only this, at the descriptor with this place.
    #[inline]
    fn one(place: usize, events: Ready) -> Self {
        let mut happened = Self::default();
        happened.note(place, events);
        happened
    }

    /// At the descriptor with this place.
    #[inline]
    pub(crate) fn at(self, place: usize) -> Ready {
        self.0.get(place).copied().unwrap_or(Ready::NOTHING)
    }

    /// This happened at the descriptor with this place, too.
    #[inline]
    pub(crate) fn note(&mut self, place: usize, events: Ready) {
        if let Some(at) = self.0.get_mut(place) {
            *at |= events;
        }
    }

    #[inline]
    fn is_empty(self) -> bool {
        self.0.iter().all(|events| events.is_empty())
    }
}

/// How a peer's turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TurnEnd {
    /// Nothing is begun; `answered`: something was done.
    Idle { answered: bool },
    /// Half a request is there; `moved`: some bytes more than before, `is_new`: it is none that was there
    /// before, `length`: that of its body, as far as it is known.
    Partial {
        moved: bool,
        is_new: bool,
        length: u32,
    },
    /// An answer waits for room; `moved`: some bytes went further than before.
    Blocked { moved: bool },
    /// Whole requests are left for the peer's next turn.
    Unfinished,
    /// The connection is over.
    Gone,
}

impl TurnEnd {
    /// This half of a request is there.
    pub(crate) fn partial(half: Half, moved: bool) -> Self {
        let Half { is_new, length } = half;
        Self::Partial {
            moved,
            is_new,
            length,
        }
    }
}

/// The limits of a server, as the event loop needs them.
pub(crate) struct Limits {
    pub(crate) max_clients: usize,
    pub(crate) idle_timeout: Duration,
    pub(crate) spin: Duration,
    pub(crate) stop_when_idle: bool,
    /// Threads that serve; `None`: as many as help.
    pub(crate) workers: Option<usize>,
    pub(crate) max_message: u32,
    /// How long a frame, or an answer that nobody takes, may rest.
    pub(crate) stall_timeout: Duration,
}

impl Limits {
    /// From the user's options; `max_clients` is what suits the transport.
    pub(crate) fn new(options: &ServerOptions, max_clients: u32) -> Self {
        let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Self {
            max_clients: size(options.max_clients.unwrap_or(max_clients)),
            idle_timeout: options.idle_timeout,
            spin: options.spin,
            stop_when_idle: options.stop_when_idle,
            workers: Some(size(options.workers)).filter(|workers| *workers > 0),
            max_message: options.max_message,
            stall_timeout: options.stall_timeout,
        }
    }

    /// How many threads serve. Without being told, a user's handler is run by one. The calculator
    /// is run on every CPU that this process may use, since that leaves a thread of the server
    /// beside each client; a server that ends when idle has one client or a few.
    fn threads(&self, answer: &dyn Answer) -> usize {
        let is_alone = self.stop_when_idle || !answer.is_for_many_threads();
        self.workers.unwrap_or_else(|| match is_alone {
            true => 1,
            false => cpu::usable().min(MOST_THREADS),
        })
    }
}

/// The most threads that a server has without being told to.
const MOST_THREADS: usize = 8;

/// Serves whoever comes to `listener` until told to stop, or until idle where that was asked for.
pub(crate) fn serve(listener: &dyn Listener, limits: &Limits, task: &Task<'_>) -> Result<()> {
    let system = |error: io::Error| Error::os("starting to serve", &error);
    let crew = Crew::new(listener, limits, task).map_err(system)?;
    let first = Worker::new(&crew, 0).map_err(system)?;
    crew.desk(0).is_staffed.store(true, Ordering::Relaxed);
    std::thread::scope(|scope| {
        let mut staffed = (1..crew.desks.len()).try_for_each(|index| {
            let (crew, worker) = (&crew, Worker::new(&crew, index)?);
            start(scope, format!("calc_ipc-{index}"), || {
                crew.guard(|| worker.run())
            })?;
            crew.desk(index).is_staffed.store(true, Ordering::Relaxed);
            Ok(())
        });
        if let (Ok(()), Some(watch)) = (&staffed, &crew.relief) {
            let crew = &crew;
            staffed = start(scope, "calc_ipc-relief".into(), || {
                crew.guard(|| relief::watch(crew, watch));
            });
        }
        match staffed {
            // Those that nobody asked for are done without.
            Err(error) if limits.workers.is_some() => crew.fail(system(error)),
            _ => (task.begun)(),
        }
        crew.guard(|| first.run());
        if let Some(relief) = &crew.relief {
            relief.end();
        }
    });
    // Let in by one thread for another that had ended already.
    for desk in &crew.desks {
        for mut peer in std::mem::take(&mut *lock(&desk.newcomers)) {
            peer.farewell();
            task.answer.note(Visit::Left);
        }
    }
    match lock(&crew.failure).take() {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// Starts a thread, which gets no signal.
fn start<'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: String,
    body: impl FnOnce() + Send + 'scope,
) -> io::Result<()> {
    thread::without_signals(|| {
        std::thread::Builder::new()
            .name(name)
            .spawn_scoped(scope, body)
    })?;
    Ok(())
}
