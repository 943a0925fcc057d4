//! Coding and calculating allocate nothing: an answer never fails for want of memory, and never
//! waits for an allocator's lock.
#![expect(clippy::indexing_slicing, reason = "a panic is how a test fails")]

use calc_ipc::calculator::text::{parse_request, parse_response};
use calc_ipc::calculator::{ErrorText, Operation, Request, execute, frames};
use calc_ipc::ffi::{message::*, protocol::*, status::*};
use calc_ipc::protocol::frame;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

/// Counts the allocations of each thread; the test harness has threads of its own.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator unchanged; the counter is a plain thread-local
// without a destructor, so touching it neither allocates nor fails.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`, and `memory` came from `System`.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(body: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    body();
    ALLOCATIONS.get() - before
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(black_box(Box::new(1)))), 1);
}

#[test]
fn the_codec_allocates_nothing() {
    let mut buffer = [0; frames::FRAME_MAX];
    for operation in Operation::ALL {
        for (arg1, arg2) in [(10, 20), (i64::MIN, -1), (i64::MAX, i64::MAX), (1, 0)] {
            let request = Request {
                operation,
                arg1,
                arg2,
            };
            assert_eq!(allocations(|| whole_job(&request, &mut buffer)), 0);
        }
    }
}

#[test]
fn errors_allocate_nothing() {
    assert_eq!(
        allocations(|| {
            black_box(ErrorText::from_bytes(&[0xff; 400]));
            black_box(parse_request(b"POW 1 2").map_err(ErrorText::from)).unwrap_err();
            black_box(parse_response(b"ERR \n"));
        }),
        0
    );
}

#[test]
fn the_c_interface_adds_no_allocation() {
    let request = calc_ipc_request {
        operation: CALC_IPC_OPERATION_DIV,
        arg1: 10,
        arg2: 0,
    };
    let mut response = calc_ipc_response {
        success: calc_ipc_bool(0),
        result: 0,
        error: [0; CALC_IPC_ERROR_CAPACITY],
    };
    let (mut buffer, mut length) = ([0; CALC_IPC_FRAME_MAX], 0);
    let mut job = || {
        let (start, capacity) = (buffer.as_mut_ptr(), buffer.len());
        // SAFETY: all are locals.
        unsafe {
            [
                calc_ipc_execute(&raw const request, &raw mut response),
                calc_ipc_response_serialize(&raw const response, start, capacity, &raw mut length),
                calc_ipc_response_deserialize(start, length, &raw mut response),
            ]
        }
    };
    // The first call of all prepares for panics.
    assert_eq!(job(), [CALC_IPC_STATUS_OK; 3]);
    assert_eq!(
        allocations(|| assert_eq!(job(), [CALC_IPC_STATUS_OK; 3])),
        0
    );
}

/// Everything that happens to one request, at the client and at the server.
fn whole_job(request: &Request, buffer: &mut [u8]) {
    let mut out = frame::SliceSink::new(buffer);
    frames::append_request(&mut out, request);
    let length = out.finish().expect("the buffer is large enough");
    let received = frame::body(&buffer[..length]).expect("one frame");
    let response = execute(&parse_request(received).expect("a request"));

    let mut out = frame::SliceSink::new(buffer);
    frames::append_response(&mut out, &response);
    let length = out.finish().expect("the buffer is large enough");
    let received = frame::body(&buffer[..length]).expect("one frame");
    assert_eq!(parse_response(received), Some(response));
}
