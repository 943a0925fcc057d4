//! A figure that each round has, of all rounds.

use super::stats::median;
use serde::Serialize;

/// Of all rounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) lowest: f64,
    pub(super) highest: f64,
}

impl Spread {
    /// `None` of nothing.
    pub(super) fn of(values: &[f64]) -> Option<Self> {
        Some(Self {
            median: median(values.iter().copied())?,
            lowest: values.iter().copied().fold(f64::INFINITY, f64::min),
            highest: values.iter().copied().fold(0.0, f64::max),
        })
    }
}

/// For people: the median, and in brackets the lowest and the highest.
pub(super) fn cell(spread: Option<Spread>, shown: impl Fn(f64) -> String) -> String {
    let Some(spread) = spread else {
        return "-".to_owned();
    };
    let median = shown(spread.median);
    let unit = median.trim_start_matches(|digit: char| digit.is_ascii_digit() || digit == '.');
    let bounds = [spread.lowest, spread.highest].map(|bound| {
        let bound = shown(bound);
        // The unit that both share is said once.
        let number = bound.strip_suffix(unit).unwrap_or(&bound);
        match number.ends_with(|digit: char| digit.is_ascii_digit()) {
            true => number.to_owned(),
            false => bound.clone(),
        }
    });
    format!("{median} [{} {}]", bounds[0], bounds[1])
}

#[cfg(test)]
mod tests {
    use super::super::table::{count, nanos};
    use super::*;

    #[test]
    fn a_unit_is_said_once_where_all_have_it() {
        let spread = |median, lowest, highest| {
            Some(Spread {
                median,
                lowest,
                highest,
            })
        };
        assert_eq!(cell(None, nanos), "-");
        let micros = cell(spread(27e3, 26e3, 28e3), nanos);
        assert_eq!(micros, "27.00 us [26.00 28.00]");
        let mixed = cell(spread(27e3, 260.0, 28e5), nanos);
        assert_eq!(mixed, "27.00 us [260 ns 2.80 ms]");
        assert_eq!(cell(spread(5e3, 5e3, 5e4), count), "5000 [5000 50k]");
    }
}
