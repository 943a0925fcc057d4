//! Handles made and destroyed, as C makes them, until anything left behind would show.

use crate::random::how_often;
use crate::role::{PIPE, act};
use crate::support::processes::{Census, state};
use crate::support::{Address, Transport};
use calc_ipc::ffi::{client::*, pipe::*, server::*, status::*};
use std::ffi::{CStr, CString};
use std::ptr::{null, null_mut};

/// What may come and go with the allocator, once it has grown to its use.
const MEMORY: u64 = 2 << 20;

/// The memory of this process that is not shared with a file, in bytes.
fn own_memory() -> u64 {
    state::status_number("self", "RssAnon") << 10
}

fn try_handles(transport: &str) {
    let rounds = how_often("CALC_IPC_HANDLES", 2000);
    act(&format!("handles {transport} {rounds}"));
}

#[test]
fn handles_leave_nothing_behind_over_a_pipe() {
    try_handles("pipe");
}

#[test]
fn handles_leave_nothing_behind_over_fifos() {
    try_handles("fifo");
}

#[test]
fn handles_leave_nothing_behind_over_shared_memory() {
    try_handles("shm");
}

#[test]
fn handles_leave_nothing_behind_over_a_unix_socket() {
    try_handles("uds");
}

#[test]
fn handles_leave_nothing_behind_over_a_seqpacket_socket() {
    try_handles("seqpacket");
}

#[test]
fn handles_leave_nothing_behind_over_tcp() {
    try_handles("tcp");
}

/// As many servers that never serve, servers that do, clients and, of the pipe, children.
pub(crate) fn make_and_destroy(transport: &str, rounds: usize) {
    let address = Address::new();
    let url = (transport != PIPE).then(|| (Transport::named(transport).url)(&address));
    let url = url.map(|url| CString::new(url).unwrap());
    let round = || match &url {
        None => one_child(),
        Some(url) => one_of_each(url),
    };
    (0..rounds.div_ceil(4)).for_each(|_| round());
    let (before, memory) = (Census::own(), own_memory());
    (0..rounds).for_each(|_| round());
    before.await_no_more(transport);
    assert_eq!(address.leftovers(), [""; 0], "{transport}");
    let grown = own_memory().saturating_sub(memory);
    assert!(grown < MEMORY, "{transport}: {grown} bytes more");
}

fn one_of_each(url: &CStr) {
    let (mut idle, mut server, mut client) = (null_mut(), null_mut(), null_mut());
    // SAFETY: a string, and locals for handles that are destroyed once.
    unsafe {
        let made = calc_ipc_server_create(url.as_ptr(), None, null_mut(), null(), &raw mut idle);
        assert_eq!(made, CALC_IPC_STATUS_OK);
        calc_ipc_server_destroy(idle);
        let made = calc_ipc_server_create(url.as_ptr(), None, null_mut(), null(), &raw mut server);
        assert_eq!(made, CALC_IPC_STATUS_OK);
        assert_eq!(calc_ipc_server_start(server), CALC_IPC_STATUS_OK);
        let real = calc_ipc_server_url(server);
        let made = calc_ipc_client_create(real, null(), &raw mut client);
        assert_eq!(made, CALC_IPC_STATUS_OK);
        calc_ipc_client_destroy(client);
        calc_ipc_server_destroy(server);
    }
}

fn one_child() {
    let mut client = null_mut();
    // SAFETY: a local for a handle that is destroyed once.
    unsafe {
        let made = calc_ipc_pipe_create(None, null_mut(), null(), &raw mut client);
        assert_eq!(made, CALC_IPC_STATUS_OK);
        calc_ipc_pipe_destroy(client);
    }
}
