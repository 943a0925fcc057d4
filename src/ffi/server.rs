//! The service over any transport, named by a URL: the server's side.

use super::guard::guard;
use super::handle::{self, Handle};
use super::handler::{
    bytes_handler, calc_ipc_bytes_handler, calc_ipc_handler, handler as handler_from_c,
};
use super::options::calc_ipc_server_options;
use super::status::calc_ipc_status;
use super::{pointer, service};
use crate::error::{Error, Result, Status};
use crate::service::{Handler, Server};
use crate::transport::{Address, Side};
use std::ffi::{CString, c_char, c_void};
use std::ptr;

/// A server behind any transport, which its URL names.
///
/// calc_ipc_server_create() for requests of the calculator's kind, or
/// calc_ipc_server_create_bytes() for messages of your own; then calc_ipc_server_run() in a thread
/// of yours, calc_ipc_server_start() for one of the library's, or calc_ipc_server_fd() and
/// calc_ipc_server_dispatch() for an event loop of yours; then calc_ipc_server_stop(), and at last
/// calc_ipc_server_destroy(), which also stops. calc_ipc_server_url() is for clients.
pub struct calc_ipc_server {
    server: Server,
    url: CString,
}

impl Handle for calc_ipc_server {
    type Inside = Server;

    fn inside(&self) -> &Server {
        &self.server
    }
}

/// Creates a server at a URL, where clients may connect from now on; they are served once run or
/// start begins.
///
/// @param url        The address, of any transport but exec:, as the opening comment says.
/// @param handler    What answers; NULL is the calculator.
/// @param user_data  Passed to `handler`; has to live until destroy returns.
/// @param options    NULL: the defaults.
/// @param out        Takes the server, to be destroyed; NULL on failure.
/// @return OK; INVALID_ARGUMENT: also what is no URL of a server; or what the create of the
///     transport gives.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_server_create(
    url: *const c_char,
    handler: calc_ipc_handler,
    user_data: *mut c_void,
    options: *const calc_ipc_server_options,
    out: *mut *mut calc_ipc_server,
) -> calc_ipc_status {
    let handler = || Ok(handler_from_c(handler, user_data));
    // SAFETY: the caller promises pointers that are NULL or valid (header, Arguments).
    guard(|| unsafe { handle::create(out, || server(url, handler, options)) })
}

/// Creates a server of messages of your own, as calc_ipc_server_create() does.
///
/// Its answer to a message over `max_message` is TOO_LARGE, and it closes that connection.
///
/// @param url        The address, of any transport but exec:, as the opening comment says.
/// @param handler    What answers; not NULL.
/// @param user_data  Passed to `handler`; has to live until destroy returns.
/// @param options    NULL: the defaults. `max_message` bounds requests and answers.
/// @param out        Takes the server, to be destroyed; NULL on failure.
/// @return As calc_ipc_server_create().
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_server_create_bytes(
    url: *const c_char,
    handler: calc_ipc_bytes_handler,
    user_data: *mut c_void,
    options: *const calc_ipc_server_options,
    out: *mut *mut calc_ipc_server,
) -> calc_ipc_status {
    let handler = || bytes_handler(handler, user_data);
    // SAFETY: the caller promises pointers that are NULL or valid (header, Arguments).
    guard(|| unsafe { handle::create(out, || server(url, handler, options)) })
}

/// Serves in this thread until the server is stopped, or idle if the options say so; over stdio:
/// also until the input ends.
///
/// @param server  The server.
/// @return OK: stopped or idle; BUSY: it serves already, or is driven by calc_ipc_server_dispatch(); STOPPED: it was stopped before; FORKED;
///     PERMISSION_DENIED: this process was another user when it created the server, and clients of its
///     user now could not connect; or why serving failed.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_server_run(
    server: *const calc_ipc_server,
) -> calc_ipc_status {
    // SAFETY: the handle is live; destroy may overlap this and waits for it.
    unsafe { service::run(server) }
}

/// Serves in a thread of the library until the server is stopped.
///
/// @param server  The server.
/// @return OK: it serves; BUSY: it serves already, or is driven by calc_ipc_server_dispatch(); STOPPED: it was stopped before; FORKED;
///     PERMISSION_DENIED: as run; SYSTEM.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_server_start(
    server: *const calc_ipc_server,
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
pub unsafe extern "C-unwind" fn calc_ipc_server_stop(
    server: *const calc_ipc_server,
) -> calc_ipc_status {
    // SAFETY: the handle is live.
    unsafe { service::stop(server) }
}

/// Asks the server to stop and never waits; may be called in a signal handler. Follow it up with
/// stop or destroy.
///
/// @param server  The server; NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn calc_ipc_server_request_stop(server: *const calc_ipc_server) {
    // SAFETY: the handle is live.
    unsafe { service::request_stop(server) }
}

/// Stops the server and frees it. It may be called while run runs in another thread, and waits for
/// it. In the server's own handler it does nothing.
///
/// @param server  The server, not to be used again; NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_server_destroy(server: *mut calc_ipc_server) {
    // SAFETY: the handle is live and the caller gives it up.
    unsafe { service::destroy_server(server) }
}

/// The URL that clients of a server use: as it was given, with the real port where that was 0.
///
/// @param server  The server.
/// @return The URL, which lives as long as the server; NULL if `server` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn calc_ipc_server_url(server: *const calc_ipc_server) -> *const c_char {
    // SAFETY: the handle is live.
    unsafe { handle::look(server) }.map_or(ptr::null(), |server| server.url.as_ptr())
}

/// A server at `url`.
///
/// # Safety
///
/// `url` and `options` are NULL or valid, as the header asks of callers (Arguments), and what `handler` gives may be called while the
/// server lives.
pub(super) unsafe fn server(
    url: *const c_char,
    handler: impl FnOnce() -> Result<Handler>,
    options: *const calc_ipc_server_options,
) -> Result<calc_ipc_server> {
    // SAFETY: the caller's promise is the same.
    let address = Address::parse(unsafe { pointer::text(url, "url") }?, Side::Server)?;
    // SAFETY: as above.
    let (server, bound) = unsafe { service::server(&address, handler, options) }?;
    let url = CString::new(bound.to_string())
        .map_err(|_| Error::new(Status::Internal, "a URL with a NUL"))?;
    Ok(calc_ipc_server { server, url })
}
