//! What the functions of all transports have in common.
//!
//! What an exported function is alone with, [`guard`] included, is inlined into it: a cancelled thread
//! may unwind that function, and nothing of it is there to be dropped or caught.

use super::guard::{guard, guard_call};
use super::handle::{self, Handle};
use super::message::{calc_ipc_request, calc_ipc_response, load_request, store};
use super::options::{
    calc_ipc_client_options, calc_ipc_server_options, client_options, server_options,
};
use super::pointer::{self, Out};
use super::status::calc_ipc_status;
use crate::error::{Error, Result, Status};
use crate::service::{Client, Handler, Limit, Server};
use crate::transport::{self, Address};

/// A server at `address`, and the address as bound.
///
/// # Safety
///
/// `options` is NULL or a struct as [`server_options`] reads it; what `handler` gives may be called while
/// the server lives.
pub(super) unsafe fn server(
    address: &Address,
    handler: impl FnOnce() -> Result<Handler>,
    options: *const calc_ipc_server_options,
) -> Result<(Server, Address)> {
    let handler = handler()?;
    // SAFETY: the caller's promise is the same.
    let (options, observer) = unsafe { server_options(options) }?;
    let bound = transport::bind(address, &options)?;
    let server = Server::around(bound.endpoint, handler, observer)?;
    Ok((server, bound.address))
}

/// Serves in this thread.
///
/// # Safety
///
/// As for [`handle::hold`].
#[inline(always)]
pub(super) unsafe fn run<T: Handle<Inside = Server>>(handle: *const T) -> calc_ipc_status {
    // SAFETY: the caller's promise is the same.
    guard(|| unsafe { handle::hold(handle) }?.inside().run())
}

/// Serves in a thread of the library.
///
/// # Safety
///
/// As for [`handle::get`].
#[inline(always)]
pub(super) unsafe fn start<T: Handle<Inside = Server>>(handle: *const T) -> calc_ipc_status {
    // SAFETY: the caller's promise is the same.
    guard(|| unsafe { handle::get(handle) }?.start())
}

/// Stops for good, and waits for that.
///
/// # Safety
///
/// As for [`handle::get`].
#[inline(always)]
pub(super) unsafe fn stop<T: Handle<Inside = Server>>(handle: *const T) -> calc_ipc_status {
    // SAFETY: the caller's promise is the same.
    guard(|| unsafe { handle::get(handle) }?.stop())
}

/// Asks for a stop. A signal handler may, so nothing here allocates or locks.
///
/// # Safety
///
/// As for [`handle::look`].
pub(super) unsafe fn request_stop<T: Handle<Inside = Server>>(handle: *const T) {
    // SAFETY: the caller's promise is the same.
    if let Some(server) = unsafe { handle::look(handle) } {
        server.inside().request_stop();
    }
}

/// Stops a server and gives its handle up, unless this thread is inside its handler: the stop would
/// wait for the handler, which waits for the stop.
///
/// # Safety
///
/// As for [`handle::destroy_when`].
#[inline(always)]
pub(super) unsafe fn destroy_server<T: Handle<Inside = Server>>(handle: *mut T) {
    let stop = |server: &Server| {
        if server.is_serving_here() {
            return false;
        }
        // How serving ended was for stop to tell; after a fork, only memory is left to free.
        let _ = server.stop();
        true
    };
    // SAFETY: the caller's promise is the same.
    guard(|| unsafe { handle::destroy_when(handle, stop) });
}

/// A client of the server at `address`.
///
/// # Safety
///
/// `options` is NULL or a struct as [`client_options`] reads it.
pub(super) unsafe fn client(
    address: &Address,
    options: *const calc_ipc_client_options,
) -> Result<Client> {
    // SAFETY: the caller's promise is the same.
    let options = unsafe { client_options(options) }?;
    Client::connect(address, &options)
}

/// Asks `request` of the client that is in `handle`, within the `limit` that it gives, and puts the answer at
/// `response`.
///
/// # Safety
///
/// All three are NULL or point to what their types say; the handle is live.
#[inline(always)]
pub(super) unsafe fn call<T: Handle<Inside = Client>>(
    handle: *const T,
    limit: impl FnOnce() -> Result<Limit>,
    request: *const calc_ipc_request,
    response: *mut calc_ipc_response,
) -> calc_ipc_status {
    // SAFETY: the caller's promise is the same.
    let arguments = || unsafe {
        let client = handle::get(handle)?;
        let request = load_request(request, "request")?;
        let out = Out::new(response, "response")?;
        Ok((client, request.to_request()?, out))
    };
    guard_call(arguments, |(client, request, mut out)| {
        let limit = limit().map_err(Error::not_executed)?;
        client.call_with(limit, &request, |response| store(&response, &mut out))
    })
}

/// Sends the message at `request` within the `limit` that is given, and puts the answer at `response` if it fits.
///
/// # Safety
///
/// All pointers are NULL or point to what their types and their lengths say; the handle is live.
#[inline(always)]
pub(super) unsafe fn call_bytes<T: Handle<Inside = Client>>(
    client: *const T,
    limit: impl FnOnce() -> Result<Limit>,
    (request, length): (*const u8, usize),
    (response, capacity): (*mut u8, usize),
    response_length: *mut usize,
) -> calc_ipc_status {
    // SAFETY: the caller's promise is the same.
    let arguments = || unsafe {
        let request = pointer::array(request, length, "request")?;
        let response = pointer::array_mut(response, capacity, "response")?;
        let response_length = Out::new(response_length, "response_length")?;
        Ok((handle::get(client)?, request, response, response_length))
    };
    guard_call(arguments, |(client, request, response, mut length)| {
        let limit = limit().map_err(Error::not_executed)?;
        let answered = client.call_bytes_within(limit, request, response)?;
        length.write(answered);
        match answered <= response.len() {
            true => Ok(()),
            false => Err(too_small(answered, response.len())),
        }
    })
}

#[cold]
fn too_small(length: usize, room: usize) -> Error {
    let context = format!("an answer of {length} bytes, and room for {room}");
    Error::new(Status::BufferTooSmall, context)
}

/// The limit of a call that has no other than its client's.
#[inline(always)]
pub(super) fn usual() -> Result<Limit> {
    Ok(Limit::Usual)
}

/// Closes a connection and gives its handle up.
///
/// # Safety
///
/// As for [`handle::destroy_when`].
#[inline(always)]
pub(super) unsafe fn destroy_client<T: Handle<Inside = Client>>(handle: *mut T) {
    // SAFETY: the caller's promise is the same.
    guard(|| unsafe { handle::destroy_when(handle, |_| true) });
}
