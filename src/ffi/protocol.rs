//! Messages and frames, and the calculator itself.

use super::guard::{guard, guard_plain};
use super::message::{
    UnknownOperation, calc_ipc_request, calc_ipc_response, load_request, load_result, store,
    store_result,
};
use super::pointer::{self, Out, Refusal};
use super::status::calc_ipc_status;
use crate::calculator::frames::{self, FRAME_MAX};
use crate::calculator::{ErrorText, Operation, execute, text};
use crate::error::{Error, Status};
use crate::protocol::frame::{self, SliceSink};
use std::ffi::c_char;
use std::ptr;

/// Writes a request as a frame.
///
/// @param request   The request.
/// @param buffer    Takes the frame, whole or not at all.
/// @param capacity  Bytes at `buffer`; CALC_IPC_FRAME_MAX are always enough.
/// @param length    Takes the bytes written, or on BUFFER_TOO_SMALL those needed.
/// @return OK; INVALID_ARGUMENT: an unknown operation; BUFFER_TOO_SMALL.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_request_serialize(
    request: *const calc_ipc_request,
    buffer: *mut u8,
    capacity: usize,
    length: *mut usize,
) -> calc_ipc_status {
    // SAFETY: the caller promises pointers that are NULL or valid (header, Arguments).
    guard_plain(|| unsafe {
        let request = load_request(request, "request")?.to_request()?;
        serialize(buffer, capacity, length, |out| {
            frames::append_request(out, &request);
        })
    })
}

/// Reads a request from a frame.
///
/// @param frame   One whole frame, prefix included.
/// @param length  Bytes at `frame`.
/// @param out     Takes the request.
/// @return OK; MALFORMED: anything that calc_ipc_request_serialize() cannot write.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_request_deserialize(
    frame: *const u8,
    length: usize,
    out: *mut calc_ipc_request,
) -> calc_ipc_status {
    // SAFETY: the caller promises pointers that are NULL or valid (header, Arguments).
    guard_plain(|| unsafe {
        let out = Out::new(out, "out")?;
        read_request(body(frame, length)?, out)
    })
}

/// Reads a request from a body: a frame without its prefix, as a handler of messages of its own gets it.
///
/// @param body    The body; may be NULL if it is empty.
/// @param length  Bytes at `body`.
/// @param out     Takes the request.
/// @return OK; MALFORMED: no body of what calc_ipc_request_serialize() writes.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_request_parse(
    body: *const u8,
    length: usize,
    out: *mut calc_ipc_request,
) -> calc_ipc_status {
    // SAFETY: the caller promises pointers that are NULL or valid (header, Arguments).
    guard_plain(|| unsafe {
        let out = Out::new(out, "out")?;
        read_request(pointer::array(body, length, "body")?, out)
    })
}

/// Writes a response as a frame.
///
/// @param response  The response. Of a failure, `error` counts up to its NUL or 255 bytes; control
///                  characters and what is not UTF-8 become `?`.
/// @param buffer    Takes the frame, whole or not at all.
/// @param capacity  Bytes at `buffer`; CALC_IPC_FRAME_MAX are always enough.
/// @param length    Takes the bytes written, or on BUFFER_TOO_SMALL those needed.
/// @return OK; BUFFER_TOO_SMALL.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_response_serialize(
    response: *const calc_ipc_response,
    buffer: *mut u8,
    capacity: usize,
    length: *mut usize,
) -> calc_ipc_status {
    // SAFETY: the caller promises pointers that are NULL or valid (header, Arguments).
    guard_plain(|| unsafe {
        match load_result(response, "response")? {
            Some(result) => serialize(buffer, capacity, length, |out| {
                frames::append_result(out, result);
            }),
            None => serialize_error(buffer, capacity, length, response),
        }
    })
}

/// Reads a response from a frame.
///
/// @param frame   One whole frame, prefix included.
/// @param length  Bytes at `frame`.
/// @param out     Takes the response.
/// @return OK; MALFORMED: anything that calc_ipc_response_serialize() cannot write.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_response_deserialize(
    frame: *const u8,
    length: usize,
    out: *mut calc_ipc_response,
) -> calc_ipc_status {
    // SAFETY: the caller promises pointers that are NULL or valid (header, Arguments).
    guard_plain(|| unsafe {
        let out = Out::new(out, "out")?;
        read_response(body(frame, length)?, out)
    })
}

/// Reads a response from a body: a frame without its prefix, as calc_ipc_client_next() gives it.
///
/// @param body    The body; may be NULL if it is empty.
/// @param length  Bytes at `body`.
/// @param out     Takes the response.
/// @return OK; MALFORMED: no body of what calc_ipc_response_serialize() writes.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_response_parse(
    body: *const u8,
    length: usize,
    out: *mut calc_ipc_response,
) -> calc_ipc_status {
    // SAFETY: the caller promises pointers that are NULL or valid (header, Arguments).
    guard_plain(|| unsafe {
        let out = Out::new(out, "out")?;
        read_response(pointer::array(body, length, "body")?, out)
    })
}

/// Calculates, in this process: what the built-in handler answers.
///
/// @param request  The request. An unknown operation is answered with a failed response.
/// @param out      Takes the response.
/// @return OK, also when the response says that there is no result.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_execute(
    request: *const calc_ipc_request,
    out: *mut calc_ipc_response,
) -> calc_ipc_status {
    // SAFETY: the caller promises pointers that are NULL or valid (header, Arguments).
    guard_plain(|| unsafe {
        let request = load_request(request, "request")?;
        let mut out = Out::new(out, "out")?;
        let response = match request.to_request() {
            Ok(request) => execute(&request),
            Err(_) => Err(ErrorText::from(text::UNKNOWN_OPERATION)),
        };
        store(&response, &mut out);
        Ok::<_, Refusal>(())
    })
}

/// The name of an operation on the wire, such as `ADD`.
///
/// @param operation  Any number.
/// @return A text that is never freed; NULL if the operation is unknown.
#[unsafe(no_mangle)]
pub extern "C" fn calc_ipc_operation_name(operation: i32) -> *const c_char {
    Operation::from_i32(operation).map_or(ptr::null(), |known| known.c_name().as_ptr())
}

/// The operation with a name.
///
/// @param name  A name as on the wire, such as `ADD`, in upper case.
/// @param out   Takes one of CALC_IPC_OPERATION_*.
/// @return OK; INVALID_ARGUMENT: no operation has this name.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_operation_from_name(
    name: *const c_char,
    out: *mut i32,
) -> calc_ipc_status {
    // SAFETY: the caller promises pointers that are NULL or valid (header, Arguments).
    guard(|| unsafe {
        let name = pointer::c_string(name, "name")?;
        let mut out = Out::new(out, "out")?;
        let operation = Operation::from_name(name.to_bytes()).ok_or_else(|| {
            let context = format!("no operation is called {name:?}");
            Error::new(Status::InvalidArgument, context)
        })?;
        out.write(operation as i32);
        Ok(())
    })
}

/// Why a message was not written or read.
#[derive(Clone, Copy, Debug)]
enum Failure {
    Pointer(Refusal),
    Operation(UnknownOperation),
    /// The frame has so many bytes, the buffer so many.
    TooSmall(usize, usize),
    /// It is no frame or no message, for this reason.
    Malformed(&'static str),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Pointer(refusal)
    }
}

impl From<UnknownOperation> for Failure {
    fn from(unknown: UnknownOperation) -> Self {
        Self::Operation(unknown)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Pointer(refusal) => refusal.into(),
            Failure::Operation(unknown) => unknown.into(),
            Failure::TooSmall(needed, capacity) => {
                let context = format!("the frame has {needed} bytes, the buffer {capacity}");
                Self::new(Status::BufferTooSmall, context)
            }
            Failure::Malformed(why) => Self::new(Status::Malformed, why.to_owned()),
        }
    }
}

/// Writes the one frame that `append` appends.
///
/// # Safety
///
/// `buffer` is NULL or has room for `capacity` bytes; `length` is NULL or may be written to.
#[inline]
unsafe fn serialize(
    buffer: *mut u8,
    capacity: usize,
    length: *mut usize,
    append: impl FnOnce(&mut SliceSink<'_>),
) -> Result<(), Failure> {
    // SAFETY: the caller's promise is the same; less than `capacity` is there, too.
    let (buffer, mut length) = unsafe {
        (
            pointer::bytes_mut(buffer, capacity.min(FRAME_MAX), "buffer")?,
            Out::new(length, "length")?,
        )
    };
    let mut out = SliceSink::new(buffer);
    append(&mut out);
    let outcome = out.finish();
    length.write(outcome.unwrap_or_else(|needed| needed));
    outcome
        .map(drop)
        .map_err(|needed| Failure::TooSmall(needed, capacity))
}

/// Writes the frame of a response without a result, which is some hundred bytes long as it is copied.
///
/// # Safety
///
/// As for [`serialize`]; `response` is NULL or points to a response.
#[cold]
unsafe fn serialize_error(
    buffer: *mut u8,
    capacity: usize,
    length: *mut usize,
    response: *const calc_ipc_response,
) -> Result<(), Failure> {
    // SAFETY: the caller's promise is the same.
    unsafe {
        let error = pointer::read(response, "response")?.error_text();
        serialize(buffer, capacity, length, |out| {
            frames::append_error(out, &error);
        })
    }
}

/// The body of the one frame at `frame`.
///
/// # Safety
///
/// `frame` is NULL or points to `length` bytes, which nothing changes while `'a` lasts.
#[inline]
unsafe fn body<'a>(frame: *const u8, length: usize) -> Result<&'a [u8], Failure> {
    // SAFETY: the caller's promise is the same.
    let frame = unsafe { pointer::bytes(frame, length, "frame") }?;
    frame::body(frame).ok_or(Failure::Malformed(
        "the prefix is not the length of what follows",
    ))
}

/// Puts the request with this body at `out`.
#[inline(always)]
fn read_request(body: &[u8], mut out: Out<calc_ipc_request>) -> Result<(), Failure> {
    let request = text::parse_request(body).map_err(|reject| Failure::Malformed(reject.text()))?;
    out.write(calc_ipc_request::from(&request));
    Ok(())
}

/// Puts the response with this body at `out`.
#[inline(always)]
fn read_response(body: &[u8], mut out: Out<calc_ipc_response>) -> Result<(), Failure> {
    if let Some(result) = text::parse_result(body) {
        store_result(result, &mut out);
        return Ok(());
    }
    read_error(body, out)
}

#[cold]
fn read_error(body: &[u8], mut out: Out<calc_ipc_response>) -> Result<(), Failure> {
    let response = text::parse_response(body).ok_or(Failure::Malformed("it is no response"))?;
    store(&response, &mut out);
    Ok(())
}
