//! Serves many peers with few threads: one event loop for every transport with descriptors.
//!
//! A transport says where newcomers announce themselves ([`Listener`]) and how requests reach a
//! peer that was let in ([`Peer`]); everything else is here, once: who watches what, how many
//! clients there may be, when to spin and when to sleep, when a peer is too slow, and how to stop.

mod attention;
mod crew;
mod doors;
mod recent;
mod slab;
mod sleep;
mod stream;
mod timing;
mod token;
mod worker;

pub(crate) use crate::sys::unix::epoll::Interest;
pub(crate) use sleep::{Sleepers, sleep_counted};
pub(crate) use stream::{StreamPeer, Watched};

use super::{Answer, Outbox, ServerOptions, Task, Visit};
use crate::error::{Error, Result};
use crate::sys::{Bell, thread};
use crew::{Crew, lock};
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::atomic::Ordering;
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
    pub(crate) fd: BorrowedFd<'a>,
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
    fn watches(&self, is_blocked: bool) -> [Option<(BorrowedFd<'_>, Interest)>; 2];

    /// Something happened at the watched descriptor with this place.
    fn ready(&mut self, watch: usize, events: Interest, work: &mut Work<'_>) -> Pumped;

    /// Takes what requests there are and answers them, without waiting.
    fn pump(&mut self, work: &mut Work<'_>) -> Pumped;

    /// The server stops: last words, without waiting.
    fn farewell(&mut self) {}

    /// The CPU from which its last request came, where that is known.
    fn cpu(&self) -> Option<u16> {
        None
    }
}

/// Large room that one peer is done with, for the next that needs some.
#[derive(Debug, Default)]
pub(crate) struct Spare {
    requests: Vec<u8>,
    answers: Vec<u8>,
}

/// What a thread serves its peers with.
pub(crate) struct Work<'a> {
    /// What answers.
    pub(crate) answer: &'a dyn Answer,
    /// Where answers are put together; empty between two peers.
    pub(crate) out: Outbox,
    /// Room for large requests and for large answers that nobody uses now.
    pub(crate) spare: Spare,
    /// Rings when serving has to stop, also amid the requests of one peer.
    pub(crate) stop: &'a Bell,
}

/// How far a peer got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pumped {
    /// Nothing is begun; `answered`: something was done.
    Idle { answered: bool },
    /// Half a request is there, or an answer waits for room (`is_blocked`); `moved`: some bytes went
    /// further than last time.
    Waiting { is_blocked: bool, moved: bool },
    /// Whole requests are left for the peer's next turn.
    Unfinished,
    /// The connection is over.
    Gone,
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
        }
    }

    /// How many threads serve. Without being told, a user's handler is run by one. The calculator
    /// is run on every CPU that this process may use, since that leaves a thread of the server
    /// beside each client; a server that ends when idle has one client or a few.
    fn threads(&self, answer: &dyn Answer) -> usize {
        let is_alone = self.stop_when_idle || !answer.is_for_many_threads();
        self.workers.unwrap_or_else(|| match is_alone {
            true => 1,
            false => {
                std::thread::available_parallelism().map_or(1, |cpus| cpus.get().min(MOST_THREADS))
            }
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
        let staffed = (1..crew.desks.len()).try_for_each(|index| {
            let worker = Worker::new(&crew, index)?;
            thread::without_signals(|| {
                std::thread::Builder::new()
                    .name(format!("calc_ipc-{index}"))
                    .spawn_scoped(scope, || crew.work(worker))
            })?;
            crew.desk(index).is_staffed.store(true, Ordering::Relaxed);
            Ok(())
        });
        match staffed {
            // Those that nobody asked for are done without.
            Err(error) if limits.workers.is_some() => crew.fail(system(error)),
            _ => (task.begun)(),
        }
        crew.work(first);
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
