//! Points in time by which something must be over.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// A limit on the time that something may take, on the clock that no one can set
/// (`CLOCK_MONOTONIC`), or none.
///
/// Its time runs from when it is first looked at, before the first wait in the kernel: what never waits
/// there reads no clock, which would take a tenth of a call over shared memory. It is never shared
/// with another process: time namespaces may shift that process's clock.
#[derive(Clone, Debug)]
pub struct Deadline {
    timeout: Option<Duration>,
    /// When it passes, if ever, once that is known.
    at: Cell<Option<Option<Instant>>>,
}

impl Deadline {
    /// This far from the first look; `None`, or further than the clock reaches, is without limit.
    #[inline]
    pub const fn after(timeout: Option<Duration>) -> Self {
        Self {
            timeout,
            at: Cell::new(None),
        }
    }

    /// No limit.
    pub const fn never() -> Self {
        Self::after(None)
    }

    /// Runs from now on, if it did not run before.
    pub(crate) fn begin(&self) {
        let _ = self.at();
    }

    /// This one, or that far from now if that is sooner.
    pub(crate) fn within(&self, time: Duration) -> Self {
        Self::after(Some(self.remaining().map_or(time, |left| left.min(time))))
    }

    /// How long after its first look it passes; `None` is without limit.
    pub(crate) fn limit(&self) -> Option<Duration> {
        self.timeout
    }

    /// What is left, zero once it has passed; `None` is without limit.
    pub fn remaining(&self) -> Option<Duration> {
        let timeout = self.timeout?;
        match self.at.get() {
            Some(at) => at.map(|at| at.saturating_duration_since(Instant::now())),
            None => self.start().map(|_| timeout),
        }
    }

    /// Whether it has passed.
    pub fn has_passed(&self) -> bool {
        self.timeout.is_some() && self.at().is_some_and(|at| at <= Instant::now())
    }

    fn at(&self) -> Option<Instant> {
        self.at.get().unwrap_or_else(|| self.start())
    }

    #[inline]
    fn start(&self) -> Option<Instant> {
        let at = self
            .timeout
            .and_then(|timeout| Instant::now().checked_add(timeout));
        self.at.set(Some(at));
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_time_runs_from_the_first_look() {
        let hour = Duration::from_secs(3600);
        let deadline = Deadline::after(Some(hour));
        assert_eq!(deadline.remaining(), Some(hour));
        assert!(deadline.remaining().unwrap() < hour);
        assert!(!deadline.has_passed());
        assert_eq!(
            deadline
                .within(2 * hour)
                .remaining()
                .map(|left| left < hour),
            Some(true)
        );
        assert_eq!(
            deadline.within(Duration::from_secs(1)).remaining(),
            Some(Duration::from_secs(1))
        );
    }

    #[test]
    fn none_and_what_no_clock_reaches_never_pass() {
        for timeout in [None, Some(Duration::MAX)] {
            let deadline = Deadline::after(timeout);
            assert!(!deadline.has_passed());
            assert_eq!(deadline.remaining(), None);
        }
        let over = Deadline::after(Some(Duration::ZERO));
        assert!(over.has_passed());
        assert_eq!(over.remaining(), Some(Duration::ZERO));
    }
}
