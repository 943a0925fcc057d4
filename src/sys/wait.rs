//! When to look again at once, and when to sleep in the kernel.

use crate::sys::cpu;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Decides, wait by wait, whether spinning pays, from how earlier spins ended.
///
/// A spin that finds nothing makes the next 8, 32 ... 4096 waits sleep at once; one that succeeds
/// halves that. So a peer on another core is answered in a microsecond, and a peer that shares
/// this core costs next to nothing beyond sleeping. Streams cannot know where their peer runs,
/// hence the learning. What a stream has at the first look teaches nothing: a peer that shares this core
/// often did its part while this side was still writing, and nobody waited for it. In shared memory nobody is
/// let run by writing, so that what is there comes from another core.
#[derive(Debug)]
pub(crate) struct Spin {
    budget: Duration,
    /// Of a stream: a first look teaches nothing.
    of_stream: bool,
    /// Microseconds that the peer needs besides, to copy a long message.
    copying: u16,
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
/// Bytes that a core copies in its caches in a microsecond: on a slower machine the spin ends too early, as without this.
const COPIED_IN_A_MICROSECOND: usize = 16 << 10;
/// No spin lasts longer, whatever is copied: waking somebody takes little beside what takes longer.
const LONGEST: Duration = Duration::from_millis(1);

impl Spin {
    /// A policy for a peer at the other end of a stream, which spins for `budget` at most; with one CPU, or without a
    /// budget, never.
    pub(crate) fn of_stream(budget: Duration) -> Self {
        Self {
            of_stream: true,
            ..Self::of_memory(budget)
        }
    }

    /// The same for a peer that shares memory with this side.
    pub(crate) fn of_memory(budget: Duration) -> Self {
        let budget = if has_one_cpu() {
            Duration::ZERO
        } else {
            budget
        };
        Self {
            budget,
            of_stream: false,
            copying: 0,
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
        if let Some(found) = attempt() {
            self.found_at_once();
            return Some(found);
        }
        // Most of those that are found at all are found before the clock is worth a look.
        let mut started = None;
        for _ in 0..LOOKS_AT_CLOCK {
            for _ in 0..LOOKS {
                // Looking without a pause takes the line away from the side that is about to write it,
                // which costs shared memory a third of a round trip.
                std::hint::spin_loop();
                if let Some(found) = attempt() {
                    self.succeeded(started);
                    self.copying = 0;
                    return Some(found);
                }
            }
            if started.get_or_insert_with(Instant::now).elapsed() >= self.budget() {
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
        (self.budget + Duration::from_micros(self.copying.into())).min(LONGEST)
    }

    /// Whether it never spins.
    pub(crate) fn is_off(&self) -> bool {
        self.budget.is_zero()
    }

    /// The peer has to copy so many bytes before the next spin can find anything, which lasts longer by that.
    #[inline]
    pub(crate) fn allow_for(&mut self, bytes: usize) {
        self.copying = u16::try_from(bytes / COPIED_IN_A_MICROSECOND).unwrap_or(u16::MAX);
    }

    /// It was there at the first look.
    #[inline]
    pub(crate) fn found_at_once(&mut self) {
        if !self.of_stream {
            self.succeeded(None);
        }
    }

    /// The spin that began at `started`, or just now, found what it waited for, though not at its first look. One that
    /// took longer than its budget did not find it by spinning: the thread was off its CPU meanwhile.
    #[inline]
    pub(crate) fn succeeded(&mut self, started: Option<Instant>) {
        if self.backoff > 0 {
            if started.is_some_and(|started| started.elapsed() > self.budget()) {
                self.failed();
            } else {
                self.backoff /= 2;
            }
        }
    }

    /// The spin found nothing, and the wait ends in the kernel.
    pub(crate) fn failed(&mut self) {
        self.copying = 0;
        self.backoff = match self.backoff {
            0 => FIRST_BACKOFF,
            now => (now.saturating_mul(4)).min(LAST_BACKOFF),
        };
        self.skip = self.backoff;
    }
}

/// Whether the machine has one CPU only, so that no peer can run while it spins.
fn has_one_cpu() -> bool {
    processors() == 1
}

/// How many processors the machine has.
///
/// How many of them this process may use says nothing: pinned to one CPU, it may have a peer that is
/// pinned to another; one that shares its own is found out by how spins end. Threads that ask first
/// may find out twice; a lock around it would do worse: a child forked while another thread held it
/// would wait for ever.
pub(crate) fn processors() -> usize {
    const UNKNOWN: usize = 0;
    static CPUS: AtomicUsize = AtomicUsize::new(UNKNOWN);
    let mut cpus = CPUS.load(Ordering::Relaxed);
    if cpus == UNKNOWN {
        cpus = cpu::online();
        CPUS.store(cpus, Ordering::Relaxed);
    }
    cpus
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);
    const INSTANT: Duration = Duration::from_nanos(1);

    /// A spin that failed so often in a row.
    fn failed(times: u32) -> Spin {
        let mut spin = Spin {
            budget: LONG,
            of_stream: true,
            copying: 0,
            skip: 0,
            backoff: 0,
        };
        (0..times).for_each(|_| spin.failed());
        spin
    }

    /// How many waits sleep at once before one spins again.
    fn waits_asleep(spin: &mut Spin) -> u32 {
        let mut waits = 0;
        while !spin.begin() {
            waits += 1;
        }
        waits
    }

    /// Waits for what is there at look number `look`, from 1 on.
    fn find_at(spin: &mut Spin, look: u32) {
        let mut looks = 0;
        let found = spin.until(|| {
            looks += 1;
            (looks == look).then_some(())
        });
        assert!(found.is_some() && looks == look);
    }

    #[test]
    fn a_spin_that_finds_nothing_lets_more_and_more_waits_sleep() {
        let mut spin = failed(0);
        for asleep in [8, 32, 128, 512, 2048, 4096, 4096] {
            spin.budget = INSTANT;
            assert!(spin.until(|| None::<()>).is_none());
            assert_eq!(waits_asleep(&mut spin), asleep);
        }
    }

    #[test]
    fn a_spin_that_finds_what_it_waits_for_halves_that() {
        for look in [2, 3, LOOKS, LOOKS + 1, 1000] {
            let mut spin = failed(2);
            waits_asleep(&mut spin);
            find_at(&mut spin, look);
            spin.failed();
            assert_eq!(waits_asleep(&mut spin), 32 / 2 * 4);
        }
    }

    #[test]
    fn what_a_stream_has_at_the_first_look_teaches_nothing() {
        for (of_stream, learnt) in [(true, 32 * 4), (false, FIRST_BACKOFF)] {
            let mut spin = failed(2);
            spin.of_stream = of_stream;
            waits_asleep(&mut spin);
            for _ in 0..100 {
                find_at(&mut spin, 1);
            }
            spin.failed();
            assert_eq!(waits_asleep(&mut spin), learnt);
        }
    }

    #[test]
    fn a_find_after_the_budget_is_none() {
        let mut spin = failed(1);
        waits_asleep(&mut spin);
        spin.budget = INSTANT;
        let started = Instant::now();
        while started.elapsed() <= INSTANT {}
        spin.succeeded(Some(started));
        assert_eq!(waits_asleep(&mut spin), 8 * 4);
    }

    #[test]
    fn where_the_peer_has_to_copy_one_spin_lasts_longer() {
        let mut spin = failed(0);
        spin.budget = Duration::from_micros(50);
        for (bytes, lasts) in [(0, 50), (16_383, 50), (1 << 20, 50 + 64), (1 << 30, 1000)] {
            spin.allow_for(bytes);
            assert_eq!(spin.budget(), Duration::from_micros(lasts), "{bytes}");
        }
        spin.allow_for(1 << 20);
        find_at(&mut spin, 2);
        assert_eq!(spin.budget(), spin.budget, "it was found");
        spin.allow_for(1 << 20);
        spin.failed();
        assert_eq!(spin.budget(), spin.budget, "it was not found");
        spin.allow_for(1 << 20);
        spin.budget = Duration::ZERO;
        assert!(spin.is_off() && !spin.may_spin());
    }

    #[test]
    fn without_a_budget_nobody_spins() {
        assert!(!Spin::of_stream(Duration::ZERO).begin());
    }
}
