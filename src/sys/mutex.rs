//! Locks whose holder panicked.

use std::sync::{LockResult, Mutex, MutexGuard, PoisonError};

/// Takes the lock. A thread that panicked with it left what it protects whole: each change in this library
/// is one assignment, or one call that keeps its own order.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    whole(mutex.lock())
}

/// What a lock, or a wait for one, gave, whether or not a thread panicked with it: see [`lock`].
pub(crate) fn whole<G>(taken: LockResult<G>) -> G {
    taken.unwrap_or_else(PoisonError::into_inner)
}
