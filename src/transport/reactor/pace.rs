//! How long a thread gives turns, or spins, before it looks at what else happens.

use crate::sys::wait::LOOKS;
use std::time::{Duration, Instant};

/// While peers that ask in memory keep this thread busy, what else happens is looked at this often.
pub(super) const LAPS_LAST: Duration = Duration::from_micros(100);

/// After so many turns, or so much time, it is time to see what else happened.
pub(super) const TURNS_A_LOOK: u32 = 8;
pub(super) const TIME_A_LOOK: Duration = Duration::from_micros(40);

/// The time and the number of the turns that are given in a row.
#[derive(Debug)]
pub(super) struct Pace {
    began: Instant,
    /// When somebody looked last at what else happened, and the turns since.
    looked: Instant,
    turns: u32,
    /// When the last turn was over.
    now: Instant,
}

impl Pace {
    /// The first turn begins.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            began: now,
            looked: now,
            turns: 0,
            now,
        }
    }

    /// A turn is over; how long it took.
    pub(super) fn turn_ended(&mut self, now: Instant) -> Duration {
        self.turns += 1;
        now - std::mem::replace(&mut self.now, now)
    }

    /// Whether it is time to see what else happened.
    pub(super) fn is_time_to_look(&self) -> bool {
        self.turns >= TURNS_A_LOOK || self.now - self.looked >= TIME_A_LOOK
    }

    /// Whether it is time for a look that costs a system call, though others cost none.
    pub(super) fn is_time_for_system_call(&self) -> bool {
        self.now - self.began >= LAPS_LAST
    }

    /// Somebody looked, after the last turn.
    pub(super) fn looked(&mut self) {
        (self.turns, self.looked) = (0, self.now);
    }
}

/// A time of so many laps; the clock is looked at only now and then, since that takes as long as a lap or two.
pub(super) struct Stopwatch {
    looks: u32,
    pub(super) began: Option<Instant>,
}

/// So many laps are over, whatever the clock says: one that stands still (a debugger's, a
/// simulator's) keeps no thread.
const LAPS_AT_MOST: u32 = 1 << 20;

impl Stopwatch {
    pub(super) fn new() -> Self {
        Self {
            looks: 0,
            began: None,
        }
    }

    /// Whether no lap is over.
    pub(super) fn is_new(&self) -> bool {
        self.looks == 0
    }

    /// Whether it has lasted longer than this, as far as is known.
    pub(super) fn passes(&mut self, limit: Duration) -> bool {
        self.looks += 1;
        self.looks.is_multiple_of(LOOKS)
            && (self.began.get_or_insert_with(Instant::now).elapsed() >= limit
                || self.looks >= LAPS_AT_MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Longer than any test.
    const LONG: Duration = Duration::from_secs(3600);
    const INSTANT: Duration = Duration::from_nanos(1);

    #[test]
    fn after_so_many_turns_or_so_much_time_it_is_time_to_look() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        for look in 0..3 {
            for _ in 1..TURNS_A_LOOK {
                assert_eq!(pace.turn_ended(start), Duration::ZERO);
                assert!(!pace.is_time_to_look(), "{look}");
            }
            pace.turn_ended(start);
            assert!(pace.is_time_to_look());
            pace.looked();
        }
        assert_eq!(
            pace.turn_ended(start + TIME_A_LOOK - INSTANT),
            TIME_A_LOOK - INSTANT
        );
        assert!(!pace.is_time_to_look());
        assert_eq!(pace.turn_ended(start + TIME_A_LOOK), INSTANT);
        assert!(pace.is_time_to_look());
        pace.looked();
        pace.turn_ended(start + 2 * TIME_A_LOOK - INSTANT);
        assert!(!pace.is_time_to_look());
    }

    #[test]
    fn looks_that_cost_nothing_put_off_a_system_call_for_so_long() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        pace.turn_ended(start + LAPS_LAST - INSTANT);
        assert!(!pace.is_time_for_system_call());
        pace.looked();
        pace.turn_ended(start + LAPS_LAST);
        assert!(pace.is_time_for_system_call());
    }

    #[test]
    fn a_time_is_looked_at_after_some_laps() {
        let mut none = Stopwatch::new();
        for lap in 1..=10 * LOOKS {
            assert_eq!(none.passes(Duration::ZERO), lap % LOOKS == 0, "{lap}");
        }
        let mut over = Stopwatch::new();
        over.began = Instant::now().checked_sub(Duration::from_secs(1));
        let laps = 1..=3 * LOOKS;
        let told: Vec<_> = laps
            .filter(|_| over.passes(Duration::from_secs(1)))
            .collect();
        assert_eq!(told, [LOOKS, 2 * LOOKS, 3 * LOOKS]);
    }

    #[test]
    fn a_clock_that_stands_still_ends_after_so_many_laps() {
        let mut lap = Stopwatch::new();
        let laps = (1..).take_while(|_| !lap.passes(LONG)).count();
        assert_eq!(u32::try_from(laps), Ok(LAPS_AT_MOST - 1));
    }
}
