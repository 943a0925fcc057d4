//! Structs that can grow: the caller says how large its own is.

use super::pointer;
use crate::error::{Error, Result, Status};
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::slice;

/// No struct of options will have more bytes than a page. More is a `size` that was never set.
const LARGEST: usize = 4096;

/// A struct of integers and pointers without padding, the first of which is its size. It may have any bytes: whoever
/// uses a pointer sees to it that `size` says that all of it was there.
pub(super) trait Extensible: Copy {
    /// The size that its first version had, which stays the least to be taken when fields are added.
    const FIRST_SIZE: usize;

    /// The defaults, for a caller who thinks that the struct has `size` bytes.
    fn defaults(size: usize) -> Self;
}

/// Writes exactly `size` bytes: the defaults, then zeros.
///
/// # Safety
///
/// `options` is NULL or has room for `size` bytes.
pub(super) unsafe fn init<T: Extensible>(options: *mut T, size: usize) {
    if options.is_null() {
        return;
    }
    let defaults = T::defaults(size);
    let (from, to) = ((&raw const defaults).cast::<u8>(), options.cast::<u8>());
    // SAFETY: `size` bytes are the caller's; `defaults` is plain bytes, and read within its bounds.
    unsafe {
        to.write_bytes(0, size);
        to.copy_from_nonoverlapping(from, size.min(size_of::<T>()));
    }
}

/// The struct at `options`, `None` if that is NULL.
///
/// A caller compiled against an earlier version may have a shorter one, whose missing fields are 0, and
/// one compiled against a later version a longer one. What this version does not know has to be 0: the
/// rule of `clone3` and `openat2`, see openat2(2), "Extensibility".
///
/// # Safety
///
/// `options` is NULL or points to as many bytes as its first field says.
pub(super) unsafe fn read<T: Extensible>(options: *const T) -> Result<Option<T>> {
    if options.is_null() {
        return Ok(None);
    }
    // SAFETY: the size comes first, and is there before all else.
    let size = unsafe { options.cast::<usize>().read() };
    if !(T::FIRST_SIZE..=LARGEST).contains(&size) {
        let context = format!(
            "options: a size of {size} bytes is not between {} and {LARGEST}; the init function sets it",
            T::FIRST_SIZE
        );
        return Err(Error::new(Status::InvalidArgument, context));
    }
    // SAFETY: `size` bytes are the caller's.
    let given = unsafe { slice::from_raw_parts(options.cast::<u8>(), size) };
    let (known, unknown) = given.split_at(size.min(size_of::<T>()));
    if unknown.iter().any(|byte| *byte != 0) {
        return Err(unknown_field());
    }
    let mut taken = MaybeUninit::<T>::zeroed();
    // SAFETY: `known` is no longer than a T, which may have any bytes.
    unsafe {
        let to = taken.as_mut_ptr().cast::<u8>();
        to.copy_from_nonoverlapping(known.as_ptr(), known.len());
        Ok(Some(taken.assume_init()))
    }
}

/// A struct of integers without padding that the library fills, the first of which is its size, as 32 bits that the
/// caller set.
pub(super) trait Filled: Copy {
    /// The size that its first version had.
    const FIRST_SIZE: usize;
}

/// The size that the caller gave its struct.
///
/// # Safety
///
/// `out` is NULL or points to such a struct.
pub(super) unsafe fn size_of_filled<T: Filled>(out: *mut T, name: &'static str) -> Result<usize> {
    // SAFETY: the size comes first, and is there before all else.
    let size = unsafe { pointer::read(out.cast_const().cast::<u32>(), name) }? as usize;
    if !(T::FIRST_SIZE..=LARGEST).contains(&size) {
        let context = format!(
            "{name}: a size of {size} bytes is not between {} and {LARGEST}; set it to sizeof of the struct",
            T::FIRST_SIZE
        );
        return Err(Error::new(Status::InvalidArgument, context));
    }
    Ok(size)
}

/// The place for such a struct, if its caller's has the size that this version gives it.
///
/// # Safety
///
/// `out` is NULL or points to such a struct.
#[inline]
pub(super) unsafe fn usual<T: Filled>(out: *mut T) -> Option<NonNull<T>> {
    // SAFETY: the size comes first, and is there before all else.
    let size = unsafe { pointer::read(out.cast_const().cast::<u32>(), "out") }.ok()?;
    NonNull::new(out).filter(|_| size as usize == size_of::<T>())
}

/// Writes `size` bytes: what is known of `value`, then zeros. Its first field, the size, stays as the caller set it.
///
/// # Safety
///
/// `out` has room for `size` bytes, which [`size_of_filled`] gave.
pub(super) unsafe fn fill<T: Filled>(out: *mut T, size: usize, value: T) {
    let own = size_of::<u32>();
    let (from, to) = ((&raw const value).cast::<u8>(), out.cast::<u8>());
    // SAFETY: `size` bytes are the caller's, no fewer than the field; `value` is plain bytes, and read within its bounds.
    unsafe {
        to.add(own).write_bytes(0, size - own);
        let known = size.min(size_of::<T>()) - own;
        to.add(own).copy_from_nonoverlapping(from.add(own), known);
    }
}

/// What is said to a caller that asks for something of a later version.
pub(super) fn unknown_field() -> Error {
    let context = "options: a field that this version does not know is not 0";
    Error::new(Status::Unsupported, context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(C)]
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Known {
        size: usize,
        first: usize,
        added: [usize; 2],
    }

    const WORD: usize = size_of::<usize>();

    impl Extensible for Known {
        const FIRST_SIZE: usize = 2 * WORD;

        fn defaults(size: usize) -> Self {
            let (first, added) = (7, [0; 2]);
            Self { size, first, added }
        }
    }

    /// What a caller compiled against a later version has.
    #[repr(C)]
    struct Later {
        known: Known,
        new: [u8; 5],
    }

    fn read_later(size: usize, new: [u8; 5]) -> Result<Option<Known>> {
        let known = Known {
            size,
            first: 3,
            added: [4, 5],
        };
        let later = Later { known, new };
        // SAFETY: no test lets `size` be valid and say more than `Later` has.
        unsafe { read((&raw const later).cast::<Known>()) }
    }

    #[test]
    fn null_is_no_struct() {
        // SAFETY: NULL is allowed.
        assert_eq!(unsafe { read::<Known>(std::ptr::null()) }.unwrap(), None);
    }

    #[test]
    fn what_an_earlier_struct_lacks_is_0() {
        for (size, added) in [(2, [0, 0]), (3, [4, 0]), (4, [4, 5])] {
            let size = size * WORD;
            let expected = Known {
                size,
                first: 3,
                added,
            };
            assert_eq!(read_later(size, [0; 5]).unwrap().unwrap(), expected);
        }
    }

    #[test]
    fn a_later_struct_is_taken_if_what_is_new_is_0() {
        for size in 4 * WORD..=4 * WORD + 5 {
            let known = read_later(size, [0; 5]).unwrap().unwrap();
            assert_eq!((known.size, known.added), (size, [4, 5]));
        }
        assert!(read_later(4 * WORD, [1; 5]).is_ok(), "beyond the size");
        for at in 0..5 {
            let mut new = [0; 5];
            new[at] = 1;
            let error = read_later(4 * WORD + 5, new).unwrap_err();
            assert_eq!(error.status(), Status::Unsupported);
        }
    }

    #[test]
    fn a_size_that_no_version_has_is_an_error() {
        for size in [0, 1, 2 * WORD - 1, LARGEST + 1, usize::MAX] {
            let error = read_later(size, [0; 5]).unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument, "{size}");
        }
    }
}
