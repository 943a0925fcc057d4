//! Batches, over every transport: sizes, order, and failures half-way.
#![cfg_attr(windows, allow(unused, reason = "some of these tests are for Unix"))]
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use calc_ipc::calculator::{ErrorText, Request};
use calc_ipc::error::Status;
use calc_ipc::service::{Client, Handler, pipe};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::sync::mpsc;
use std::sync::{Mutex, atomic::AtomicU32, atomic::Ordering};
use std::time::Duration;
use support::{Address, TRANSPORTS, add};

fn sums(count: i64) -> Vec<Request> {
    (0..count).map(|number| add(number, 1)).collect()
}

fn collect(
    client: &Client,
    requests: &[Request],
) -> (Vec<Result<i64, ErrorText>>, Result<(), Status>) {
    let mut responses = Vec::new();
    let result = client.call_many(requests, |response| responses.push(response));
    (responses, result.map_err(|error| error.status()))
}

#[test]
fn batches_of_every_size_are_answered_in_order() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let _server = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
        let client = transport.client(&address);
        for count in [0, 1, 2, 249, 250, 4096, 4097, 50_000] {
            let (responses, result) = collect(&client, &sums(count));
            assert_eq!(result, Ok(()), "{} {count}", transport.name);
            let expected: Vec<_> = (0..count).map(|number| Ok(number + 1)).collect();
            assert!(responses == expected, "{} {count}", transport.name);
            assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(2));
        }
    }
}

#[test]
#[cfg(unix)]
fn a_child_answers_batches() {
    let client = pipe::create(Handler::Calculator, &ClientOptions::default()).unwrap();
    let (responses, result) = collect(&client, &sums(50_000));
    assert_eq!((responses.len(), result), (50_000, Ok(())));
    assert!(
        responses
            .iter()
            .zip(1..)
            .all(|(response, number)| *response == Ok(number))
    );
}

#[test]
fn long_answers_to_many_requests_do_not_lock_up() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let handler = Handler::new(|_| Err(ErrorText::from("e".repeat(255).as_str())));
        let _server = transport.serve(&address, handler, &ServerOptions::default());
        let client = transport.client(&address);
        let (responses, result) = collect(&client, &sums(20_000));
        assert_eq!(
            (responses.len(), result),
            (20_000, Ok(())),
            "{}",
            transport.name
        );
    }
}

#[test]
fn a_batch_that_ends_half_way_gives_the_right_first_part() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let (go, may_go) = mpsc::channel::<()>();
        let may_go = Mutex::new(may_go);
        let handler = Handler::new(move |request| {
            if request.arg1 == 5000 {
                let _ = may_go.lock().unwrap().recv();
            }
            calc_ipc::calculator::execute(request)
        });
        let _server = transport.serve(&address, handler, &ServerOptions::default());
        let options = ClientOptions {
            call_timeout: Some(Duration::from_millis(200)),
            ..ClientOptions::default()
        };
        let client = transport.client_with(&address, &options);
        let (responses, result) = collect(&client, &sums(8000));
        assert_eq!(result, Err(Status::TimedOut), "{}", transport.name);
        assert!(responses.len() <= 5000);
        assert!(
            responses
                .iter()
                .zip(1..)
                .all(|(response, number)| *response == Ok(number))
        );
        go.send(()).unwrap();
        // Either the rest was never sent, or its answers are dropped; or the connection had to close.
        let after = (0..200).map(|_| client.call(&add(20, 22)).map_err(|error| error.status()));
        let after: Vec<_> = after
            .take_while(|result| *result == Err(Status::TimedOut))
            .collect();
        assert!(after.len() < 200, "{}", transport.name);
        match client.call(&add(20, 22)) {
            Ok(response) => assert_eq!(response, Ok(42), "{}", transport.name),
            Err(error) => assert_eq!(error.status(), Status::Closed, "{}", transport.name),
        }
    }
}

#[test]
fn answers_stop_with_the_server_and_are_right_until_then() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let served = AtomicU32::new(0);
        let (enough, is_enough) = mpsc::channel();
        let enough = Mutex::new(enough);
        let handler = Handler::new(move |request| {
            if served.fetch_add(1, Ordering::Relaxed) == 10_000 {
                let _ = enough.lock().unwrap().send(());
            }
            calc_ipc::calculator::execute(request)
        });
        let server = transport.serve(&address, handler, &ServerOptions::default());
        let client = transport.client(&address);
        let (responses, result) = std::thread::scope(|scope| {
            let calls = scope.spawn(|| collect(&client, &sums(3_000_000)));
            is_enough.recv().unwrap();
            server.stop().unwrap();
            calls.join().unwrap()
        });
        assert_eq!(result, Err(Status::Closed), "{}", transport.name);
        assert!(responses.len() < 3_000_000);
        assert!(
            responses
                .iter()
                .zip(1..)
                .all(|(response, number)| *response == Ok(number))
        );
    }
}
