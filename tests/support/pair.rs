//! A server and a client of the C interface, named by a URL, and calls whose outputs are looked at.

#![allow(dead_code, reason = "each test file uses its part")]

use crate::api::{last_error, text};
use crate::support::{Address, TRANSPORTS};
use calc_ipc::ffi::{client::*, handler::*, message::*, options::*, server::*, status::*};
use std::ffi::c_void;
use std::ptr::{null, null_mut};

/// A server that is serving and a client of it, both gone when it is dropped.
pub(crate) struct Pair {
    pub(crate) server: *mut calc_ipc_server,
    pub(crate) client: *mut calc_ipc_client,
}

impl Drop for Pair {
    fn drop(&mut self) {
        // SAFETY: both are live and not used again.
        unsafe {
            calc_ipc_client_destroy(self.client);
            calc_ipc_server_destroy(self.server);
        }
    }
}

impl Pair {
    pub(crate) fn new(create: impl FnOnce(*mut *mut calc_ipc_server) -> calc_ipc_status) -> Self {
        let (mut server, mut client) = (null_mut(), null_mut());
        assert_eq!(
            create(&raw mut server),
            CALC_IPC_STATUS_OK,
            "{}",
            last_error()
        );
        let mut options = CLIENT_OPTIONS;
        // SAFETY: locals, and a server that is live.
        unsafe {
            calc_ipc_client_options_init(&raw mut options, size_of_val(&options));
            options.call_timeout_ms = TIMEOUT_MS;
            assert_eq!(calc_ipc_server_start(server), CALC_IPC_STATUS_OK);
            let url = calc_ipc_server_url(server);
            let status = calc_ipc_client_create(url, &raw const options, &raw mut client);
            assert_eq!(status, CALC_IPC_STATUS_OK, "{}", last_error());
        }
        Self { server, client }
    }

    /// With a server of requests, at any transport.
    pub(crate) fn calculating(url: &str, handler: calc_ipc_handler, data: *mut c_void) -> Self {
        let url = text(url);
        // SAFETY: a string, and what the test gives.
        Self::new(|out| unsafe { calc_ipc_server_create(url.as_ptr(), handler, data, null(), out) })
    }

    /// With a server of [`odd`]'s messages.
    pub(crate) fn of_bytes(url: &str) -> Self {
        let (url, data) = (text(url), null_mut());
        // SAFETY: a string, and a handler without data.
        Self::new(|out| unsafe {
            calc_ipc_server_create_bytes(url.as_ptr(), Some(odd), data, null(), out)
        })
    }

    pub(crate) fn call_many(
        &self,
        requests: &[calc_ipc_request],
    ) -> (calc_ipc_status, usize, Vec<calc_ipc_response>) {
        let mut responses = vec![UNTOUCHED; requests.len()];
        let mut completed = 99;
        // SAFETY: arrays of the length given, and a live client.
        let status = unsafe {
            calc_ipc_client_call_many(
                self.client,
                requests.as_ptr(),
                requests.len(),
                responses.as_mut_ptr(),
                &raw mut completed,
            )
        };
        (status, completed, responses)
    }

    /// The status, the length and the room after a call with room for so many bytes.
    pub(crate) fn call_bytes(
        &self,
        message: &[u8],
        room: usize,
    ) -> (calc_ipc_status, usize, Vec<u8>) {
        let (mut response, mut length) = (vec![0x55; room], 99);
        // SAFETY: locals of the lengths given, and a live client.
        let status = unsafe {
            calc_ipc_client_call_bytes(
                self.client,
                message.as_ptr(),
                message.len(),
                response.as_mut_ptr(),
                room,
                &raw mut length,
            )
        };
        (status, length, response)
    }
}

/// Long enough for every call that has to succeed.
pub(crate) const TIMEOUT_MS: u32 = 2000;

pub(crate) const CLIENT_OPTIONS: calc_ipc_client_options = calc_ipc_client_options {
    size: 0,
    connect_timeout_ms: 0,
    call_timeout_ms: 0,
    max_message: 0,
    spin_us: 0,
    server_uid: 0,
    connections: 0,
    reconnect: 0,
    reserved: 0,
};

/// What no function here would write.
pub(crate) const UNTOUCHED: calc_ipc_response = calc_ipc_response {
    success: calc_ipc_bool(0x55),
    result: 0x5555,
    error: [0x55; CALC_IPC_ERROR_CAPACITY],
};

pub(crate) fn is_untouched(response: &calc_ipc_response) -> bool {
    format!("{response:?}") == format!("{UNTOUCHED:?}")
}

pub(crate) fn sums(count: i64) -> Vec<calc_ipc_request> {
    (0..count)
        .map(|arg1| calc_ipc_request {
            operation: CALC_IPC_OPERATION_ADD,
            arg1,
            arg2: 1,
        })
        .collect()
}

/// Whether the first responses are those to [`sums`].
pub(crate) fn are_sums(responses: &[calc_ipc_response]) -> bool {
    let is_sum = |(response, sum): (&calc_ipc_response, i64)| {
        response.success == calc_ipc_bool(1) && response.result == sum
    };
    responses.iter().zip(1..).all(is_sum)
}

/// Answers with the message, or in the odd way that the message asks for.
pub(crate) unsafe extern "C" fn odd(
    request: *const u8,
    length: usize,
    response: *mut u8,
    capacity: usize,
    user_data: *mut c_void,
) -> usize {
    assert!(user_data.is_null() && !request.is_null() && !response.is_null());
    // SAFETY: the library's buffers, of the lengths that it gives.
    let (request, response) = unsafe {
        (
            std::slice::from_raw_parts(request, length),
            std::slice::from_raw_parts_mut(response, capacity),
        )
    };
    match request {
        b"too much" => return capacity + 1,
        b"far too much" => return usize::MAX,
        b"all" => return capacity,
        _ => {}
    }
    let (start, _) = response.split_at_mut(length);
    start.copy_from_slice(request);
    length
}

/// A server's URL, over the system's own transport for messages between processes.
pub(crate) fn url(address: &Address) -> String {
    (TRANSPORTS[0].url)(address)
}
