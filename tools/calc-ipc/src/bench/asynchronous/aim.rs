//! What one contestant is aimed to be of another.

use super::super::found::Found;
use super::super::goal::Limit;
use super::super::report::{Placement, Transport};
use super::super::spec::Spec;
use super::super::stats::median;
use super::report::{Comparison, Kind, Unit};

/// One contestant beside another.
pub(super) struct Aim {
    pub(super) kind: Kind,
    pub(super) transport: Transport,
    pub(super) what: String,
    pub(super) one: Spec,
    pub(super) of: String,
    pub(super) other: Spec,
    /// The time of a call, or calls in a second.
    pub(super) unit: Unit,
    pub(super) limit: Limit,
}

impl Aim {
    /// By what was found of both, whose round trips are so many calls.
    pub(super) fn judge(&self, found: &Found, placement: Placement, batch: u32) -> Comparison {
        let nanos = median(found.medians(&self.one).iter().copied());
        let nanos = nanos.map(|nanos| nanos / f64::from(batch));
        let (measured, ratio) = match self.unit {
            Unit::Nanoseconds => (nanos, found.ratio(&self.one, &self.other)),
            Unit::CallsPerSecond => (
                nanos.map(|nanos| 1e9 / nanos),
                found.ratio(&self.other, &self.one),
            ),
        };
        self.comparison(placement, measured, ratio)
    }

    /// With this as what was measured.
    pub(super) fn comparison(
        &self,
        placement: Placement,
        measured: Option<f64>,
        ratio: Option<f64>,
    ) -> Comparison {
        Comparison {
            kind: self.kind,
            transport: self.transport,
            placement,
            what: self.what.clone(),
            measured,
            unit: self.unit,
            of: self.of.clone(),
            ratio,
            limit: self.limit,
            met: ratio.and_then(|ratio| self.limit.is_met(ratio)),
        }
    }
}
