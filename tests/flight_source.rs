//! What a client is watched by: readable when there is a completion to take, and quiet else.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

#[path = "support/in_flight.rs"]
mod in_flight;
mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Client, Limit, Next, Server};
use calc_ipc::transport::ServerOptions;
use in_flight::{FOREVER, LOOK, await_readable, gated, has_none, is_readable, next};
use std::sync::Arc;
use std::time::Duration;
use support::{echo, over_each};

#[test]
fn the_source_is_readable_when_there_is_something_and_quiet_when_there_is_not() {
    over_each(|transport, address| {
        let gate = Arc::default();
        let _server = transport.serve(address, gated(&gate), &ServerOptions::default());
        let client = transport.client(address);
        assert!(!is_readable(&client));
        client.submit(FOREVER, b"slow", 1).unwrap();
        let limited = client
            .submit(Limit::Own(Some(Duration::from_millis(5))), b"slow", 2)
            .unwrap();
        await_readable(&client);
        while has_none(&client) {
            await_readable(&client);
        }
        assert!(has_none(&client), "{limited} was the one");
        client.cancel(1).unwrap();
        assert!(is_readable(&client), "cancelled");
        assert_eq!(next(&client).0.id, 1);
        gate.open();
        client.submit(FOREVER, b"quick", 3).unwrap();
        client.submit(FOREVER, b"quick", 4).unwrap();
        for id in [3, 4] {
            await_readable(&client);
            assert_eq!(next(&client).0.id, id);
        }
        await_quiet(transport.name, &client);
    });
}

/// What readable without a completion may be, is over once it was looked at.
fn await_quiet(name: &str, client: &Client) {
    for _ in 0..100_000 {
        assert!(has_none(client));
        if !is_readable(client) {
            return;
        }
    }
    panic!("{name} is never quiet");
}

#[test]
fn a_server_that_goes_while_nothing_is_asked_leaves_the_source_quiet() {
    over_each(|transport, address| {
        let server = transport.serve(address, echo(), &ServerOptions::default());
        let client = transport.client(address);
        client.submit(FOREVER, b"hello", 1).unwrap();
        client.source().unwrap();
        next(&client);
        server.stop().unwrap();
        await_readable(&client);
        await_quiet(transport.name, &client);
    });
}

#[test]
fn a_server_that_does_not_serve_yet_leaves_the_source_quiet() {
    over_each(|transport, address| {
        let endpoint = (transport.bind)(address, &ServerOptions::default()).unwrap();
        let server = Server::new(endpoint, echo()).unwrap();
        let client = transport.client(address);
        client.source().unwrap();
        client.submit(FOREVER, b"hello", 1).unwrap();
        await_quiet(transport.name, &client);
        server.start().unwrap();
        assert_eq!(next(&client).1, b"hello");
    });
}

#[test]
fn a_loop_that_sleeps_is_woken_for_each_answer() {
    over_each(|transport, address| {
        let _server = transport.serve(address, echo(), &ServerOptions::default());
        let client = transport.client(address);
        client.source().unwrap();
        for number in 0..2000_u64 {
            client
                .submit(FOREVER, &number.to_le_bytes(), number)
                .unwrap();
            let mut answer = [0; 8];
            loop {
                await_readable(&client);
                match client.next(LOOK, &mut answer) {
                    Ok(Next::Completion(completion)) => {
                        assert_eq!(
                            (completion.tag, u64::from_le_bytes(answer)),
                            (number, number)
                        );
                        break;
                    }
                    Ok(Next::NoRoom(length)) => panic!("{length} bytes"),
                    Err(error) => assert_eq!(error.status(), Status::TimedOut),
                }
            }
        }
    });
}
