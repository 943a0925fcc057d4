//! What the C interface promises about messages of one's own.
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

use api::last_error;
use calc_ipc::ffi::{client::*, status::*};
use pair::{Pair, is_untouched, sums, url};
use std::ptr::{null, null_mut};
use support::Address;

#[test]
fn a_message_goes_there_and_back() {
    let address = Address::new();
    let pair = Pair::of_bytes(&url(&address));
    for length in [1, 2, 65_535, 65_536] {
        let message: Vec<_> = (0..=250).cycle().take(length).collect();
        let (status, got, response) = pair.call_bytes(&message, length);
        assert_eq!(
            (status, got),
            (CALC_IPC_STATUS_OK, length),
            "{}",
            last_error()
        );
        assert!(response == message, "{length}");
    }
    let (status, length, _) = pair.call_bytes(b"all", 65_536);
    assert_eq!(
        (status, length),
        (CALC_IPC_STATUS_OK, 65_536),
        "capacity is max_message"
    );
}

#[test]
fn an_empty_message_needs_no_pointers() {
    let address = Address::new();
    let pair = Pair::of_bytes(&url(&address));
    let mut length = 99;
    // SAFETY: no bytes, so no pointers; a local, and a live client.
    let status = unsafe {
        calc_ipc_client_call_bytes(pair.client, null(), 0, null_mut(), 0, &raw mut length)
    };
    assert_eq!(
        (status, length),
        (CALC_IPC_STATUS_OK, 0),
        "{}",
        last_error()
    );
}

#[test]
fn an_answer_without_room_says_how_long_it_is() {
    let address = Address::new();
    let pair = Pair::of_bytes(&url(&address));
    for room in 0..5 {
        let (status, length, response) = pair.call_bytes(b"hello", room);
        assert_eq!((status, length), (CALC_IPC_STATUS_BUFFER_TOO_SMALL, 5));
        assert_eq!(response, vec![0x55; room], "all or nothing");
    }
    assert_eq!(
        pair.call_bytes(b"hello", 6).2,
        b"hello\x55",
        "the next is no late one"
    );
}

#[test]
fn failures_leave_the_outputs_alone_and_the_client_usable() {
    let address = Address::new();
    let pair = Pair::of_bytes(&url(&address));
    let too_large = vec![0; 65_537];
    for (message, expected) in [
        (&b"too much"[..], CALC_IPC_STATUS_HANDLER_FAILED),
        (b"far too much", CALC_IPC_STATUS_HANDLER_FAILED),
        (&too_large, CALC_IPC_STATUS_TOO_LARGE),
    ] {
        let (status, length, response) = pair.call_bytes(message, 100);
        assert_eq!((status, length), (expected, 99));
        assert_eq!(response, [0x55; 100]);
        assert_eq!(pair.call_bytes(b"ok", 2).2, b"ok");
    }
    let (status, completed, responses) = pair.call_many(&sums(1));
    assert_eq!(
        (status, completed),
        (CALC_IPC_STATUS_MALFORMED, 0),
        "an echo is no response"
    );
    assert!(is_untouched(&responses[0]));
    assert_eq!(pair.call_bytes(b"ok", 2).2, b"ok");
}

#[test]
fn the_pointers_of_messages_are_checked() {
    let address = Address::new();
    let pair = Pair::of_bytes(&url(&address));
    let (mut byte, mut length) = (0x55, 99);
    let (byte, length) = (&raw mut byte, &raw mut length);
    let client: *const _ = pair.client;
    // SAFETY: of what is not NULL and not refused, there is as much as the lengths say.
    let statuses = unsafe {
        [
            calc_ipc_client_call_bytes(null(), byte, 1, byte, 1, length),
            calc_ipc_client_call_bytes(client, null(), 1, byte, 1, length),
            calc_ipc_client_call_bytes(client, byte, 1, null_mut(), 1, length),
            calc_ipc_client_call_bytes(client, byte, 1, byte, 1, null_mut()),
            calc_ipc_client_call_bytes(client, byte, usize::MAX, byte, 1, length),
            calc_ipc_client_call_bytes(client, byte, 1, byte, usize::MAX, length),
        ]
    };
    assert_eq!(statuses, [CALC_IPC_STATUS_INVALID_ARGUMENT; 6]);
    // SAFETY: locals.
    assert_eq!(unsafe { (*byte, *length) }, (0x55, 99));
}
