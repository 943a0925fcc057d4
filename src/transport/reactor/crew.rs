//! What the threads of one server share.

use super::worker::Worker;
use super::{Admission, Limits, Listener, Peer, Task};
use crate::error::Error;
use crate::sys::unix::fd::Fd;
use crate::sys::{Bell, panic};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What the threads of one server share.
pub(super) struct Crew<'a> {
    pub(super) listener: &'a dyn Listener,
    pub(super) limits: &'a Limits,
    pub(super) task: &'a Task<'a>,
    /// Rings when the threads stop by themselves: idle, or one of them failed.
    pub(super) over: Bell,
    pub(super) failure: Mutex<Option<Error>>,
    pub(super) desks: Vec<Desk>,
    pub(super) clients: AtomicUsize,
    pub(super) have_come: AtomicBool,
    /// A descriptor to let go of, so that a newcomer can be refused when there are no more.
    pub(super) reserve: Mutex<Option<Fd>>,
}

/// Where a thread finds newcomers that another thread let in.
pub(super) struct Desk {
    pub(super) bell: Bell,
    pub(super) newcomers: Mutex<Vec<Box<dyn Peer>>>,
    pub(super) clients: AtomicUsize,
    /// Its thread has been started.
    pub(super) is_staffed: AtomicBool,
}

impl<'a> Crew<'a> {
    pub(super) fn new(
        listener: &'a dyn Listener,
        limits: &'a Limits,
        task: &'a Task<'a>,
    ) -> io::Result<Self> {
        let mut desks = vec![Desk::new()?];
        for _ in 1..limits.threads(task.answer) {
            match Desk::new() {
                Err(_) if limits.workers.is_none() => break,
                desk => desks.push(desk?),
            }
        }
        Ok(Self {
            listener,
            limits,
            task,
            over: own_bell()?,
            failure: Mutex::default(),
            desks,
            clients: AtomicUsize::new(0),
            have_come: AtomicBool::new(false),
            reserve: Mutex::new(spare_descriptor()),
        })
    }

    /// Whether serving is to end because clients have come and all have gone.
    pub(super) fn is_idle(&self) -> bool {
        self.limits.stop_when_idle
            && self.task.may_end_when_idle
            && self.have_come.load(Ordering::Relaxed)
            && self.clients.load(Ordering::Relaxed) == 0
    }

    /// The desk of the thread with this number.
    #[expect(clippy::indexing_slicing, reason = "there is one for each thread")]
    pub(super) fn desk(&self, index: usize) -> &Desk {
        &self.desks[index]
    }

    /// The desk with the fewest clients; the one of the thread that asks, if that is one of them.
    pub(super) fn least_busy(&self, own: usize) -> &Desk {
        let load = |desk: &Desk| desk.clients.load(Ordering::Relaxed);
        let staffed = self
            .desks
            .iter()
            .filter(|desk| desk.is_staffed.load(Ordering::Relaxed));
        staffed.fold(self.desk(own), |best, desk| {
            if load(desk) < load(best) { desk } else { best }
        })
    }

    /// Lets a thread serve to its end; if that is a bug of this library, it is everybody's end.
    pub(super) fn work(&self, worker: Worker<'_>) {
        if let Err(error) = panic::catch(|| worker.run()) {
            self.fail(error);
        }
    }

    /// Ends the serving of every thread, for this reason.
    pub(super) fn fail(&self, error: Error) {
        lock(&self.failure).get_or_insert(error);
        self.over.ring();
    }

    /// Deals with the next newcomer at a door. One for whom this process has no descriptor left is
    /// refused, with the one that is kept for that; an error means that not even that could be done.
    ///
    /// One thread does so at a time: another would let its newcomer in with that descriptor, or
    /// for the place that this one just gave away.
    pub(super) fn admit(&self, door: usize) -> io::Result<Admission> {
        let mut reserve = lock(&self.reserve);
        let is_full = self.clients.load(Ordering::Relaxed) >= self.limits.max_clients;
        let admission = self.listener.admit(door, is_full).or_else(|_| {
            drop(reserve.take());
            self.listener.admit(door, true)
        })?;
        if reserve.is_none() {
            *reserve = spare_descriptor();
        }
        if let Admission::Peer(_) = admission {
            self.clients.fetch_add(1, Ordering::Relaxed);
        }
        Ok(admission)
    }
}

impl Desk {
    fn new() -> io::Result<Self> {
        Ok(Self {
            bell: own_bell()?,
            newcomers: Mutex::default(),
            clients: AtomicUsize::new(0),
            is_staffed: AtomicBool::new(false),
        })
    }
}

fn own_bell() -> io::Result<Bell> {
    let bell = Bell::new()?;
    bell.own();
    Ok(bell)
}

fn spare_descriptor() -> Option<Fd> {
    let null = std::fs::File::open("/dev/null").ok()?;
    Some(Fd::new(OwnedFd::from(null)))
}

/// A thread that panicked left these values whole: each change to them is one assignment.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
