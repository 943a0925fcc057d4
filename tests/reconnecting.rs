//! Clients whose connections are made anew, and those whose are not.

#![allow(clippy::unwrap_used, reason = "this is a test")]

#[path = "support/shared_client.rs"]
mod shared_client;
mod support;

use calc_ipc::error::Status;
#[cfg(unix)]
use calc_ipc::service::pipe;
use calc_ipc::service::{Client, Limit};
use calc_ipc::transport::{Address as Place, ClientOptions, ServerOptions};
use shared_client::{Gate, SLOW, ask, gated, next, only, submit, try_to_connect};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use support::{echo, eventually, over_each, status};

#[test]
fn a_client_that_reconnects_needs_no_server_to_begin_with_and_outlives_many() {
    over_each(|transport, address| {
        for connections in [0, 1, 3] {
            let client = try_to_connect(transport, address, connections, true).unwrap();
            assert_eq!(
                status(ask(&client, 1)),
                Status::NotConnected,
                "{}",
                transport.name
            );
            let submitted = submit(&client, 1);
            let refused = match submitted {
                Ok(_) => next(&client).0.outcome.unwrap_err(),
                Err(error) => error,
            };
            assert_eq!(refused.status(), Status::NotConnected);
            assert!(refused.is_not_executed());
            for life in 0..3 {
                let server = transport.serve(address, echo(), &ServerOptions::default());
                // It is known to be dead only when it is next looked at.
                eventually("it reconnects", || ask(&client, 1).is_ok());
                ask(&client, 2).unwrap();
                eventually("it submits", || submit(&client, life).is_ok());
                let (completion, _) = next(&client);
                assert_eq!(completion.outcome.unwrap(), 8);
                server.stop().unwrap();
            }
        }
    });
}

#[test]
fn a_call_after_a_while_finds_that_the_server_is_another_one() {
    over_each(|transport, address| {
        let client = try_to_connect(transport, address, 0, true).unwrap();
        for number in 0..3 {
            let server = transport.serve(address, echo(), &ServerOptions::default());
            thread::sleep(Duration::from_millis(11)); // Long enough for the client to look.
            ask(&client, number).unwrap();
            server.stop().unwrap();
        }
    });
}

/// What an address of Unix sockets is refused with.
const OF_UNIX: Status = match cfg!(unix) {
    true => Status::InvalidArgument,
    false => Status::Unsupported,
};

#[test]
fn what_cannot_be_reached_ever_is_refused_at_once() {
    let options = ClientOptions {
        reconnect: true,
        ..ClientOptions::default()
    };
    let long = format!("/{}", "x".repeat(200));
    let refused = [
        (Place::unix(long), OF_UNIX),
        (Place::tcp("no such host", 1), Status::NotConnected),
        (Place::tcp("*", 1), Status::InvalidArgument),
        (Place::tcp("127.0.0.1", 0), Status::InvalidArgument),
        (Place::exec("/bin/true"), Status::Unsupported),
    ];
    for (place, expected) in refused {
        assert_eq!(
            status(Client::connect(&place, &options)),
            expected,
            "{place}"
        );
    }
    let options = ClientOptions {
        connections: 1025,
        ..ClientOptions::default()
    };
    let place = Place::tcp("localhost", 1);
    assert_eq!(
        status(Client::connect(&place, &options)),
        Status::InvalidArgument
    );
}

#[test]
fn a_client_that_reconnects_to_a_full_server_is_told_so_and_let_in_later() {
    over_each(|transport, address| {
        let _server = transport.serve(address, echo(), &only(1));
        for connections in [0, 1, 3] {
            // The place of the last client may still be taken.
            let first = try_to_connect(transport, address, 0, true).unwrap();
            eventually("the first one is let in", || ask(&first, 1).is_ok());
            let client = try_to_connect(transport, address, connections, true).unwrap();
            for number in 0..3 {
                assert_eq!(
                    status(ask(&client, number)),
                    Status::Refused,
                    "{}",
                    transport.name
                );
                let refused = match submit(&client, number) {
                    Ok(_) => next(&client).0.outcome.unwrap_err(),
                    Err(error) => error,
                };
                assert_eq!(refused.status(), Status::Refused, "{}", transport.name);
            }
            drop(first);
            eventually("it is let in", || ask(&client, 1).is_ok());
        }
    });
}

#[test]
fn what_is_submitted_after_a_while_finds_that_the_server_is_another_one() {
    over_each(|transport, address| {
        let client = try_to_connect(transport, address, 0, true).unwrap();
        for number in 0..3 {
            let server = transport.serve(address, echo(), &ServerOptions::default());
            thread::sleep(Duration::from_millis(11)); // Long enough for the client to look.
            submit(&client, number).unwrap();
            assert_eq!(next(&client).1, Some(number), "{}", transport.name);
            server.stop().unwrap();
        }
    });
}

#[test]
fn a_server_that_is_another_one_is_found_though_an_answer_was_owed() {
    over_each(|transport, address| {
        let client = try_to_connect(transport, address, 0, true).unwrap();
        let gate = Arc::new(Gate::default());
        let server = transport.serve(address, gated(&gate), &ServerOptions::default());
        let limit = Limit::Own(Some(Duration::from_millis(5)));
        let late = client.call_bytes_within(limit, &SLOW.to_le_bytes(), &mut []);
        assert_eq!(status(late), Status::TimedOut);
        gate.open();
        server.stop().unwrap();
        let _server = transport.serve(address, echo(), &ServerOptions::default());
        thread::sleep(Duration::from_millis(11));
        ask(&client, 1).unwrap();
    });
}

#[test]
#[cfg(unix)]
fn children_are_not_made_anew_and_calls_wait_for_each_other() {
    let reconnects = ClientOptions {
        reconnect: true,
        ..ClientOptions::default()
    };
    let refused = pipe::create(echo(), &reconnects);
    assert_eq!(status(refused), Status::Unsupported);
    let waits = ClientOptions {
        connections: 3,
        ..ClientOptions::default()
    };
    let client = pipe::create(echo(), &waits).unwrap();
    thread::scope(|scope| {
        for thread in 0..3 {
            let client = &client;
            scope.spawn(move || {
                (0..50).for_each(|number| ask(client, thread << 32 | number).unwrap())
            });
        }
    });
}
