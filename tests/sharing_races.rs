//! Connections that threads share, for calls of both kinds at once.
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use calc_ipc::service::{Client, Limit};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::thread;
use support::{echo, over_each, patient};

/// One call at a time is submitted, so that it never has both connections.
#[test]
fn calls_wait_for_a_connection_that_another_call_has() {
    over_each(|transport, address| {
        let _server = transport.serve(address, echo(), &ServerOptions::default());
        let options = ClientOptions {
            connections: 2,
            ..patient()
        };
        let client = Client::connect(&transport.place(address), &options).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                for tag in 0..3000 {
                    client.submit(Limit::Usual, b"x", tag).unwrap();
                    client.next(None, &mut [0; 1]).unwrap();
                }
            });
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1500 {
                        assert_eq!(client.call_bytes(b"xy", &mut [0; 2]).unwrap(), 2);
                    }
                });
            }
        });
    });
}
