//! Long messages, many after one another and between short ones, by every kind of call: each answer is its request's, whole.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

#[path = "support/loans.rs"]
mod lent;
mod support;

use calc_ipc::service::{Client, Handler, Limit, Next};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use lent::{fill, read};
use std::ops::Range;
use std::sync::LazyLock;
use std::time::Duration;
use support::{PATIENCE, over_each, patient};

const LONGEST: usize = 65_536;
/// Of short ones, and of as many long ones as lie in what a client and a server share, and some more.
const MESSAGES: Range<usize> = 0..120;

/// A message like no other: each begins elsewhere in bytes that do not repeat so soon.
fn message(number: usize) -> Vec<u8> {
    static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| {
        (0..70_000)
            .map(|place| u8::try_from(place % 251).unwrap())
            .collect()
    });
    let lengths = [LONGEST, 20_000, 60, LONGEST - 1, 5, 40_000, 16_384, 16_383];
    let length = lengths[number % lengths.len()];
    BYTES[number..number + length].to_vec()
}

/// Answers at once.
fn prompt() -> Handler {
    Handler::bytes(|request, room| {
        room[..request.len()].copy_from_slice(request);
        Some(request.len())
    })
}

/// Answers from where the request lies.
fn in_place() -> Handler {
    Handler::InPlace(Box::new(|request, room| {
        let bytes = read(request);
        room[..bytes.len()].copy_from_slice(&bytes);
        Some(bytes.len())
    }))
}

/// Answers from another thread.
fn deferred() -> Handler {
    Handler::deferred(|reply, request| {
        let answer = request.to_vec();
        std::thread::spawn(move || reply.send(&answer).unwrap());
    })
}

fn call(client: &Client) {
    let mut room = vec![0; LONGEST];
    for number in MESSAGES {
        let message = message(number);
        let length = client.call_bytes(&message, &mut room).unwrap();
        assert!(room[..length] == message, "message {number}");
    }
}

/// Each loan serves two calls.
fn call_by_loan(client: &Client) {
    for number in MESSAGES {
        let loan = client.loan(LONGEST).unwrap();
        for message in [message(number), message(number + 1)] {
            fill(loan, &message);
            let answer = client.call_loaned(Limit::Usual, loan, message.len());
            assert!(read(answer.unwrap()) == message, "{number}");
        }
        client.give_back(loan);
    }
}

/// Some at a time, which go as batches where that is how they go.
fn submit(client: &Client) {
    let mut room = vec![0; LONGEST];
    for first in MESSAGES.step_by(10) {
        for number in first..first + 10 {
            let tag = u64::try_from(number).unwrap();
            submit_one(client, &message(number), tag, &mut room);
        }
        while client.under_way().unwrap() > 0 {
            take_one(client, &mut room);
        }
    }
}

/// Takes answers first where no more are taken in.
fn submit_one(client: &Client, message: &[u8], tag: u64, room: &mut [u8]) {
    while client.submit(Limit::Usual, message, tag).is_err() {
        take_one(client, room);
    }
}

fn take_one(client: &Client, room: &mut [u8]) {
    let Next::Completion(completion) = client.next(Some(PATIENCE), room).unwrap() else {
        panic!("no completion");
    };
    let message = message(usize::try_from(completion.tag).unwrap());
    let length = completion.outcome.unwrap();
    assert!(room[..length] == message, "{}", completion.tag);
}

#[test]
fn each_is_answered_with_its_own_bytes() {
    over_each(|transport, address| {
        let serve_and_ask = |handler: fn() -> Handler, is_in_place, spin_us| {
            let options = ServerOptions {
                in_place: is_in_place,
                spin: Duration::from_micros(spin_us),
                ..ServerOptions::default()
            };
            let server = transport.serve(address, handler(), &options);
            for spin_us in [0, 50] {
                let options = ClientOptions {
                    spin: Duration::from_micros(spin_us),
                    ..patient()
                };
                for ask in [call, call_by_loan, submit] {
                    let client = transport.client_with(address, &options);
                    ask(&client);
                    call(&client);
                }
            }
            server.stop().unwrap();
        };
        serve_and_ask(prompt, false, 50);
        serve_and_ask(prompt, false, 0);
        serve_and_ask(in_place, true, 50);
        serve_and_ask(deferred, false, 50);
    });
}
