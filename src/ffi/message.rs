//! Requests and responses as C sees them.
//!
//! Nothing that C can write into these structs is undefined behaviour here: they hold integers of
//! which every value is valid, and what a value means is checked.

use super::pointer::{self, Out, Refusal};
use crate::calculator::{ErrorText, Operation, Request, Response};
use crate::error::{Error, Status};
use std::ffi::c_char;

/// Addition.
pub const CALC_IPC_OPERATION_ADD: i32 = 0;
/// Subtraction.
pub const CALC_IPC_OPERATION_SUB: i32 = 1;
/// Multiplication.
pub const CALC_IPC_OPERATION_MUL: i32 = 2;
/// Division that truncates toward zero.
pub const CALC_IPC_OPERATION_DIV: i32 = 3;

/// Bytes of the text of an error with its NUL. It will never grow.
pub const CALC_IPC_ERROR_CAPACITY: usize = 256;

/// Bytes of the longest frame of a request or response: a buffer of this size is never too small.
pub const CALC_IPC_FRAME_MAX: usize = 263;

/// A question: one operation on two numbers.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct calc_ipc_request {
    /// One of CALC_IPC_OPERATION_*.
    pub operation: i32,
    /// The left operand.
    pub arg1: i64,
    /// The right operand.
    pub arg2: i64,
}

/// The answer to a request: a number, or why there is none.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct calc_ipc_response {
    /// Whether there is a result.
    pub success: calc_ipc_bool,
    /// The result, 0 if there is none.
    pub result: i64,
    /// Why there is no result: NUL-terminated UTF-8 without control characters, empty if there is
    /// one. In a response that the library is given, it ends at its NUL or after 255 bytes, and
    /// what is not UTF-8, and control characters, become `?`.
    pub error: [c_char; CALC_IPC_ERROR_CAPACITY],
}

/// A `bool` of C's. C may store any byte in one, where Rust's `bool` has to be 0 or 1.
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct calc_ipc_bool(pub u8);

impl calc_ipc_request {
    /// The request that this is, if its operation is one.
    #[inline]
    pub(super) fn to_request(self) -> Result<Request, UnknownOperation> {
        let operation =
            Operation::from_i32(self.operation).ok_or(UnknownOperation(self.operation))?;
        Ok(Request {
            operation,
            arg1: self.arg1,
            arg2: self.arg2,
        })
    }
}

/// Why a request is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct UnknownOperation(i32);

impl From<UnknownOperation> for Error {
    #[cold]
    fn from(UnknownOperation(operation): UnknownOperation) -> Self {
        let context = format!("operation {operation} is unknown");
        Self::new(Status::InvalidArgument, context)
    }
}

impl From<&Request> for calc_ipc_request {
    fn from(request: &Request) -> Self {
        Self {
            operation: request.operation as i32,
            arg1: request.arg1,
            arg2: request.arg2,
        }
    }
}

impl calc_ipc_response {
    /// A failure without a reason, all zero: what a handler is given.
    pub(super) const ZEROED: Self = Self {
        success: calc_ipc_bool(0),
        result: 0,
        error: [0; CALC_IPC_ERROR_CAPACITY],
    };

    /// The response that this is.
    pub(super) fn into_response(self) -> Response {
        if self.success == calc_ipc_bool(0) {
            Err(self.error_text())
        } else {
            Ok(self.result)
        }
    }

    /// Why there is no result, if there is none.
    pub(super) fn error_text(self) -> ErrorText {
        // `char` is signed on some machines and unsigned on others.
        let error = self.error.map(|c| u8::from_ne_bytes(c.to_ne_bytes()));
        ErrorText::from_bytes(&error)
    }
}

/// The request at `source`, which the messages call `name`. Each field is read for itself: the processor waits where what was
/// just written in parts is read at once.
///
/// # Safety
///
/// `source` is NULL or points to a request.
#[inline]
pub(super) unsafe fn load_request(
    source: *const calc_ipc_request,
    name: &'static str,
) -> Result<calc_ipc_request, Refusal> {
    let source = pointer::required(source.cast_mut(), name)?.as_ptr();
    // SAFETY: not NULL, so it points to a request.
    Ok(unsafe {
        calc_ipc_request {
            operation: (&raw const (*source).operation).read(),
            arg1: (&raw const (*source).arg1).read(),
            arg2: (&raw const (*source).arg2).read(),
        }
    })
}

/// The response at `source`, which the messages call `name`.
///
/// # Safety
///
/// `source` is NULL or points to a response.
pub(super) unsafe fn load(
    source: *const calc_ipc_response,
    name: &'static str,
) -> Result<Response, Refusal> {
    // SAFETY: the caller's promise is the same.
    match unsafe { load_result(source, name) }? {
        Some(result) => Ok(Ok(result)),
        // SAFETY: it is not NULL, or there would be a refusal.
        None => Ok(unsafe { source.read() }.into_response()),
    }
}

/// The result in the response at `source`, which the messages call `name`; `None`: there is none in it.
///
/// # Safety
///
/// As for [`load`].
#[inline]
pub(super) unsafe fn load_result(
    source: *const calc_ipc_response,
    name: &'static str,
) -> Result<Option<i64>, Refusal> {
    let source = pointer::required(source.cast_mut(), name)?.as_ptr();
    // SAFETY: not NULL, so it points to a response.
    Ok(unsafe {
        match (&raw const (*source).success).read() {
            calc_ipc_bool(0) => None,
            _ => Some((&raw const (*source).result).read()),
        }
    })
}

/// Puts `response` at `out`. Of `error`, only the text and its NUL are written: clearing the rest
/// takes longer than everything else here.
#[inline]
pub(super) fn store(response: &Response, out: &mut Out<calc_ipc_response>) {
    match response {
        Ok(result) => store_result(*result, out),
        Err(error) => store_error(error, out),
    }
}

/// Puts a response with this result at `out`.
#[inline]
pub(super) fn store_result(result: i64, out: &mut Out<calc_ipc_response>) {
    let out = out.as_ptr();
    // SAFETY: `Out` is room for a whole response.
    unsafe {
        (&raw mut (*out).success).write(calc_ipc_bool(1));
        (&raw mut (*out).result).write(result);
        (&raw mut (*out).error).cast::<u8>().write(0);
    }
}

#[cold]
fn store_error(error: &ErrorText, out: &mut Out<calc_ipc_response>) {
    let (out, error) = (out.as_ptr(), error.as_bytes());
    // SAFETY: `Out` is room for a whole response. A text has at most 255 bytes, so that it and its
    // NUL fit the field, which it cannot overlap.
    unsafe {
        (&raw mut (*out).success).write(calc_ipc_bool(0));
        (&raw mut (*out).result).write(0);
        let field = (&raw mut (*out).error).cast::<u8>();
        field.copy_from_nonoverlapping(error.as_ptr(), error.len());
        field.add(error.len()).write(0);
    }
}

const _: () = assert!(ErrorText::CAPACITY + 1 == CALC_IPC_ERROR_CAPACITY);
const _: () = assert!(crate::calculator::frames::FRAME_MAX == CALC_IPC_FRAME_MAX);
