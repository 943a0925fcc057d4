//! What processes count for each other.

use std::ops::Deref;
use std::ptr::NonNull;

/// A value in memory that forked processes share. They change it through its atomics.
pub struct SharedValue<T: Sync>(NonNull<T>);

impl<T: Sync> SharedValue<T> {
    pub fn new(value: T) -> Self {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let kind = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping, of as many bytes as the value has.
        let start =
            unsafe { libc::mmap(std::ptr::null_mut(), size_of::<T>(), access, kind, -1, 0) };
        assert_ne!(start, libc::MAP_FAILED);
        let place = NonNull::new(start.cast::<T>()).unwrap();
        // SAFETY: mapped, aligned to a page, and nobody else's.
        unsafe { place.write(value) };
        Self(place)
    }

    /// One that is never freed.
    pub fn forever(value: T) -> &'static T {
        // SAFETY: written by `new`, and never unmapped, since the owner is forgotten.
        unsafe { std::mem::ManuallyDrop::new(Self::new(value)).0.as_ref() }
    }
}

impl<T: Sync> Deref for SharedValue<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: written by `new`, and mapped as long as `self` lives.
        unsafe { self.0.as_ref() }
    }
}

impl<T: Sync> Drop for SharedValue<T> {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`; atomics need no drop.
        unsafe { libc::munmap(self.0.as_ptr().cast(), size_of::<T>()) };
    }
}
