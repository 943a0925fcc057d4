//! When to look again at once, and when to sleep in the kernel.

use crate::sys::cpu;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Decides, wait by wait, whether spinning pays, from how earlier spins ended.
///
/// A spin that finds nothing makes the next 8, 32 ... 4096 waits sleep at once; one that succeeds
/// halves that. So a peer on another core is answered in a microsecond, and a peer that shares
/// this core costs next to nothing beyond sleeping. Streams cannot know where their peer runs,
/// hence the learning.
#[derive(Debug)]
pub(crate) struct Spin {
    budget: Duration,
    skip: u32,
    backoff: u32,
}

/// Attempts between two looks at the clock, each of which takes as long as some attempts.
pub(crate) const LOOKS: u32 = 8;
/// Looks at the clock after which a spin ends whatever it says: one that stands still (a debugger's, a
/// simulator's) keeps nobody. The longest spin has fewer.
pub(crate) const LOOKS_AT_CLOCK: u32 = 1 << 17;
const FIRST_BACKOFF: u32 = 8;
const LAST_BACKOFF: u32 = 4096;

impl Spin {
    /// A policy that spins for `budget` at most; with one CPU, or without a budget, never.
    pub(crate) fn new(budget: Duration) -> Self {
        let budget = if has_one_cpu() {
            Duration::ZERO
        } else {
            budget
        };
        Self {
            budget,
            skip: 0,
            backoff: 0,
        }
    }

    /// Calls `attempt` until it gives something or the budget is spent. `None`: sleep now.
    #[inline(always)]
    pub(crate) fn until<T>(&mut self, attempt: impl FnMut() -> Option<T>) -> Option<T> {
        match self.begin() {
            true => self.spin(attempt),
            false => None,
        }
    }

    #[inline(never)]
    fn spin<T>(&mut self, mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
        // Most of those that are found at all are found before the clock is worth a look.
        let mut started = None;
        for _ in 0..LOOKS_AT_CLOCK {
            for _ in 0..LOOKS {
                if let Some(found) = attempt() {
                    self.succeeded(started);
                    return Some(found);
                }
                // Looking without a pause takes the line away from the side that is about to write it,
                // which costs shared memory a third of a round trip.
                std::hint::spin_loop();
            }
            if started.get_or_insert_with(Instant::now).elapsed() >= self.budget {
                break;
            }
        }
        self.failed();
        None
    }

    /// Whether this wait should spin.
    #[inline]
    pub(crate) fn begin(&mut self) -> bool {
        let may_spin = self.may_spin();
        self.skip = self.skip.saturating_sub(1);
        may_spin
    }

    /// Whether the next wait will spin.
    #[inline]
    pub(crate) fn may_spin(&self) -> bool {
        !self.budget.is_zero() && self.skip == 0
    }

    /// How long a spin may last.
    pub(crate) fn budget(&self) -> Duration {
        self.budget
    }

    /// The spin that began at `started`, or just now, found what it waited for. One that took longer
    /// than its budget did not find it by spinning: the thread was off its CPU meanwhile.
    #[inline]
    pub(crate) fn succeeded(&mut self, started: Option<Instant>) {
        if self.backoff > 0 {
            if started.is_some_and(|started| started.elapsed() > self.budget) {
                self.failed();
            } else {
                self.backoff /= 2;
            }
        }
    }

    /// The spin found nothing, and the wait ends in the kernel.
    pub(crate) fn failed(&mut self) {
        self.backoff = match self.backoff {
            0 => FIRST_BACKOFF,
            now => (now.saturating_mul(4)).min(LAST_BACKOFF),
        };
        self.skip = self.backoff;
    }
}

/// Whether the machine has one CPU only, so that no peer can run while it spins.
///
/// How many of them this process may use says nothing: pinned to one CPU, it may have a peer that is
/// pinned to another; one that shares its own is found out by how spins end. Threads that ask first
/// may find out twice; a lock around it would do worse: a child forked while another thread held it
/// would wait for ever.
fn has_one_cpu() -> bool {
    const UNKNOWN: usize = 0;
    static CPUS: AtomicUsize = AtomicUsize::new(UNKNOWN);
    let mut cpus = CPUS.load(Ordering::Relaxed);
    if cpus == UNKNOWN {
        cpus = cpu::online();
        CPUS.store(cpus, Ordering::Relaxed);
    }
    cpus == 1
}
