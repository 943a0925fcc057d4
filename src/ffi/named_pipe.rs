//! The service over a named pipe of Windows.

use super::handle::{self, Handle};
use super::handler::{calc_ipc_handler, handler as handler_from_c};
use super::message::{calc_ipc_request, calc_ipc_response};
use super::options::{calc_ipc_client_options, calc_ipc_server_options};
use super::status::calc_ipc_status;
use super::{guard::guard, pointer, service};
use crate::service::{Client, Server};
use crate::transport::{Address, NO_NAMED_PIPES};
use std::ffi::{c_char, c_void};

/// A server behind a named pipe of Windows; there is none on this system.
pub struct calc_ipc_named_pipe_server(Server);

/// A connection to a server behind a named pipe of Windows; there is none on this system.
pub struct calc_ipc_named_pipe_client(Client);

impl Handle for calc_ipc_named_pipe_server {
    type Inside = Server;
    const LACK: Option<&str> = NO_NAMED_PIPES;

    fn inside(&self) -> &Server {
        &self.0
    }
}

impl Handle for calc_ipc_named_pipe_client {
    type Inside = Client;
    const LACK: Option<&str> = NO_NAMED_PIPES;

    fn inside(&self) -> &Client {
        &self.0
    }
}

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
    let handler = || Ok(handler_from_c(handler, user_data));
    // SAFETY: strings and options are what their types say, and the handler may be called.
    let server = || unsafe {
        let address = Address::NamedPipe(pointer::text(name, "name")?.into());
        service::server(&address, handler, options)
    };
    // SAFETY: there is room for a handle at `out`.
    guard(|| unsafe {
        handle::create(out, || {
            server().map(|(server, _)| calc_ipc_named_pipe_server(server))
        })
    })
}

/// Serves in this thread, on Windows.
///
/// @param server  The server.
/// @return UNSUPPORTED.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_named_pipe_server_run(
    server: *const calc_ipc_named_pipe_server,
) -> calc_ipc_status {
    // SAFETY: the handle is live; destroy may overlap this and waits for it.
    unsafe { service::run(server) }
}

/// Serves in a thread of the library, on Windows.
///
/// @param server  The server.
/// @return UNSUPPORTED.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_named_pipe_server_start(
    server: *const calc_ipc_named_pipe_server,
) -> calc_ipc_status {
    // SAFETY: the handle is live.
    unsafe { service::start(server) }
}

/// Stops for good, on Windows.
///
/// @param server  The server.
/// @return UNSUPPORTED.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_named_pipe_server_stop(
    server: *const calc_ipc_named_pipe_server,
) -> calc_ipc_status {
    // SAFETY: the handle is live.
    unsafe { service::stop(server) }
}

/// Asks the server to stop, on Windows.
///
/// @param server  The server; NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn calc_ipc_named_pipe_server_request_stop(
    server: *const calc_ipc_named_pipe_server,
) {
    // SAFETY: the handle is live.
    unsafe { service::request_stop(server) }
}

/// Stops the server and frees it, on Windows.
///
/// @param server  The server, not to be used again; NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_named_pipe_server_destroy(
    server: *mut calc_ipc_named_pipe_server,
) {
    // SAFETY: the handle is live and the caller gives it up.
    unsafe { service::destroy_server(server) }
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
    // SAFETY: strings and options are what their types say.
    let client = || unsafe {
        let address = Address::NamedPipe(pointer::text(name, "name")?.into());
        service::client(&address, options)
    };
    // SAFETY: there is room for a handle at `out`.
    guard(|| unsafe { handle::create(out, || client().map(calc_ipc_named_pipe_client)) })
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
    // SAFETY: the handle is live, `request` is one, and there is room for an answer at `response`.
    unsafe { service::call(client, service::usual, request, response) }
}

/// Closes the connection and frees the client, on Windows.
///
/// @param client  The client, not to be used again; NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_named_pipe_client_destroy(
    client: *mut calc_ipc_named_pipe_client,
) {
    // SAFETY: the handle is live and the caller gives it up.
    unsafe { service::destroy_client(client) }
}
