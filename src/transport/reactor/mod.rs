//! Serves many peers with few threads: one event loop for every transport whose peers can be watched.
//!
//! A transport says where newcomers announce themselves ([`Listener`]) and how requests reach a
//! peer that was let in ([`Peer`]); everything else is here, once: who watches what, how many
//! clients there may be, whose turn it is, when to spin and when to sleep, when a peer is too slow,
//! and how to stop.
//!
//! From the bottom: a `Shard` is some peers and what is known of them, whose turn it is (`Queue`), whom to
//! look at next (`Attention`), whether they are many (`Crowd`), and when one is too slow (`Clock`). A `Crew` is what all threads share, the
//! `Doors` and a `Desk` for each thread with its shard. `Held` is a shard in a thread's hands, to which peers
//! come and from which they go. `Turns` gives peers their turns, `Wards` are other threads' shards that a
//! thread looks after, and a `Worker` is one thread: the loop around it all.

mod attention;
mod clock;
mod crew;
mod crowd;
mod desk;
mod doors;
mod drive;
mod held;
mod limits;
mod newcomers;
mod pace;
mod parked;
mod quantum;
mod queue;
mod recent;
mod relief;
mod shard;
mod slab;
mod sleep;
#[cfg(test)]
mod stage;
mod stream;
mod sweep;
mod token;
mod trim;
mod turn;
mod turns;
mod waiting;
mod wards;
mod watch;
mod work;
mod worker;

pub(crate) use clock::Times;
pub(crate) use drive::Turn;
pub use drive::{Driven, EventLoop};
pub(crate) use limits::Limits;
pub(crate) use quantum::Quantum;
pub(crate) use sleep::{Sleepers, sleep_counted};
pub(crate) use stream::{StreamPeer, Watched};
pub(crate) use trim::Trim;
pub(crate) use turn::{Happened, TurnEnd};
pub(crate) use work::Work;

use super::deferral::Parking;
use super::{Cause, Refusal, Task, Visitor};
use crate::error::{Error, Result};
use crate::sys::mutex::lock;
use crate::sys::ready::Want;
use crate::sys::{Source, thread};
use crew::{Base, Crew};
use held::Held;
use std::io;
use std::sync::atomic::Ordering;
use std::thread::Scope;
use worker::Worker;

/// Where newcomers announce themselves.
pub(crate) trait Listener: Sync {
    /// What to watch, always the same; a door is later called by its place in the list.
    fn doors(&self) -> Vec<Door<'_>>;

    /// Deals with the next newcomer at a door, without waiting. With `is_full` it is refused, in
    /// a way that it understands. An error means that this process lacks something for now
    /// (handles, memory), and that whoever is at the door still waits.
    fn admit(&self, door: usize, is_full: bool) -> io::Result<Admission>;

    /// Answers may come later from now on, before anybody is let in.
    fn defers(&self) {}

    /// Where the threads that sleep are counted, for peers that announce a request in memory
    /// before they ring. `None`: every request wakes whoever watches its peer.
    fn sleepers(&self) -> Option<&dyn Sleepers> {
        None
    }
}

/// A source that is readable when somebody is at the door.
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
    Refused(Visitor, Refusal),
    /// It vanished before anybody could know who it was.
    Vanished,
    /// It had left before it was let in, but it had come.
    Left,
    /// It is a client from now on.
    Peer(Box<dyn Peer>),
}

/// A client that was let in.
pub(crate) trait Peer: Send {
    /// Who it is.
    fn visitor(&self) -> &Visitor;

    /// What to watch for it: its sources, by place, and what for; `is_blocked`: it has answers
    /// that could not be written yet, and is not asked for more requests until they are.
    fn watches(&self, is_blocked: bool) -> [Option<(Source<'_>, Want)>; 2];

    /// Takes what requests there are and answers them, without waiting, until there are no more or its
    /// [`Quantum`] is used up; `happened`: what its sources said since its last turn.
    fn turn(&mut self, happened: Happened, work: &mut Work<'_>) -> TurnEnd;

    /// Whether a request of it lies in memory. Only reading tells that of a stream.
    fn asks(&self) -> bool {
        true
    }

    /// The same client; answers to it may come later.
    fn deferring(self: Box<Self>, parking: Parking) -> Box<dyn Peer>;

    /// Whether answers that count as written would be cut if it ended now.
    fn is_sending(&self) -> bool {
        false
    }

    /// The server stops: last words, without waiting.
    fn farewell(&mut self) {}

    /// The CPU from which its last request came, where that is known.
    fn cpu(&self) -> Option<u16> {
        None
    }
}

/// Serves whoever comes to `listener` until told to stop, or until idle where that was asked for.
pub(crate) fn serve(listener: &dyn Listener, limits: &Limits, task: &Task<'_>) -> Result<()> {
    let system = |error: io::Error| Error::os("starting to serve", &error);
    let base = Base::of_all(listener, limits, task.answer).map_err(system)?;
    let crew = Crew::at(&base, listener, limits, task);
    let first = Worker::new(&crew, 0).map_err(system)?;
    crew.desk(0).is_staffed.store(true, Ordering::Relaxed);
    std::thread::scope(|scope| {
        match start_others(&crew, scope) {
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
    for index in 0..crew.desks.len() {
        Held::take(&crew, index).farewell();
    }
    match lock(&crew.failure).take() {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// Starts the threads beside the first, and the one that watches over their turns.
fn start_others<'scope>(
    crew: &'scope Crew<'_>,
    scope: &'scope Scope<'scope, '_>,
) -> io::Result<()> {
    for index in 1..crew.desks.len() {
        let worker = Worker::new(crew, index)?;
        start(scope, format!("calc_ipc-{index}"), || {
            crew.guard(|| worker.run())
        })?;
        crew.desk(index).is_staffed.store(true, Ordering::Relaxed);
    }
    if let Some(watch) = &crew.relief {
        start(scope, "calc_ipc-relief".into(), || {
            crew.guard(|| relief::watch(crew, watch));
        })?;
    }
    Ok(())
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
