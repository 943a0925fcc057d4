//! Bodies of messages: their ends hold the number of the call, so that a stale answer is seen.

use crate::exit::Failure;

const STAMP: usize = size_of::<u64>();

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
        let stamp = number.to_ne_bytes();
        if let Some(start) = self.request.first_chunk_mut::<STAMP>() {
            *start = stamp;
        }
        if let Some(end) = self.request.last_chunk_mut::<STAMP>() {
            *end = stamp;
        }
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
}
