//! The service over an anonymous pipe, to a child of this process.

use super::descriptor::descriptor;
use super::guard::guard;
use super::handle::{self, Handle};
use super::handler::{calc_ipc_handler, handler as handler_from_c};
use super::message::{calc_ipc_request, calc_ipc_response};
use super::options::{
    calc_ipc_client_options, calc_ipc_server_options, client_options, server_options,
};
use super::status::calc_ipc_status;
use super::{pointer, service};
use crate::error::{Error, Result, Status};
use crate::service::{Client, pipe};
use std::ffi::{CStr, c_char, c_int, c_void};

/// A child process that serves, and the connection to it.
///
/// calc_ipc_pipe_create() or calc_ipc_pipe_spawn(), then calc_ipc_pipe_call() any number of times,
/// then calc_ipc_pipe_destroy(). A spawned program calls calc_ipc_pipe_serve() with 0 and 1.
pub struct calc_ipc_pipe(Client);

impl Handle for calc_ipc_pipe {
    type Inside = Client;

    fn inside(&self) -> &Client {
        &self.0
    }
}

/// Forks a child that serves until the pipe is destroyed.
///
/// The child has only the thread that called, and a lock that another thread held at that moment stays
/// locked in it (fork(2)), those of malloc() included. In a program with threads, use
/// calc_ipc_pipe_spawn() for a handler that may wait for such a lock. The child closes all descriptors
/// of the host except 2.
///
/// @param handler    What answers, in the child; NULL is the calculator.
/// @param user_data  Passed to `handler`; the child has a copy of what it points to.
/// @param options    NULL: the defaults.
/// @param out        Takes the pipe, to be destroyed; NULL on failure.
/// @return OK; UNSUPPORTED; SYSTEM.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_pipe_create(
    handler: calc_ipc_handler,
    user_data: *mut c_void,
    options: *const calc_ipc_client_options,
    out: *mut *mut calc_ipc_pipe,
) -> calc_ipc_status {
    // SAFETY: the caller promises pointers that are NULL or valid (header, Arguments).
    let client = || unsafe {
        let options = client_options(options)?;
        pipe::create(handler_from_c(handler, user_data), &options)
    };
    // SAFETY: as above.
    guard(|| unsafe { handle::create(out, || client().map(calc_ipc_pipe)) })
}

/// Executes a program that serves on its standard input and output, as a child.
///
/// @param argv     The program, a path or a name to be found in PATH, and its arguments, the last
///                 of which is followed by NULL.
/// @param options  NULL: the defaults.
/// @param out      Takes the pipe, to be destroyed; NULL on failure.
/// @return OK; INVALID_ARGUMENT: also no program; NOT_CONNECTED: no such program;
///     PERMISSION_DENIED: it may not be executed; UNSUPPORTED; SYSTEM.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_pipe_spawn(
    argv: *const *const c_char,
    options: *const calc_ipc_client_options,
    out: *mut *mut calc_ipc_pipe,
) -> calc_ipc_status {
    // SAFETY: the caller promises pointers that are NULL or valid (header, Arguments).
    let client = || unsafe { pipe::spawn(&arguments(argv)?, &client_options(options)?) };
    // SAFETY: as above.
    guard(|| unsafe { handle::create(out, || client().map(calc_ipc_pipe)) })
}

/// Asks the child, and waits for the answer.
///
/// @param pipe      The pipe.
/// @param request   The request.
/// @param response  Takes the answer; `success` is false if there is no result.
/// @return OK; INVALID_ARGUMENT: an unknown operation; BUSY: another call is using the pipe;
///     TIMED_OUT: the pipe stays usable, and a late answer is dropped; CLOSED or PEER_DIED: the
///     child is gone; MALFORMED: the answer is no response; FORKED; SYSTEM. After TIMED_OUT, CLOSED
///     and PEER_DIED, the request may have been executed.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_pipe_call(
    pipe: *const calc_ipc_pipe,
    request: *const calc_ipc_request,
    response: *mut calc_ipc_response,
) -> calc_ipc_status {
    // SAFETY: the handle is live, `request` is one, and there is room for an answer at `response`.
    unsafe { service::call(pipe, service::usual, request, response) }
}

/// Closes the pipe, which tells the child to end, waits for it a bounded time, then kills it, and
/// frees everything. No other use of it may overlap that.
///
/// @param pipe  The pipe, not to be used again; NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_pipe_destroy(pipe: *mut calc_ipc_pipe) {
    // SAFETY: the handle is live and the caller gives it up.
    unsafe { service::destroy_client(pipe) }
}

/// Serves one client until its requests end: what a spawned program calls with 0 and 1.
///
/// @param input      The descriptor that requests come from.
/// @param output     The descriptor that answers go to.
/// @param handler    What answers; NULL is the calculator.
/// @param user_data  Passed to `handler`.
/// @param options    NULL: the defaults.
/// @return OK: the requests ended; INVALID_ARGUMENT: also a negative descriptor; UNSUPPORTED; or why
///     serving failed.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_pipe_serve(
    input: c_int,
    output: c_int,
    handler: calc_ipc_handler,
    user_data: *mut c_void,
    options: *const calc_ipc_server_options,
) -> calc_ipc_status {
    // SAFETY: the caller promises open descriptors, and pointers that are NULL or valid (header, Arguments).
    guard(|| unsafe {
        let (options, observer) = server_options(options)?;
        let name = format!("descriptors {input} and {output}");
        let (input, output) = (descriptor(input)?, descriptor(output)?);
        let handler = handler_from_c(handler, user_data);
        pipe::serve_and_tell(input, output, handler, &options, observer)
            .map_err(|error| error.at(&name))
    })
}

/// The strings at `argv` up to NULL, at least one.
///
/// # Safety
///
/// `argv` is NULL or an array of strings that ends with NULL; nothing changes it while `'a` lasts.
unsafe fn arguments<'a>(argv: *const *const c_char) -> Result<Vec<&'a CStr>> {
    let mut arguments = Vec::new();
    let mut next = argv;
    loop {
        // SAFETY: NULL, or within the array since nothing before it was NULL.
        let argument = unsafe { pointer::read(next, "argv") }?;
        if argument.is_null() {
            break;
        }
        // SAFETY: not NULL, so it is a string.
        arguments.push(unsafe { pointer::c_string(argument, "argv") }?);
        next = next.wrapping_add(1);
    }
    if arguments.is_empty() {
        let context = "argv names no program";
        return Err(Error::new(Status::InvalidArgument, context));
    }
    Ok(arguments)
}
