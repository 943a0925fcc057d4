//! The service over a named pipe of Windows, which no other system has: here nothing can be created,
//! and so there is no handle to do anything with.

use super::guard::{guard, guard_call};
use super::handle;
use super::handler::calc_ipc_handler;
use super::message::{calc_ipc_request, calc_ipc_response};
use super::options::{
    calc_ipc_client_options, calc_ipc_server_options, client_options, server_options,
};
use super::pointer::{self, Out};
use super::status::calc_ipc_status;
use crate::error::{Error, Result, Status};
use std::convert::Infallible;
use std::ffi::{c_char, c_void};

/// A server behind a named pipe of Windows; there is none on this system.
pub struct calc_ipc_named_pipe_server(Infallible);

/// A connection to a server behind a named pipe of Windows; there is none on this system.
pub struct calc_ipc_named_pipe_client(Infallible);

/// Creates a server at a name, on Windows.
///
/// @param name       The pipe.
/// @param handler    What answers; NULL is the calculator.
/// @param user_data  Passed to `handler`.
/// @param options    NULL: the defaults.
/// @param out        Takes NULL.
/// @return UNSUPPORTED.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_named_pipe_server_create(
    name: *const c_char,
    handler: calc_ipc_handler,
    user_data: *mut c_void,
    options: *const calc_ipc_server_options,
    out: *mut *mut calc_ipc_named_pipe_server,
) -> calc_ipc_status {
    // SAFETY: the pointers are as the header asks for.
    let server = || unsafe {
        let _ = (handler, user_data);
        pointer::text(name, "name")?;
        server_options(options)?;
        Err(unsupported())
    };
    // SAFETY: as above.
    guard(|| unsafe { handle::create(out, server) })
}

/// Serves in this thread, on Windows.
///
/// @param server  The server.
/// @return UNSUPPORTED.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_named_pipe_server_run(
    server: *const calc_ipc_named_pipe_server,
) -> calc_ipc_status {
    guard(|| no_handle(server))
}

/// Serves in a thread of the library, on Windows.
///
/// @param server  The server.
/// @return UNSUPPORTED.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_named_pipe_server_start(
    server: *const calc_ipc_named_pipe_server,
) -> calc_ipc_status {
    guard(|| no_handle(server))
}

/// Stops for good, on Windows.
///
/// @param server  The server.
/// @return UNSUPPORTED.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_named_pipe_server_stop(
    server: *const calc_ipc_named_pipe_server,
) -> calc_ipc_status {
    guard(|| no_handle(server))
}

/// Asks the server to stop, on Windows.
///
/// @param server  The server; NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn calc_ipc_named_pipe_server_request_stop(
    server: *const calc_ipc_named_pipe_server,
) {
    let _ = server;
}

/// Stops the server and frees it, on Windows.
///
/// @param server  The server, not to be used again; NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn calc_ipc_named_pipe_server_destroy(
    server: *mut calc_ipc_named_pipe_server,
) {
    let _ = server;
}

/// Connects to the server at a name, on Windows.
///
/// @param name     The pipe.
/// @param options  NULL: the defaults.
/// @param out      Takes NULL.
/// @return UNSUPPORTED.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_named_pipe_client_create(
    name: *const c_char,
    options: *const calc_ipc_client_options,
    out: *mut *mut calc_ipc_named_pipe_client,
) -> calc_ipc_status {
    // SAFETY: the pointers are as the header asks for.
    let client = || unsafe {
        pointer::text(name, "name")?;
        client_options(options)?;
        Err(unsupported())
    };
    // SAFETY: as above.
    guard(|| unsafe { handle::create(out, client) })
}

/// Asks the server, on Windows.
///
/// @param client    The client.
/// @param request   The request.
/// @param response  Takes the answer.
/// @return UNSUPPORTED.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_named_pipe_client_call(
    client: *const calc_ipc_named_pipe_client,
    request: *const calc_ipc_request,
    response: *mut calc_ipc_response,
) -> calc_ipc_status {
    // SAFETY: the pointers are as the header asks for.
    let arguments = || unsafe {
        pointer::read(request, "request")?;
        Out::new(response, "response")?;
        no_handle(client)
    };
    guard_call(arguments, Ok)
}

/// Closes the connection and frees the client, on Windows.
///
/// @param client  The client, not to be used again; NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn calc_ipc_named_pipe_client_destroy(
    client: *mut calc_ipc_named_pipe_client,
) {
    let _ = client;
}

/// What a handle is, which none can be.
fn no_handle<T>(handle: *const T) -> Result<()> {
    if handle.is_null() {
        return Err(handle::null_handle());
    }
    Err(unsupported())
}

fn unsupported() -> Error {
    Error::new(Status::Unsupported, "named pipes are for Windows")
}
