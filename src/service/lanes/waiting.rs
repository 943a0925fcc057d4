//! Waiting for a lane that somebody else has.

use crate::sys::mutex;
use crate::sys::try_lock::Attendant;
use crate::transport::Deadline;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicU32, fence};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

/// How long one sleeps at most before it looks whether the client was stopped, which cannot wake anybody here: a signal
/// handler may stop it.
const SLICE: Duration = Duration::from_millis(20);

/// Who has waited for so long is let go first.
const OVERDUE: Duration = Duration::from_millis(1);

/// Those who wait for a lane.
///
/// A waiter is counted, passes a fence ([`Waiting::is_awaited`]), tries all lanes, and asks for those that others have, then
/// sleeps. Who was asked for a lane gives it back, passes that fence, and wakes somebody if anybody is counted. So one of the
/// two fences comes first: either the waiter finds the lane given back, or whoever gave it back finds the waiter counted, also
/// where another one had asked before. Where nobody waits, nobody is asked.
#[derive(Debug, Default)]
pub(in crate::service) struct Waiting {
    waiters: AtomicU32,
    overdue: AtomicU32,
    /// How often a lane was given back to those who wait.
    given_back: Mutex<u64>,
    changed: Condvar,
}

impl Waiting {
    /// Whether anybody waits: whoever was counted before this was asked.
    pub(in crate::service) fn is_awaited(&self) -> bool {
        fence(SeqCst);
        self.waiters.load(Relaxed) > 0
    }

    /// Tells one who waits that a lane was given back.
    #[cold]
    pub(in crate::service) fn wake(&self) {
        *mutex::lock(&self.given_back) += 1;
        self.changed.notify_one();
    }

    /// Counts what waits besides threads, or no longer does.
    pub(in crate::service) fn count(&self, waits: bool) {
        match waits {
            true => self.waiters.fetch_add(1, SeqCst),
            false => self.waiters.fetch_sub(1, SeqCst),
        };
    }

    /// Whether somebody has waited for long.
    #[inline]
    pub(in crate::service) fn has_overdue(&self) -> bool {
        self.overdue.load(Relaxed) > 0
    }

    /// Lets those go first who have waited for long.
    pub(in crate::service) fn let_others_go_first(&self) {
        if self.has_overdue() {
            self.stand_back();
        }
    }

    fn stand_back(&self) {
        let mut waiter = self.join();
        let a_moment = Deadline::after(Some(OVERDUE));
        waiter.sleep(&a_moment);
    }

    /// Becomes one who waits.
    pub(in crate::service) fn join(&self) -> Waiter<'_> {
        self.count(true);
        Waiter {
            seen: *mutex::lock(&self.given_back),
            waiting: self,
            since: Instant::now(),
            is_overdue: false,
        }
    }
}

/// Threads alone are told: calls that nobody waits for know what they do with lanes.
impl Attendant for Waiting {
    fn given_back(&self) {
        if self.is_awaited() {
            self.wake();
        }
    }
}

/// One who waits for a lane.
#[derive(Debug)]
pub(in crate::service) struct Waiter<'a> {
    waiting: &'a Waiting,
    /// What was given back when it looked last.
    seen: u64,
    since: Instant,
    is_overdue: bool,
}

impl Waiter<'_> {
    /// Sleeps until a lane was given back since it slept last, for a moment at most; `false`: the deadline has passed.
    pub(in crate::service) fn sleep(&mut self, deadline: &Deadline) -> bool {
        if !self.is_overdue && self.since.elapsed() >= OVERDUE {
            self.is_overdue = true;
            self.waiting.overdue.fetch_add(1, Relaxed);
        }
        if deadline.has_passed() {
            return false;
        }
        let time = deadline.remaining().map_or(SLICE, |left| left.min(SLICE));
        let guard = mutex::lock(&self.waiting.given_back);
        let is_same = |given_back: &mut u64| *given_back == self.seen;
        let waited = self
            .waiting
            .changed
            .wait_timeout_while(guard, time, is_same);
        let (guard, _) = mutex::whole(waited);
        self.seen = *guard;
        true
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        if self.is_overdue {
            self.waiting.overdue.fetch_sub(1, Relaxed);
        }
        self.waiting.count(false);
        self.waiting.given_back(); // What it was woken for may be there for another one.
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_waits_no_more_holds_nobody_up() {
        let waiting = Waiting::default();
        let mut waiter = waiting.join();
        assert!(waiting.is_awaited());
        let mut sleep_since = |since| {
            waiter.since = since;
            assert!(!waiter.sleep(&Deadline::after(Some(Duration::ZERO))));
            waiting.overdue.load(Relaxed)
        };
        let now = Instant::now();
        assert_eq!(sleep_since(now + Duration::from_hours(1)), 0);
        for _ in 0..2 {
            assert_eq!(sleep_since(now - OVERDUE), 1, "it counts once");
        }
        assert!(waiting.has_overdue());
        drop(waiter);
        assert!(!waiting.is_awaited() && !waiting.has_overdue());
    }

    #[test]
    fn what_one_was_woken_for_is_there_for_another_one() {
        let waiting = Waiting::default();
        let (one, other) = (waiting.join(), waiting.join());
        drop(one);
        assert_ne!(*mutex::lock(&waiting.given_back), other.seen);
    }
}
