//! What a group of contestants came to.

use super::session::Session;
use super::spec::Spec;
use super::stats::{Tally, float, ratio};
use super::trouble::Trouble;
use super::turns::{self, Effort, Group};

/// What a group found, to be asked by contestant.
pub(super) struct Found {
    specs: Vec<Spec>,
    tallies: Vec<Option<Tally>>,
}

impl Found {
    pub(super) fn measure(
        session: &mut Session,
        group: Group,
        effort: &Effort,
    ) -> Result<Self, Trouble> {
        session.progress.say(&group.title());
        let tallies = turns::latencies(session, &group, effort)?;
        let specs = group.specs;
        Ok(Self { specs, tallies })
    }

    fn tally(&self, spec: &Spec) -> Option<&Tally> {
        let index = self
            .specs
            .iter()
            .position(|known| known.contestant == spec.contestant)?;
        self.tallies.get(index)?.as_ref()
    }

    pub(super) fn medians(&self, spec: &Spec) -> &[f64] {
        self.tally(spec).map_or(&[], |tally| &tally.medians)
    }

    pub(super) fn means(&self, spec: &Spec) -> &[f64] {
        self.tally(spec).map_or(&[], |tally| &tally.means)
    }

    /// The time within which this share of all round trips was done.
    pub(super) fn quantile(&self, spec: &Spec, share: f64) -> Option<f64> {
        self.tally(spec).map(|tally| float(tally.quantile(share)))
    }

    /// Of the means of turns.
    pub(super) fn ratio_of_means(&self, one: &Spec, other: &Spec) -> Option<f64> {
        ratio(self.means(one), self.means(other))
    }

    pub(super) fn ratio(&self, one: &Spec, other: &Spec) -> Option<f64> {
        ratio(self.medians(one), self.medians(other))
    }
}
