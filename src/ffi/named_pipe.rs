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

/// A server behind a named pipe of Windows. On other systems there is none: the creates give UNSUPPORTED, and a Unix
/// domain socket (calc_ipc_uds_server) is what comes closest.
///
/// A name is `name` or its path, `\\.\pipe\name`; both are the same pipe, and so is the URL npipe://name. Windows ignores
/// case in names. A name has no slash and no backslash inside, no dot and no space at its end, and at most 240
/// characters of UTF-16. The server also takes the pipe `name`.lock, by which others know that it lives.
///
/// The pipe carries frames, and what is written in one piece is read as it comes: a peer may open it for bytes or for
/// messages, of which each is then a frame. Such a peer of your own opens it for reading and writing (0x12019B, which
/// is what GENERIC_READ | GENERIC_WRITE has, less the right to make instances of the pipe), with SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION.
///
/// With the mode 0600 the user of the server may connect, and the system. With any bit for others, every user of this
/// machine may whom the system knows. Peers of lower integrity may not, and programs on other machines never.
///
/// calc_ipc_named_pipe_server_create(), then calc_ipc_named_pipe_server_run() in a thread of yours or
/// calc_ipc_named_pipe_server_start() for one of the library's, then calc_ipc_named_pipe_server_stop(),
/// and at last calc_ipc_named_pipe_server_destroy(), which also stops.
pub struct calc_ipc_named_pipe_server(Server);

/// A connection to a server behind a named pipe of Windows.
///
/// calc_ipc_named_pipe_client_create(), then calc_ipc_named_pipe_client_call() any number of times, then
/// calc_ipc_named_pipe_client_destroy(). A lost connection stays lost: create another client.
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

/// Creates a server at a name, where clients may connect from now on; they are served once run or
/// start begins. The name is free again once its server is destroyed or its process has ended.
///
/// @param name       The pipe: `name` or `\\.\pipe\name`.
/// @param handler    What answers; NULL is the calculator.
/// @param user_data  Passed to `handler`; has to live until destroy returns.
/// @param options    NULL: the defaults. `allow_remote` does nothing: other machines are never let in.
/// @param out        Takes the server, to be destroyed; NULL on failure.
/// @return OK; INVALID_ARGUMENT: also a name that is none; ADDRESS_IN_USE: a live server, or a pipe of
///     another program, is there; PERMISSION_DENIED; SYSTEM; UNSUPPORTED: a pipe of another machine, and
///     everything on systems other than Windows, where calc_ipc_uds_server_create() is to be called.
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
        let address = Address::named_pipe(pointer::text(name, "name")?);
        service::server(&address, handler, options)
    };
    // SAFETY: there is room for a handle at `out`.
    guard(|| unsafe {
        handle::create(out, || {
            server().map(|(server, _)| calc_ipc_named_pipe_server(server))
        })
    })
}

/// Serves in this thread until the server is stopped, or idle if the options say so.
///
/// @param server  The server.
/// @return OK: stopped or idle; BUSY: it serves already; STOPPED: it was stopped before; or why
///     serving failed; UNSUPPORTED: not on this system.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_named_pipe_server_run(
    server: *const calc_ipc_named_pipe_server,
) -> calc_ipc_status {
    // SAFETY: the handle is live; destroy may overlap this and waits for it.
    unsafe { service::run(server) }
}

/// Serves in a thread of the library until the server is stopped.
///
/// @param server  The server.
/// @return OK: it serves; BUSY: it did already; STOPPED: it was stopped before; SYSTEM;
///     UNSUPPORTED: not on this system.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_named_pipe_server_start(
    server: *const calc_ipc_named_pipe_server,
) -> calc_ipc_status {
    // SAFETY: the handle is live.
    unsafe { service::start(server) }
}

/// Stops for good: frees the name, closes every connection and waits until serving has ended,
/// which takes 200 ms at most unless a handler is still running.
///
/// @param server  The server. One that is stopped already stays so.
/// @return OK; BUSY: called in the server's own handler; after start, also why serving failed;
///     UNSUPPORTED: not on this system.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_named_pipe_server_stop(
    server: *const calc_ipc_named_pipe_server,
) -> calc_ipc_status {
    // SAFETY: the handle is live.
    unsafe { service::stop(server) }
}

/// Asks the server to stop and never waits; may be called in a console handler (SetConsoleCtrlHandler).
/// Follow it up with stop or destroy.
///
/// @param server  The server; NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn calc_ipc_named_pipe_server_request_stop(
    server: *const calc_ipc_named_pipe_server,
) {
    // SAFETY: the handle is live.
    unsafe { service::request_stop(server) }
}

/// Stops the server and frees it. May overlap run, and waits for it. In the server's own handler
/// it does nothing.
///
/// @param server  The server, not to be used again; NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_named_pipe_server_destroy(
    server: *mut calc_ipc_named_pipe_server,
) {
    // SAFETY: the handle is live and the caller gives it up.
    unsafe { service::destroy_server(server) }
}

/// Connects to the server at a name. Where all instances of its pipe are taken for the moment, this waits until
/// `connect_timeout_ms` have passed.
///
/// @param name     The pipe: `name` or `\\.\pipe\name`.
/// @param options  NULL: the defaults. A `server_uid` that is a number is UNSUPPORTED: users of Windows have none.
/// @param out      Takes the client, to be destroyed; NULL on failure.
/// @return OK; INVALID_ARGUMENT: also a name that is none; NOT_CONNECTED: no server is there; TIMED_OUT: it
///     did not accept in time; REFUSED: it is full; PERMISSION_DENIED: it is not this user's, or will not
///     have this user; SYSTEM; UNSUPPORTED: also a pipe of another machine, and everything on systems
///     other than Windows, where calc_ipc_uds_client_create() is to be called.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_named_pipe_client_create(
    name: *const c_char,
    options: *const calc_ipc_client_options,
    out: *mut *mut calc_ipc_named_pipe_client,
) -> calc_ipc_status {
    // SAFETY: strings and options are what their types say.
    let client = || unsafe {
        let address = Address::named_pipe(pointer::text(name, "name")?);
        service::client(&address, options)
    };
    // SAFETY: there is room for a handle at `out`.
    guard(|| unsafe { handle::create(out, || client().map(calc_ipc_named_pipe_client)) })
}

/// Asks the server, and waits for the answer.
///
/// @param client    The client.
/// @param request   The request.
/// @param response  Takes the answer, which may be that there is no result.
/// @return OK; INVALID_ARGUMENT: an unknown operation; BUSY: another call is using the client;
///     TIMED_OUT: the client stays usable, and a late answer is dropped; CLOSED or PEER_DIED: the
///     connection is gone; MALFORMED: the answer is no response; REFUSED: the server is full; SYSTEM;
///     UNSUPPORTED: not on this system. After TIMED_OUT, CLOSED and PEER_DIED, the request may have been
///     executed.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_named_pipe_client_call(
    client: *const calc_ipc_named_pipe_client,
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
pub unsafe extern "C-unwind" fn calc_ipc_named_pipe_client_destroy(
    client: *mut calc_ipc_named_pipe_client,
) {
    // SAFETY: the handle is live and the caller gives it up.
    unsafe { service::destroy_client(client) }
}
