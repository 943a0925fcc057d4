#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::sys::panic;
use std::sync::atomic::AtomicUsize;

/// How often it was told.
#[derive(Default)]
struct Told(AtomicUsize);

impl Attendant for Told {
    fn given_back(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Told {
    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

#[test]
fn one_at_a_time_has_it() {
    let (lock, told) = (TryLock::new(1), Told::default());
    let mut guard = lock.try_lock(&told).unwrap();
    *guard += 1;
    assert_eq!(lock.try_lock(&told).err(), Some(Untaken::Busy));
    drop(guard);
    assert_eq!(*lock.try_lock(&told).unwrap(), 2);
    assert_eq!(told.count(), 0, "nobody asked");
}

#[test]
fn who_asked_for_it_while_it_was_taken_is_told_once() {
    let (mut lock, told) = (TryLock::new(7), Told::default());
    assert!(!lock.ask());
    let guard = lock.try_lock(&told).unwrap();
    assert!(lock.ask() && lock.ask());
    assert_eq!(told.count(), 0);
    drop(guard);
    assert_eq!(told.count(), 1);
    drop(lock.try_lock(&told).unwrap());
    assert_eq!(told.count(), 1, "nobody asked since");
    assert_eq!(*lock.get_mut(), 7);
}

#[test]
fn a_panic_poisons_it_and_is_told_who_asked() {
    let (lock, told) = (TryLock::new(()), Told::default());
    let caught = panic::catch(|| {
        let _guard = lock.try_lock(&told).unwrap();
        assert!(lock.ask());
        panic!("a cat");
    });
    assert!(caught.is_err());
    assert_eq!(told.count(), 1);
    assert_eq!(lock.try_lock(&told).err(), Some(Untaken::Poisoned));
    assert!(!lock.ask(), "it will never be given back");
}

#[test]
fn what_is_done_amid_a_panic_poisons_nothing() {
    struct Tidy<'a>(&'a TryLock<u32>, &'a Told);

    impl Drop for Tidy<'_> {
        fn drop(&mut self) {
            *self.0.try_lock(self.1).unwrap() += 1;
        }
    }

    let (lock, told) = (TryLock::new(0), Told::default());
    let caught = panic::catch(|| {
        let _tidy = Tidy(&lock, &told);
        panic!("a cat");
    });
    assert!(caught.is_err());
    assert_eq!(*lock.try_lock(&told).unwrap(), 1);
}
