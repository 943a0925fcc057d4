//! When a thread gives the room back that long messages needed.

use std::time::{Duration, Instant};

/// Long room is kept for so long after it was used last: a thread that is idle then wakes up once, and keeps none.
const LASTS: Duration = Duration::from_secs(10);

/// The time at which long room is given back.
#[derive(Debug, Default)]
pub(crate) struct Trim {
    at: Option<Instant>,
}

impl Trim {
    /// When that is, if there may be any.
    #[inline]
    pub(crate) fn next(&self) -> Option<Instant> {
        self.at
    }

    /// Long room was in use until now; until when it is kept.
    pub(crate) fn put_off(&mut self, now: Instant) -> Instant {
        *self.at.insert(now + LASTS)
    }

    /// Whether the time has come, which is told once.
    pub(crate) fn strikes(&mut self, now: Instant) -> bool {
        self.at.take_if(|at| *at <= now).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_comes_once_and_is_put_off_by_use() {
        let mut trim = Trim::default();
        let start = Instant::now();
        assert!(!trim.strikes(start + 100 * LASTS), "nothing was used");
        assert_eq!(trim.put_off(start), start + LASTS);
        trim.put_off(start + LASTS / 2);
        let due = start + LASTS / 2 + LASTS;
        assert_eq!(trim.next(), Some(due));
        assert!(!trim.strikes(start + LASTS));
        assert!(trim.strikes(due));
        assert_eq!(trim.next(), None, "so nobody is woken again");
        assert!(!trim.strikes(due + LASTS));
    }
}
