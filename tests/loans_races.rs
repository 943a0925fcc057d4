//! Loans that several threads take and give back at once.
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Client, Handler, Limit};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::thread;
use support::{over_each, patient, status};

/// A handler that answers with nothing.
fn silent() -> Handler {
    Handler::Bytes(Box::new(|_, _| Some(0)))
}

fn with_connections(connections: u32) -> ClientOptions {
    ClientOptions {
        connections,
        ..patient()
    }
}

/// Runs this in several threads at once.
fn in_threads(run: impl Fn() + Sync) {
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(&run);
        }
    });
}

#[test]
fn threads_that_take_turns_find_the_connection_given_back() {
    over_each(|transport, address| {
        let _server = transport.serve(address, silent(), &ServerOptions::default());
        let client = Client::connect(&transport.place(address), &with_connections(1)).unwrap();
        in_threads(|| {
            for _ in 0..20_000 {
                client.give_back(client.loan(10).unwrap());
            }
        });
        assert_eq!(client.call_bytes(b"x", &mut []).unwrap(), 0);
    });
}

#[test]
fn calls_of_all_kinds_take_turns_with_loans() {
    over_each(|transport, address| {
        let _server = transport.serve(address, silent(), &ServerOptions::default());
        let client = Client::connect(&transport.place(address), &with_connections(2)).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                for tag in 0..2000 {
                    client.submit(Limit::Usual, b"x", tag).unwrap();
                    client.next(None, &mut []).unwrap();
                }
            });
            in_threads(|| {
                for length in 0..500 {
                    let loan = client.loan(length).unwrap();
                    let answer = client.call_loaned(Limit::Usual, loan, length).unwrap();
                    assert_eq!(answer.length, 0);
                    client.give_back(loan);
                    client.call_bytes(b"x", &mut []).unwrap();
                }
            });
        });
    });
}

#[test]
fn a_loan_that_is_given_back_by_two_is_given_back_once() {
    over_each(|transport, address| {
        let _server = transport.serve(address, silent(), &ServerOptions::default());
        let client = transport.client_with(address, &patient());
        for _ in 0..1000 {
            let loan = client.loan(10).unwrap();
            in_threads(|| client.give_back(loan));
            let gone = client.call_loaned(Limit::Usual, loan, 1);
            assert_eq!(status(gone), Status::InvalidArgument);
        }
        assert_eq!(client.call_bytes(b"x", &mut []).unwrap(), 0);
    });
}
