//! What the threads of one server share.

use super::shard::Shard;
use super::watch::Watch;
use super::{Admission, Limits, Listener, Peer, Task};
use crate::error::Error;
pub(super) use crate::sys::mutex::lock;
use crate::sys::{Bell, Handle, Poller, panic, room};
use std::io::{self, ErrorKind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

/// What the threads of one server share.
pub(super) struct Crew<'a> {
    pub(super) listener: &'a dyn Listener,
    pub(super) limits: &'a Limits,
    pub(super) task: &'a Task<'a>,
    /// Rings when the threads stop by themselves: idle, or one of them failed.
    pub(super) over: Bell,
    pub(super) failure: Mutex<Option<Error>>,
    pub(super) desks: Vec<Desk>,
    /// Who sees to it that no peer waits for a long handler of another; nothing where handlers take no
    /// time, or where there is one thread.
    pub(super) relief: Option<Watch>,
    pub(super) clients: AtomicUsize,
    pub(super) have_come: AtomicBool,
    /// A descriptor to let go of, so that a newcomer can be refused when there are no more.
    pub(super) reserve: Mutex<Option<Handle>>,
}

/// No thread.
pub(super) const NOBODY: usize = usize::MAX;

/// What others leave to a thread, and see of it.
pub(super) struct Desk {
    pub(super) shard: Mutex<Shard>,
    /// Watches the shard's peers.
    pub(super) poller: Poller,
    /// Rings when newcomers or wards are left here.
    pub(super) bell: Bell,
    /// Newcomers that another thread let in.
    pub(super) newcomers: Mutex<Vec<Box<dyn Peer>>>,
    pub(super) clients: AtomicUsize,
    /// Its thread has been started.
    pub(super) is_staffed: AtomicBool,
    /// Its thread waits for events.
    pub(super) is_asleep: AtomicBool,
    /// Odd while its thread is inside a turn, and another number for each.
    pub(super) turn: AtomicU32,
    /// The thread that looks after this shard while its own is inside a long handler.
    pub(super) attendant: AtomicUsize,
    /// Shards that this thread is to look after.
    pub(super) wards: Mutex<Vec<usize>>,
}

impl<'a> Crew<'a> {
    pub(super) fn new(
        listener: &'a dyn Listener,
        limits: &'a Limits,
        task: &'a Task<'a>,
    ) -> io::Result<Self> {
        let threads = limits.threads(task.answer);
        let mut desks = Vec::new();
        desks
            .try_reserve_exact(threads)
            .map_err(|_| ErrorKind::OutOfMemory)?;
        desks.push(Desk::new(0)?);
        for index in 1..threads {
            match Desk::new(index) {
                Err(_) if limits.workers.is_none() => break,
                desk => desks.push(desk?),
            }
        }
        Ok(Self {
            listener,
            limits,
            task,
            over: Bell::new()?,
            failure: Mutex::default(),
            relief: (desks.len() > 1 && !task.answer.is_for_many_threads()).then(Watch::default),
            desks,
            clients: AtomicUsize::new(0),
            have_come: AtomicBool::new(false),
            reserve: Mutex::new(Handle::spare().ok()),
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

    /// Does what a thread is there for; a bug of this library in it is everybody's end.
    pub(super) fn guard(&self, body: impl FnOnce()) {
        if let Err(error) = panic::catch(body) {
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
        let has_place = self.clients.load(Ordering::Relaxed) < self.limits.max_clients;
        let is_full = !has_place || !room::has_headroom();
        let admission = self.listener.admit(door, is_full).or_else(|_| {
            drop(reserve.take());
            self.listener.admit(door, true)
        })?;
        if reserve.is_none() {
            *reserve = Handle::spare().ok();
        }
        if let Admission::Peer(_) = admission {
            self.clients.fetch_add(1, Ordering::Relaxed);
        }
        Ok(admission)
    }
}

impl Desk {
    fn new(index: usize) -> io::Result<Self> {
        Ok(Self {
            shard: Mutex::new(Shard::new(index)),
            poller: Poller::new()?,
            bell: Bell::new()?,
            newcomers: Mutex::default(),
            clients: AtomicUsize::new(0),
            is_staffed: AtomicBool::new(false),
            is_asleep: AtomicBool::new(false),
            turn: AtomicU32::new(0),
            attendant: AtomicUsize::new(NOBODY),
            wards: Mutex::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;
    use crate::error::Status;
    use crate::transport::reactor::DoorWatch;
    use crate::transport::reactor::worker::stage::Stage;

    #[test]
    fn a_newcomer_goes_to_the_least_busy_thread_that_runs() {
        Stage::new(&[DoorWatch::ByAll], 4).play(|crew| {
            for (index, (clients, is_staffed)) in [(5, true), (3, true), (0, false), (3, true)]
                .into_iter()
                .enumerate()
            {
                crew.desk(index).clients.store(clients, Ordering::Relaxed);
                crew.desk(index)
                    .is_staffed
                    .store(is_staffed, Ordering::Relaxed);
            }
            let goes_to = |own, index| std::ptr::eq(crew.least_busy(own), crew.desk(index));
            // Among equals, the one that asks, or the first.
            assert!(goes_to(0, 1) && goes_to(1, 1) && goes_to(3, 3));
            crew.desk(3).clients.store(2, Ordering::Relaxed);
            assert!(goes_to(0, 3) && goes_to(1, 3) && goes_to(3, 3));
        });
    }

    #[test]
    fn the_first_failure_ends_the_serving_of_all() {
        Stage::new(&[DoorWatch::ByAll], 1).play(|crew| {
            crew.guard(|| ());
            assert!(!crew.over.has_rung() && lock(&crew.failure).is_none());
            crew.fail(Error::new(Status::System, "first"));
            crew.fail(Error::new(Status::Internal, "second"));
            assert!(crew.over.has_rung());
            let status = lock(&crew.failure).as_ref().map(Error::status);
            assert_eq!(status, Some(Status::System));
        });
    }

    #[test]
    fn the_last_place_is_given_away_once() {
        let mut stage = Stage::new(&[DoorWatch::ByAll], 1);
        stage.options.max_clients = Some(2);
        for _ in 0..3 {
            stage.doors.come(0);
        }
        stage.play(|crew| {
            for clients in [1, 2] {
                assert!(matches!(crew.admit(0), Ok(Admission::Peer(_))));
                assert_eq!(crew.clients.load(Ordering::Relaxed), clients);
            }
            let _ = crew.admit(0);
        });
        assert_eq!(
            *lock(&stage.doors.asked),
            [(0, false), (0, false), (0, true)]
        );
    }

    #[test]
    fn one_for_whom_there_is_no_descriptor_is_asked_again_so_as_to_be_refused() {
        let stage = Stage::new(&[DoorWatch::ByAll], 1);
        stage.doors.put(0, Err(ErrorKind::Other.into()));
        stage.doors.put(0, Ok(Admission::TurnedAway));
        stage.doors.put(0, Err(ErrorKind::Other.into()));
        stage.doors.put(0, Err(ErrorKind::Other.into()));
        stage.play(|crew| {
            assert!(matches!(crew.admit(0), Ok(Admission::TurnedAway)));
            assert!(lock(&crew.reserve).is_some(), "there is one for the next");
            assert!(crew.admit(0).is_err());
            assert_eq!(crew.clients.load(Ordering::Relaxed), 0);
        });
        let asked = [(0, false), (0, true), (0, false), (0, true)];
        assert_eq!(*lock(&stage.doors.asked), asked);
    }
}
