//! The library on a system that it knows nothing of: every function is there, what needs no system works, and what needs one
//! says that there is none. Linux runs this with `--cfg bare`, see `scripts/neutral.sh`.
#![cfg(bare)]

#[path = "support/calls.rs"]
mod calls;
#[path = "support/header.rs"]
mod header;

use calc_ipc::error::Status;
use calc_ipc::ffi::{
    client::*, dispatch::*, fifo::*, flight::*, loan::*, named_pipe::*, reply::*, seqpacket::*,
    server::*, shm::*, stats::*, tcp::*, uds::*,
};
use calc_ipc::ffi::{descriptor::*, message::*, pipe::*, protocol::*, status::*};
use calc_ipc::transport::{self, Address, ClientOptions, ServerOptions};
use calls::{COMPLETION, Call, REQUEST, RESPONSE, STATS, calls, mute, mute_later};
use std::collections::BTreeSet;
use std::ffi::{CStr, c_char, c_int};
use std::ptr::{dangling_mut, null, null_mut};

/// Functions with a status that open nothing. Outside of a handler, which nobody calls here, the first two are of no use.
const WORK: [&str; 10] = [
    "calc_ipc_current_failure",
    "calc_ipc_current_peer",
    "calc_ipc_request_serialize",
    "calc_ipc_request_deserialize",
    "calc_ipc_request_parse",
    "calc_ipc_response_serialize",
    "calc_ipc_response_deserialize",
    "calc_ipc_response_parse",
    "calc_ipc_execute",
    "calc_ipc_operation_from_name",
];

/// Standard output: a number that is one of a descriptor on every system that has them.
const FD: c_int = 1;

const NAME: *const c_char = c"/tmp/calc_ipc_bare_test".as_ptr();

/// A pointer behind which nobody looks, for want of handles of its kind.
fn handle<T>() -> *mut T {
    dangling_mut()
}

/// A handle for the result, which is not to be had.
fn out<T>() -> *mut T {
    null_mut()
}

#[test]
fn whatever_opens_something_is_unsupported() {
    let calls = [
        descriptor_calls(),
        pipe_calls(),
        server_calls(),
        client_calls(),
        url_calls(),
    ]
    .concat();
    for (function, status) in &calls {
        assert_eq!(*status, CALC_IPC_STATUS_UNSUPPORTED, "{function}");
    }
    let called: BTreeSet<_> = calls.iter().map(|(function, _)| *function).collect();
    let declared: BTreeSet<_> = header::functions()
        .into_iter()
        .filter(|function| function.returns == "calc_ipc_status")
        .map(|function| function.name)
        .filter(|function| !WORK.contains(function))
        .collect();
    assert_eq!(called, declared);
}

fn descriptor_calls() -> Vec<Call> {
    let mut buffer = *b"\x01\0\0\0x";
    let (bytes, length) = (buffer.as_mut_ptr(), buffer.len());
    let mut received = 0;
    // SAFETY: pointers to locals, with their lengths.
    unsafe {
        calls![
            calc_ipc_message_send(FD, bytes, length);
            calc_ipc_message_recv(FD, bytes, length, &raw mut received);
            calc_ipc_fd_read_exact(FD, bytes.cast(), length);
            calc_ipc_fd_write_exact(FD, bytes.cast(), length);
        ]
    }
}

fn pipe_calls() -> Vec<Call> {
    let program = [c"/bin/true".as_ptr(), null()];
    let (data, options) = (null_mut(), null());
    // SAFETY: NULL, locals, and an array that ends with NULL; nobody looks behind handles.
    unsafe {
        calls![
            calc_ipc_pipe_create(None, data, options, &mut out());
            calc_ipc_pipe_spawn(program.as_ptr(), options, &mut out());
            calc_ipc_pipe_call(handle(), &raw const REQUEST, &mut { RESPONSE });
            calc_ipc_pipe_serve(FD, FD, None, data, null());
        ]
    }
}

fn server_calls() -> Vec<Call> {
    let (data, options) = (null_mut(), null());
    // SAFETY: NULL, strings and locals; nobody looks behind handles.
    unsafe {
        calls![
            calc_ipc_fifo_server_create(NAME, NAME, None, data, options, &mut out());
            calc_ipc_shm_server_create(c"bare".as_ptr(), None, data, options, &mut out());
            calc_ipc_uds_server_create(NAME, None, data, options, &mut out());
            calc_ipc_seqpacket_server_create(NAME, None, data, options, &mut out());
            calc_ipc_tcp_server_create(c"localhost".as_ptr(), 0, None, data, options, &mut out());
            calc_ipc_named_pipe_server_create(NAME, None, data, options, &mut out());
            calc_ipc_fifo_server_run(handle());
            calc_ipc_fifo_server_start(handle());
            calc_ipc_fifo_server_stop(handle());
            calc_ipc_shm_server_run(handle());
            calc_ipc_shm_server_start(handle());
            calc_ipc_shm_server_stop(handle());
            calc_ipc_uds_server_run(handle());
            calc_ipc_uds_server_start(handle());
            calc_ipc_uds_server_stop(handle());
            calc_ipc_seqpacket_server_run(handle());
            calc_ipc_seqpacket_server_start(handle());
            calc_ipc_seqpacket_server_stop(handle());
            calc_ipc_tcp_server_run(handle());
            calc_ipc_tcp_server_start(handle());
            calc_ipc_tcp_server_stop(handle());
            calc_ipc_named_pipe_server_run(handle());
            calc_ipc_named_pipe_server_start(handle());
            calc_ipc_named_pipe_server_stop(handle());
        ]
    }
}

fn client_calls() -> Vec<Call> {
    let options = null();
    let request = &raw const REQUEST;
    // SAFETY: NULL, strings and locals; nobody looks behind handles.
    unsafe {
        calls![
            calc_ipc_fifo_client_create(NAME, NAME, options, &mut out());
            calc_ipc_shm_client_create(c"bare".as_ptr(), options, &mut out());
            calc_ipc_uds_client_create(NAME, options, &mut out());
            calc_ipc_seqpacket_client_create(NAME, options, &mut out());
            calc_ipc_tcp_client_create(c"localhost".as_ptr(), 1, options, &mut out());
            calc_ipc_named_pipe_client_create(NAME, options, &mut out());
            calc_ipc_fifo_client_call(handle(), request, &mut { RESPONSE });
            calc_ipc_shm_client_call(handle(), request, &mut { RESPONSE });
            calc_ipc_uds_client_call(handle(), request, &mut { RESPONSE });
            calc_ipc_seqpacket_client_call(handle(), request, &mut { RESPONSE });
            calc_ipc_tcp_client_call(handle(), request, &mut { RESPONSE });
            calc_ipc_named_pipe_client_call(handle(), request, &mut { RESPONSE });
        ]
    }
}

fn url_calls() -> Vec<Call> {
    let url = c"unix:///tmp/calc_ipc_bare_test".as_ptr();
    let data = null_mut();
    let request = &raw const REQUEST;
    let (mut byte, mut count) = (0, 0);
    let (byte, count) = (&raw mut byte, &raw mut count);
    let completion = &mut { COMPLETION };
    // SAFETY: NULL, strings and locals; nobody looks behind handles.
    unsafe {
        calls![
            calc_ipc_server_create(url, None, data, null(), &mut out());
            calc_ipc_server_create(c"systemd:".as_ptr(), None, data, null(), &mut out());
            calc_ipc_server_create_bytes(url, Some(mute), data, null(), &mut out());
            calc_ipc_server_create_deferred(url, Some(mute_later), data, null(), &mut out());
            calc_ipc_reply_send(handle(), byte, 1);
            calc_ipc_reply_send_response(handle(), &raw const RESPONSE);
            calc_ipc_reply_check(handle());
            calc_ipc_server_run(handle());
            calc_ipc_server_start(handle());
            calc_ipc_server_stop(handle());
            calc_ipc_server_stats(handle(), &mut { STATS });
            calc_ipc_server_fd(handle(), &mut 0);
            calc_ipc_server_wait_handle(handle(), &mut null_mut());
            calc_ipc_server_dispatch(handle(), 1);
            calc_ipc_client_create(url, null(), &mut out());
            calc_ipc_client_call(handle(), request, &mut { RESPONSE });
            calc_ipc_client_call_within(handle(), 1, request, &mut { RESPONSE });
            calc_ipc_client_call_many(handle(), request, 1, &mut { RESPONSE }, count);
            calc_ipc_client_call_bytes(handle(), byte, 1, byte, 1, count);
            calc_ipc_client_call_bytes_within(handle(), 1, byte, 1, byte, 1, count);
            calc_ipc_client_submit(handle(), 1, byte, 1, 0, null_mut());
            calc_ipc_client_submit_request(handle(), 1, request, 0, null_mut());
            calc_ipc_client_next(handle(), 1, byte, 1, completion);
            calc_ipc_client_loan(handle(), 1, &mut null_mut());
            calc_ipc_client_call_loaned(handle(), 1, byte, 1, &mut null(), count);
            calc_ipc_client_cancel(handle(), 1);
            calc_ipc_client_fd(handle(), &mut 0);
            calc_ipc_client_wait_handle(handle(), &mut null_mut());
        ]
    }
}

#[test]
fn the_door_refuses_every_address_and_says_why() {
    let exec = Address::exec("/bin/true");
    let (unix, shm, tcp) = (
        Address::unix("/tmp/calc_ipc_bare_test"),
        Address::shm("bare"),
        Address::tcp("localhost", 7000),
    );
    let fifo = Address::fifo_pair("/tmp/calc_ipc_bare_test");
    let shm_at = Address::shm_at("/tmp/calc_ipc_bare_test");
    let seqpacket = Address::seqpacket("/tmp/calc_ipc_bare_test");
    for address in [
        &unix,
        &seqpacket,
        &fifo,
        &shm,
        &shm_at,
        &tcp,
        &Address::Stdio,
    ] {
        let refused = transport::bind(address, &ServerOptions::default()).err();
        let error = refused.expect("no server can be there");
        assert_eq!(error.status(), Status::Unsupported, "{address}");
        assert!(error.context().contains("for Linux"), "{address}: {error}");
    }
    for address in [&unix, &seqpacket, &fifo, &shm, &shm_at, &tcp, &exec] {
        let refused = transport::connect(address, &ClientOptions::default()).err();
        let error = refused.expect("no client can be there");
        assert_eq!(error.status(), Status::Unsupported, "{address}");
        assert!(error.context().contains("for Linux"), "{address}: {error}");
    }
}

#[test]
fn handles_that_cannot_be_are_let_be() {
    // SAFETY: nobody looks behind handles.
    unsafe {
        calc_ipc_pipe_destroy(handle());
        calc_ipc_uds_client_destroy(handle());
        calc_ipc_client_destroy(handle());
        calc_ipc_shm_server_request_stop(handle());
        calc_ipc_server_request_stop(handle());
        calc_ipc_client_request_stop(handle());
        calc_ipc_tcp_server_destroy(handle());
        calc_ipc_server_destroy(handle());
        calc_ipc_reply_fail(handle(), null());
        assert_eq!(calc_ipc_tcp_server_port(handle()), 0);
        assert!(calc_ipc_server_url(handle()).is_null());
    }
}

#[test]
fn a_request_goes_through_a_frame_and_is_executed() {
    let mut frame = [0; CALC_IPC_FRAME_MAX];
    let (mut length, mut request, mut response) = (0, REQUEST, RESPONSE);
    // SAFETY: pointers to locals, with their lengths.
    let statuses = unsafe {
        let capacity = frame.len();
        let bytes = frame.as_mut_ptr();
        let written = calc_ipc_request_serialize(&raw const REQUEST, bytes, capacity, &mut length);
        [
            written,
            calc_ipc_request_deserialize(bytes, length, &mut request),
            calc_ipc_execute(&raw const request, &mut response),
            calc_ipc_response_serialize(&raw const response, bytes, capacity, &mut length),
            calc_ipc_response_deserialize(bytes, length, &mut response),
        ]
    };
    assert_eq!(statuses, [CALC_IPC_STATUS_OK; 5]);
    assert_eq!(response.result, 30);
    assert_eq!(frame.get(..length), Some(&b"\x05\0\0\0OK 30"[..]));
}

#[test]
fn an_operation_has_its_name() {
    let mut operation = 0;
    // SAFETY: a string, and a local; the name is the library's own.
    let (status, name) = unsafe {
        let status = calc_ipc_operation_from_name(c"ADD".as_ptr(), &mut operation);
        (status, CStr::from_ptr(calc_ipc_operation_name(operation)))
    };
    assert_eq!((status, name), (CALC_IPC_STATUS_OK, c"ADD"));
}
