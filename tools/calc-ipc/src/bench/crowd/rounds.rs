//! What the rounds of a contestant add up to.

use super::super::spread::Spread;
use super::super::stats::{float, quantile};
use super::report::Contestant;
use super::scene::Scores;

/// The figures of each round of one contestant, in their order.
#[derive(Default)]
pub(super) struct Rounds {
    pub(super) p50: Vec<f64>,
    pub(super) p99: Vec<f64>,
    pub(super) worst: Vec<f64>,
    pub(super) requests_per_second: Vec<f64>,
    least_of_most: Vec<f64>,
    newcomer_p50: Vec<f64>,
    newcomer_p99: Vec<f64>,
    calls: usize,
    newcomers: usize,
}

impl Rounds {
    pub(super) fn add(&mut self, mut scores: Scores) {
        self.calls += scores.polite.len();
        self.newcomers += scores.newcomers.len();
        scores.polite.sort_unstable();
        scores.newcomers.sort_unstable();
        let of = |times: &[u32], percent| quantile(times, percent).map(f64::from);
        self.p50.extend(of(&scores.polite, 50));
        self.p99.extend(of(&scores.polite, 99));
        self.worst.extend(of(&scores.polite, 100));
        self.newcomer_p50.extend(of(&scores.newcomers, 50));
        self.newcomer_p99.extend(of(&scores.newcomers, 99));
        if let Some(share) = scores.least_of_most() {
            let seconds = float(scores.took.max(1)) / 1e9;
            let served = scores.served.iter().sum();
            self.requests_per_second.push(float(served) / seconds);
            self.least_of_most.push(share);
        }
    }

    /// For the report.
    pub(super) fn summary(&self, name: &str) -> Contestant {
        Contestant {
            name: name.to_owned(),
            calls: self.calls,
            p50: Spread::of(&self.p50),
            p99: Spread::of(&self.p99),
            worst: Spread::of(&self.worst),
            requests_per_second: Spread::of(&self.requests_per_second),
            least_of_most: Spread::of(&self.least_of_most),
            newcomers: self.newcomers,
            newcomer_p50: Spread::of(&self.newcomer_p50),
            newcomer_p99: Spread::of(&self.newcomer_p99),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_is_summed_up() {
        let mut rounds = Rounds::default();
        for slower in [0, 10, 2] {
            rounds.add(Scores {
                polite: vec![3 + slower, 1 + slower, 2 + slower],
                newcomers: vec![],
                served: vec![100, 400],
                took: 500_000_000,
            });
        }
        let summary = rounds.summary("x");
        let spread = |median, lowest, highest| {
            Some(Spread {
                median,
                lowest,
                highest,
            })
        };
        assert_eq!(summary.calls, 9);
        assert_eq!(summary.p50, spread(4.0, 2.0, 12.0));
        assert_eq!(summary.worst, spread(5.0, 3.0, 13.0));
        assert_eq!(summary.requests_per_second, spread(1000.0, 1000.0, 1000.0));
        assert_eq!(summary.least_of_most, spread(0.25, 0.25, 0.25));
        assert_eq!(summary.newcomer_p50, None);
    }
}
