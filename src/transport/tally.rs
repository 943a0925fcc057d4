//! What the threads of a server have answered.

use crate::sys::NoFork;
use crate::sys::mutex::lock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// What one thread has answered. It alone writes here, to a cache line of its own; anybody may read.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(crate) struct Tally {
    requests: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
}

impl Tally {
    /// A request of so many bytes was answered with so many.
    #[inline]
    pub(crate) fn count(&self, bytes_in: usize, bytes_out: u32) {
        add(&self.requests, 1);
        add(&self.bytes_in, bytes_in as u64);
        add(&self.bytes_out, bytes_out.into());
    }

    fn read(&self) -> Answered {
        Answered {
            requests: self.requests.load(Ordering::Relaxed),
            bytes_in: self.bytes_in.load(Ordering::Relaxed),
            bytes_out: self.bytes_out.load(Ordering::Relaxed),
        }
    }
}

/// Not one step, which one writer does not need, and which takes ten times as long.
#[inline]
fn add(counter: &AtomicU64, count: u64) {
    let before = counter.load(Ordering::Relaxed);
    counter.store(before.wrapping_add(count), Ordering::Relaxed);
}

/// What was answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answered {
    /// Requests, those that the handler failed on too.
    pub(crate) requests: u64,
    /// The bytes of their bodies.
    pub(crate) bytes_in: u64,
    /// The bytes of their answers' bodies.
    pub(crate) bytes_out: u64,
}

impl Answered {
    fn plus(self, other: Self) -> Self {
        Self {
            requests: self.requests.wrapping_add(other.requests),
            bytes_in: self.bytes_in.wrapping_add(other.bytes_in),
            bytes_out: self.bytes_out.wrapping_add(other.bytes_out),
        }
    }
}

/// What all threads of a server have answered.
#[derive(Debug, Default)]
pub(crate) struct Tallies(Mutex<Sum>);

#[derive(Debug, Default)]
struct Sum {
    threads: Vec<Arc<Tally>>,
    /// What threads answered that have ended.
    past: Answered,
}

impl Tallies {
    /// The tally of a thread that begins.
    pub(crate) fn begin(&self) -> Arc<Tally> {
        let tally = Arc::new(Tally::default());
        let mut sum = lock(&self.0);
        let Sum { threads, past } = &mut *sum;
        threads.retain(|thread| {
            let has_ended = Arc::strong_count(thread) == 1;
            if has_ended {
                *past = past.plus(thread.read());
            }
            !has_ended
        });
        threads.push(Arc::clone(&tally));
        tally
    }

    /// What was answered so far.
    pub(crate) fn sum(&self) -> Answered {
        let _no_fork = NoFork::begin(); // A child that adopts the server needs the lock.
        let sum = lock(&self.0);
        let threads = sum.threads.iter().map(|thread| thread.read());
        threads.fold(sum.past, Answered::plus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_threads_answered_that_have_ended_still_counts() {
        let tallies = Tallies::default();
        let (first, second) = (tallies.begin(), tallies.begin());
        first.count(5, 7);
        second.count(11, 0);
        second.count(0, 13);
        let answered = Answered {
            requests: 3,
            bytes_in: 16,
            bytes_out: 20,
        };
        assert_eq!(tallies.sum(), answered);
        drop(first);
        assert_eq!(tallies.sum(), answered);
        let third = tallies.begin();
        assert_eq!(
            lock(&tallies.0).threads.len(),
            2,
            "the first is kept no longer"
        );
        assert_eq!(tallies.sum(), answered);
        third.count(1, 1);
        drop((second, third));
        assert_eq!(tallies.sum().requests, 4);
    }
}
