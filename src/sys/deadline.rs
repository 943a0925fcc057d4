//! Points in time by which something must be over.

use std::time::{Duration, Instant};

/// A point in time, on the clock that no one can set (`CLOCK_MONOTONIC`), or none.
///
/// It is never shared with another process: time namespaces may shift that process's clock.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// No limit.
    pub const NEVER: Self = Self(None);

    /// This far from now; `None`, or further than the clock reaches, is without limit.
    pub fn after(timeout: Option<Duration>) -> Self {
        Self(timeout.and_then(|timeout| Instant::now().checked_add(timeout)))
    }

    /// This one, or that far from now if that is sooner.
    pub(crate) fn within(self, time: Duration) -> Self {
        let soon = Instant::now().checked_add(time);
        Self(match (self.0, soon) {
            (Some(at), Some(soon)) => Some(at.min(soon)),
            (at, soon) => at.or(soon),
        })
    }

    /// What is left, zero once it has passed; `None` is without limit.
    pub fn remaining(self) -> Option<Duration> {
        self.0
            .map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// Whether it has passed.
    pub fn has_passed(self) -> bool {
        self.0.is_some_and(|at| at <= Instant::now())
    }
}
