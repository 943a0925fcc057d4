//! The latch under loom, which runs each model once for every order that the memory model allows: `scripts/loom.sh`.
//!
//! Nobody waits with a limit here, so a wake-up that is lost is a deadlock, which loom reports.

use super::{FREE, Latch};
use crate::sys::atomic::model::Word;
use loom::cell::UnsafeCell;
use loom::sync::atomic::Ordering::{Relaxed, SeqCst};
use loom::sync::atomic::{AtomicU32, fence};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

/// A lock, what it protects, and who waits for it.
#[derive(Default)]
struct Model {
    latch: Latch<Word>,
    value: UnsafeCell<u32>,
    waiters: AtomicU32,
    given_back: Mutex<u32>,
    changed: Condvar,
}

impl Model {
    /// What whoever has the lock does with it, and as `Guard` is dropped.
    fn use_it(&self) {
        // SAFETY: the lock is taken; loom sees it if not.
        self.value.with_mut(|value| unsafe { *value += 1 });
        if self.latch.leave(FREE) {
            self.given_back();
        }
    }

    /// As `Waiting::given_back`.
    fn given_back(&self) {
        if self.is_awaited() {
            *self.given_back.lock().unwrap() += 1;
            self.changed.notify_one();
        }
    }

    /// As `Waiting::is_awaited`.
    fn is_awaited(&self) -> bool {
        fence(SeqCst);
        self.waiters.load(Relaxed) > 0
    }

    /// How often it was used.
    fn times(&self) -> u32 {
        // SAFETY: nobody uses it any more; loom sees it if not.
        self.value.with(|value| unsafe { *value })
    }

    /// As `Lanes::find` and `LaneCell::take` by one who waits, and `Waiter`.
    fn wait_and_use_it(&self) {
        self.waiters.fetch_add(1, SeqCst);
        let mut seen = *self.given_back.lock().unwrap();
        loop {
            assert!(self.is_awaited());
            if self.latch.take().is_ok() {
                self.latch.ask(); // Others may wait.
                self.waiters.fetch_sub(1, SeqCst);
                self.given_back(); // What it was woken for may be there for another one.
                return self.use_it();
            }
            if !self.latch.ask() {
                continue;
            }
            let mut given_back = self.given_back.lock().unwrap();
            while *given_back == seen {
                given_back = self.changed.wait(given_back).unwrap();
            }
            seen = *given_back;
        }
    }
}

#[test]
fn who_waits_has_it_or_is_woken() {
    loom::model(|| {
        let model = Arc::new(Model::default());
        model.latch.take().unwrap();
        let there = Arc::clone(&model);
        let waiting = thread::spawn(move || there.wait_and_use_it());
        model.use_it();
        if model.latch.take().is_ok() {
            model.use_it(); // One who does not wait may be faster.
        }
        waiting.join().unwrap();
        assert!([2, 3].contains(&model.times()));
    });
}

#[test]
fn of_two_who_wait_each_is_woken() {
    let mut orders = loom::model::Builder::new();
    orders.preemption_bound = Some(3); // All would take hours.
    orders.check(|| {
        let model = Arc::new(Model::default());
        model.latch.take().unwrap();
        let there = Arc::clone(&model);
        let waiting = thread::spawn(move || there.wait_and_use_it());
        let there = Arc::clone(&model);
        let giving_back = thread::spawn(move || there.use_it());
        model.wait_and_use_it();
        waiting.join().unwrap();
        giving_back.join().unwrap();
        assert_eq!(model.times(), 3);
    });
}
