//! Peers that were parked, and whose answers have come: left to the thread that serves them.

#[cfg(test)]
mod tests;

use crate::sys::Bell;
use crate::sys::mutex::lock;
use crate::transport::deferral::Wake;
use std::collections::TryReserveError;
use std::mem;
use std::sync::{Arc, Mutex};

/// Which peers of a shard have answers that came later.
///
/// It outlives serving, since answers may come after that.
pub(super) struct Recall(Mutex<Left>);

#[derive(Default)]
struct Left {
    /// A bit for each place of the shard.
    places: Vec<u64>,
    has_rung: bool,
    /// What wakes the thread; nothing once serving has ended.
    bell: Option<Arc<Bell>>,
}

impl Recall {
    /// None so far; `bell` wakes the thread.
    pub(super) fn new(bell: &Arc<Bell>) -> Self {
        Self(Mutex::new(Left {
            bell: Some(Arc::clone(bell)),
            ..Left::default()
        }))
    }

    /// There are so many places from now on.
    pub(super) fn reserve(&self, places: u32) -> Result<(), TryReserveError> {
        let words = places.div_ceil(u64::BITS) as usize;
        let left = &mut *lock(&self.0);
        left.places
            .try_reserve(words.saturating_sub(left.places.len()))?;
        if left.places.len() < words {
            left.places.resize(words, 0);
        }
        Ok(())
    }

    /// Gives the places whose answers have come since the last time.
    pub(super) fn take(&self, mut give: impl FnMut(u32)) {
        let left = &mut *lock(&self.0);
        left.has_rung = false;
        for (first, word) in (0..).step_by(u64::BITS as usize).zip(&mut left.places) {
            let mut bits = mem::take(word);
            while bits != 0 {
                give(first + bits.trailing_zeros());
                bits &= bits - 1;
            }
        }
    }

    /// Serving has ended.
    pub(super) fn end(&self) {
        lock(&self.0).bell = None;
    }
}

impl Wake for Recall {
    fn wake(&self, place: usize) {
        let left = &mut *lock(&self.0);
        let Some(bell) = &left.bell else {
            return;
        };
        if let Some(word) = left.places.get_mut(place / u64::BITS as usize) {
            *word |= 1 << (place % u64::BITS as usize);
        }
        if !mem::replace(&mut left.has_rung, true) {
            bell.ring();
        }
    }

    fn has_ended(&self) -> bool {
        lock(&self.0).bell.is_none()
    }
}
