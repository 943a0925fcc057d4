//! Points in time by which calls are over that nobody waits for: many of them, so that they cost little.

use super::clock;
use std::time::{Duration, Instant};

/// A limit of so much time is counted from a clock that is read faster, and stays behind by some hundredths of a second at
/// most: it comes so much later, and never earlier. The exception is a whole virtual machine that was halted: until the CPU that
/// keeps the time has had its first tick, what begins on another one has the time of that pause behind it.
const LONG: u64 = 10_000_000_000;

/// A point in time of one [`Clock`], in nanoseconds since that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

impl Default for Moment {
    fn default() -> Self {
        Self::NEVER
    }
}

impl Moment {
    /// None that ever comes.
    pub(crate) const NEVER: Self = Self(u64::MAX);

    /// So much later; never, if that is further than the clock reaches.
    #[inline]
    pub(crate) fn after(self, time: Duration) -> Self {
        Self(self.0.saturating_add(nanos(time)))
    }

    /// How long after `earlier` it is.
    #[inline]
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// The clock that no one can set, as a client reads it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    made: Instant,
    /// What the fast clock said when it was made or before, less by as much as it may stay behind.
    fast: Option<u64>,
}

impl Clock {
    pub(crate) fn new() -> Self {
        // In this order: the time that the fast clock says is passed when the other is read.
        let fast = clock::lag().and_then(|lag| Some(clock::lately()?.saturating_sub(lag)));
        Self {
            made: Instant::now(),
            fast,
        }
    }

    #[inline]
    pub(crate) fn now(&self) -> Moment {
        self.at(Instant::now())
    }

    #[inline]
    pub(crate) fn at(&self, time: Instant) -> Moment {
        Moment(nanos(time.saturating_duration_since(self.made)))
    }

    /// When this limit is over, which begins now.
    #[inline]
    pub(crate) fn due(&self, limit: Duration) -> Moment {
        let limit = nanos(limit);
        let fast = match self.fast {
            Some(then) if limit >= LONG => clock::lately().map(|now| now.saturating_sub(then)),
            _ => None,
        };
        let now = fast.unwrap_or_else(|| self.now().0);
        Moment(now.saturating_add(limit))
    }
}

#[inline]
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: [Duration; 4] = [
        Duration::from_millis(1),
        Duration::from_millis(9999),
        Duration::from_secs(10),
        Duration::from_secs(30),
    ];

    #[test]
    fn no_limit_is_over_early_and_none_much_later() {
        let clocks = [
            Clock::new(),
            Clock {
                fast: None,
                ..Clock::new()
            },
        ];
        for clock in clocks {
            for limit in LIMITS.into_iter().cycle().take(1000) {
                let before = clock.now();
                let due = clock.due(limit);
                let late = match nanos(limit) >= LONG && clock.fast.is_some() {
                    true => Duration::from_secs(1),
                    false => Duration::ZERO,
                };
                assert!(due >= before.after(limit), "{limit:?}");
                assert!(due <= clock.now().after(limit + late), "{limit:?}");
            }
            assert_eq!(clock.due(Duration::MAX), Moment::NEVER);
        }
    }

    #[test]
    fn moments_are_as_far_apart_as_their_times() {
        let (before, now) = (Instant::now(), Clock::new());
        let made = now.now();
        std::thread::sleep(Duration::from_millis(2));
        let slept = now.now().since(made);
        assert!(slept >= Duration::from_millis(2) && slept <= before.elapsed());
        assert_eq!(made.since(now.now()), Duration::ZERO);
        assert_eq!(made.after(LIMITS[3]).since(made), LIMITS[3]);
        assert_eq!(made.after(Duration::MAX), Moment::NEVER);
    }
}
