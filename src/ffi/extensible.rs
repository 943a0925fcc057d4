//! Structs that can grow: the caller says how large its own is.

use crate::error::{Error, Result, Status};
use std::slice;

/// No struct of options will have more bytes than a page. More is a `size` that was never set.
const LARGEST: usize = 4096;

/// A struct of integers without padding, the first of which is its size.
///
/// The day that one gets another field, the size of its first version stays the least to be taken.
pub(super) trait Extensible: Copy {
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
/// A caller compiled against a later version may have a longer one. What this version does not
/// know has to be 0: the rule of `clone3` and `openat2`, see openat2(2), "Extensibility".
///
/// # Safety
///
/// `options` is NULL or points to as many bytes as its first field says.
pub(super) unsafe fn read<T: Extensible>(options: *const T) -> Result<Option<T>> {
    if options.is_null() {
        return Ok(None);
    }
    let known = size_of::<T>();
    // SAFETY: the size comes first, and is there before all else.
    let size = unsafe { options.cast::<usize>().read() };
    if !(known..=LARGEST).contains(&size) {
        let context = format!("options: a size of {size} bytes; the init function sets it");
        return Err(Error::new(Status::InvalidArgument, context));
    }
    // SAFETY: from `known` to `size` it is the caller's struct, too.
    let rest = unsafe { slice::from_raw_parts(options.cast::<u8>().add(known), size - known) };
    if rest.iter().any(|byte| *byte != 0) {
        return Err(unknown_field());
    }
    // SAFETY: at least `known` bytes are there, and integers may have any.
    Ok(Some(unsafe { options.read() }))
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
        field: u64,
    }

    impl Extensible for Known {
        fn defaults(size: usize) -> Self {
            Self { size, field: 7 }
        }
    }

    /// What a caller compiled against a later version has.
    #[repr(C)]
    struct Later {
        known: Known,
        new: [u8; 5],
    }

    fn read_later(size: usize, new: [u8; 5]) -> Result<Option<Known>> {
        let later = Later {
            known: Known { size, field: 3 },
            new,
        };
        // SAFETY: no test lets `size` be valid and say more than `Later` has.
        unsafe { read((&raw const later).cast::<Known>()) }
    }

    #[test]
    fn null_is_no_struct() {
        // SAFETY: NULL is allowed.
        assert_eq!(unsafe { read::<Known>(std::ptr::null()) }.unwrap(), None);
    }

    #[test]
    fn a_later_struct_is_taken_if_what_is_new_is_0() {
        for size in 16..=21 {
            let known = read_later(size, [0; 5]).unwrap().unwrap();
            assert_eq!(known, Known { size, field: 3 });
        }
        assert!(read_later(16, [1; 5]).is_ok(), "beyond the size");
        for at in 0..5 {
            let mut new = [0; 5];
            new[at] = 1;
            let error = read_later(21, new).unwrap_err();
            assert_eq!(error.status(), Status::Unsupported);
        }
    }

    #[test]
    fn a_size_that_no_version_has_is_an_error() {
        for size in [0, 1, 15, LARGEST + 1, usize::MAX] {
            let error = read_later(size, [0; 5]).unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument, "{size}");
        }
    }
}
