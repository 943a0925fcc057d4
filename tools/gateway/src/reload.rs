//! What was read from files, and may be read anew while it is used.

use std::sync::{Arc, PoisonError, RwLock};

/// A value that others use while it is replaced.
pub(crate) struct Reloaded<T>(RwLock<Arc<T>>);

impl<T> Reloaded<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(RwLock::new(Arc::new(value)))
    }

    /// What it is from now on.
    pub(crate) fn replace(&self, value: T) {
        // Nothing panics while it is locked.
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(value);
    }

    /// What it is now.
    pub(crate) fn current(&self) -> Arc<T> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
