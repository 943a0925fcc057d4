//! What the C interface promises about URLs.
#![cfg(unix)]
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

use api::{last_error, text};
use calc_ipc::ffi::{client::*, server::*, status::*};
use pair::{Pair, sums};
use std::ffi::CStr;
use std::ptr::{dangling_mut, null, null_mut};
use support::Address;

#[test]
fn a_servers_url_is_the_one_for_clients() {
    let address = Address::new();
    let spaced = format!("unix://{}", address.path("a%20b"));
    for (given, shown) in [
        (spaced.as_str(), spaced.as_str()),
        (
            &format!("shm://{}", address.word),
            &format!("shm://{}", address.word),
        ),
        (
            &format!("shm://{}", address.path("m")),
            &format!("shm://{}", address.path("m")),
        ),
        (
            &format!("fifo://{}", address.path("f")),
            &format!("fifo://{}", address.path("f")),
        ),
        (
            &format!("tcp://{}:0", address.host),
            &format!("tcp://{}:", address.host),
        ),
    ] {
        let pair = Pair::calculating(given, None, null_mut());
        // SAFETY: the server's own string.
        let url = unsafe { CStr::from_ptr(calc_ipc_server_url(pair.server)) };
        let url = url.to_str().unwrap();
        assert!(url.starts_with(shown) && !url.ends_with(":0"), "{url}");
        assert_eq!(pair.call_many(&sums(3)).0, CALC_IPC_STATUS_OK);
    }
    assert!(!std::fs::exists(address.path("a%20b")).unwrap(), "decoded");
}

#[test]
fn what_is_no_url_of_this_side_is_an_invalid_argument() {
    let both = [
        "",
        "/tmp/x",
        "unix://x",
        "unix:///a?b",
        "http://x",
        "npipe:///x",
        "npipe://a%5Cb",
        "tcp://x",
    ];
    let servers = ["exec:///bin/true"];
    let clients = ["stdio:"];
    for url in both.into_iter().chain(servers) {
        let mut out = dangling_mut();
        // SAFETY: a string, NULL and a local.
        let status = unsafe {
            calc_ipc_server_create(text(url).as_ptr(), None, null_mut(), null(), &raw mut out)
        };
        assert_eq!(
            (status, out),
            (CALC_IPC_STATUS_INVALID_ARGUMENT, null_mut()),
            "{url}"
        );
        assert!(last_error().contains(url), "{}", last_error());
    }
    for url in both.into_iter().chain(clients) {
        let mut out = dangling_mut();
        // SAFETY: a string, NULL and a local.
        let status = unsafe { calc_ipc_client_create(text(url).as_ptr(), null(), &raw mut out) };
        assert_eq!(
            (status, out),
            (CALC_IPC_STATUS_INVALID_ARGUMENT, null_mut()),
            "{url}"
        );
        assert!(last_error().contains(url), "{}", last_error());
    }
}
