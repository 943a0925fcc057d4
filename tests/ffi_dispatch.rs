//! What the C interface says of servers that their host drives.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

#[path = "support/ear.rs"]
mod ear;
mod support;

use calc_ipc::ffi::{dispatch::*, observe::*, server::*, status::*, timeout::*};
use ear::{Ear, Watched};
use std::ptr::{dangling_mut, null_mut};
use std::thread;
use support::{eventually, over_each};

/// What a turn gives.
fn dispatch(server: &Watched, timeout_ms: u32) -> calc_ipc_status {
    // SAFETY: it is live.
    unsafe { calc_ipc_server_dispatch(server.0, timeout_ms) }
}

/// By what the host's loop knows it, which is not a standard stream.
#[cfg(unix)]
fn number(server: &Watched) -> usize {
    let mut fd = -1;
    // SAFETY: a live server, and a local.
    let status = unsafe { calc_ipc_server_fd(server.0, &raw mut fd) };
    assert_eq!(status, CALC_IPC_STATUS_OK);
    assert!(fd > 2);
    usize::try_from(fd).unwrap()
}

#[cfg(windows)]
fn number(server: &Watched) -> usize {
    let mut handle = null_mut();
    // SAFETY: a live server, and a local.
    let status = unsafe { calc_ipc_server_wait_handle(server.0, &raw mut handle) };
    assert_eq!(status, CALC_IPC_STATUS_OK);
    assert!(!handle.is_null());
    handle as usize
}

/// What the functions say that give one, where this system's is asked for and the other's.
const REFUSED: [calc_ipc_status; 2] = match cfg!(unix) {
    true => [
        CALC_IPC_STATUS_INVALID_ARGUMENT,
        CALC_IPC_STATUS_UNSUPPORTED,
    ],
    false => [
        CALC_IPC_STATUS_UNSUPPORTED,
        CALC_IPC_STATUS_INVALID_ARGUMENT,
    ],
};

#[test]
fn a_turn_says_whether_there_was_something_to_do() {
    over_each(|transport, address| {
        let ear = Ear::new();
        let server = ear.create(transport, address, |_| ());
        let fd = number(&server);
        assert_eq!(dispatch(&server, 0), CALC_IPC_STATUS_TIMED_OUT);
        assert_eq!(dispatch(&server, 1), CALC_IPC_STATUS_TIMED_OUT);
        let wrong = dispatch(&server, CALC_IPC_TIMEOUT_DEFAULT);
        assert_eq!(wrong, CALC_IPC_STATUS_INVALID_ARGUMENT);
        thread::scope(|scope| {
            let calling = scope.spawn(|| {
                let client = server.client();
                assert_eq!(client.call_bytes(b"hello", &mut [0; 5]).unwrap(), 5);
            });
            let mut done = 0;
            while !calling.is_finished() || server.stats().clients > 0 {
                match dispatch(&server, 20) {
                    CALC_IPC_STATUS_OK => done += 1,
                    status => assert_eq!(status, CALC_IPC_STATUS_TIMED_OUT),
                }
            }
            assert!(done > 0, "it let the client in, at least");
        });
        assert_eq!(dispatch(&server, 0), CALC_IPC_STATUS_TIMED_OUT);
        assert_eq!(number(&server), fd, "it stays the same");
        let kinds: Vec<_> = ear.take().iter().map(|told| told.kind).collect();
        assert_eq!(kinds, [CALC_IPC_EVENT_CAME, CALC_IPC_EVENT_LEFT]);
        server.stop();
        assert_eq!(dispatch(&server, 0), CALC_IPC_STATUS_STOPPED);
        assert_eq!(number(&server), fd);
    });
}

#[test]
fn a_failure_writes_no_number() {
    let (transport, address) = (&support::TRANSPORTS[0], support::Address::new());
    let server = Ear::new().create(transport, &address, |options| {
        options.workers = 2;
        options.observer = None;
    });
    let (mut fd, mut handle) = (5, dangling_mut());
    // SAFETY: a live server, and locals.
    let statuses = unsafe {
        [
            calc_ipc_server_fd(server.0, &raw mut fd),
            calc_ipc_server_fd(server.0, null_mut()),
            calc_ipc_server_dispatch(server.0, 0),
            calc_ipc_server_wait_handle(server.0, &raw mut handle),
            calc_ipc_server_wait_handle(server.0, null_mut()),
        ]
    };
    let ([number, handle_given], wrong) = (REFUSED, CALC_IPC_STATUS_INVALID_ARGUMENT);
    assert_eq!(statuses, [number, wrong, wrong, handle_given, wrong]);
    assert_eq!((fd, handle), (5, dangling_mut()));
}

#[test]
fn destroy_waits_for_a_turn_that_waits() {
    over_each(|transport, address| {
        let ear = Ear::new();
        let server = ear.create(transport, address, |_| ());
        assert_eq!(dispatch(&server, 0), CALC_IPC_STATUS_TIMED_OUT);
        let handle = server.0 as usize;
        let driving = thread::spawn(move || {
            let server = handle as *const calc_ipc_server;
            loop {
                // SAFETY: destroy may overlap a call, and comes during the last one.
                let status = unsafe { calc_ipc_server_dispatch(server, CALC_IPC_TIMEOUT_NONE) };
                if status != CALC_IPC_STATUS_BUSY {
                    return status;
                }
            }
        });
        // Since there is nothing to do, it stays there.
        eventually("it waits", || dispatch(&server, 0) == CALC_IPC_STATUS_BUSY);
        drop(server);
        assert_eq!(driving.join().unwrap(), CALC_IPC_STATUS_STOPPED);
    });
}
