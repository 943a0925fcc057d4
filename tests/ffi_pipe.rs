//! What the C interface promises about children that serve over a pipe.
#![cfg(unix)]

use calc_ipc::ffi::{descriptor::*, message::*, pipe::*, status::*};
use std::ffi::CStr;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::ptr::{dangling_mut, null, null_mut};
use std::thread;

/// Asks for an operation on 10 and 20.
fn call(pipe: *const calc_ipc_pipe, operation: i32) -> (calc_ipc_status, i64) {
    let request = calc_ipc_request {
        operation,
        arg1: 10,
        arg2: 20,
    };
    let mut response = calc_ipc_response {
        success: calc_ipc_bool(0),
        result: 99,
        error: [0; CALC_IPC_ERROR_CAPACITY],
    };
    // SAFETY: a live pipe and locals.
    let status = unsafe { calc_ipc_pipe_call(pipe, &raw const request, &raw mut response) };
    (status, response.result)
}

/// The status of spawning `program` without arguments, and the pipe.
fn spawn(program: &CStr) -> (calc_ipc_status, *mut calc_ipc_pipe) {
    let argv = [program.as_ptr(), null()];
    let mut pipe = dangling_mut();
    // SAFETY: an array that ends with NULL, and a local.
    let status = unsafe { calc_ipc_pipe_spawn(argv.as_ptr(), null(), &raw mut pipe) };
    (status, pipe)
}

#[test]
fn a_forked_child_answers() {
    let mut pipe = null_mut();
    // SAFETY: a local, and the defaults.
    let status = unsafe { calc_ipc_pipe_create(None, null_mut(), null(), &raw mut pipe) };
    assert_eq!(status, CALC_IPC_STATUS_OK);
    assert_eq!(call(pipe, CALC_IPC_OPERATION_ADD), (CALC_IPC_STATUS_OK, 30));
    assert_eq!(call(pipe, 4), (CALC_IPC_STATUS_INVALID_ARGUMENT, 99));
    assert_eq!(
        call(pipe, CALC_IPC_OPERATION_MUL),
        (CALC_IPC_STATUS_OK, 200)
    );
    // SAFETY: not used again.
    unsafe { calc_ipc_pipe_destroy(pipe) };
}

#[test]
fn a_program_that_is_no_server_is_malformed_and_the_pipe_stays_usable() {
    let (status, pipe) = spawn(c"cat");
    assert_eq!(status, CALC_IPC_STATUS_OK);
    for _ in 0..2 {
        assert_eq!(
            call(pipe, CALC_IPC_OPERATION_ADD),
            (CALC_IPC_STATUS_MALFORMED, 99)
        );
    }
    // SAFETY: not used again.
    unsafe { calc_ipc_pipe_destroy(pipe) };
}

#[test]
fn no_such_program_is_an_error_at_once() {
    let (status, pipe) = spawn(c"/nonexistent/calc_ipc");
    assert_eq!(status, CALC_IPC_STATUS_NOT_CONNECTED);
    assert!(pipe.is_null());
}

#[test]
fn serve_answers_until_the_requests_end() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let server = thread::spawn(move || {
        let fd = theirs.as_raw_fd();
        // SAFETY: an open descriptor, and the defaults.
        unsafe { calc_ipc_pipe_serve(fd, fd, None, null_mut(), null()) }
    });
    let (mut buffer, mut length) = ([0; CALC_IPC_FRAME_MAX], 0);
    let (request, fd) = (b"\x09\0\0\0ADD 10 20", ours.as_raw_fd());
    let (start, capacity) = (buffer.as_mut_ptr(), buffer.len());
    // SAFETY: locals and an open descriptor.
    let statuses = unsafe {
        [
            calc_ipc_message_send(fd, request.as_ptr(), request.len()),
            calc_ipc_message_recv(fd, start, capacity, &raw mut length),
        ]
    };
    assert_eq!(statuses, [CALC_IPC_STATUS_OK; 2]);
    assert_eq!(buffer.get(..length), Some(&b"\x05\0\0\0OK 30"[..]));
    drop(ours);
    assert_eq!(server.join().unwrap(), CALC_IPC_STATUS_OK);
}

#[test]
fn serve_wants_descriptors() {
    let not_open = 1_000_000;
    // SAFETY: numbers, and the defaults.
    let statuses = unsafe {
        [
            calc_ipc_pipe_serve(-1, 1, None, null_mut(), null()),
            calc_ipc_pipe_serve(0, -1, None, null_mut(), null()),
            calc_ipc_pipe_serve(not_open, not_open, None, null_mut(), null()),
        ]
    };
    let invalid = CALC_IPC_STATUS_INVALID_ARGUMENT;
    assert_eq!(statuses, [invalid, invalid, CALC_IPC_STATUS_SYSTEM]);
}
