//! How fast counters go.

use crate::stats::Counters;
use serde::Serialize;
use std::time::Duration;

/// What there was in a second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Rates {
    pub(super) requests: f64,
    pub(super) bytes_in: f64,
    pub(super) bytes_out: f64,
}

impl Rates {
    /// Between two looks. A number of a process is used again: then counters may have gone back, and nothing is known.
    pub(super) fn between(before: &Counters, now: &Counters, time: Duration) -> Self {
        let rate = |before: u64, now: u64| {
            let count = u32::try_from(now.saturating_sub(before)).unwrap_or(u32::MAX);
            f64::from(count) / time.as_secs_f64().max(f64::MIN_POSITIVE)
        };
        Self {
            requests: rate(before.requests, now.requests),
            bytes_in: rate(before.bytes_in, now.bytes_in),
            bytes_out: rate(before.bytes_out, now.bytes_out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_what_was_added_in_a_second() {
        let before = Counters {
            requests: 10,
            bytes_in: 100,
            ..Counters::default()
        };
        let now = Counters {
            requests: 30,
            bytes_in: 50,
            bytes_out: 4,
            ..before
        };
        let rates = Rates::between(&before, &now, Duration::from_secs(2));
        let expected = Rates {
            requests: 10.0,
            bytes_in: 0.0,
            bytes_out: 2.0,
        };
        assert_eq!(rates, expected);
    }
}
