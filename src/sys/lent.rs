//! Room that is lent to whatever runs on this thread, for the time of one call.
//!
//! Whoever writes to it shows by a counted reference that it was lent to him, and gives that back, so that it can be used
//! again without being counted: what is counted by several threads is counted by instructions that lock.

use std::cell::Cell;
use std::mem;
use std::ptr::null;
use std::sync::Arc;

/// Nobody has written to it.
const UNWRITTEN: usize = usize::MAX;

/// What is lent, on the stack of [`lend`].
struct Lent {
    /// What a reference to shows that it was lent to him who has one.
    to: *const (),
    tag: u8,
    start: *mut u8,
    capacity: usize,
    written: Cell<usize>,
}

thread_local! {
    /// What was lent last; NULL: nothing is.
    static LENT: Cell<*const Lent> = const { Cell::new(null()) };
}

/// What was lent before, and is again from its end on.
struct Before<'a>(&'a Cell<*const Lent>, *const Lent);

impl Drop for Before<'_> {
    fn drop(&mut self) {
        self.0.set(self.1);
    }
}

/// Runs `body`, in which [`write()`] with a reference to the same and the same tag writes to `room`. Gives how many bytes
/// were written, and the reference.
#[inline]
pub(crate) fn lend<T>(
    to: &Arc<T>,
    tag: u8,
    room: &mut [u8],
    body: impl FnOnce(),
) -> Option<(usize, Arc<T>)> {
    const { assert!(size_of::<T>() > 0, "else it may be where another thing is") };
    let lent = Lent {
        to: Arc::as_ptr(to).cast(),
        tag,
        start: room.as_mut_ptr(),
        capacity: room.len(),
        written: Cell::new(UNWRITTEN),
    };
    LENT.with(|last| {
        let _before = Before(last, last.replace(&raw const lent));
        body();
    });
    let written = lent.written.get();
    (written != UNWRITTEN).then(|| {
        // SAFETY: `write` was given a reference to what is there, which is `to`'s, and forgot it.
        let back = unsafe { Arc::from_raw(Arc::as_ptr(to)) };
        (written, back)
    })
}

/// Writes to the start of the room that this thread lent last, and calls `done`. The reference comes back where it was lent
/// to another, or with another tag, is too short, or was written to.
#[inline]
pub(crate) fn write<T>(
    by: Arc<T>,
    tag: u8,
    bytes: &[u8],
    done: impl FnOnce(&T),
) -> Result<(), Arc<T>> {
    // SAFETY: what is lent is on the stack of `lend`, further up on this thread's, which leaves nothing of it here when it
    // ends.
    let Some(lent) = (unsafe { LENT.get().as_ref() }) else {
        return Err(by);
    };
    let is_his = lent.to == Arc::as_ptr(&by).cast() && lent.tag == tag;
    if !is_his || bytes.len() > lent.capacity || lent.written.get() != UNWRITTEN {
        return Err(by);
    }
    // SAFETY: the room is borrowed by `lend` until it ends. Until then nobody else uses it, so that `bytes` are not in it, and
    // they are no more than it holds.
    unsafe {
        lent.start
            .copy_from_nonoverlapping(bytes.as_ptr(), bytes.len())
    };
    done(&by);
    mem::forget(by); // `lend` takes it back.
    lent.written.set(bytes.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    /// Whether it was written, with tag 7.
    fn writes(by: &Arc<u32>, bytes: &[u8]) -> bool {
        write(Arc::clone(by), 7, bytes, |_| ()).is_ok()
    }

    #[test]
    fn what_was_lent_is_written_to_once_by_whom_it_was_lent_to() {
        let (to, other) = (Arc::new(1), Arc::new(2));
        let mut room = *b"........";
        assert!(!writes(&to, b"x"), "nothing was lent");
        let written = lend(&to, 7, &mut room, || {
            assert!(!writes(&other, b"x") && !writes(&to, b"123456789"));
            write(Arc::clone(&to), 8, b"x", |_| ()).unwrap_err();
            assert!(writes(&to, b"abc") && !writes(&to, b"d"));
        });
        let (length, back) = written.unwrap();
        assert_eq!((length, &room), (3, b"abc....."));
        assert!(Arc::ptr_eq(&back, &to) && Arc::strong_count(&to) == 2);
        assert!(!writes(&to, b"x"), "it was given back");
        assert_eq!(lend(&to, 7, &mut room, || ()), None);
        let nothing = lend(&to, 7, &mut [], || assert!(writes(&to, b""))).unwrap();
        assert_eq!((nothing.0, Arc::strong_count(&to)), (0, 3));
    }

    #[test]
    fn the_innermost_counts_and_the_outer_one_comes_back() {
        let (first, second) = (Arc::new(1), Arc::new(2));
        let (mut outer, mut inner) = ([0; 4], [0; 4]);
        let written = lend(&first, 7, &mut outer, || {
            let written = lend(&second, 7, &mut inner, || {
                assert!(!writes(&first, b"x") && writes(&second, b"in"));
            });
            assert_eq!(written.unwrap().0, 2);
            assert!(!writes(&second, b"x") && writes(&first, b"out"));
        });
        assert_eq!(written.unwrap().0, 3);
        assert_eq!((outer, inner), (*b"out\0", *b"in\0\0"));
        assert_eq!(
            [Arc::strong_count(&first), Arc::strong_count(&second)],
            [1; 2]
        );
    }

    #[test]
    fn a_panic_gives_it_back() {
        let (to, mut room) = (Arc::new(1), [0; 4]);
        let caught = crate::sys::panic::catch(|| lend(&to, 7, &mut room, || panic!("a cat")));
        assert!(caught.is_err() && !writes(&to, b"x"));
    }
}
