//! Handlers written in C.

use super::guard::guard;
use super::message::{calc_ipc_request, calc_ipc_response};
use super::pointer;
use super::status::calc_ipc_status;
use crate::error::{Error, Result, Status};
use crate::service::{self, Handler};
use std::ffi::{c_char, c_void};

/// A function that answers requests; NULL is the built-in calculator.
///
/// It gets only known operations. `response` is zeroed before it is called, which means a failure
/// without a reason. The function has to return: no exception and no longjmp may leave it. It runs in
/// one thread at a time, not always the same one, unless `workers` of the options asks for more.
/// `user_data` is what was given with the function, and has to live until destroy returns.
pub type calc_ipc_handler = Option<
    unsafe extern "C" fn(
        request: *const calc_ipc_request,
        response: *mut calc_ipc_response,
        user_data: *mut c_void,
    ),
>;

/// The alignment, in bytes, of the request and of the response that a calc_ipc_bytes_handler is given:
/// enough for any type of C.
pub const CALC_IPC_ALIGNMENT: usize = 16;

/// A function that answers messages of your own.
///
/// It reads the `length` bytes at `request`, which is not NULL even if the message is empty, writes
/// its answer to the `capacity` bytes at `response`, which do not overlap them, and returns the
/// answer's length; more than `capacity` means that it failed, and the client gets HANDLER_FAILED.
/// `capacity` is the `max_message` of the server's options. Both addresses are multiples of
/// CALC_IPC_ALIGNMENT, so that a struct may be read and written in place. What `response` points to
/// holds nothing of use before; over shared memory a client may read there already what is written, also if the
/// function then fails: write nothing that is not for it. Everything else is as for calc_ipc_handler.
pub type calc_ipc_bytes_handler = Option<
    unsafe extern "C" fn(
        request: *const u8,
        length: usize,
        response: *mut u8,
        capacity: usize,
        user_data: *mut c_void,
    ) -> usize,
>;

/// Says why a handler fails. A calc_ipc_bytes_handler calls it before it returns more than `capacity`, a
/// calc_ipc_handler before it returns with a response without `success`, a calc_ipc_deferred_handler before it ends its
/// reply by calc_ipc_reply_fail() without a text. A reply that is ended after its handler has returned has a text of its own,
/// or none.
///
/// The client never sees the text, which is for the server's side: its calc_ipc_observer, and in Rust
/// `Server::last_failure`. The text of a handler that does not fail is dropped. Of several texts, the
/// last one counts.
///
/// @param text  Why. At most 255 bytes of it are copied; control characters and what is not UTF-8
///              become `?`.
/// @return OK; INVALID_ARGUMENT: also if this thread is not inside a handler.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_current_failure(text: *const c_char) -> calc_ipc_status {
    // SAFETY: the caller promises a pointer that is NULL or valid (header, Arguments).
    guard(|| unsafe { service::current_failure(pointer::c_string(text, "text")?.to_bytes()) })
}

/// The handler that calls `function` with `user_data`.
pub(super) fn handler(function: calc_ipc_handler, user_data: *mut c_void) -> Handler {
    let Some(function) = function else {
        return Handler::Calculator;
    };
    let user_data = UserData(user_data);
    Handler::new(move |request| {
        let request = calc_ipc_request::from(request);
        let mut response = calc_ipc_response::ZEROED;
        // SAFETY: both structs live until the call returns, and the function is one that the caller
        // said may be called like this.
        unsafe { function(&raw const request, &raw mut response, user_data.get()) };
        response.into_response()
    })
}

/// The handler that calls `function`, which has to be there, with `user_data`.
pub(super) fn bytes_handler(
    function: calc_ipc_bytes_handler,
    user_data: *mut c_void,
) -> Result<Handler> {
    let function =
        function.ok_or_else(|| Error::new(Status::InvalidArgument, "handler is NULL"))?;
    let user_data = UserData(user_data);
    Ok(Handler::InPlace(Box::new(move |request, response| {
        let (from, to) = (request.place.as_ptr(), response.as_mut_ptr());
        // SAFETY: both are there until the call returns, and the function is one that the caller
        // said may be called like this.
        Some(unsafe { function(from, request.length, to, response.len(), user_data.get()) })
    })))
}

/// The caller's pointer, which this library hands back and never looks behind.
pub(super) struct UserData(pub(super) *mut c_void);

impl UserData {
    pub(super) fn get(&self) -> *mut c_void {
        self.0
    }
}

// SAFETY: the header says that handlers and observers run on other threads.
unsafe impl Send for UserData {}
// SAFETY: as above; a handler runs on several at once only if the options asked for that, and an observer may.
unsafe impl Sync for UserData {}

const _: () = assert!(CALC_IPC_ALIGNMENT == crate::transport::ALIGNMENT);
