//! A gate between forks and the moments in which descriptors are made, noted and closed.
//!
//! A child closes what is noted ([`super::fork`]). A fork between the system call that makes a descriptor and
//! the note of it would leave that one in the child; one between the note's end and close(2), too. So a thread
//! that makes or closes descriptors holds a [`NoFork`] meanwhile, and the two exclude each other:
//! many threads may hold one at a time, and many may fork, but never both. Calls hold none.
//!
//! Neither side can starve the other: whoever finds the gate shut is let in before the next fork begins.
//! A thread never waits for itself: all signals are blocked while it holds a [`NoFork`], so that no signal
//! handler forks then, and while it forks, what the host's own fork handlers make and close is let through. Nor
//! does it wait for ever for others, as it might where a fork handler of the host's waits for a
//! thread that waits here: after [`PATIENCE`] it goes on, as if there were no gate.
//!
//! `models/fork_gate.pml` is this, checked in every order of its steps.

use super::futex;
use super::thread::SignalsBlocked;
use crate::sys::deadline::Deadline;
use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::time::Duration;

/// Longer than a system call that does not wait, or a fork, takes on a machine that is alive.
const PATIENCE: Duration = Duration::from_secs(1);

/// Three counts of threads: who hold a [`NoFork`], who wait for one, and who fork.
static STATE: AtomicU64 = AtomicU64::new(0);
const INSIDE: u64 = 1;
const WAITING: u64 = 1 << 20;
const FORKING: u64 = 1 << 40;

/// Changes whenever somebody who sleeps may go on.
static CHANGES: AtomicU32 = AtomicU32::new(0);

thread_local! {
    /// How many [`NoFork`]s this thread holds, one within another.
    static HELD: Cell<u32> = const { Cell::new(0) };
    /// It is one of those who are [`INSIDE`].
    static IS_INSIDE: Cell<bool> = const { Cell::new(false) };
    /// How many forks this thread is in the middle of: more than one if a signal's handler forks, too.
    static FORKS: Cell<u32> = const { Cell::new(0) };
}

fn inside(state: u64) -> u64 {
    state % WAITING
}

fn waiting(state: u64) -> u64 {
    state % FORKING / WAITING
}

fn forking(state: u64) -> u64 {
    state / FORKING
}

/// While one lives, no thread of this process forks, and no signal is delivered to this one.
///
/// It is for system calls that make and close descriptors and do not wait.
#[derive(Debug)]
pub(crate) struct NoFork {
    _signals: Option<SignalsBlocked>,
    /// The thread's own: it stays there.
    _thread: PhantomData<*const ()>,
}

impl NoFork {
    /// Waits for forks under way.
    pub(crate) fn begin() -> Self {
        let is_first = HELD.get() == 0;
        // Without them, as where the call is forbidden, the rest still holds.
        let signals = is_first.then(|| SignalsBlocked::new().ok()).flatten();
        HELD.set(HELD.get() + 1);
        if is_first && FORKS.get() == 0 {
            enter();
            IS_INSIDE.set(true);
        }
        Self {
            _signals: signals,
            _thread: PhantomData,
        }
    }
}

impl Drop for NoFork {
    fn drop(&mut self) {
        HELD.set(HELD.get() - 1);
        if HELD.get() == 0 && IS_INSIDE.replace(false) {
            let before = STATE.fetch_sub(INSIDE, SeqCst);
            if forking(before) > 0 {
                changed();
            }
        }
    }
}

/// Changes the state to what `step` makes of it, and gives the one before. `None`: it makes nothing of it.
fn advance(step: impl Fn(u64) -> Option<u64>) -> Option<u64> {
    let mut seen = STATE.load(Relaxed);
    loop {
        match STATE.compare_exchange_weak(seen, step(seen)?, SeqCst, Relaxed) {
            Ok(before) => return Some(before),
            Err(now) => seen = now,
        }
    }
}

/// Goes in once nobody forks.
fn enter() {
    let go_in = |state| (forking(state) == 0).then_some(state + INSIDE);
    if advance(go_in).is_some() {
        return;
    }
    STATE.fetch_add(WAITING, SeqCst);
    let deadline = Deadline::after(Some(PATIENCE));
    sleep_until(&deadline, |is_late| {
        let go_in = |state| (forking(state) == 0 || is_late).then_some(state - WAITING + INSIDE);
        advance(go_in).is_some()
    });
    changed(); // A fork may wait for those who wait to be in.
}

/// Before a fork: shuts the gate and waits until nobody is inside.
pub(super) fn shut() {
    let deadline = Deadline::after(Some(PATIENCE));
    let own = u64::from(IS_INSIDE.get());
    // Waiting for others while they wait for this thread would be waiting for itself.
    let must_not_wait = own > 0 || FORKS.get() > 0;
    sleep_until(&deadline, |is_late| {
        let shut =
            |state| (waiting(state) == 0 || must_not_wait || is_late).then_some(state + FORKING);
        advance(shut).is_some()
    });
    FORKS.set(FORKS.get() + 1);
    sleep_until(&deadline, |is_late| {
        inside(STATE.load(SeqCst)) <= own || is_late
    });
}

/// After a fork, in the parent.
pub(super) fn open() {
    FORKS.set(FORKS.get().saturating_sub(1));
    let open = |state| (forking(state) > 0).then(|| state - FORKING);
    if advance(open).is_some_and(|before| waiting(before) > 0) {
        changed();
    }
}

/// After a fork, in the child: of the threads that were counted only this one is there.
pub(super) fn reset() {
    FORKS.set(FORKS.get().saturating_sub(1));
    let own = u64::from(IS_INSIDE.get()) * INSIDE + u64::from(FORKS.get()) * FORKING;
    STATE.store(own, SeqCst);
}

/// Asks `may_go_on`, which is told whether the time is over, until it agrees, and sleeps in between.
fn sleep_until(deadline: &Deadline, may_go_on: impl Fn(bool) -> bool) {
    loop {
        let seen = CHANGES.load(SeqCst);
        if may_go_on(false) {
            return;
        }
        match deadline.remaining() {
            Some(left) if left.is_zero() => break,
            left => {
                futex::wait(&CHANGES, seen, left.unwrap_or(PATIENCE));
            }
        }
    }
    may_go_on(true);
}

fn changed() {
    CHANGES.fetch_add(1, SeqCst);
    futex::wake_all(&CHANGES);
}
