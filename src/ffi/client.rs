//! The service over any transport, named by a URL: the client's side.

use super::guard::{guard, guard_call};
use super::handle::{self, Handle};
use super::message::{calc_ipc_request, calc_ipc_response, store};
use super::options::calc_ipc_client_options;
use super::pointer::{self, Out};
use super::service;
use super::status::calc_ipc_status;
use super::timeout;
use crate::calculator::Request;
use crate::error::{Error, Result, Status};
use crate::service::Client;
use crate::transport::{Address, Side};
use std::ffi::c_char;

/// A connection to a server behind any transport, which its URL names.
///
/// calc_ipc_client_create(), then calc_ipc_client_call(), calc_ipc_client_call_many() and
/// calc_ipc_client_call_bytes() any number of times, then calc_ipc_client_destroy(). A lost
/// connection stays lost: create another client, or set the option `reconnect`.
pub struct calc_ipc_client(Client);

impl Handle for calc_ipc_client {
    type Inside = Client;

    fn inside(&self) -> &Client {
        &self.0
    }
}

/// Connects to the server at a URL; exec: starts it as a child, which ends with the client.
///
/// @param url      The address, of any transport, as the opening comment says.
/// @param options  NULL: the defaults.
/// @param out      Takes the client, to be destroyed; NULL on failure.
/// @return OK; INVALID_ARGUMENT: also what is no URL for a client; NOT_CONNECTED: no server, or no
///     such program; or what else the create of the transport gives.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_client_create(
    url: *const c_char,
    options: *const calc_ipc_client_options,
    out: *mut *mut calc_ipc_client,
) -> calc_ipc_status {
    // SAFETY: the caller promises pointers that are NULL or valid (header, Arguments).
    let client = || unsafe {
        let address = Address::parse(pointer::text(url, "url")?, Side::Client)?;
        service::client(&address, options)
    };
    // SAFETY: as above.
    guard(|| unsafe { handle::create(out, || client().map(calc_ipc_client)) })
}

/// Asks the server, and waits for the answer.
///
/// @param client    The client.
/// @param request   The request.
/// @param response  Takes the answer; `success` is false if there is no result.
/// @return OK; INVALID_ARGUMENT: an unknown operation; BUSY: another call is using the client, which has
///     no `connections`, or calls that were submitted and not taken have all of them; TIMED_OUT: the client
///     stays usable, and a late answer is dropped, or no connection was free in time; CLOSED or PEER_DIED:
///     the connection is gone; MALFORMED: the answer is no response, and the client stays usable;
///     HANDLER_FAILED: a server of messages of its own failed; REFUSED: the server is full; CANCELLED:
///     calc_ipc_client_request_stop(); NOT_CONNECTED: no server, to a client that reconnects; FORKED;
///     SYSTEM. After TIMED_OUT, CLOSED, PEER_DIED and CANCELLED, the request may have been executed.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_client_call(
    client: *const calc_ipc_client,
    request: *const calc_ipc_request,
    response: *mut calc_ipc_response,
) -> calc_ipc_status {
    // SAFETY: the handle is live, `request` is one, and there is room for an answer at `response`.
    unsafe { service::call(client, service::usual, request, response) }
}

/// As calc_ipc_client_call(), with a time limit of this call's own.
///
/// @param client      The client.
/// @param timeout_ms  How many milliseconds the call may take, or CALC_IPC_TIMEOUT_DEFAULT, or
///                    CALC_IPC_TIMEOUT_NONE; not 0.
/// @param request     The request.
/// @param response    Takes the answer, which may be that there is no result.
/// @return As calc_ipc_client_call(); INVALID_ARGUMENT: also no time at all.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_client_call_within(
    client: *const calc_ipc_client,
    timeout_ms: u32,
    request: *const calc_ipc_request,
    response: *mut calc_ipc_response,
) -> calc_ipc_status {
    let limit = || timeout::limit(timeout_ms);
    // SAFETY: the handle is live, `request` is one, and there is room for an answer at `response`.
    unsafe { service::call(client, limit, request, response) }
}

/// Sends many requests, as many at once as the transport carries, and takes the answers in order.
///
/// `call_timeout_ms` starts again with each answer.
///
/// @param client     The client.
/// @param requests   The requests; NULL if there are none.
/// @param count      How many; 0 is fine.
/// @param responses  Takes as many answers; NULL if there are none.
/// @param completed  Takes how many of `responses` were written, also on failure: the answers to the
///                   first `completed` requests. Later requests may have been executed.
/// @return OK: all are answered; INVALID_ARGUMENT: also an unknown operation anywhere, and nothing
///     is sent; else as calc_ipc_client_call().
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_client_call_many(
    client: *const calc_ipc_client,
    requests: *const calc_ipc_request,
    count: usize,
    responses: *mut calc_ipc_response,
    completed: *mut usize,
) -> calc_ipc_status {
    // SAFETY: the caller promises a live handle, and pointers that are NULL or valid (header, Arguments).
    let arguments = || unsafe {
        let mut completed = Out::new(completed, "completed")?;
        completed.write(0);
        let client = handle::get(client)?;
        let requests = pointer::array(requests, count, "requests")?;
        let places = pointer::places(responses, count, "responses")?;
        Ok((client, checked(requests)?, places, completed))
    };
    guard_call(arguments, |(client, requests, places, completed)| {
        call_many(client, &requests, places, completed)
    })
}

/// Sends a message of your own, and waits for the answer.
///
/// @param client           The client.
/// @param request          The message; may be NULL if it is empty.
/// @param length           Bytes at `request`, `max_message` of the client's options at most.
/// @param response         Takes the answer; may be NULL if there is no room for one.
/// @param capacity         Bytes at `response`.
/// @param response_length  Takes the length of the answer, or on BUFFER_TOO_SMALL how long it was.
/// @return OK; TOO_LARGE: the message is over this client's `max_message`, and nothing was sent; or it
///     is over the server's, which closes the connection; or the answer is over this client's, and was
///     dropped; BUFFER_TOO_SMALL: the answer is over `capacity`, and was dropped; HANDLER_FAILED: the
///     server's handler failed, and the client stays usable; BUSY, TIMED_OUT, CLOSED, PEER_DIED,
///     REFUSED, CANCELLED, NOT_CONNECTED, FORKED and SYSTEM as calc_ipc_client_call(). After TIMED_OUT,
///     CLOSED, PEER_DIED and CANCELLED, `response` may hold a part of the answer.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_client_call_bytes(
    client: *const calc_ipc_client,
    request: *const u8,
    length: usize,
    response: *mut u8,
    capacity: usize,
    response_length: *mut usize,
) -> calc_ipc_status {
    let (request, response) = ((request, length), (response, capacity));
    // SAFETY: the caller promises a live handle, and pointers that are NULL or valid (header, Arguments).
    unsafe { service::call_bytes(client, service::usual, request, response, response_length) }
}

/// As calc_ipc_client_call_bytes(), with a time limit of this call's own.
///
/// @param client           The client.
/// @param timeout_ms       How many milliseconds the call may take, or CALC_IPC_TIMEOUT_DEFAULT, or
///                         CALC_IPC_TIMEOUT_NONE; not 0.
/// @param request          The message; may be NULL if it is empty.
/// @param length           Bytes at `request`, `max_message` of the client's options at most.
/// @param response         Takes the answer; may be NULL if there is no room for one.
/// @param capacity         Bytes at `response`.
/// @param response_length  Takes the length of the answer, or on BUFFER_TOO_SMALL how long it was.
/// @return As calc_ipc_client_call_bytes(); INVALID_ARGUMENT: also no time at all.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_client_call_bytes_within(
    client: *const calc_ipc_client,
    timeout_ms: u32,
    request: *const u8,
    length: usize,
    response: *mut u8,
    capacity: usize,
    response_length: *mut usize,
) -> calc_ipc_status {
    let limit = || timeout::limit(timeout_ms);
    let (request, response) = ((request, length), (response, capacity));
    // SAFETY: the caller promises a live handle, and pointers that are NULL or valid (header, Arguments).
    unsafe { service::call_bytes(client, limit, request, response, response_length) }
}

/// Closes the connection and frees the client. No other use of it may overlap that.
///
/// @param client  The client, not to be used again; NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn calc_ipc_client_destroy(client: *mut calc_ipc_client) {
    // SAFETY: the handle is live and the caller gives it up.
    unsafe { service::destroy_client(client) }
}

/// Asks all of `requests`, puts the answers at `places`, and counts them in `completed`.
fn call_many(
    client: &Client,
    requests: &[Request],
    mut places: impl Iterator<Item = Out<calc_ipc_response>>,
    mut completed: Out<usize>,
) -> Result<()> {
    let mut done = 0;
    client.call_many(requests, |response| {
        if let Some(mut place) = places.next() {
            store(&response, &mut place);
            done += 1;
            completed.write(done);
        }
    })
}

/// The requests, all of which have to be some before any is sent: checked and copied in one go,
/// into less than a tenth of what the caller keeps for the answers.
fn checked(requests: &[calc_ipc_request]) -> Result<Vec<Request>> {
    let mut checked = Vec::new();
    checked.try_reserve_exact(requests.len()).map_err(|_| {
        let context = format!("no memory for {} requests", requests.len());
        Error::new(Status::System, context)
    })?;
    for request in requests {
        checked.push(request.to_request()?);
    }
    Ok(checked)
}
