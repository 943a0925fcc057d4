//! Clients that come while a server stops.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Client, Handler};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::time::Duration;
use support::{Address, TRANSPORTS, add};

#[test]
fn clients_that_come_while_a_server_of_several_threads_stops_see_it_closed() {
    for transport in &TRANSPORTS {
        for round in 0..60 {
            let address = Address::new();
            let options = ServerOptions {
                workers: 3,
                ..ServerOptions::default()
            };
            let server = transport.serve(&address, Handler::Calculator, &options);
            std::thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| call_until_it_ends(transport, &address));
                }
                std::thread::sleep(Duration::from_micros(2000 + round * 37));
                server.stop().unwrap();
            });
        }
    }
}

fn call_until_it_ends(transport: &support::Transport, address: &Address) {
    let options = ClientOptions::default();
    let is = |expected, error: calc_ipc::error::Error| {
        assert_eq!(error.status(), expected, "{}: {error}", transport.name);
    };
    // Each connection is short, so that many are on their way from one thread to another.
    loop {
        let client = match (transport.connect)(address, &options) {
            Ok(channel) => Client::new(channel, &options),
            Err(error) => return is(Status::NotConnected, error),
        };
        for number in 0..5 {
            if let Err(error) = client.call(&add(number, 1)) {
                return is(Status::Closed, error);
            }
        }
    }
}
