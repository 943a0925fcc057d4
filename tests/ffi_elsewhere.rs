//! What only Windows has: here it is UNSUPPORTED, and the last error says what to use.
#![cfg(target_os = "linux")]

#[path = "support/api.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod api;
mod support;

use api::{last_error, text};

use calc_ipc::ffi::{client::*, dispatch::*, flight::*, named_pipe::*, server::*, status::*};
use std::ffi::{CStr, c_char};
use std::ptr::{dangling_mut, null, null_mut};

const NAMES: [&CStr; 2] = [c"calc", c"\\\\.\\pipe\\calc"];
const URLS: [&CStr; 2] = [c"npipe://calc", c"npipe:////./pipe/calc"];

/// Fails unless a create left NULL and said that there is none, and what there is.
fn check<T>(status: calc_ipc_status, out: *mut T) {
    assert_eq!((status, out), (CALC_IPC_STATUS_UNSUPPORTED, null_mut()));
    assert!(last_error().contains("unix:///path"), "{}", last_error());
}

#[test]
fn named_pipes_are_unsupported_and_a_unix_socket_is_named() {
    for name in NAMES.map(CStr::as_ptr) {
        let (mut server, mut client) = (dangling_mut(), dangling_mut());
        // SAFETY: a string, NULL and a local.
        let status = unsafe {
            calc_ipc_named_pipe_server_create(name, None, null_mut(), null(), &raw mut server)
        };
        check(status, server);
        // SAFETY: as above.
        let status = unsafe { calc_ipc_named_pipe_client_create(name, null(), &raw mut client) };
        check(status, client);
    }
    for url in URLS.map(CStr::as_ptr) {
        let (mut server, mut client) = (dangling_mut(), dangling_mut());
        // SAFETY: a string, NULL and a local.
        let status =
            unsafe { calc_ipc_server_create(url, None, null_mut(), null(), &raw mut server) };
        check(status, server);
        // SAFETY: as above.
        let status = unsafe { calc_ipc_client_create(url, null(), &raw mut client) };
        check(status, client);
    }
}

#[test]
fn handles_to_wait_for_are_unsupported_and_descriptors_are_named() {
    let address = support::Address::new();
    let url = text(&format!("unix://{}", address.path("sock")));
    let (mut server, mut client) = (null_mut(), null_mut());
    let mut handle = dangling_mut();
    let url: *const c_char = url.as_ptr();
    // SAFETY: a string, NULL and locals; handles are live until destroyed.
    unsafe {
        let status = calc_ipc_server_create(url, None, null_mut(), null(), &raw mut server);
        assert_eq!(status, CALC_IPC_STATUS_OK, "{}", last_error());
        let status = calc_ipc_client_create(url, null(), &raw mut client);
        assert_eq!(status, CALC_IPC_STATUS_OK, "{}", last_error());
        let status = calc_ipc_server_wait_handle(server, &raw mut handle);
        assert_eq!(
            (status, handle),
            (CALC_IPC_STATUS_UNSUPPORTED, dangling_mut())
        );
        assert!(
            last_error().contains("calc_ipc_server_fd"),
            "{}",
            last_error()
        );
        let status = calc_ipc_client_wait_handle(client, &raw mut handle);
        assert_eq!(
            (status, handle),
            (CALC_IPC_STATUS_UNSUPPORTED, dangling_mut())
        );
        assert!(
            last_error().contains("calc_ipc_client_fd"),
            "{}",
            last_error()
        );
        calc_ipc_client_destroy(client);
        // Asking did not make it a server that its host drives.
        assert_eq!(calc_ipc_server_start(server), CALC_IPC_STATUS_OK);
        calc_ipc_server_destroy(server);
    }
}
