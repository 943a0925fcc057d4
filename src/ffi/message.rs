//! Requests and responses as C sees them.
//!
//! Nothing that C can write into these structs is undefined behaviour here: they hold integers of
//! which every value is valid, and what a value means is checked.

use super::pointer::Out;
use crate::calculator::{ErrorText, Operation, Request, Response};
use crate::error::{Error, Result, Status};
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
    pub(super) fn to_request(self) -> Result<Request> {
        let operation =
            Operation::from_i32(self.operation).ok_or_else(|| unknown(self.operation))?;
        Ok(Request {
            operation,
            arg1: self.arg1,
            arg2: self.arg2,
        })
    }
}

#[cold]
fn unknown(operation: i32) -> Error {
    let context = format!("operation {operation} is unknown");
    Error::new(Status::InvalidArgument, context)
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
            // `char` is signed on some machines and unsigned on others.
            let error = self.error.map(|c| u8::from_ne_bytes(c.to_ne_bytes()));
            Err(ErrorText::from_bytes(&error))
        } else {
            Ok(self.result)
        }
    }
}

/// Puts `response` at `out`. Of `error`, only the text and its NUL are written: clearing the rest
/// takes longer than everything else here.
pub(super) fn store(response: &Response, out: &mut Out<calc_ipc_response>) {
    let out = out.as_ptr();
    // SAFETY: `Out` is room for a whole response. A text has at most 255 bytes, so that it and its
    // NUL fit the field, which it cannot overlap.
    unsafe {
        let field = (&raw mut (*out).error).cast::<u8>();
        match response {
            Ok(result) => {
                (&raw mut (*out).success).write(calc_ipc_bool(1));
                (&raw mut (*out).result).write(*result);
                field.write(0);
            }
            Err(error) => {
                let error = error.as_bytes();
                (&raw mut (*out).success).write(calc_ipc_bool(0));
                (&raw mut (*out).result).write(0);
                field.copy_from_nonoverlapping(error.as_ptr(), error.len());
                field.add(error.len()).write(0);
            }
        }
    }
}

const _: () = assert!(ErrorText::CAPACITY + 1 == CALC_IPC_ERROR_CAPACITY);
const _: () = assert!(crate::calculator::frames::FRAME_MAX == CALC_IPC_FRAME_MAX);
