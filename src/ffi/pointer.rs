//! Pointers from C: NULL is an error here, and everything else the caller's word, which the
//! header's opening comment asks for. What they point to is read once and copied.

use crate::error::{Error, Status};
use std::ffi::{CStr, c_char};
use std::ptr::NonNull;
use std::slice;

/// Why what C gave is not used. It is plain, so that whoever finds it has nothing to drop.
#[derive(Clone, Copy, Debug)]
pub(super) enum Refusal {
    /// What has this name is NULL.
    Null(&'static str),
    /// What has this name cannot have so many elements.
    Count(&'static str, usize),
}

impl From<Refusal> for Error {
    #[cold]
    fn from(refusal: Refusal) -> Self {
        invalid(match refusal {
            Refusal::Null(name) => format!("{name} is NULL"),
            Refusal::Count(name, count) => format!("{name} cannot have {count} elements"),
        })
    }
}

type Result<T, E = Refusal> = std::result::Result<T, E>;

/// The value at `source`, which the messages call `name`.
///
/// # Safety
///
/// `source` is NULL or points to a `T`, for any value of whose bytes `T` is valid.
#[inline]
pub(super) unsafe fn read<T: Copy>(source: *const T, name: &'static str) -> Result<T> {
    let source = required(source.cast_mut(), name)?;
    // SAFETY: not NULL, so it points to a `T`.
    Ok(unsafe { source.read() })
}

/// Puts `value` at `target`, if there is a place.
///
/// # Safety
///
/// `target` is NULL or may be written to.
pub(super) unsafe fn write_unless_null<T>(target: *mut T, value: T) {
    if let Some(target) = NonNull::new(target) {
        // SAFETY: not NULL, so it may be written to.
        unsafe { target.write(value) }
    }
}

/// The bytes from `start` on.
///
/// # Safety
///
/// `start` is NULL or points to `length` bytes, which nothing changes while `'a` lasts.
pub(super) unsafe fn bytes<'a>(
    start: *const u8,
    length: usize,
    name: &'static str,
) -> Result<&'a [u8]> {
    let start = extent(start.cast_mut(), length, name)?;
    // SAFETY: not NULL, of a size that slices can have, and unchanged for `'a`.
    Ok(unsafe { slice::from_raw_parts(start.as_ptr(), length) })
}

/// Room for bytes from `start` on. Whatever lies there counts as initialised: it is C's.
///
/// # Safety
///
/// `start` is NULL or points to `length` bytes, which nothing else uses while `'a` lasts.
pub(super) unsafe fn bytes_mut<'a>(
    start: *mut u8,
    length: usize,
    name: &'static str,
) -> Result<&'a mut [u8]> {
    let start = extent(start, length, name)?;
    // SAFETY: not NULL, of a size that slices can have, and the caller's for `'a`.
    Ok(unsafe { slice::from_raw_parts_mut(start.as_ptr(), length) })
}

/// The elements from `start` on, which may be NULL if there are none.
///
/// # Safety
///
/// `start` is NULL or points to `count` elements, which nothing changes while `'a` lasts, and for any
/// value of whose bytes `T` is valid.
pub(super) unsafe fn array<'a, T>(
    start: *const T,
    count: usize,
    name: &'static str,
) -> Result<&'a [T]> {
    let start = elements(start.cast_mut(), count, name)?;
    // SAFETY: not NULL, of a size that slices can have, and unchanged for `'a`.
    Ok(unsafe { slice::from_raw_parts(start.as_ptr(), count) })
}

/// Room for bytes from `start` on, which may be NULL if there is none.
///
/// # Safety
///
/// As for [`bytes_mut`].
pub(super) unsafe fn array_mut<'a>(
    start: *mut u8,
    length: usize,
    name: &'static str,
) -> Result<&'a mut [u8]> {
    let start = elements(start, length, name)?;
    // SAFETY: not NULL, of a size that slices can have, and the caller's for `'a`.
    Ok(unsafe { slice::from_raw_parts_mut(start.as_ptr(), length) })
}

/// A place for each of `count` results from `start` on, which may be NULL if there is none.
///
/// # Safety
///
/// `start` is NULL or points to `count` elements, which may be uninitialised and written to while the
/// iterator or what it gives lasts.
pub(super) unsafe fn places<T>(
    start: *mut T,
    count: usize,
    name: &'static str,
) -> Result<impl Iterator<Item = Out<T>>> {
    let start = elements(start, count, name)?;
    // SAFETY: each is one of the `count`, which all together are of a size that offsets can have.
    Ok((0..count).map(move |at| Out(unsafe { start.add(at) })))
}

/// The longest text that is looked at, in bytes: paths end at 4096 (PATH_MAX), of which a URL may write
/// each byte with three. Texts are copied, so what is longer must not decide how much memory that takes.
const TEXT_MAX: usize = 16 << 10;

/// The text at `start`.
///
/// # Safety
///
/// `start` is NULL or points to a NUL-terminated string that nothing changes while `'a` lasts.
pub(super) unsafe fn text<'a>(start: *const c_char, name: &'static str) -> Result<&'a str, Error> {
    // SAFETY: the caller's promise is the same.
    let text = unsafe { c_string(start, name) }?;
    let length = text.count_bytes();
    if length > TEXT_MAX {
        let context = format!("{name} has {length} bytes; no address has more than {TEXT_MAX}");
        return Err(invalid(context));
    }
    text.to_str()
        .map_err(|_| invalid(format!("{name} is not UTF-8")))
}

/// The C string at `start`.
///
/// # Safety
///
/// `start` is NULL or points to a NUL-terminated string that nothing changes while `'a` lasts.
pub(super) unsafe fn c_string<'a>(start: *const c_char, name: &'static str) -> Result<&'a CStr> {
    let start = required(start.cast_mut(), name)?;
    // SAFETY: not NULL, so it points to a string.
    Ok(unsafe { CStr::from_ptr(start.as_ptr()) })
}

/// A place for a result, checked before the work that gives it.
pub(super) struct Out<T>(NonNull<T>);

impl<T> Out<T> {
    /// The place that `target` points to, which may be uninitialised.
    ///
    /// # Safety
    ///
    /// `target` is NULL or may be written to until this value is gone.
    #[inline]
    pub(super) unsafe fn new(target: *mut T, name: &'static str) -> Result<Self> {
        required(target, name).map(Self)
    }

    /// Puts the result there.
    pub(super) fn write(&mut self, value: T) {
        // SAFETY: `new` was promised a place.
        unsafe { self.0.write(value) }
    }

    /// The place itself, for a result that is written in parts.
    pub(super) fn as_ptr(&mut self) -> *mut T {
        self.0.as_ptr()
    }
}

/// [`extent`], but where there are none, NULL will do.
#[inline]
fn elements<T>(start: *mut T, count: usize, name: &'static str) -> Result<NonNull<T>> {
    if count == 0 {
        return Ok(NonNull::new(start).unwrap_or(NonNull::dangling()));
    }
    extent(start, count, name)
}

/// Checks what slices need: no object is larger than `isize::MAX` bytes.
#[inline]
fn extent<T>(start: *mut T, count: usize, name: &'static str) -> Result<NonNull<T>> {
    let bytes = count.checked_mul(size_of::<T>());
    if bytes.is_none_or(|bytes| isize::try_from(bytes).is_err()) {
        return Err(Refusal::Count(name, count));
    }
    required(start, name)
}

/// `pointer`, which the messages call `name`, if it is not NULL.
#[inline]
pub(super) fn required<T>(pointer: *mut T, name: &'static str) -> Result<NonNull<T>> {
    NonNull::new(pointer).ok_or(Refusal::Null(name))
}

fn invalid(context: String) -> Error {
    Error::new(Status::InvalidArgument, context)
}
