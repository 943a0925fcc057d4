//! How much of one peer's requests is answered before it is the others' turn.

use super::Work;
use std::time::{Duration, Instant};

/// How long one peer's requests may keep the others waiting, if it sends many at once. With 30 us, the
/// peers of a crowd that sends batches of 512 lose a tenth of their throughput, with this nothing that
/// can be measured; somebody who asks one at a time waits for half of it in the mean.
const QUANTUM: Duration = Duration::from_micros(45);

/// The rest of a turn.
#[derive(Debug)]
pub(crate) struct Quantum {
    answered: u32,
    bytes: usize,
    /// After so many requests it is time to look at the clock.
    look_at: u32,
    /// Looked at only when a second request follows the first.
    began: Option<Instant>,
    is_over: bool,
}

impl Quantum {
    pub(crate) fn new() -> Self {
        Self {
            answered: 0,
            bytes: 0,
            look_at: 1,
            began: None,
            is_over: false,
        }
    }

    /// How many requests were answered.
    #[inline]
    pub(crate) fn answered(&self) -> u32 {
        self.answered
    }

    /// A request of so many bytes was taken.
    #[inline]
    pub(crate) fn count_bytes(&mut self, count: usize) {
        self.bytes += count;
    }

    /// The bytes of the requests that were taken.
    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether it is used up, as far as is known.
    #[inline]
    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether the next request has to wait; else it counts as answered. The clock is read before the
    /// 2nd, 3rd, 5th, 9th ... 65th, and then before each 64th, so that many small ones are not slowed
    /// down by it.
    #[inline]
    pub(crate) fn ends_before_next(&mut self, work: &Work<'_>) -> bool {
        if self.answered == self.look_at {
            self.look_at += self.look_at.min(64);
            self.look_at_clock();
        }
        self.is_over |= work.stop.has_rung();
        self.answered += u32::from(!self.is_over);
        self.is_over
    }

    /// Something was done that may have taken long.
    pub(crate) fn look_at_clock(&mut self) {
        self.is_over |= self.began.get_or_insert_with(Instant::now).elapsed() > QUANTUM;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;
    use crate::sys::Bell;
    use crate::transport::stand_in::Echo;
    use std::sync::Arc;

    /// A turn that goes on for this long is over, and one that has yet to begin is not.
    const LONG: Duration = Duration::from_secs(3600);

    fn with_work(act: impl FnOnce(&Work<'_>)) {
        let (echo, stop) = (Echo::default(), Bell::new().unwrap());
        act(&Work::new(&echo, &stop, 1024, Arc::default()).unwrap());
    }

    #[test]
    fn the_clock_is_looked_at_before_some_requests() {
        with_work(|work| {
            let mut looks = Vec::new();
            for answered in 0..300 {
                let mut quantum = Quantum::new();
                quantum.began = Some(Instant::now() + LONG);
                for number in 1..=answered {
                    assert!(!quantum.ends_before_next(work));
                    assert_eq!(quantum.answered(), number);
                }
                quantum.began = Instant::now().checked_sub(QUANTUM * 2);
                if quantum.ends_before_next(work) {
                    looks.push(answered);
                }
                let goes_on = !quantum.is_over();
                assert_eq!(quantum.answered(), answered + u32::from(goes_on));
            }
            assert_eq!(looks, [1, 2, 4, 8, 16, 32, 64, 128, 192, 256]);
        });
    }

    #[test]
    fn a_turn_that_is_over_stays_so() {
        with_work(|work| {
            let mut quantum = Quantum::new();
            quantum.began = Instant::now().checked_sub(QUANTUM * 2);
            assert!(!quantum.is_over());
            quantum.look_at_clock();
            assert!(quantum.is_over());
            quantum.began = Some(Instant::now() + LONG);
            quantum.look_at_clock();
            assert!(quantum.is_over() && quantum.ends_before_next(work));
            assert_eq!(quantum.answered(), 0);
        });
    }

    #[test]
    fn nothing_is_begun_once_serving_has_to_stop() {
        with_work(|work| {
            let mut quantum = Quantum::new();
            assert!(!quantum.ends_before_next(work));
            work.stop.ring();
            assert!(quantum.ends_before_next(work) && quantum.is_over());
            assert_eq!(quantum.answered(), 1);
        });
    }

    #[test]
    fn the_bytes_of_requests_add_up() {
        let mut quantum = Quantum::new();
        assert_eq!(quantum.bytes(), 0);
        quantum.count_bytes(3);
        quantum.count_bytes(5);
        assert_eq!(quantum.bytes(), 8);
    }
}
