//! What was found, as it is written with `--json`.

use super::super::report::{Machine, Skipped, Transport};
use super::super::stats::quantile;
use serde::Serialize;

/// The name and version of what is printed with `--json`.
pub(super) const SCHEMA: &str = "calc-ipc-promises/1";

/// One run.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) schema: &'static str,
    pub(super) version: &'static str,
    pub(super) machine: Machine,
    pub(super) promises: Vec<Promise>,
    pub(super) skipped: Vec<Skipped>,
}

/// A promise over one transport.
#[derive(Serialize)]
pub(super) struct Promise {
    pub(super) what: &'static str,
    pub(super) transport: Transport,
    pub(super) unit: Unit,
    pub(super) count: usize,
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) worst: f64,
    pub(super) limit: f64,
    pub(super) judged_by: Judge,
    pub(super) kept: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub(super) enum Unit {
    #[serde(rename = "ns")]
    Nanoseconds,
    #[serde(rename = "bytes")]
    Bytes,
    #[serde(rename = "wake-ups")]
    WakeUps,
}

/// What must not be over the limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Judge {
    P50,
    Worst,
}

/// What is promised.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) what: &'static str,
    pub(super) unit: Unit,
    pub(super) limit: f64,
    pub(super) judged_by: Judge,
}

impl Terms {
    /// With what was measured; `None` of nothing.
    pub(super) fn judge(self, transport: Transport, mut values: Vec<f64>) -> Option<Promise> {
        values.sort_unstable_by(f64::total_cmp);
        let [p50, p99, worst] = [50, 99, 100].map(|percent| quantile(&values, percent));
        let (p50, p99, worst) = (p50?, p99?, worst?);
        let judged = match self.judged_by {
            Judge::P50 => p50,
            Judge::Worst => worst,
        };
        Some(Promise {
            what: self.what,
            transport,
            unit: self.unit,
            count: values.len(),
            p50,
            p99,
            worst,
            limit: self.limit,
            judged_by: self.judged_by,
            kept: judged <= self.limit,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_decides_unless_the_median_does() {
        let terms = |judged_by| Terms {
            what: "",
            unit: Unit::Nanoseconds,
            limit: 10.0,
            judged_by,
        };
        for (values, by_worst, by_p50) in [
            (vec![10.0, 1.0, 2.0], true, true),
            (vec![10.1, 1.0, 2.0], false, true),
            (vec![11.0, 1.0, 12.0], false, false),
        ] {
            let kept = |judge| {
                terms(judge)
                    .judge(Transport::Unix, values.clone())
                    .unwrap()
                    .kept
            };
            assert_eq!((kept(Judge::Worst), kept(Judge::P50)), (by_worst, by_p50));
        }
        assert!(terms(Judge::Worst).judge(Transport::Unix, vec![]).is_none());
    }
}
