//! What the C interface promises about values: enumerations, buffers, texts.
#![expect(clippy::indexing_slicing, reason = "a panic is how a test fails")]

use calc_ipc::calculator::Operation;
use calc_ipc::error::Status;
use calc_ipc::ffi::{message::*, protocol::*, status::*};
use std::ffi::{CStr, c_char};
use std::ptr::{null, null_mut};
use std::sync::mpsc;
use std::thread;

static REQUEST: calc_ipc_request = calc_ipc_request {
    operation: CALC_IPC_OPERATION_ADD,
    arg1: 10,
    arg2: 20,
};

/// What no function here would write.
const UNTOUCHED: calc_ipc_response = calc_ipc_response {
    success: calc_ipc_bool(0x55),
    result: 0x5555,
    error: [0x55; CALC_IPC_ERROR_CAPACITY],
};

fn text(pointer: *const c_char) -> &'static str {
    assert!(!pointer.is_null());
    // SAFETY: not NULL, and what the library returns is a string.
    unsafe { CStr::from_ptr(pointer) }.to_str().expect("UTF-8")
}

fn error_of(response: &calc_ipc_response) -> &str {
    let bytes = response.error.map(|c| c.to_ne_bytes()[0]);
    let end = bytes.iter().position(|byte| *byte == 0).expect("a NUL");
    assert!(end < CALC_IPC_ERROR_CAPACITY);
    // SAFETY: the position of a NUL was found.
    unsafe { CStr::from_ptr(response.error.as_ptr()) }
        .to_str()
        .expect("UTF-8")
}

fn execute(operation: i32, arg1: i64, arg2: i64) -> calc_ipc_response {
    let request = calc_ipc_request {
        operation,
        arg1,
        arg2,
    };
    let mut response = UNTOUCHED;
    // SAFETY: both are locals.
    let status = unsafe { calc_ipc_execute(&raw const request, &raw mut response) };
    assert_eq!(status, CALC_IPC_STATUS_OK);
    response
}

fn serialize(response: &calc_ipc_response) -> Vec<u8> {
    let (mut buffer, mut length) = ([0; CALC_IPC_FRAME_MAX], 0);
    let (start, capacity) = (buffer.as_mut_ptr(), buffer.len());
    // SAFETY: all are locals.
    let status = unsafe { calc_ipc_response_serialize(response, start, capacity, &raw mut length) };
    assert_eq!(status, CALC_IPC_STATUS_OK);
    buffer[..length].to_vec()
}

#[test]
fn every_status_has_a_text() {
    for status in Status::ALL {
        assert_eq!(
            text(calc_ipc_status_message(status as i32)),
            status.message()
        );
    }
    for unknown in [1, -20, i32::MIN, i32::MAX] {
        assert_eq!(text(calc_ipc_status_message(unknown)), "unknown status");
    }
}

#[test]
fn the_version_is_the_headers() {
    let line = format!("#define CALC_IPC_VERSION_NUMBER {}\n", calc_ipc_version());
    assert!(
        include_str!("../include/calc_ipc.h").contains(&line),
        "{line}"
    );
}

#[test]
fn operations_have_names() {
    for operation in Operation::ALL {
        let number = operation as i32;
        assert_eq!(text(calc_ipc_operation_name(number)), operation.name());
        let mut found = -1;
        let name = calc_ipc_operation_name(number);
        // SAFETY: a string and a local.
        let status = unsafe { calc_ipc_operation_from_name(name, &raw mut found) };
        assert_eq!((status, found), (CALC_IPC_STATUS_OK, number));
    }
    for name in [c"", c"add", c"POW", c"ADD ", c"\xff"] {
        let mut found = -1;
        // SAFETY: a string and a local.
        let status = unsafe { calc_ipc_operation_from_name(name.as_ptr(), &raw mut found) };
        assert_eq!((status, found), (CALC_IPC_STATUS_INVALID_ARGUMENT, -1));
    }
}

#[test]
fn an_unknown_operation_is_met_with_care() {
    for operation in [4, -1, i32::MIN, i32::MAX] {
        assert!(calc_ipc_operation_name(operation).is_null());
        let response = execute(operation, 1, 2);
        assert_eq!(response.success, calc_ipc_bool(0));
        assert_eq!(error_of(&response), "Unknown operation");

        let request = calc_ipc_request {
            operation,
            ..REQUEST
        };
        let (mut buffer, mut length) = ([0x55; 64], 99);
        let start = buffer.as_mut_ptr();
        // SAFETY: all are locals.
        let status =
            unsafe { calc_ipc_request_serialize(&raw const request, start, 64, &raw mut length) };
        assert_eq!(status, CALC_IPC_STATUS_INVALID_ARGUMENT);
        assert_eq!((buffer, length), ([0x55; 64], 99));
    }
}

#[test]
fn an_answer_is_either_a_result_or_an_error() {
    let sum = execute(CALC_IPC_OPERATION_ADD, 10, 20);
    assert_eq!((sum.success, sum.result), (calc_ipc_bool(1), 30));
    assert_eq!(error_of(&sum), "");
    let none = execute(CALC_IPC_OPERATION_DIV, 10, 0);
    assert_eq!((none.success, none.result), (calc_ipc_bool(0), 0));
    assert_eq!(error_of(&none), "Division by zero");
}

#[test]
fn a_buffer_that_is_too_small_is_left_alone() {
    for capacity in 0..13 {
        let (mut buffer, mut length) = ([0x55; 16], 0);
        let (request, start) = (&raw const REQUEST, buffer.as_mut_ptr());
        // SAFETY: all are locals.
        let status =
            unsafe { calc_ipc_request_serialize(request, start, capacity, &raw mut length) };
        assert_eq!((status, length), (CALC_IPC_STATUS_BUFFER_TOO_SMALL, 13));
        assert_eq!(buffer, [0x55; 16]);
    }
    for capacity in [13, 16, usize::MAX] {
        let (mut buffer, mut length) = ([0x55; CALC_IPC_FRAME_MAX], 0);
        let (request, start) = (&raw const REQUEST, buffer.as_mut_ptr());
        // SAFETY: all are locals; what the library may use of a huge capacity is there.
        let status =
            unsafe { calc_ipc_request_serialize(request, start, capacity, &raw mut length) };
        assert_eq!((status, length), (CALC_IPC_STATUS_OK, 13));
        assert_eq!(&buffer[..14], b"\x09\0\0\0ADD 10 20\x55");
    }
}

#[test]
fn what_is_malformed_leaves_outputs_alone() {
    let frame = b"\x04\0\0\0OK x";
    let (mut request, mut response) = (REQUEST, UNTOUCHED);
    // SAFETY: all are locals.
    let statuses = unsafe {
        [
            calc_ipc_request_deserialize(frame.as_ptr(), 8, &raw mut request),
            calc_ipc_response_deserialize(frame.as_ptr(), 8, &raw mut response),
        ]
    };
    assert_eq!(statuses, [CALC_IPC_STATUS_MALFORMED; 2]);
    assert_eq!(format!("{request:?}"), format!("{REQUEST:?}"));
    assert_eq!(format!("{response:?}"), format!("{UNTOUCHED:?}"));
}

#[test]
fn a_bool_may_hold_any_byte() {
    for byte in [1, 2, 0x80, 0xff] {
        let response = calc_ipc_response {
            success: calc_ipc_bool(byte),
            ..UNTOUCHED
        };
        assert_eq!(serialize(&response), b"\x08\0\0\0OK 21845");
    }
}

#[test]
fn an_error_without_its_nul_ends_with_the_field() {
    let response = calc_ipc_response {
        success: calc_ipc_bool(0),
        ..UNTOUCHED
    };
    let frame = serialize(&response);
    assert_eq!(frame.len(), CALC_IPC_FRAME_MAX);
    let mut parsed = UNTOUCHED;
    // SAFETY: a local, and a slice of the length that it says.
    let status =
        unsafe { calc_ipc_response_deserialize(frame.as_ptr(), frame.len(), &raw mut parsed) };
    assert_eq!(status, CALC_IPC_STATUS_OK);
    assert_eq!(error_of(&parsed), "U".repeat(255));
}

#[test]
fn the_last_error_is_the_threads_own() {
    let fail = |operation: &CStr| {
        let mut found = 0;
        // SAFETY: a string and a local.
        unsafe { calc_ipc_operation_from_name(operation.as_ptr(), &raw mut found) }
    };
    thread::spawn(move || {
        assert_eq!(text(calc_ipc_last_error()), "");
        fail(c"POW");
        assert!(text(calc_ipc_last_error()).contains("POW"));
        thread::spawn(move || fail(c"MOD")).join().unwrap();
        assert!(text(calc_ipc_last_error()).contains("POW"));
        execute(CALC_IPC_OPERATION_ADD, 1, 2);
        assert!(
            text(calc_ipc_last_error()).contains("POW"),
            "successes leave it"
        );
        fail(c"EXP");
        assert!(text(calc_ipc_last_error()).contains("EXP"));
    })
    .join()
    .unwrap();
}

#[test]
fn the_last_error_can_be_asked_for_while_a_thread_ends() {
    struct AtTheEnd(mpsc::Sender<String>);
    impl Drop for AtTheEnd {
        fn drop(&mut self) {
            // SAFETY: NULL is what this is about.
            unsafe { calc_ipc_execute(null(), null_mut()) };
            self.0.send(text(calc_ipc_last_error()).to_owned()).unwrap();
        }
    }
    thread_local! {
        static LAST: std::cell::OnceCell<AtTheEnd> = const { std::cell::OnceCell::new() };
    }
    let (sender, receiver) = mpsc::channel();
    thread::spawn(|| LAST.with(|last| last.set(AtTheEnd(sender)).ok().unwrap()))
        .join()
        .unwrap();
    assert_eq!(
        receiver.recv().unwrap(),
        "invalid argument: request is NULL"
    );
}
