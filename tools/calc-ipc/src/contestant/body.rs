//! Bodies of messages: their ends hold the number of the call, so that a stale answer is seen.

use crate::exit::Failure;

/// How many bytes the number takes.
pub(super) const STAMP: usize = size_of::<u64>();

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

/// Writes the number of a call to both ends.
#[inline]
pub(super) fn mark(body: &mut [u8], number: u64) {
    let stamp = number.to_ne_bytes();
    if let Some(start) = body.first_chunk_mut::<STAMP>() {
        *start = stamp;
    }
    if let Some(end) = body.last_chunk_mut::<STAMP>() {
        *end = stamp;
    }
}

/// Whether `mark` has written this number.
#[inline]
pub(super) fn is_marked(body: &[u8], number: u64) -> bool {
    let stamp = number.to_ne_bytes();
    let ends = [body.first_chunk::<STAMP>(), body.last_chunk::<STAMP>()];
    ends.into_iter().flatten().all(|end| *end == stamp)
}

/// Marks both ends, and writes bytes that depend on the number to all between them.
pub(super) fn fill(body: &mut [u8], number: u64) {
    body.fill(filling(number));
    mark(body, number);
}

/// Whether `fill` has written this number: reads all, but compares the sum alone of what is between the ends.
pub(super) fn is_filled(body: &[u8], number: u64) -> bool {
    let between = body.get(STAMP..body.len().saturating_sub(STAMP));
    let (words, rest) = between.unwrap_or_default().as_chunks::<STAMP>();
    let filling = filling(number);
    let sum = words.iter().fold(0, |sum: u64, word| {
        sum.wrapping_add(u64::from_ne_bytes(*word))
    });
    let count = u64::try_from(words.len()).unwrap_or(u64::MAX);
    let expected = u64::from_ne_bytes([filling; STAMP]).wrapping_mul(count);
    is_marked(body, number) && sum == expected && rest.iter().all(|byte| *byte == filling)
}

/// What is between the ends of a body.
fn filling(number: u64) -> u8 {
    let [low, ..] = number.to_le_bytes();
    low
}

/// The answer is not what was asked for.
#[cold]
pub(super) fn wrong() -> Failure {
    Failure::Transport("a wrong answer".to_owned())
}

#[cfg(test)]
mod tests {
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
        bodies.answer[..8].copy_from_slice(&8_u64.to_ne_bytes());
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
