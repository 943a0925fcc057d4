//! Room that is lent to whatever runs on this thread, for the time of one call.

use std::cell::Cell;
use std::ptr::null_mut;

/// Nobody has written to it.
const UNWRITTEN: usize = usize::MAX;

/// What was lent last.
#[derive(Clone, Copy)]
struct Lent {
    /// To whom; 0: nobody.
    owner: usize,
    start: *mut u8,
    capacity: usize,
    written: usize,
}

thread_local! {
    static LENT: Cell<Lent> = const {
        Cell::new(Lent {
            owner: 0,
            start: null_mut(),
            capacity: 0,
            written: UNWRITTEN,
        })
    };
}

/// What was lent before, and is again from its end on.
struct Before(Lent);

impl Drop for Before {
    fn drop(&mut self) {
        LENT.set(self.0);
    }
}

/// Runs `body`, in which [`write()`] with this owner, which is not 0, writes to `room`. Gives how many bytes were written.
#[inline]
pub(crate) fn lend(owner: usize, room: &mut [u8], body: impl FnOnce()) -> Option<usize> {
    let _before = Before(LENT.replace(Lent {
        owner,
        start: room.as_mut_ptr(),
        capacity: room.len(),
        written: UNWRITTEN,
    }));
    body();
    Some(LENT.get().written).filter(|written| *written != UNWRITTEN)
}

/// Writes to the start of the room that this thread lent last; `false`: that was lent to another owner, is too short, or was
/// written to.
#[inline]
pub(crate) fn write(owner: usize, bytes: &[u8]) -> bool {
    let lent = LENT.get();
    if lent.owner != owner || bytes.len() > lent.capacity || lent.written != UNWRITTEN {
        return false;
    }
    // SAFETY: the room is borrowed by `lend`, which is further up on this thread's stack and leaves nothing of it here when
    // it ends. Until then nobody else uses it, so that `bytes` are not in it, and they are no more than it holds.
    unsafe {
        lent.start
            .copy_from_nonoverlapping(bytes.as_ptr(), bytes.len())
    };
    LENT.set(Lent {
        written: bytes.len(),
        ..lent
    });
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_lent_is_written_to_once_by_whom_it_was_lent_to() {
        let mut room = *b"........";
        assert!(!write(1, b"x"), "nothing was lent");
        let written = lend(1, &mut room, || {
            assert!(!write(2, b"x") && !write(1, b"123456789"));
            assert!(write(1, b"abc") && !write(1, b"d"));
        });
        assert_eq!((written, &room), (Some(3), b"abc....."));
        assert!(!write(1, b"x"), "it was given back");
        assert_eq!(lend(1, &mut room, || ()), None);
        assert_eq!(lend(1, &mut [], || assert!(write(1, b""))), Some(0));
    }

    #[test]
    fn the_innermost_counts_and_the_outer_one_comes_back() {
        let (mut outer, mut inner) = ([0; 4], [0; 4]);
        let written = lend(1, &mut outer, || {
            let written = lend(2, &mut inner, || {
                assert!(!write(1, b"x") && write(2, b"in"));
            });
            assert_eq!(written, Some(2));
            assert!(!write(2, b"x") && write(1, b"out"));
        });
        assert_eq!((written, outer, inner), (Some(3), *b"out\0", *b"in\0\0"));
    }

    #[test]
    fn a_panic_gives_it_back() {
        let mut room = [0; 4];
        let caught = crate::sys::panic::catch(|| lend(1, &mut room, || panic!("a cat")));
        assert!(caught.is_err() && !write(1, b"x"));
    }
}
