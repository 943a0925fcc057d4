//! What the C interface promises about batches.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

#[path = "support/api.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod api;
#[path = "support/pair.rs"]
mod pair;
mod support;

use calc_ipc::ffi::{client::*, message::*, status::*};
use pair::{Pair, UNTOUCHED, are_sums, is_untouched, sums, url};
use std::ffi::c_void;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, mpsc};
use support::Address;

#[test]
fn a_batch_is_answered_in_order() {
    let address = Address::new();
    let pair = Pair::calculating(&url(&address), None, null_mut());
    for count in [1, 2, 1000, 10_000] {
        let (status, completed, responses) = pair.call_many(&sums(count));
        assert_eq!((status, completed), (CALC_IPC_STATUS_OK, responses.len()));
        assert!(are_sums(&responses), "{count}");
    }
}

#[test]
fn no_requests_are_a_batch_too() {
    let address = Address::new();
    let pair = Pair::calculating(&url(&address), None, null_mut());
    let mut completed = 99;
    // SAFETY: no elements, so no pointers; a local, and a live client.
    let status = unsafe {
        calc_ipc_client_call_many(pair.client, null(), 0, null_mut(), &raw mut completed)
    };
    assert_eq!((status, completed), (CALC_IPC_STATUS_OK, 0));
}

#[test]
fn what_is_wrong_with_a_batch_is_found_before_anything_is_sent() {
    unsafe extern "C" fn count(
        _: *const calc_ipc_request,
        _: *mut calc_ipc_response,
        data: *mut c_void,
    ) {
        // SAFETY: the test's counter.
        unsafe { &*data.cast::<AtomicU32>() }.fetch_add(1, Ordering::Relaxed);
    }
    let address = Address::new();
    let mut calls = AtomicU32::new(0);
    let pair = Pair::calculating(&url(&address), Some(count), (&raw mut calls).cast());
    let mut requests = sums(5000);
    requests.last_mut().unwrap().operation = 4;
    let (status, completed, responses) = pair.call_many(&requests);
    assert_eq!((status, completed), (CALC_IPC_STATUS_INVALID_ARGUMENT, 0));
    assert!(responses.iter().all(is_untouched));

    let (requests, mut response) = (sums(1), UNTOUCHED);
    let (requests, responses) = (requests.as_ptr(), &raw mut response);
    for (client, requests, count, responses) in [
        (null_mut(), requests, 1, responses),
        (pair.client, null(), 1, responses),
        (pair.client, requests, 1, null_mut()),
        (pair.client, requests, usize::MAX, responses),
        (pair.client, requests, usize::MAX / 100, responses),
    ] {
        let mut completed = 99;
        // SAFETY: of what is not NULL and not refused, there is as much as the count says.
        let status = unsafe {
            calc_ipc_client_call_many(client, requests, count, responses, &raw mut completed)
        };
        assert_eq!(
            (status, completed),
            (CALC_IPC_STATUS_INVALID_ARGUMENT, 0),
            "{count}"
        );
    }
    // SAFETY: as above.
    let status =
        unsafe { calc_ipc_client_call_many(pair.client, requests, 1, responses, null_mut()) };
    assert_eq!(status, CALC_IPC_STATUS_INVALID_ARGUMENT);
    assert!(is_untouched(&response));
    assert_eq!(calls.load(Ordering::Relaxed), 0);
}

/// A server that stops at one request until it is told to go on.
struct Held {
    go: Mutex<mpsc::Receiver<()>>,
}

unsafe extern "C" fn hold(
    request: *const calc_ipc_request,
    response: *mut calc_ipc_response,
    user_data: *mut c_void,
) {
    // SAFETY: the library's structs, and the test's, which outlives the server.
    let (request, response, held) =
        unsafe { (&*request, &mut *response, &*user_data.cast::<Held>()) };
    if request.arg1 == 5000 {
        let _ = held.go.lock().expect("no panic").recv();
    }
    response.success = calc_ipc_bool(1);
    response.result = request.arg1 + request.arg2;
}

#[test]
fn a_batch_that_ends_half_way_says_how_far_it_came() {
    let address = Address::new();
    let (go, receiver) = mpsc::channel();
    let mut held = Held {
        go: Mutex::new(receiver),
    };
    let pair = Pair::calculating(&url(&address), Some(hold), (&raw mut held).cast());
    let (status, completed, responses) = pair.call_many(&sums(8000));
    go.send(()).unwrap();
    assert_eq!(status, CALC_IPC_STATUS_TIMED_OUT);
    assert!((1..=5000).contains(&completed), "{completed}");
    let (answered, rest) = responses.split_at(completed);
    assert!(are_sums(answered) && rest.iter().all(is_untouched));
}
