//! A word of loom's.

use super::Atomic;
use loom::sync::atomic::{AtomicU32, Ordering};

#[derive(Debug, Default)]
pub(crate) struct Word(AtomicU32);

impl Atomic<u32> for Word {
    fn load(&self, order: Ordering) -> u32 {
        self.0.load(order)
    }

    fn store(&self, value: u32, order: Ordering) {
        self.0.store(value, order);
    }
}

impl super::Word for Word {
    fn swap(&self, value: u32, order: Ordering) -> u32 {
        self.0.swap(value, order)
    }

    fn fetch_add(&self, value: u32, order: Ordering) -> u32 {
        self.0.fetch_add(value, order)
    }

    fn fetch_sub(&self, value: u32, order: Ordering) -> u32 {
        self.0.fetch_sub(value, order)
    }

    fn replace(&self, expected: u32, new: u32, order: Ordering) -> bool {
        self.0
            .compare_exchange(expected, new, order, Ordering::Acquire)
            .is_ok()
    }
}
