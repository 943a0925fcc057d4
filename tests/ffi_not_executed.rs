//! What the C interface says of the last failed call's request: whose it is, what changes it and what
//! does not. When it is true, `not_executed.rs` tests.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "support/api.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod api;
#[path = "support/pair.rs"]
mod pair;
mod support;

use api::{APIS, Handle, call};
use calc_ipc::ffi::{client::*, message::*, named_pipe::*, pipe::*, protocol::*, status::*};
use pair::{Pair, UNTOUCHED, sums, url};
use std::ptr::{null, null_mut};
use std::thread;
use support::Address;

/// What the thread's last failed call was: one whose request may have been executed, or not.
const PERHAPS: bool = false;
const NEVER: bool = true;

/// A call that fails with an answer.
fn fail_perhaps(pair: &Pair) {
    let (status, ..) = pair.call_bytes(b"too much", 0);
    assert_eq!(status, CALC_IPC_STATUS_HANDLER_FAILED);
    assert_eq!(calc_ipc_last_not_executed(), PERHAPS);
}

/// A call that fails without sending anything.
fn fail_before_sending() {
    // SAFETY: NULL is looked at.
    let status = unsafe { calc_ipc_client_call(null(), null(), null_mut()) };
    assert_eq!(status, CALC_IPC_STATUS_INVALID_ARGUMENT);
    assert_eq!(calc_ipc_last_not_executed(), NEVER);
}

#[test]
fn it_is_the_threads_own() {
    assert_eq!(calc_ipc_last_not_executed(), PERHAPS, "before any call");
    fail_before_sending();
    let other = thread::spawn(|| calc_ipc_last_not_executed());
    assert_eq!(other.join().unwrap(), PERHAPS);
    assert_eq!(calc_ipc_last_not_executed(), NEVER);
}

#[test]
fn nothing_but_a_failed_call_changes_it() {
    let address = Address::new();
    let pair = Pair::of_bytes(&url(&address));
    let change_nothing = || {
        let (status, ..) = pair.call_bytes(b"hi", 2);
        assert_eq!(status, CALC_IPC_STATUS_OK);
        let mut client = null_mut();
        // SAFETY: a string, NULL where it is looked at, and locals.
        unsafe {
            let nowhere =
                calc_ipc_client_create(c"unix:///no/such".as_ptr(), null(), &raw mut client);
            assert_eq!(nowhere, CALC_IPC_STATUS_NOT_CONNECTED);
            let nothing = calc_ipc_execute(null(), null_mut());
            assert_eq!(nothing, CALC_IPC_STATUS_INVALID_ARGUMENT);
        }
    };
    fail_before_sending();
    change_nothing();
    assert_eq!(calc_ipc_last_not_executed(), NEVER);
    fail_perhaps(&pair);
    change_nothing();
    assert_eq!(calc_ipc_last_not_executed(), PERHAPS);
}

#[test]
fn an_answer_without_room_was_an_answer() {
    let address = Address::new();
    let pair = Pair::of_bytes(&url(&address));
    fail_before_sending();
    let (status, ..) = pair.call_bytes(b"five!", 4);
    assert_eq!(status, CALC_IPC_STATUS_BUFFER_TOO_SMALL);
    assert_eq!(calc_ipc_last_not_executed(), PERHAPS);
}

#[test]
fn no_argument_that_is_wrong_is_sent() {
    let address = Address::new();
    let pair = Pair::of_bytes(&url(&address));
    let request = sums(1).remove(0);
    let unknown = calc_ipc_request {
        operation: 4,
        ..request
    };
    let mut response = UNTOUCHED;
    let (client, request, out) = (pair.client, &raw const request, &raw mut response);
    // SAFETY: a live client, locals, and NULL where it is looked at.
    let calls: [&dyn Fn() -> calc_ipc_status; 9] = unsafe {
        [
            &|| calc_ipc_client_call(client, null(), out),
            &|| calc_ipc_client_call(client, request, null_mut()),
            &|| calc_ipc_client_call(client, &raw const unknown, out),
            &|| calc_ipc_client_call_many(client, request, 1, out, null_mut()),
            &|| calc_ipc_client_call_many(client, null(), 1, out, &mut 0),
            &|| calc_ipc_client_call_many(client, &raw const unknown, 1, out, &mut 0),
            &|| calc_ipc_client_call_bytes(client, null(), 1, null_mut(), 0, &mut 0),
            &|| calc_ipc_client_call_bytes(client, null(), 0, null_mut(), 0, null_mut()),
            &|| calc_ipc_pipe_call(null(), request, out),
        ]
    };
    for (number, call) in calls.iter().enumerate() {
        fail_perhaps(&pair);
        assert_eq!(call(), CALC_IPC_STATUS_INVALID_ARGUMENT, "{number}");
        assert_eq!(calc_ipc_last_not_executed(), NEVER, "{number}");
    }
}

#[test]
fn every_transport_says_it() {
    for api in &APIS {
        let address = Address::new();
        let server = api.server(&address, None, null_mut());
        assert_eq!((api.start)(server), CALC_IPC_STATUS_OK);
        let client = api.client(&address);
        assert_eq!(api.ask(client, CALC_IPC_OPERATION_ADD), 30);
        assert_eq!((api.stop)(server), CALC_IPC_STATUS_OK);
        let ask = || call(|request, response| (api.call)(client, request, response), 0).0;
        assert_eq!(ask(), CALC_IPC_STATUS_CLOSED);
        let is_found = matches!(api.name, "uds" | "seqpacket" | "url");
        assert_eq!(calc_ipc_last_not_executed(), is_found, "{}", api.name);
        assert_eq!(ask(), CALC_IPC_STATUS_CLOSED);
        assert_eq!(calc_ipc_last_not_executed(), NEVER, "{}", api.name);
        (api.destroy_client)(client);
        (api.destroy_server)(server);
    }
}

#[test]
fn what_this_system_has_not_sends_nothing() {
    let address = Address::new();
    let pair = Pair::of_bytes(&url(&address));
    fail_perhaps(&pair);
    let nowhere = Handle(std::ptr::dangling_mut());
    let (status, _) = call(
        // SAFETY: no handle of this type is ever looked behind.
        |request, response| unsafe {
            calc_ipc_named_pipe_client_call(nowhere.0.cast(), request, response)
        },
        CALC_IPC_OPERATION_ADD,
    );
    assert_eq!(status, CALC_IPC_STATUS_UNSUPPORTED);
    assert_eq!(calc_ipc_last_not_executed(), NEVER);
}
