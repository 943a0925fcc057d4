//! What shared memory is made of: atomics. Mapped memory has those of `core`; the models that loom
//! runs have loom's, which are laid out otherwise.

#[cfg(test)]
#[cfg(loom)]
pub(crate) mod model;

use std::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering};

/// A number that another process, or another thread of a model, changes.
pub(crate) trait Atomic<T> {
    fn load(&self, order: Ordering) -> T;
    fn store(&self, value: T, order: Ordering);
}

/// A word that says whose turn it is.
pub(crate) trait Word: Atomic<u32> {
    fn swap(&self, value: u32, order: Ordering) -> u32;
    fn fetch_add(&self, value: u32, order: Ordering) -> u32;
    fn fetch_sub(&self, value: u32, order: Ordering) -> u32;

    /// Puts `new` in the place of `expected`; `false`: something else stood there.
    fn replace(&self, expected: u32, new: u32, order: Ordering) -> bool;
}

/// A kind of memory.
pub(crate) trait Memory {
    type Word: Word;
    type Half: Atomic<u16>;
    type Data: Atomic<u64>;
}

/// The kind of memory that is shared with other processes.
#[derive(Debug)]
pub(crate) struct Mapped;

impl Memory for Mapped {
    type Word = AtomicU32;
    type Half = AtomicU16;
    type Data = AtomicU64;
}

impl Atomic<u16> for AtomicU16 {
    #[inline]
    fn load(&self, order: Ordering) -> u16 {
        self.load(order)
    }

    #[inline]
    fn store(&self, value: u16, order: Ordering) {
        self.store(value, order);
    }
}

impl Atomic<u32> for AtomicU32 {
    #[inline]
    fn load(&self, order: Ordering) -> u32 {
        self.load(order)
    }

    #[inline]
    fn store(&self, value: u32, order: Ordering) {
        self.store(value, order);
    }
}

impl Word for AtomicU32 {
    #[inline]
    fn swap(&self, value: u32, order: Ordering) -> u32 {
        self.swap(value, order)
    }

    #[inline]
    fn fetch_add(&self, value: u32, order: Ordering) -> u32 {
        self.fetch_add(value, order)
    }

    #[inline]
    fn fetch_sub(&self, value: u32, order: Ordering) -> u32 {
        self.fetch_sub(value, order)
    }

    #[inline]
    fn replace(&self, expected: u32, new: u32, order: Ordering) -> bool {
        self.compare_exchange(expected, new, order, Ordering::Acquire)
            .is_ok()
    }
}

impl Atomic<u64> for AtomicU64 {
    #[inline]
    fn load(&self, order: Ordering) -> u64 {
        self.load(order)
    }

    #[inline]
    fn store(&self, value: u64, order: Ordering) {
        self.store(value, order);
    }
}
