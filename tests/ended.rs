//! Processes that are killed and stopped while they serve or call, on every system: this one, executed again.

#![allow(clippy::unwrap_used, reason = "this is a test")]

#[path = "support/executed.rs"]
mod executed;

use calc_ipc::error::Status;
use executed::{Actor, LATE, NEVER, Test, ask, bind, connect, connect_within, eventually};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

fn main() {
    executed::main(&TESTS);
}

/// Each test, and its name.
const TESTS: [(&str, Test); 6] = [
    (
        "who_waits_for_a_server_that_is_killed_learns_of_it",
        who_waits_for_a_server_that_is_killed_learns_of_it,
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
    assert_eq!(client.call(&ask(1, 0)).unwrap(), Ok(1));
    thread::scope(|scope| {
        let waiter = scope.spawn(|| client.call(&ask(1, NEVER)).unwrap_err().status());
        thread::sleep(Duration::from_millis(20));
        server.kill();
        let status = waiter.join().unwrap();
        assert!(
            matches!(status, Status::Closed | Status::PeerDied),
            "{status}"
        );
    });
    let status = client.call(&ask(1, 0)).unwrap_err().status();
    assert!(
        matches!(status, Status::Closed | Status::PeerDied),
        "{status}"
    );
}

fn a_name_is_free_once_its_server_was_killed(url: &str) {
    let mut server = Actor::serving(url);
    let idle = connect(url).unwrap();
    assert_eq!(idle.call(&ask(1, 0)).unwrap(), Ok(1));
    for _ in 0..3 {
        server.kill();
        let error = connect(url)
            .and_then(|client| client.call(&ask(1, 0)))
            .unwrap_err();
        assert_eq!(error.status(), Status::NotConnected, "{error}");
        server = Actor::serving(url); // Clients of the dead one do not hinder it.
        assert_eq!(connect(url).unwrap().call(&ask(2, 0)).unwrap(), Ok(2));
    }
}

fn a_server_that_was_stopped_goes_on(url: &str) {
    let server = Actor::serving(url);
    let client = connect_within(url, Duration::from_millis(30)).unwrap();
    eventually("it is slow", || client.call(&ask(0, 0)).is_ok());
    server.stop(true);
    for number in 1..4 {
        // It is stopped a moment after it was told to.
        let mut error = None;
        eventually("it is not stopped", || {
            error = client.call(&ask(number, 0)).err();
            error.is_some()
        });
        assert_eq!(error.unwrap().status(), Status::TimedOut);
    }
    server.stop(false);
    let mut answer = None;
    eventually("it does not go on", || {
        answer = client.call(&ask(9, 0)).ok();
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
    assert_eq!(client.call(&ask(3, 0)).unwrap(), Ok(3));
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
        assert_eq!(client.call(&ask(number, 0)).unwrap(), Ok(number));
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
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            for caller in 0..3 {
                let is_over = &is_over;
                scope.spawn(move || {
                    while !is_over.load(Ordering::Relaxed) {
                        let Ok(client) = connect(url) else {
                            continue;
                        };
                        let answers =
                            (caller..).map(|number| (number, client.call(&ask(number, 0))));
                        for (number, answer) in answers {
                            match answer {
                                Ok(answer) => assert_eq!(answer, Ok(number)),
                                Err(error) => {
                                    let status = error.status();
                                    let expected =
                                        [Status::Closed, Status::PeerDied, Status::NotConnected];
                                    assert!(expected.contains(&status), "{error}");
                                    break;
                                }
                            }
                        }
                    }
                });
            }
            thread::sleep(Duration::from_micros(10_000 + round * 1337));
            server.kill();
            is_over.store(true, Ordering::Relaxed);
        });
    }
}
