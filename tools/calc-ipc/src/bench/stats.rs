//! What turns add up to.

use super::pair::Used;
use super::report::Bucket;
use hdrhistogram::Histogram;

/// Significant digits of times.
const DIGITS: u8 = 3;
/// And of the buckets of a plot, which has room for a hundred or so.
const PLOT_DIGITS: u8 = 1;

/// All turns of one contestant.
pub(super) struct Tally {
    histogram: Histogram<u64>,
    /// The median of each turn.
    pub(super) medians: Vec<f64>,
    /// And its mean, in which what is slow now and then shows.
    pub(super) means: Vec<f64>,
    /// Requests answered, and the nanoseconds that took.
    requests: f64,
    nanos: f64,
    used: [f64; 2],
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            histogram: empty(DIGITS),
            medians: Vec::new(),
            means: Vec::new(),
            requests: 0.0,
            nanos: 0.0,
            used: [0.0; 2],
        }
    }
}

impl Tally {
    /// Adds a turn of round trips with so many requests each.
    pub(super) fn add(&mut self, mut times: Vec<u32>, batch: u32, used: Used) {
        let (mut nanos, mut count) = (0.0, 0.0);
        for &time in &times {
            self.histogram.saturating_record(time.into());
            nanos += f64::from(time);
            count += 1.0;
        }
        self.nanos += nanos;
        self.requests += count * f64::from(batch);
        self.means.push(nanos / count);
        times.sort_unstable();
        let median = times.get(times.len() / 2).copied().unwrap_or(0);
        self.medians.push(median.into());
        let [client, server] = &mut self.used;
        *client += float(used.client);
        *server += float(used.server);
    }

    /// How many round trips.
    pub(super) fn samples(&self) -> u64 {
        self.histogram.len()
    }

    /// The time within which this share of round trips was done.
    pub(super) fn quantile(&self, share: f64) -> u64 {
        self.histogram.value_at_quantile(share)
    }

    pub(super) fn min(&self) -> u64 {
        self.histogram.min()
    }

    pub(super) fn max(&self) -> u64 {
        self.histogram.max()
    }

    pub(super) fn mean(&self) -> f64 {
        self.histogram.mean()
    }

    pub(super) fn calls_per_second(&self) -> f64 {
        self.requests / self.nanos * 1e9
    }

    /// Nanoseconds of processor time of a request, of client and server.
    pub(super) fn used_per_call(&self) -> [f64; 2] {
        self.used.map(|nanos| nanos / self.requests)
    }

    /// For a plot.
    pub(super) fn buckets(&self) -> Vec<Bucket> {
        let mut coarse = empty(PLOT_DIGITS);
        // Both hold any time.
        let _ = coarse.add(&self.histogram);
        let bucket = |value: hdrhistogram::iterators::IterationValue<u64>| Bucket {
            at_most: value.value_iterated_to(),
            count: value.count_since_last_iteration(),
        };
        coarse.iter_recorded().map(bucket).collect()
    }
}

fn empty(digits: u8) -> Histogram<u64> {
    #[expect(clippy::unwrap_used, reason = "it fails for more than 5 digits alone")]
    Histogram::new_with_max(u32::MAX.into(), digits).unwrap()
}

/// All turns of many clients.
#[derive(Default)]
pub(super) struct Rates {
    /// Requests answered in a second of each turn.
    pub(super) rates: Vec<f64>,
    requests: f64,
    used: [f64; 2],
}

impl Rates {
    pub(super) fn add(&mut self, answered: u64, seconds: f64, used: Used) {
        self.rates.push(float(answered) / seconds);
        self.requests += float(answered);
        let [client, server] = &mut self.used;
        *client += float(used.client);
        *server += float(used.server);
    }

    pub(super) fn used_per_call(&self) -> [f64; 2] {
        self.used.map(|nanos| nanos / self.requests.max(1.0))
    }
}

/// A number of nanoseconds or requests: exact below 2^53, which none reaches.
#[expect(clippy::cast_precision_loss, reason = "see above")]
pub(super) fn float(number: u64) -> f64 {
    number as f64
}

/// Of what is in order, the value that so many per cent did not exceed; `None` of nothing.
#[cfg_attr(
    windows,
    allow(dead_code, reason = "what needs it is measured on Linux")
)]
pub(super) fn quantile<T: Copy>(sorted: &[T], percent: usize) -> Option<T> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

/// The value in the middle, or between the two there; `None` of nothing.
pub(super) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    let upper = values.get(values.len() / 2)?;
    let lower = values.get(values.len().checked_sub(1)? / 2)?;
    Some(f64::midpoint(*lower, *upper))
}

/// The median of what two turns next to each other compare to.
pub(super) fn ratio(values: &[f64], raw: &[f64]) -> Option<f64> {
    let pairs = values.iter().zip(raw).filter(|(_, raw)| **raw > 0.0);
    median(pairs.map(|(value, raw)| value / raw))
}

/// Of several raw limits, the lowest value of each round.
pub(super) fn lowest<'a>(all: impl IntoIterator<Item = &'a [f64]>) -> Vec<f64> {
    let mut lowest: Vec<f64> = Vec::new();
    for values in all {
        for (round, &value) in values.iter().enumerate() {
            match lowest.get_mut(round) {
                Some(known) => *known = known.min(value),
                None => lowest.push(value),
            }
        }
    }
    lowest
}

#[cfg(test)]
mod tests {
    use super::*;

    const USED: Used = Used {
        client: 4000,
        server: 2000,
    };

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median([]), None);
        assert_eq!(median([3.0]), Some(3.0));
        assert_eq!(median([9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 100.0]), Some(3.0));
    }

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let values: Vec<_> = (1..=200).collect();
        let found = [50, 99, 100].map(|percent| quantile(&values, percent));
        assert_eq!(found, [Some(100), Some(198), Some(200)]);
        assert_eq!(quantile(&[7], 50), Some(7));
        assert_eq!(quantile::<u32>(&[], 50), None);
    }

    #[test]
    fn ratios_are_of_the_same_round() {
        // The machine became ten times slower, for both.
        let ratio_of = |raw| ratio(&[2.0, 20.0, 22.0], raw);
        assert_eq!(ratio_of(&[1.0, 10.0, 10.0]), Some(2.0));
        assert_eq!(ratio_of(&[0.0, 10.0, 10.0]), Some(2.1));
        assert_eq!(ratio_of(&[]), None);
    }

    #[test]
    fn the_fastest_limit_of_a_round_counts() {
        assert_eq!(lowest([&[3.0, 1.0][..], &[2.0, 9.0]]), [2.0, 1.0]);
        assert_eq!(lowest([]), [0.0; 0]);
    }

    #[test]
    fn a_tally_adds_turns_up() {
        let mut tally = Tally::default();
        tally.add((1..=1000).collect(), 2, USED);
        tally.add(vec![5000; 1000], 2, USED);
        assert_eq!(tally.samples(), 2000);
        assert_eq!(tally.medians, [501.0, 5000.0]);
        assert_eq!(tally.means, [500.5, 5000.0]);
        assert_eq!((tally.min(), tally.quantile(0.25)), (1, 500));
        assert!((4990..=5010).contains(&tally.quantile(0.99)));
        assert!((4990..=5010).contains(&tally.max()));
        assert_eq!(tally.used_per_call(), [2.0, 1.0]);
        let nanos = f64::from(1000 * 1001 / 2 + 5_000_000);
        assert!((tally.calls_per_second() - 4000.0 / nanos * 1e9).abs() < 1e-3);
        assert!((tally.mean() - nanos / 2000.0).abs() < 5.0);
    }

    #[test]
    fn buckets_hold_every_round_trip() {
        let mut tally = Tally::default();
        tally.add((0..100_000).collect(), 1, USED);
        tally.add(vec![u32::MAX], 1, USED);
        let buckets = tally.buckets();
        assert!(buckets.len() < 300, "{}", buckets.len());
        assert_eq!(
            buckets.iter().map(|bucket| bucket.count).sum::<u64>(),
            100_001
        );
        assert!(buckets.is_sorted_by(|one, next| one.at_most < next.at_most));
        assert!(buckets.iter().all(|bucket| bucket.count > 0));
    }

    #[test]
    fn rates_are_per_second() {
        let mut rates = Rates::default();
        rates.add(2000, 0.5, USED);
        assert_eq!(rates.rates, [4000.0]);
        assert_eq!(rates.used_per_call(), [2.0, 1.0]);
    }
}
