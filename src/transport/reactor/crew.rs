//! What the threads of one server share.

use super::attention::Attention;
use super::crowd::Crowd;
use super::desk::Desk;
use super::doors::{Book, Doors};
use super::shard::Shard;
use super::watch::Watch;
use super::{Limits, Listener, Task};
use crate::error::Error;
use crate::sys::mutex::lock;
use crate::sys::wait::processors;
use crate::sys::{Bell, panic};
use crate::transport::Answer;
use std::io::{self, ErrorKind};
use std::sync::Mutex;
use std::sync::atomic::Ordering;

/// What the threads of one server share.
pub(super) struct Crew<'a> {
    pub(super) limits: &'a Limits,
    pub(super) task: &'a Task<'a>,
    /// Rings when the threads stop by themselves: idle, or one of them failed.
    pub(super) over: &'a Bell,
    pub(super) doors: Doors<'a>,
    pub(super) failure: Mutex<Option<Error>>,
    pub(super) desks: &'a [Desk],
    /// Who sees to it that no peer waits for a long handler of another; nothing where handlers take no
    /// time, or where there is one thread.
    pub(super) relief: Option<Watch>,
}

/// What outlasts a crew: so that another one can go on.
pub(super) struct Base {
    over: Bell,
    book: Book,
    desks: Vec<Desk>,
}

impl Base {
    /// That of as many threads as the limits say.
    pub(super) fn of_all(
        listener: &dyn Listener,
        limits: &Limits,
        answer: &dyn Answer,
    ) -> io::Result<Self> {
        Self::new(listener, limits, answer, limits.threads(answer))
    }

    /// That of so many threads; of fewer, where nobody asked for them and they cannot be had.
    pub(super) fn new(
        listener: &dyn Listener,
        limits: &Limits,
        answer: &dyn Answer,
        threads: usize,
    ) -> io::Result<Self> {
        let asks_in_memory = listener.sleepers().is_some();
        let defers = answer.deferring().is_some();
        if defers {
            listener.defers();
        }
        let attention = || Attention::new(asks_in_memory, limits.spin);
        let crowd = || Crowd::on(processors() / threads.max(1));
        let shard = || Shard::new(attention(), crowd());
        let desk = || Desk::new(shard(), defers);
        let mut desks = Vec::new();
        desks
            .try_reserve_exact(threads)
            .map_err(|_| ErrorKind::OutOfMemory)?;
        desks.push(desk()?);
        for _ in 1..threads {
            match desk() {
                Err(_) if limits.workers.is_none() => break,
                desk => desks.push(desk?),
            }
        }
        Ok(Self {
            over: Bell::new()?,
            book: Book::new(listener),
            desks,
        })
    }
}

impl<'a> Crew<'a> {
    /// One at this base.
    #[inline]
    pub(super) fn at(
        base: &'a Base,
        listener: &'a dyn Listener,
        limits: &'a Limits,
        task: &'a Task<'a>,
    ) -> Self {
        let Base { over, book, desks } = base;
        Self {
            limits,
            task,
            over,
            doors: Doors::new(listener, limits, task.may_end_when_idle, book),
            failure: Mutex::default(),
            relief: (desks.len() > 1 && !task.answer.is_for_many_threads()).then(Watch::default),
            desks,
        }
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
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;
    use crate::error::Status;
    use crate::transport::reactor::DoorWatch;
    use crate::transport::reactor::stage::Stage;

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
}
