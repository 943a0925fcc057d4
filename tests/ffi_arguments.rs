//! What is no argument, in every function of the C interface: NULL where a pointer is required,
//! strings that are no text, addresses that cannot be.

#[path = "support/calls.rs"]
mod calls;
#[path = "support/header.rs"]
mod header;

use calc_ipc::ffi::{
    client::*, dispatch::*, fifo::*, flight::*, loan::*, named_pipe::*, reply::*, seqpacket::*,
    server::*, shm::*, stats::*, tcp::*, uds::*,
};
use calc_ipc::ffi::{
    descriptor::*, handler::*, message::*, options::*, peer::*, pipe::*, protocol::*, status::*,
};
use calls::{COMPLETION, Call, REQUEST, RESPONSE, STATS, calls, mute, mute_later};
use std::collections::BTreeSet;
use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr::{dangling_mut, null, null_mut};

/// The only function with a status that needs no pointer.
const NEEDS_NO_POINTER: &str = "calc_ipc_pipe_serve";

/// No descriptor: whoever looks at it before the pointers answers something else.
const FD: c_int = 1_000_000;

const NAME: *const c_char = c"/tmp/calc_ipc_null_test".as_ptr();

const URL: *const c_char = c"unix:///tmp/calc_ipc_null_test".as_ptr();

/// No handle of any kind is there, so nothing is used as one.
fn none<T>() -> *mut T {
    null_mut()
}

#[test]
fn every_required_pointer_is_checked() {
    let calls: Vec<Call> = [
        protocol_calls(),
        descriptor_calls(),
        pipe_calls(),
        server_calls(),
        client_calls(),
        url_calls(),
    ]
    .concat();
    for (function, status) in &calls {
        assert_eq!(*status, CALC_IPC_STATUS_INVALID_ARGUMENT, "{function}");
    }
    let called: BTreeSet<_> = calls.iter().map(|(function, _)| *function).collect();
    let declared: BTreeSet<_> = header::functions()
        .into_iter()
        .filter(|function| function.returns == "calc_ipc_status")
        .map(|function| function.name)
        .filter(|function| *function != NEEDS_NO_POINTER)
        .collect();
    assert_eq!(called, declared);
}

fn protocol_calls() -> Vec<Call> {
    let mut buffer = [0; CALC_IPC_FRAME_MAX];
    let (buffer, max) = (buffer.as_mut_ptr(), CALC_IPC_FRAME_MAX);
    let (request, response) = (&raw const REQUEST, &raw const RESPONSE);
    let (mut length, mut number) = (0, 0);
    let (length, number) = (&raw mut length, &raw mut number);
    let (mut parsed, mut answer) = (REQUEST, RESPONSE);
    let (parsed, answer) = (&raw mut parsed, &raw mut answer);
    // SAFETY: every pointer is NULL or points to a local that is large enough.
    unsafe {
        calls![
            calc_ipc_request_serialize(null(), buffer, max, length);
            calc_ipc_request_serialize(request, null_mut(), max, length);
            calc_ipc_request_serialize(request, null_mut(), 0, length);
            calc_ipc_request_serialize(request, buffer, max, null_mut());
            calc_ipc_request_deserialize(null(), max, parsed);
            calc_ipc_request_deserialize(null(), 0, parsed);
            calc_ipc_request_deserialize(buffer, max, null_mut());
            calc_ipc_request_parse(null(), 1, parsed);
            calc_ipc_request_parse(buffer, max, null_mut());
            calc_ipc_response_serialize(null(), buffer, max, length);
            calc_ipc_response_serialize(response, null_mut(), max, length);
            calc_ipc_response_serialize(response, null_mut(), 0, length);
            calc_ipc_response_serialize(response, buffer, max, null_mut());
            calc_ipc_response_deserialize(null(), max, answer);
            calc_ipc_response_deserialize(null(), 0, answer);
            calc_ipc_response_deserialize(buffer, max, null_mut());
            calc_ipc_response_parse(null(), 1, answer);
            calc_ipc_response_parse(buffer, max, null_mut());
            calc_ipc_execute(null(), answer);
            calc_ipc_execute(request, null_mut());
            calc_ipc_operation_from_name(null(), number);
            calc_ipc_operation_from_name(c"ADD".as_ptr(), null_mut());
            calc_ipc_current_failure(null());
            calc_ipc_current_peer(null_mut());
        ]
    }
}

fn descriptor_calls() -> Vec<Call> {
    let mut buffer = [0; CALC_IPC_FRAME_MAX];
    let (buffer, max) = (buffer.as_mut_ptr(), CALC_IPC_FRAME_MAX);
    let mut length = 0;
    // SAFETY: every pointer is NULL or points to a local that is large enough.
    unsafe {
        calls![
            calc_ipc_message_send(FD, null(), max);
            calc_ipc_message_recv(FD, null_mut(), max, &raw mut length);
            calc_ipc_message_recv(FD, buffer, max, null_mut());
            calc_ipc_fd_read_exact(FD, null_mut(), 1);
            calc_ipc_fd_write_exact(FD, null(), 1);
        ]
    }
}

fn pipe_calls() -> Vec<Call> {
    let mut out = null_mut();
    let out = &raw mut out;
    let no_program = [null()];
    let program = [c"/bin/true".as_ptr(), null()];
    let mut answer = RESPONSE;
    // SAFETY: every pointer is NULL or points to a local; the arrays end with NULL.
    unsafe {
        calls![
            calc_ipc_pipe_create(None, null_mut(), null(), null_mut());
            calc_ipc_pipe_spawn(null(), null(), out);
            calc_ipc_pipe_spawn(no_program.as_ptr(), null(), out);
            calc_ipc_pipe_spawn(program.as_ptr(), null(), null_mut());
            calc_ipc_pipe_call(null(), &raw const REQUEST, &raw mut answer);
        ]
    }
}

fn server_calls() -> Vec<Call> {
    let data = null_mut();
    let options = null();
    // SAFETY: every pointer is NULL, a string or a local's.
    unsafe {
        calls![
            calc_ipc_fifo_server_create(null(), NAME, None, data, options, &mut none());
            calc_ipc_fifo_server_create(NAME, null(), None, data, options, &mut none());
            calc_ipc_fifo_server_create(NAME, NAME, None, data, options, null_mut());
            calc_ipc_shm_server_create(null(), None, data, options, &mut none());
            calc_ipc_shm_server_create(NAME, None, data, options, null_mut());
            calc_ipc_uds_server_create(null(), None, data, options, &mut none());
            calc_ipc_uds_server_create(NAME, None, data, options, null_mut());
            calc_ipc_seqpacket_server_create(null(), None, data, options, &mut none());
            calc_ipc_seqpacket_server_create(NAME, None, data, options, null_mut());
            calc_ipc_tcp_server_create(null(), 0, None, data, options, &mut none());
            calc_ipc_tcp_server_create(c"localhost".as_ptr(), 0, None, data, options, null_mut());
            calc_ipc_named_pipe_server_create(null(), None, data, options, &mut none());
            calc_ipc_named_pipe_server_create(NAME, None, data, options, null_mut());
            calc_ipc_fifo_server_run(none());
            calc_ipc_fifo_server_start(none());
            calc_ipc_fifo_server_stop(none());
            calc_ipc_shm_server_run(none());
            calc_ipc_shm_server_start(none());
            calc_ipc_shm_server_stop(none());
            calc_ipc_uds_server_run(none());
            calc_ipc_uds_server_start(none());
            calc_ipc_uds_server_stop(none());
            calc_ipc_seqpacket_server_run(none());
            calc_ipc_seqpacket_server_start(none());
            calc_ipc_seqpacket_server_stop(none());
            calc_ipc_tcp_server_run(none());
            calc_ipc_tcp_server_start(none());
            calc_ipc_tcp_server_stop(none());
            calc_ipc_named_pipe_server_run(none());
            calc_ipc_named_pipe_server_start(none());
            calc_ipc_named_pipe_server_stop(none());
        ]
    }
}

fn client_calls() -> Vec<Call> {
    let options = null();
    let mut answer = RESPONSE;
    let (request, answer) = (&raw const REQUEST, &raw mut answer);
    // SAFETY: every pointer is NULL, a string or a local's.
    unsafe {
        calls![
            calc_ipc_fifo_client_create(null(), NAME, options, &mut none());
            calc_ipc_fifo_client_create(NAME, null(), options, &mut none());
            calc_ipc_fifo_client_create(NAME, NAME, options, null_mut());
            calc_ipc_shm_client_create(null(), options, &mut none());
            calc_ipc_shm_client_create(NAME, options, null_mut());
            calc_ipc_uds_client_create(null(), options, &mut none());
            calc_ipc_uds_client_create(NAME, options, null_mut());
            calc_ipc_seqpacket_client_create(null(), options, &mut none());
            calc_ipc_seqpacket_client_create(NAME, options, null_mut());
            calc_ipc_tcp_client_create(null(), 1, options, &mut none());
            calc_ipc_tcp_client_create(c"localhost".as_ptr(), 1, options, null_mut());
            calc_ipc_named_pipe_client_create(null(), options, &mut none());
            calc_ipc_named_pipe_client_create(NAME, options, null_mut());
            calc_ipc_fifo_client_call(none(), request, answer);
            calc_ipc_shm_client_call(none(), request, answer);
            calc_ipc_uds_client_call(none(), request, answer);
            calc_ipc_seqpacket_client_call(none(), request, answer);
            calc_ipc_tcp_client_call(none(), request, answer);
            calc_ipc_named_pipe_client_call(none(), request, answer);
            calc_ipc_named_pipe_client_call(none(), null(), answer);
            calc_ipc_named_pipe_client_call(none(), request, null_mut());
        ]
    }
}

/// What takes a live client is in `ffi_url.rs`.
fn url_calls() -> Vec<Call> {
    let data = null_mut();
    let (mut answer, mut byte, mut count) = (RESPONSE, 0, 0);
    let (mut completion, mut fd, mut handle) = (COMPLETION, 0, null_mut());
    let (request, answer) = (&raw const REQUEST, &raw mut answer);
    let (byte, count) = (&raw mut byte, &raw mut count);
    let mut stats = STATS;
    let stats = &raw mut stats;
    let (completion, fd, handle) = (&raw mut completion, &raw mut fd, &raw mut handle);
    // SAFETY: every pointer is NULL, a string or a local's.
    unsafe {
        calls![
            calc_ipc_server_create(null(), None, data, null(), &mut none());
            calc_ipc_server_create(URL, None, data, null(), null_mut());
            calc_ipc_server_create_bytes(null(), Some(mute), data, null(), &mut none());
            calc_ipc_server_create_bytes(URL, None, data, null(), &mut none());
            calc_ipc_server_create_bytes(URL, Some(mute), data, null(), null_mut());
            calc_ipc_server_create_deferred(null(), Some(mute_later), data, null(), &mut none());
            calc_ipc_server_create_deferred(URL, None, data, null(), &mut none());
            calc_ipc_server_create_deferred(URL, Some(mute_later), data, null(), null_mut());
            calc_ipc_reply_send(none(), byte, 1);
            calc_ipc_reply_send_response(none(), answer);
            calc_ipc_reply_check(none());
            calc_ipc_server_run(none());
            calc_ipc_server_start(none());
            calc_ipc_server_stop(none());
            calc_ipc_server_stats(none(), stats);
            calc_ipc_server_fd(none(), fd);
            calc_ipc_server_wait_handle(none(), handle);
            calc_ipc_server_dispatch(none(), 1);
            calc_ipc_client_create(null(), null(), &mut none());
            calc_ipc_client_create(URL, null(), null_mut());
            calc_ipc_client_call(none(), request, answer);
            calc_ipc_client_call_within(none(), 1, request, answer);
            calc_ipc_client_call_many(none(), request, 1, answer, count);
            calc_ipc_client_call_bytes(none(), byte, 1, byte, 1, count);
            calc_ipc_client_call_bytes_within(none(), 1, byte, 1, byte, 1, count);
            calc_ipc_client_submit(none(), 1, byte, 1, 0, null_mut());
            calc_ipc_client_submit_request(none(), 1, request, 0, null_mut());
            calc_ipc_client_next(none(), 1, byte, 1, completion);
            calc_ipc_client_loan(none(), 1, &mut null_mut());
            calc_ipc_client_call_loaned(none(), 1, byte, 1, &mut null(), count);
            calc_ipc_client_cancel(none(), 1);
            calc_ipc_client_fd(none(), fd);
            calc_ipc_client_wait_handle(none(), handle);
        ]
    }
}

#[test]
fn what_returns_nothing_ignores_null() {
    // SAFETY: NULL is allowed.
    unsafe {
        calc_ipc_server_options_init(null_mut(), size_of::<calc_ipc_server_options>());
        calc_ipc_client_options_init(null_mut(), size_of::<calc_ipc_client_options>());
        calc_ipc_pipe_destroy(null_mut());
        calc_ipc_fifo_client_destroy(null_mut());
        calc_ipc_shm_client_destroy(null_mut());
        calc_ipc_uds_client_destroy(null_mut());
        calc_ipc_seqpacket_client_destroy(null_mut());
        calc_ipc_tcp_client_destroy(null_mut());
        calc_ipc_named_pipe_client_destroy(null_mut());
        calc_ipc_client_destroy(null_mut());
        calc_ipc_fifo_server_destroy(null_mut());
        calc_ipc_shm_server_destroy(null_mut());
        calc_ipc_uds_server_destroy(null_mut());
        calc_ipc_seqpacket_server_destroy(null_mut());
        calc_ipc_tcp_server_destroy(null_mut());
        calc_ipc_named_pipe_server_destroy(null_mut());
        calc_ipc_server_destroy(null_mut());
        calc_ipc_fifo_server_request_stop(null());
        calc_ipc_shm_server_request_stop(null());
        calc_ipc_uds_server_request_stop(null());
        calc_ipc_seqpacket_server_request_stop(null());
        calc_ipc_tcp_server_request_stop(null());
        calc_ipc_named_pipe_server_request_stop(null());
        calc_ipc_server_request_stop(null());
        calc_ipc_client_request_stop(null());
        calc_ipc_reply_fail(null_mut(), null());
        assert_eq!(calc_ipc_tcp_server_port(null()), 0);
        assert!(calc_ipc_server_url(null()).is_null());
    }
}

#[test]
fn a_failed_create_leaves_null() {
    let mut server: *mut calc_ipc_uds_server = dangling_mut();
    let mut client: *mut calc_ipc_shm_client = dangling_mut();
    let mut pipe: *mut calc_ipc_pipe = dangling_mut();
    // SAFETY: every pointer is NULL or a local's.
    unsafe {
        calc_ipc_uds_server_create(null(), None, null_mut(), null(), &raw mut server);
        calc_ipc_shm_client_create(null(), null(), &raw mut client);
        calc_ipc_pipe_spawn(null(), null(), &raw mut pipe);
    }
    assert!(server.is_null() && client.is_null() && pipe.is_null());
}

#[test]
fn a_broken_string_is_an_invalid_argument() {
    let latin1 = c"/tmp/caf\xe9".as_ptr();
    let mut server = null_mut();
    let mut client = null_mut();
    let (server, client) = (&raw mut server, &raw mut client);
    // SAFETY: every pointer is NULL, a string or a local's.
    let statuses = unsafe {
        [
            calc_ipc_fifo_server_create(NAME, latin1, None, null_mut(), null(), server),
            calc_ipc_fifo_server_create(latin1, NAME, None, null_mut(), null(), server),
            calc_ipc_uds_client_create(latin1, null(), client),
        ]
    };
    assert_eq!(statuses, [CALC_IPC_STATUS_INVALID_ARGUMENT; 3]);
}

#[test]
#[cfg(unix)] // What Windows does not have is refused before addresses are looked at.
fn an_address_that_cannot_be_is_an_invalid_argument() {
    let long = CString::new("x".repeat(5000)).unwrap();
    let long = long.as_ptr();
    let (slashed, empty) = (c"a/b".as_ptr(), c"".as_ptr());
    let (data, options) = (null_mut(), null());
    // SAFETY: strings, locals and NULL.
    let calls: Vec<Call> = unsafe {
        calls![
            calc_ipc_fifo_server_create(long, NAME, None, data, options, &mut none());
            calc_ipc_fifo_server_create(NAME, long, None, data, options, &mut none());
            calc_ipc_fifo_server_create(NAME, NAME, None, data, options, &mut none());
            calc_ipc_shm_server_create(long, None, data, options, &mut none());
            calc_ipc_shm_server_create(slashed, None, data, options, &mut none());
            calc_ipc_shm_server_create(empty, None, data, options, &mut none());
            calc_ipc_uds_server_create(long, None, data, options, &mut none());
            calc_ipc_uds_server_create(empty, None, data, options, &mut none());
            calc_ipc_tcp_server_create(empty, 0, None, data, options, &mut none());
            calc_ipc_tcp_client_create(empty, 1, options.cast(), &mut none());
        ]
    };
    for (at, (function, status)) in calls.into_iter().enumerate() {
        assert_eq!(status, CALC_IPC_STATUS_INVALID_ARGUMENT, "{at}: {function}");
    }
}

#[test]
fn a_text_longer_than_any_address_is_told_by_its_length() {
    let long = CString::new(format!("unix:///{}", "x".repeat(20_000))).unwrap();
    let long = long.as_ptr();
    let (data, options) = (null_mut(), null());
    // SAFETY: strings, locals and NULL.
    let calls: Vec<Call> = unsafe {
        calls![
            calc_ipc_client_create(long, null(), &mut none());
            calc_ipc_server_create(long, None, data, options, &mut none());
            calc_ipc_uds_server_create(long, None, data, options, &mut none());
            calc_ipc_shm_client_create(long, null(), &mut none());
        ]
    };
    for (function, status) in calls {
        assert_eq!(status, CALC_IPC_STATUS_INVALID_ARGUMENT, "{function}");
    }
    // SAFETY: the text of this thread's last failure, NUL-terminated.
    let said = unsafe { CStr::from_ptr(calc_ipc_last_error()) };
    let says = "name has 20008 bytes; no address has more than 16384";
    assert!(said.to_str().unwrap().contains(says), "{said:?}");
}

#[test]
#[cfg(unix)]
fn what_this_system_does_not_have_is_unsupported() {
    let mut server = dangling_mut();
    let mut client = dangling_mut();
    // SAFETY: a string, NULL and locals.
    let statuses = unsafe {
        [
            calc_ipc_named_pipe_server_create(NAME, None, null_mut(), null(), &raw mut server),
            calc_ipc_named_pipe_client_create(NAME, null(), &raw mut client),
        ]
    };
    assert_eq!(statuses, [CALC_IPC_STATUS_UNSUPPORTED; 2]);
    assert!(server.is_null() && client.is_null());
}
