//! Processes that are killed and stopped while they serve or call, on every system: this one, executed again.

#![allow(clippy::unwrap_used, reason = "this is a test")]

#[path = "support/executed.rs"]
mod executed;
mod support;

use calc_ipc::error::Status;
use executed::{Actor, LATE, NEVER, Test, assert_died, bind, connect, connect_within};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;
use support::{add, eventually};

fn main() {
    executed::main(&TESTS);
}

/// Each test, and its name.
const TESTS: [(&str, Test); 7] = [
    (
        "who_waits_for_a_server_that_is_killed_learns_of_it",
        who_waits_for_a_server_that_is_killed_learns_of_it,
    ),
    (
        "how_a_servers_process_ended_is_told",
        how_a_servers_process_ended_is_told,
    ),
    (
        "a_name_is_free_once_its_server_was_killed",
        a_name_is_free_once_its_server_was_killed,
    ),
    (
        "a_server_that_was_stopped_goes_on",
        a_server_that_was_stopped_goes_on,
    ),
    (
        "a_server_lets_go_of_clients_that_are_killed",
        a_server_lets_go_of_clients_that_are_killed,
    ),
    (
        "a_client_that_is_stopped_keeps_nobody",
        a_client_that_is_stopped_keeps_nobody,
    ),
    (
        "servers_killed_at_any_moment_end_calls_and_make_none_wrong",
        servers_killed_at_any_moment_end_calls_and_make_none_wrong,
    ),
];

fn who_waits_for_a_server_that_is_killed_learns_of_it(url: &str) {
    let mut server = Actor::serving(url);
    let client = connect(url).unwrap();
    assert_eq!(client.call(&add(1, 0)).unwrap(), Ok(1));
    thread::scope(|scope| {
        let waiter = scope.spawn(|| client.call(&add(1, NEVER)).unwrap_err());
        thread::sleep(Duration::from_millis(20));
        server.kill();
        assert_died(&waiter.join().unwrap());
    });
    assert_died(&client.call(&add(1, 0)).unwrap_err());
}

/// A server's process that ends with a code of its own, while a client has a connection and asks nothing.
fn how_a_servers_process_ended_is_told(url: &str) {
    for code in [0, 3] {
        let mut server = Actor::new(&["serve", url, &code.to_string()]);
        let client = connect(url).unwrap();
        assert_eq!(client.call(&add(1, 0)).unwrap(), Ok(1));
        assert_eq!(server.code(), Some(code));
        let error = client.call(&add(1, 0)).unwrap_err();
        match code {
            0 if url.starts_with("npipe") => assert_eq!(error.status(), Status::Closed, "{error}"),
            _ => assert_died(&error),
        }
    }
}

fn a_name_is_free_once_its_server_was_killed(url: &str) {
    let mut server = Actor::serving(url);
    let idle = connect(url).unwrap();
    assert_eq!(idle.call(&add(1, 0)).unwrap(), Ok(1));
    for _ in 0..3 {
        server.kill();
        let error = connect(url)
            .and_then(|client| client.call(&add(1, 0)))
            .unwrap_err();
        assert_eq!(error.status(), Status::NotConnected, "{error}");
        server = Actor::serving(url); // Clients of the dead one do not hinder it.
        assert_eq!(connect(url).unwrap().call(&add(2, 0)).unwrap(), Ok(2));
    }
}

fn a_server_that_was_stopped_goes_on(url: &str) {
    let server = Actor::serving(url);
    let client = connect_within(url, Duration::from_millis(30)).unwrap();
    eventually("it is slow", || client.call(&add(0, 0)).is_ok());
    server.stop(true);
    for number in 1..4 {
        // It is stopped a moment after it was told to.
        let mut error = None;
        eventually("it is not stopped", || {
            error = client.call(&add(number, 0)).err();
            error.is_some()
        });
        assert_eq!(error.unwrap().status(), Status::TimedOut);
    }
    server.stop(false);
    let mut answer = None;
    eventually("it does not go on", || {
        answer = client.call(&add(9, 0)).ok();
        answer.is_some()
    });
    assert_eq!(answer, Some(Ok(9)), "late answers are dropped");
}

fn a_server_lets_go_of_clients_that_are_killed(url: &str) {
    let server = bind(url).unwrap();
    server.start().unwrap();
    for how in [0, LATE, NEVER] {
        let mut client = Actor::calling(url, how);
        assert_eq!(server.stats().unwrap().clients, 1);
        thread::sleep(Duration::from_millis(5));
        client.kill();
        // A handler that never returns keeps its thread and its client.
        if how != NEVER {
            eventually("the client is still there", || {
                server.stats().unwrap().clients == 0
            });
        }
    }
    let client = connect(url).unwrap();
    assert_eq!(client.call(&add(3, 0)).unwrap(), Ok(3));
    // The other thread hangs in its handler, so that stopping would wait for it.
    std::mem::forget(server);
}

fn a_client_that_is_stopped_keeps_nobody(url: &str) {
    let server = bind(url).unwrap();
    server.start().unwrap();
    let stopped = Actor::calling(url, 0);
    stopped.stop(true);
    let client = connect(url).unwrap();
    for number in 0..100 {
        assert_eq!(client.call(&add(number, 0)).unwrap(), Ok(number));
    }
    let requests = || server.stats().unwrap().requests;
    let before = requests();
    stopped.stop(false);
    eventually("it does not call on", || requests() > before + 100);
    drop(stopped);
    drop(client);
    eventually("clients are still there", || {
        server.stats().unwrap().clients == 0
    });
    server.stop().unwrap();
}

fn servers_killed_at_any_moment_end_calls_and_make_none_wrong(url: &str) {
    for round in 0..6_u64 {
        let mut server = Actor::serving(url);
        let (answered, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            for caller in 0..3 {
                let (answered, is_over) = (&answered, &is_over);
                scope.spawn(move || {
                    while !is_over.load(Ordering::Relaxed) {
                        call_until_it_ends(url, caller, answered);
                    }
                });
            }
            let enough = 100 + round * 37;
            eventually("they are answered", || {
                answered.load(Ordering::Relaxed) > enough
            });
            server.kill();
            is_over.store(true, Ordering::Relaxed);
        });
    }
}

/// Calls for as long as there is a server, and counts the answers.
fn call_until_it_ends(url: &str, caller: i64, answered: &AtomicU64) {
    let Ok(client) = connect(url) else {
        return;
    };
    for number in caller.. {
        match client.call(&add(number, 0)) {
            Ok(answer) => assert_eq!(answer, Ok(number)),
            Err(error) => {
                let expected = [Status::Closed, Status::PeerDied, Status::NotConnected];
                assert!(expected.contains(&error.status()), "{error}");
                return;
            }
        }
        answered.fetch_add(1, Ordering::Relaxed);
    }
}
