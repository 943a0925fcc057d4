//! The service over a Unix domain socket that keeps records apart.

use super::handle::{self, Handle};
use super::handler::{calc_ipc_handler, handler as handler_from_c};
use super::message::{calc_ipc_request, calc_ipc_response};
use super::options::{calc_ipc_client_options, calc_ipc_server_options};
use super::status::calc_ipc_status;
use super::{guard::guard, pointer, service};
use crate::service::{Client, Server};
use crate::transport::Address;
use std::ffi::{c_char, c_void};

/// A server behind a Unix domain socket that keeps records apart (SOCK_SEQPACKET): all is as with
/// calc_ipc_uds_server, for clients that speak records.
///
/// A frame of up to 65540 bytes is one record, its length included; a longer one is sent as records of 65540
/// bytes, of which the last may be shorter; none holds parts of two frames. What is received may be cut otherwise:
/// it is taken as bytes. But an empty record, and one of more than 65540 bytes, end the connection.
///
/// calc_ipc_seqpacket_server_create(), then calc_ipc_seqpacket_server_run() in a thread of yours or
/// calc_ipc_seqpacket_server_start() for one of the library's, then calc_ipc_seqpacket_server_stop(),
/// and at last calc_ipc_seqpacket_server_destroy(), which also stops.
pub struct calc_ipc_seqpacket_server(Server);

/// A connection to a server behind a Unix domain socket that keeps records apart.
///
/// calc_ipc_seqpacket_client_create(), then calc_ipc_seqpacket_client_call() any number of times, then
/// calc_ipc_seqpacket_client_destroy(). A lost connection stays lost: create another client.
pub struct calc_ipc_seqpacket_client(Client);

impl Handle for calc_ipc_seqpacket_server {
    type Inside = Server;

    fn inside(&self) -> &Server {
        &self.0
    }
}

impl Handle for calc_ipc_seqpacket_client {
    type Inside = Client;

    fn inside(&self) -> &Client {
        &self.0
    }
}

/// Creates a server at a path, where clients may connect from now on; they are served once run or
/// start begins. A socket that a dead server left there is replaced.
///
/// @param path       The socket, at most 107 bytes; `path`.lock is created beside it.
/// @param handler    What answers; NULL is the calculator.
/// @param user_data  Passed to `handler`; has to live until destroy returns.
/// @param options    NULL: the defaults.
/// @param out        Takes the server, to be destroyed; NULL on failure.
/// @return OK; INVALID_ARGUMENT: also a path that is too long; ADDRESS_IN_USE: a live server, or a
///     file that is no socket of a server, is there; PERMISSION_DENIED; UNSUPPORTED; SYSTEM.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_seqpacket_server_create(
    path: *const c_char,
    handler: calc_ipc_handler,
    user_data: *mut c_void,
    options: *const calc_ipc_server_options,
    out: *mut *mut calc_ipc_seqpacket_server,
) -> calc_ipc_status {
    let handler = || Ok(handler_from_c(handler, user_data));
    // SAFETY: strings and options are what their types say, and the handler may be called.
    let server = || unsafe {
        let address = Address::seqpacket(pointer::text(path, "path")?);
        service::server(&address, handler, options)
    };
    // SAFETY: there is room for a handle at `out`.
    guard(|| unsafe {
        handle::create(out, || {
            server().map(|(server, _)| calc_ipc_seqpacket_server(server))
        })
    })
}

/// Serves in this thread until the server is stopped, or idle if the options say so.
///
/// @param server  The server.
/// @return OK: stopped or idle; BUSY: it serves already; STOPPED: it was stopped before; FORKED;
///     or why serving failed.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_seqpacket_server_run(
    server: *const calc_ipc_seqpacket_server,
) -> calc_ipc_status {
    // SAFETY: the handle is live; destroy may overlap this and waits for it.
    unsafe { service::run(server) }
}

/// Serves in a thread of the library until the server is stopped.
///
/// @param server  The server.
/// @return OK: it serves; BUSY: it did already; STOPPED: it was stopped before; FORKED; SYSTEM.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_seqpacket_server_start(
    server: *const calc_ipc_seqpacket_server,
) -> calc_ipc_status {
    // SAFETY: the handle is live.
    unsafe { service::start(server) }
}

/// Stops for good: frees the address, closes every connection and waits until serving has ended,
/// which takes 200 ms at most unless a handler is still running.
///
/// @param server  The server. One that is stopped already stays so.
/// @return OK; BUSY: called in the server's own handler; FORKED; after start, also why serving
///     failed.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_seqpacket_server_stop(
    server: *const calc_ipc_seqpacket_server,
) -> calc_ipc_status {
    // SAFETY: the handle is live.
    unsafe { service::stop(server) }
}

/// Asks the server to stop and never waits; may be called in a signal handler. Follow it up with
/// stop or destroy.
///
/// @param server  The server; NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn calc_ipc_seqpacket_server_request_stop(
    server: *const calc_ipc_seqpacket_server,
) {
    // SAFETY: the handle is live.
    unsafe { service::request_stop(server) }
}

/// Stops the server and frees it. May overlap run, and waits for it. In the server's own handler
/// it does nothing.
///
/// @param server  The server, not to be used again; NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_seqpacket_server_destroy(
    server: *mut calc_ipc_seqpacket_server,
) {
    // SAFETY: the handle is live and the caller gives it up.
    unsafe { service::destroy_server(server) }
}

/// Connects to the server at a path.
///
/// @param path     The socket.
/// @param options  NULL: the defaults.
/// @param out      Takes the client, to be destroyed; NULL on failure.
/// @return OK; NOT_CONNECTED: no server is there; TIMED_OUT: it did not accept in time; REFUSED: it
///     is full; PERMISSION_DENIED: it is not this user's, or will not have this user; UNSUPPORTED;
///     SYSTEM.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_seqpacket_client_create(
    path: *const c_char,
    options: *const calc_ipc_client_options,
    out: *mut *mut calc_ipc_seqpacket_client,
) -> calc_ipc_status {
    // SAFETY: strings and options are what their types say.
    let client = || unsafe {
        let address = Address::seqpacket(pointer::text(path, "path")?);
        service::client(&address, options)
    };
    // SAFETY: there is room for a handle at `out`.
    guard(|| unsafe { handle::create(out, || client().map(calc_ipc_seqpacket_client)) })
}

/// Asks the server, and waits for the answer.
///
/// @param client    The client.
/// @param request   The request.
/// @param response  Takes the answer, which may be that there is no result.
/// @return OK; INVALID_ARGUMENT: an unknown operation; BUSY: another call is using the client;
///     TIMED_OUT: the client stays usable, and a late answer is dropped; CLOSED or PEER_DIED: the
///     connection is gone; MALFORMED: the answer is no response; REFUSED: the server is full;
///     FORKED; SYSTEM. After TIMED_OUT, CLOSED and PEER_DIED, the request may have been executed.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_seqpacket_client_call(
    client: *const calc_ipc_seqpacket_client,
    request: *const calc_ipc_request,
    response: *mut calc_ipc_response,
) -> calc_ipc_status {
    // SAFETY: the handle is live, `request` is one, and there is room for an answer at `response`.
    unsafe { service::call(client, service::usual, request, response) }
}

/// Closes the connection and frees the client. Nothing may overlap it.
///
/// @param client  The client, not to be used again; NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_seqpacket_client_destroy(
    client: *mut calc_ipc_seqpacket_client,
) {
    // SAFETY: the handle is live and the caller gives it up.
    unsafe { service::destroy_client(client) }
}
