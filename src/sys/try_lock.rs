//! A lock that is tried, and never waited for. Whoever finds it taken may ask for it: then it is told when it was given
//! back. So one that nobody waits for costs as little as a mutex, and its holder looks at nothing that others write to.

#[cfg(test)]
#[cfg(loom)]
mod model;
#[cfg(test)]
#[cfg(not(loom))]
mod tests;

use super::atomic::Word;
use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

/// Why a lock was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Untaken {
    /// Somebody has it.
    Busy,
    /// Somebody panicked who had it.
    Poisoned,
}

/// What a lock is: one word.
#[derive(Debug, Default)]
struct Latch<W = AtomicU32>(W);

const FREE: u32 = 0;
const TAKEN: u32 = 1;
/// Taken, and somebody has asked for it.
const ASKED_FOR: u32 = 2;
const POISONED: u32 = 3;

impl<W: Word> Latch<W> {
    #[inline]
    fn take(&self) -> Result<(), Untaken> {
        match self.0.replace(FREE, TAKEN, Ordering::Acquire) {
            true => Ok(()),
            false => Err(self.untaken()),
        }
    }

    #[cold]
    fn untaken(&self) -> Untaken {
        match self.0.load(Ordering::Relaxed) {
            POISONED => Untaken::Poisoned,
            _ => Untaken::Busy,
        }
    }

    /// Asks whoever has it to tell when it is given back; `false`: nobody has it.
    ///
    /// This and giving it back have one order, since both change the word: either the holder learns that it was asked, or
    /// it is free for who asks.
    fn ask(&self) -> bool {
        loop {
            match self.0.load(Ordering::Relaxed) {
                FREE | POISONED => return false,
                ASKED_FOR => return true,
                _ if self.0.replace(TAKEN, ASKED_FOR, Ordering::AcqRel) => return true,
                _ => {}
            }
        }
    }

    /// Leaves it free, or poisoned; whether somebody has asked for it.
    #[inline]
    fn leave(&self, as_it_is: u32) -> bool {
        self.0.swap(as_it_is, Ordering::AcqRel) == ASKED_FOR
    }
}

/// Who is told that a lock was given back for which somebody had asked.
pub(crate) trait Attendant {
    /// It is free by now, unless somebody was faster.
    fn given_back(&self);
}

/// Such a lock, and what it protects.
pub(crate) struct TryLock<T> {
    latch: Latch,
    value: UnsafeCell<T>,
}

// SAFETY: whoever has the lock has the value to itself, on any thread.
unsafe impl<T: Send> Sync for TryLock<T> {}

impl<T> TryLock<T> {
    pub(crate) fn new(value: T) -> Self {
        Self {
            latch: Latch::default(),
            value: UnsafeCell::new(value),
        }
    }

    /// Takes it, if nobody has it. `attendant` is told if somebody asks for it until it is given back.
    #[inline]
    pub(crate) fn try_lock<'a, A: Attendant>(
        &'a self,
        attendant: &'a A,
    ) -> Result<Guard<'a, T, A>, Untaken> {
        self.latch.take()?;
        Ok(Guard {
            lock: self,
            attendant,
            was_panicking: thread::panicking(),
            value: PhantomData,
        })
    }

    /// Asks whoever has it to tell when it is given back; `false`: nobody has it.
    pub(crate) fn ask(&self) -> bool {
        self.latch.ask()
    }

    /// The value, which nobody else can have now.
    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

impl<T> fmt::Debug for TryLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.latch.fmt(f)
    }
}

/// A lock that this thread has.
pub(crate) struct Guard<'a, T, A: Attendant> {
    lock: &'a TryLock<T>,
    attendant: &'a A,
    was_panicking: bool,
    /// It is shared with no thread that the value could not be shared with.
    value: PhantomData<&'a mut T>,
}

impl<T, A: Attendant> Guard<'_, T, A> {
    /// Asks for it, as others do who cannot have it.
    pub(crate) fn ask(&self) {
        self.lock.ask();
    }
}

impl<T, A: Attendant> Deref for Guard<'_, T, A> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this guard alone gives access to the value, and is borrowed as long as that is used.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T, A: Attendant> DerefMut for Guard<'_, T, A> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as in `deref`, and this guard is borrowed by nobody else.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T, A: Attendant> Drop for Guard<'_, T, A> {
    #[inline]
    fn drop(&mut self) {
        let left = match !self.was_panicking && thread::panicking() {
            true => POISONED,
            false => FREE,
        };
        if self.lock.latch.leave(left) {
            self.attendant.given_back();
        }
    }
}
