//! What the functions of all transports have in common.

use super::guard::guard_call;
use super::handle;
use super::handler::{calc_ipc_handler, handler};
use super::message::{calc_ipc_request, calc_ipc_response, store};
use super::options::{
    calc_ipc_client_options, calc_ipc_server_options, client_options, server_options,
};
use super::pointer::{self, Out};
use super::status::calc_ipc_status;
use crate::error::Result;
use crate::service::{Client, Handler, Server};
use crate::transport::{Channel, ClientOptions, Endpoint, ServerOptions};
use std::ffi::c_void;

/// A server at the address that `bind` binds.
///
/// # Safety
///
/// `options` is NULL or a struct as [`server_options`] reads it; `function` may be called with
/// `user_data` while the server lives.
pub(super) unsafe fn server(
    function: calc_ipc_handler,
    user_data: *mut c_void,
    options: *const calc_ipc_server_options,
    bind: impl FnOnce(&ServerOptions) -> Result<Box<dyn Endpoint>>,
) -> Result<Server> {
    // SAFETY: the caller's promise is the same.
    unsafe { server_with(handler(function, user_data), options, bind) }
}

/// [`server`], with a handler of any kind.
///
/// # Safety
///
/// `options` is NULL or a struct as [`server_options`] reads it; `handler` may be called while the
/// server lives.
pub(super) unsafe fn server_with(
    handler: Handler,
    options: *const calc_ipc_server_options,
    bind: impl FnOnce(&ServerOptions) -> Result<Box<dyn Endpoint>>,
) -> Result<Server> {
    // SAFETY: the caller's promise is the same.
    let options = unsafe { server_options(options) }?;
    Server::new(bind(&options)?, handler)
}

/// A client of the server that `connect` connects to.
///
/// # Safety
///
/// `options` is NULL or a struct as [`client_options`] reads it.
pub(super) unsafe fn client(
    options: *const calc_ipc_client_options,
    connect: impl FnOnce(&ClientOptions) -> Result<Box<dyn Channel>>,
) -> Result<Client> {
    // SAFETY: the caller's promise is the same.
    let options = unsafe { client_options(options) }?;
    Ok(Client::new(connect(&options)?, &options))
}

/// Asks `request` of the client that is in `handle`, and puts the answer at `response`.
///
/// # Safety
///
/// All three are NULL or point to what their types say; the handle is live.
#[inline(always)]
pub(super) unsafe fn call<T>(
    handle: *const T,
    client: impl FnOnce(&T) -> &Client,
    request: *const calc_ipc_request,
    response: *mut calc_ipc_response,
) -> calc_ipc_status {
    // SAFETY: the caller's promise is the same.
    let arguments = || unsafe {
        let client = client(handle::get(handle)?);
        let request = pointer::read(request, "request")?;
        let out = Out::new(response, "response")?;
        Ok((client, request.to_request()?, out))
    };
    guard_call(arguments, |(client, request, out)| {
        client.call_with(&request, |response| store(&response, out))
    })
}

/// Stops a server and gives its handle up, unless this thread is inside its handler: the stop would
/// wait for the handler, which waits for the stop.
///
/// # Safety
///
/// As for [`handle::destroy_when`].
pub(super) unsafe fn destroy_server<T>(
    handle: *mut T,
    server: impl FnOnce(&T) -> &Server,
) -> Result<()> {
    let stop = |handle: &T| {
        let server = server(handle);
        if server.is_serving_here() {
            return false;
        }
        // How serving ended was for stop to tell; after a fork, only memory is left to free.
        let _ = server.stop();
        true
    };
    // SAFETY: the caller's promise is the same.
    unsafe { handle::destroy_when(handle, stop) }
}
