//! Frames that come at a steady pace. Programs of other libraries use this file, too, so that all of them wait alike.

use std::thread;
use std::time::{Duration, Instant};

/// Delivers so many, each when its time has come, or at once if that is over; gives the nanoseconds that each took.
pub(crate) fn paced<E>(
    count: usize,
    period: Duration,
    mut deliver: impl FnMut() -> Result<(), E>,
) -> Result<Vec<u32>, E> {
    let mut times = Vec::with_capacity(count);
    let mut due = Instant::now();
    for _ in 0..count {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let before = Instant::now();
        deliver()?;
        times.push(u32::try_from(before.elapsed().as_nanos()).unwrap_or(u32::MAX));
        due += period;
    }
    Ok(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_comes_before_its_time() {
        let (period, before) = (Duration::from_millis(2), Instant::now());
        let mut delivered = Vec::new();
        let times = paced(3, period, || {
            delivered.push(before.elapsed());
            Ok::<_, ()>(())
        });
        assert_eq!(times.map(|times| times.len()), Ok(3));
        let mut due = (0..).map(|number| period * number);
        assert!(delivered.iter().all(|time| Some(*time) >= due.next()));
    }

    #[test]
    fn the_first_that_fails_is_the_last() {
        let mut asked = 0;
        let failed = paced(3, Duration::ZERO, || {
            asked += 1;
            if asked < 2 { Ok(()) } else { Err("gone") }
        });
        assert_eq!((failed, asked), (Err("gone"), 2));
    }
}
