//! Bodies of messages: their ends hold the number of the call, so that a stale answer is seen.

use super::filled::{STAMP, is_marked, mark, sum, sum_of};
use crate::exit::Failure;

/// A message and the room for its answer, made before the clock starts.
pub(super) struct Bodies {
    pub(super) request: Vec<u8>,
    pub(super) answer: Vec<u8>,
}

impl Bodies {
    pub(super) fn new(size: usize) -> Self {
        Self {
            request: vec![0x5A; size],
            answer: vec![0; size],
        }
    }

    /// Marks the request.
    #[inline]
    pub(super) fn stamp(&mut self, number: u64) {
        mark(&mut self.request, number);
    }

    /// Says whether the first `length` bytes of the room are the answer to the request as it was marked last.
    #[inline]
    pub(super) fn check(&self, length: usize) -> Result<(), Failure> {
        let is_right = length == self.request.len()
            && self.answer.first_chunk::<STAMP>() == self.request.first_chunk::<STAMP>()
            && self.answer.last_chunk::<STAMP>() == self.request.last_chunk::<STAMP>();
        match is_right {
            true => Ok(()),
            false => Err(wrong()),
        }
    }
}

/// Whether `fill` has written this number: reads all, but compares the sum alone of what is between the ends.
pub(super) fn is_filled(body: &[u8], number: u64) -> bool {
    is_marked(body, number) && sum(body) == sum_of(number, body.len())
}

/// The answer is not what was asked for.
#[cold]
pub(super) fn wrong() -> Failure {
    Failure::Transport("a wrong answer".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::filled::fill;
    use super::*;

    #[test]
    fn an_answer_is_checked_at_both_ends() {
        let mut bodies = Bodies::new(64);
        bodies.stamp(7);
        assert!(bodies.check(64).is_err());
        bodies.answer.copy_from_slice(&bodies.request);
        assert!(bodies.check(64).is_ok());
        assert!(bodies.check(63).is_err());
        bodies.stamp(8);
        assert!(bodies.check(64).is_err());
        bodies.answer[..8].copy_from_slice(&8_u64.to_be_bytes());
        assert!(bodies.check(64).is_err());
    }

    #[test]
    fn a_whole_answer_is_checked_between_its_ends() {
        for length in [16, 17, 24, 64, 71, 4096] {
            let mut body = vec![0; length];
            fill(&mut body, 0x0107);
            assert!(is_filled(&body, 0x0107), "{length}");
            assert!(!is_filled(&body, 0x0207), "{length}: another call's ends");
            // Another call's bytes, between the ends of this one.
            let whole = body.clone();
            mark(&mut body, 8);
            assert_eq!(is_filled(&body, 8), length == 16, "{length}");
            for index in 0..length {
                body.clone_from(&whole);
                body[index] ^= 0x10;
                assert!(!is_filled(&body, 0x0107), "{length}: {index}");
            }
        }
    }
}
