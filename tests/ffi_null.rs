//! NULL where a pointer is required gives INVALID_ARGUMENT, in every function of the C interface.

mod common;

use calc_ipc::ffi::{descriptor::*, message::*, options::*, pipe::*, protocol::*, status::*};
use calc_ipc::ffi::{fifo::*, shm::*, uds::*};
use std::collections::BTreeSet;
use std::ffi::{c_char, c_int};
use std::ptr::{dangling_mut, null, null_mut};

/// A call and the status it gave.
type Call = (&'static str, calc_ipc_status);

/// The only function with a status that needs no pointer.
const NEEDS_NO_POINTER: &str = "calc_ipc_pipe_serve";

static REQUEST: calc_ipc_request = calc_ipc_request {
    operation: CALC_IPC_OPERATION_ADD,
    arg1: 10,
    arg2: 20,
};

static RESPONSE: calc_ipc_response = calc_ipc_response {
    success: calc_ipc_bool(1),
    result: 42,
    error: [0; CALC_IPC_ERROR_CAPACITY],
};

/// No descriptor: whoever looks at it before the pointers answers something else.
const FD: c_int = 1_000_000;

const NAME: *const c_char = c"/tmp/calc_ipc_null_test".as_ptr();

macro_rules! call {
    ($function:ident($($argument:expr),* $(,)?)) => {
        (stringify!($function), $function($($argument),*))
    };
}

#[test]
fn every_required_pointer_is_checked() {
    let calls: Vec<Call> = [
        protocol_calls(),
        descriptor_calls(),
        pipe_calls(),
        server_calls(),
        client_calls(),
    ]
    .concat();
    for (function, status) in &calls {
        assert_eq!(*status, CALC_IPC_STATUS_INVALID_ARGUMENT, "{function}");
    }
    let called: BTreeSet<_> = calls.iter().map(|(function, _)| *function).collect();
    let declared: BTreeSet<_> = common::header::functions()
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
        vec![
            call!(calc_ipc_request_serialize(null(), buffer, max, length)),
            call!(calc_ipc_request_serialize(request, null_mut(), max, length)),
            call!(calc_ipc_request_serialize(request, null_mut(), 0, length)),
            call!(calc_ipc_request_serialize(request, buffer, max, null_mut())),
            call!(calc_ipc_request_deserialize(null(), max, parsed)),
            call!(calc_ipc_request_deserialize(null(), 0, parsed)),
            call!(calc_ipc_request_deserialize(buffer, max, null_mut())),
            call!(calc_ipc_response_serialize(null(), buffer, max, length)),
            call!(calc_ipc_response_serialize(
                response,
                null_mut(),
                max,
                length
            )),
            call!(calc_ipc_response_serialize(response, null_mut(), 0, length)),
            call!(calc_ipc_response_serialize(
                response,
                buffer,
                max,
                null_mut()
            )),
            call!(calc_ipc_response_deserialize(null(), max, answer)),
            call!(calc_ipc_response_deserialize(null(), 0, answer)),
            call!(calc_ipc_response_deserialize(buffer, max, null_mut())),
            call!(calc_ipc_execute(null(), answer)),
            call!(calc_ipc_execute(request, null_mut())),
            call!(calc_ipc_operation_from_name(null(), number)),
            call!(calc_ipc_operation_from_name(c"ADD".as_ptr(), null_mut())),
        ]
    }
}

fn descriptor_calls() -> Vec<Call> {
    let mut buffer = [0; CALC_IPC_FRAME_MAX];
    let (buffer, max) = (buffer.as_mut_ptr(), CALC_IPC_FRAME_MAX);
    let mut length = 0;
    // SAFETY: every pointer is NULL or points to a local that is large enough.
    unsafe {
        vec![
            call!(calc_ipc_message_send(FD, null(), max)),
            call!(calc_ipc_message_recv(FD, null_mut(), max, &raw mut length)),
            call!(calc_ipc_message_recv(FD, buffer, max, null_mut())),
            call!(calc_ipc_fd_read_exact(FD, null_mut(), 1)),
            call!(calc_ipc_fd_write_exact(FD, null(), 1)),
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
        vec![
            call!(calc_ipc_pipe_create(None, null_mut(), null(), null_mut())),
            call!(calc_ipc_pipe_spawn(null(), null(), out)),
            call!(calc_ipc_pipe_spawn(no_program.as_ptr(), null(), out)),
            call!(calc_ipc_pipe_spawn(program.as_ptr(), null(), null_mut())),
            call!(calc_ipc_pipe_call(
                null(),
                &raw const REQUEST,
                &raw mut answer
            )),
        ]
    }
}

fn server_calls() -> Vec<Call> {
    let (mut fifo, mut shm, mut uds) = (null_mut(), null_mut(), null_mut());
    let (fifo, shm, uds) = (&raw mut fifo, &raw mut shm, &raw mut uds);
    let (no_data, defaults) = (null_mut(), null());
    // SAFETY: every pointer is NULL, a string or a local's.
    unsafe {
        vec![
            call!(calc_ipc_fifo_server_create(
                null(),
                NAME,
                None,
                no_data,
                defaults,
                fifo
            )),
            call!(calc_ipc_fifo_server_create(
                NAME,
                null(),
                None,
                no_data,
                defaults,
                fifo
            )),
            call!(calc_ipc_fifo_server_create(
                NAME,
                NAME,
                None,
                no_data,
                defaults,
                null_mut()
            )),
            call!(calc_ipc_shm_server_create(
                null(),
                None,
                no_data,
                defaults,
                shm
            )),
            call!(calc_ipc_shm_server_create(
                NAME,
                None,
                no_data,
                defaults,
                null_mut()
            )),
            call!(calc_ipc_uds_server_create(
                null(),
                None,
                no_data,
                defaults,
                uds
            )),
            call!(calc_ipc_uds_server_create(
                NAME,
                None,
                no_data,
                defaults,
                null_mut()
            )),
            call!(calc_ipc_fifo_server_run(null())),
            call!(calc_ipc_fifo_server_start(null())),
            call!(calc_ipc_fifo_server_stop(null())),
            call!(calc_ipc_shm_server_run(null())),
            call!(calc_ipc_shm_server_start(null())),
            call!(calc_ipc_shm_server_stop(null())),
            call!(calc_ipc_uds_server_run(null())),
            call!(calc_ipc_uds_server_start(null())),
            call!(calc_ipc_uds_server_stop(null())),
        ]
    }
}

fn client_calls() -> Vec<Call> {
    let (mut fifo, mut shm, mut uds) = (null_mut(), null_mut(), null_mut());
    let (fifo, shm, uds) = (&raw mut fifo, &raw mut shm, &raw mut uds);
    let mut answer = RESPONSE;
    let (request, answer) = (&raw const REQUEST, &raw mut answer);
    // SAFETY: every pointer is NULL, a string or a local's.
    unsafe {
        vec![
            call!(calc_ipc_fifo_client_create(null(), NAME, null(), fifo)),
            call!(calc_ipc_fifo_client_create(NAME, null(), null(), fifo)),
            call!(calc_ipc_fifo_client_create(NAME, NAME, null(), null_mut())),
            call!(calc_ipc_shm_client_create(null(), null(), shm)),
            call!(calc_ipc_shm_client_create(NAME, null(), null_mut())),
            call!(calc_ipc_uds_client_create(null(), null(), uds)),
            call!(calc_ipc_uds_client_create(NAME, null(), null_mut())),
            call!(calc_ipc_fifo_client_call(null(), request, answer)),
            call!(calc_ipc_shm_client_call(null(), request, answer)),
            call!(calc_ipc_uds_client_call(null(), request, answer)),
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
        calc_ipc_fifo_server_destroy(null_mut());
        calc_ipc_shm_server_destroy(null_mut());
        calc_ipc_uds_server_destroy(null_mut());
        calc_ipc_fifo_server_request_stop(null());
        calc_ipc_shm_server_request_stop(null());
        calc_ipc_uds_server_request_stop(null());
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
