//! Messages that are built and read where they lie, over every transport with the same result.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

#[path = "support/loans.rs"]
mod lent;
mod support;

use calc_ipc::error::{Result, Status};
use calc_ipc::service::{Client, Handler, LOAN_ALIGNMENT, Limit, Next, Place};
use calc_ipc::transport::{ClientOptions, ServerOptions, ServerUser};
use lent::{fill, read};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use support::{over_each, patient, status};

/// The longest message that a line of shared memory holds.
const LINE: usize = 52;

/// Sends this message in a loan, and copies the answer out.
fn ask(client: &Client, loan: Place, message: &[u8]) -> Result<Vec<u8>> {
    fill(loan, message);
    client
        .call_loaned(Limit::Usual, loan, message.len())
        .map(read)
}

/// Bytes that no other length or seed gives.
fn pattern(length: usize, seed: usize) -> Vec<u8> {
    (0..length)
        .map(|at| u8::try_from((at * 7 + seed * 13 + length) % 251).unwrap())
        .collect()
}

/// A handler that answers with the message backwards, and fails at an empty one.
fn backwards() -> Handler {
    Handler::Bytes(Box::new(|message, room| {
        let place = room.get_mut(..message.len())?;
        place.copy_from_slice(message);
        place.reverse();
        (!message.is_empty()).then_some(message.len())
    }))
}

fn reversed(message: &[u8]) -> Vec<u8> {
    message.iter().rev().copied().collect()
}

/// The options of a client that trusts a server of its own user with what that has answered, and of one that does not.
fn both_trusts() -> [ClientOptions; 2] {
    [ServerUser::Own, ServerUser::Any].map(|server_user| ClientOptions {
        server_user,
        ..patient()
    })
}

#[test]
fn a_loaned_message_is_answered_as_any_other_is() {
    over_each(|transport, address| {
        let _server = transport.serve(address, backwards(), &ServerOptions::default());
        for options in both_trusts() {
            let client = transport.client_with(address, &options);
            for (seed, length) in [1, LINE, LINE + 1, 4096, 5000, 65_536, 3]
                .into_iter()
                .enumerate()
            {
                let loan = client.loan(length).unwrap();
                assert!(loan.as_ptr().addr().is_multiple_of(LOAN_ALIGNMENT));
                for again in 0..3 {
                    let message = pattern(length, seed + again);
                    let answer = ask(&client, loan, &message).unwrap();
                    assert_eq!(
                        answer,
                        reversed(&message),
                        "{length} over {}",
                        transport.name
                    );
                }
                client.give_back(loan);
                let message = pattern(length, seed);
                let mut answer = vec![0; length];
                assert_eq!(client.call_bytes(&message, &mut answer).unwrap(), length);
                assert_eq!(answer, reversed(&message), "as before");
            }
        }
    });
}

#[test]
fn a_part_of_a_loan_can_be_sent_and_none_of_it() {
    over_each(|transport, address| {
        let _server = transport.serve(address, backwards(), &ServerOptions::default());
        let client = transport.client_with(address, &patient());
        let loan = client.loan(10_000).unwrap();
        for length in [10_000, 1, LINE, LINE + 1, 9_999] {
            let message = pattern(length, 5);
            assert_eq!(ask(&client, loan, &message).unwrap(), reversed(&message));
        }
        let failed = client.call_loaned(Limit::Usual, loan, 0);
        assert_eq!(status(failed), Status::HandlerFailed);
        let message = pattern(100, 6);
        let answer = ask(&client, loan, &message).unwrap();
        assert_eq!(answer, reversed(&message), "the loan is as good as before");
        client.give_back(loan);
        let nothing = client.loan(0).unwrap();
        assert!(nothing.as_ptr().addr().is_multiple_of(LOAN_ALIGNMENT));
        client.give_back(nothing);
    });
}

#[test]
fn a_loan_occupies_the_only_connection() {
    over_each(|transport, address| {
        let _server = transport.serve(address, backwards(), &ServerOptions::default());
        let client = transport.client_with(address, &patient());
        let loan = client.loan(100).unwrap();
        assert_eq!(status(client.call_bytes(b"x", &mut [0; 9])), Status::Busy);
        assert_eq!(status(client.loan(1)), Status::Busy);
        assert_eq!(status(client.submit(Limit::Usual, b"x", 0)), Status::Busy);
        assert_eq!(ask(&client, loan, b"abc").unwrap(), b"cba");
        client.give_back(loan);
        assert_eq!(client.call_bytes(b"x", &mut [0; 9]).unwrap(), 1);
        client.submit(Limit::Usual, b"x", 0).unwrap();
    });
}

#[test]
fn with_several_connections_others_go_on_and_then_wait() {
    over_each(|transport, address| {
        let _server = transport.serve(address, backwards(), &ServerOptions::default());
        let options = ClientOptions {
            connections: 2,
            ..patient()
        };
        let client = Client::connect(&transport.place(address), &options).unwrap();
        let first = client.loan(100).unwrap();
        let second = client.loan(5000).unwrap();
        assert_eq!(ask(&client, first, b"abc").unwrap(), b"cba");
        let short = Limit::Own(Some(Duration::from_millis(1)));
        let waited = client.call_bytes_within(short, b"x", &mut [0; 9]);
        assert_eq!(status(waited), Status::TimedOut, "all connections are lent");
        thread::scope(|scope| {
            let waiting = scope.spawn(|| client.call_bytes(b"xy", &mut [0; 9]).unwrap());
            client.submit(Limit::Usual, b"xyz", 7).unwrap();
            client.give_back(first);
            let Next::Completion(completion) = client.next(None, &mut [0; 9]).unwrap() else {
                panic!("there is room");
            };
            assert_eq!((completion.tag, completion.outcome.unwrap()), (7, 3));
            assert_eq!(waiting.join().unwrap(), 2);
        });
        assert_eq!(ask(&client, second, b"abc").unwrap(), b"cba");
        client.give_back(second);
    });
}

#[test]
fn what_was_not_lent_is_refused_or_ignored() {
    over_each(|transport, address| {
        let _server = transport.serve(address, backwards(), &ServerOptions::default());
        let client = transport.client_with(address, &patient());
        let other = transport.client_with(address, &patient());
        let elsewhere = other.loan(100).unwrap();
        let refused = |loan, length| status(client.call_loaned(Limit::Usual, loan, length));
        client.give_back(elsewhere);
        assert_eq!(refused(elsewhere, 1), Status::InvalidArgument);
        let loan = client.loan(100).unwrap();
        assert_eq!(refused(loan, 101), Status::InvalidArgument);
        client.give_back(elsewhere);
        assert_eq!(ask(&client, loan, b"abc").unwrap(), b"cba");
        client.give_back(loan);
        client.give_back(loan);
        assert_eq!(refused(loan, 1), Status::InvalidArgument);
        assert_eq!(client.call_bytes(b"x", &mut [0; 9]).unwrap(), 1);
        assert_eq!(ask(&other, elsewhere, b"abc").unwrap(), b"cba");
    });
}

#[test]
fn both_sides_limits_hold() {
    over_each(|transport, address| {
        let small = ServerOptions {
            max_message: 1000,
            ..ServerOptions::default()
        };
        let _server = transport.serve(address, backwards(), &small);
        let client = transport.client_with(address, &patient());
        let over = usize::try_from(patient().max_message).unwrap() + 1;
        assert_eq!(status(client.loan(over)), Status::TooLarge);
        let loan = client.loan(1001).unwrap();
        let message = pattern(1001, 1);
        assert_eq!(
            status(ask(&client, loan, &message)),
            Status::TooLarge,
            "the server's"
        );
        client.give_back(loan);
    });
}

/// A handler that waits for a word before it answers with the message.
fn gated() -> (Handler, impl Fn()) {
    let (open, gate) = channel();
    let gate: Arc<Mutex<Receiver<()>>> = Arc::new(Mutex::new(gate));
    let handler = Handler::Bytes(Box::new(move |message, room| {
        if message.first() == Some(&b'w') {
            gate.lock().unwrap().recv().unwrap();
        }
        room[..message.len()].copy_from_slice(message);
        Some(message.len())
    }));
    (handler, move || open.send(()).unwrap())
}

#[test]
fn a_call_that_ends_before_its_answer_spends_the_loan() {
    over_each(|transport, address| {
        let (handler, open) = gated();
        let _server = transport.serve(address, handler, &ServerOptions::default());
        let client = transport.client_with(address, &patient());
        for length in [1, 5000] {
            let loan = client.loan(length).unwrap();
            let message = vec![b'w'; length];
            fill(loan, &message);
            let short = Limit::Own(Some(Duration::from_millis(1)));
            let late = client.call_loaned(short, loan, length);
            assert_eq!(status(late), Status::TimedOut);
            let spent = client.call_loaned(short, loan, length);
            assert_eq!(status(spent), Status::InvalidArgument);
            open();
            client.give_back(loan);
            let loan = client.loan(length).unwrap();
            let message = vec![b'x'; length];
            let answer = ask(&client, loan, &message).unwrap();
            assert_eq!(answer, message, "not the late one");
            client.give_back(loan);
        }
    });
}

#[test]
fn one_call_at_a_time_uses_a_loan() {
    over_each(|transport, address| {
        let (handler, open) = gated();
        let _server = transport.serve(address, handler, &ServerOptions::default());
        let client = transport.client_with(address, &patient());
        let loan = client.loan(100).unwrap();
        thread::scope(|scope| {
            fill(loan, b"wait");
            let first = scope.spawn(|| {
                loop {
                    match client.call_loaned(Limit::Usual, loan, 4) {
                        Err(error) if error.status() == Status::Busy => thread::yield_now(),
                        answered => return read(answered.unwrap()),
                    }
                }
            });
            // The first call comes to it, or this one does, and then is answered at once.
            let is_free = || client.call_loaned(Limit::Usual, loan, 0).is_ok();
            while is_free() {}
            client.give_back(loan);
            open();
            assert_eq!(
                first.join().unwrap(),
                b"wait",
                "what is in use is not given back"
            );
        });
        assert_eq!(ask(&client, loan, b"abc").unwrap(), b"abc");
        client.give_back(loan);
    });
}

#[test]
fn a_server_that_ends_spends_the_loan_and_a_client_that_reconnects_goes_on() {
    over_each(|transport, address| {
        let server = transport.serve(address, backwards(), &ServerOptions::default());
        let options = ClientOptions {
            reconnect: true,
            ..patient()
        };
        let client = Client::connect(&transport.place(address), &options).unwrap();
        let loan = client.loan(5000).unwrap();
        assert_eq!(ask(&client, loan, b"abc").unwrap(), b"cba");
        server.stop().unwrap();
        drop(server);
        assert!(ask(&client, loan, &[9; 5000]).is_err());
        let _server = transport.serve(address, backwards(), &ServerOptions::default());
        assert!(
            ask(&client, loan, b"abc").is_err(),
            "the loan is of the old connection"
        );
        client.give_back(loan);
        let loan = client.loan(5000).unwrap();
        assert_eq!(ask(&client, loan, b"abc").unwrap(), b"cba");
        client.give_back(loan);
    });
}

#[test]
fn a_stop_ends_a_call_with_a_loan() {
    over_each(|transport, address| {
        let (handler, open) = gated();
        let _server = transport.serve(address, handler, &ServerOptions::default());
        let client = transport.client_with(address, &patient());
        let loan = client.loan(100).unwrap();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| status(ask(&client, loan, b"wait")));
            client.request_stop();
            assert_eq!(waiting.join().unwrap(), Status::Cancelled);
        });
        client.give_back(loan);
        open();
    });
}

#[test]
fn a_client_may_end_with_a_loan_out() {
    over_each(|transport, address| {
        let _server = transport.serve(address, backwards(), &ServerOptions::default());
        let client = transport.client_with(address, &patient());
        ask(&client, client.loan(5000).unwrap(), b"abc").unwrap();
        drop(client);
        let client = transport.client_with(address, &patient());
        assert_eq!(client.call_bytes(b"x", &mut [0; 9]).unwrap(), 1);
    });
}

/// Where shared memory is mapped in this process, and how.
#[cfg(unix)]
fn mapped_at(place: Place) -> String {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let holds = |line: &&str| {
        let (from, rest) = line.split_once('-').unwrap();
        let (to, _) = rest.split_once(' ').unwrap();
        let number = |text| usize::from_str_radix(text, 16).unwrap();
        (number(from)..number(to)).contains(&place.as_ptr().addr())
    };
    maps.lines().find(holds).unwrap().to_owned()
}

#[test]
#[cfg(unix)]
fn over_shared_memory_answers_are_read_where_the_server_wrote_them() {
    let (address, transport) = (support::Address::new(), support::Transport::named("shm"));
    let _server = transport.serve(&address, support::echo(), &ServerOptions::default());
    let [own, any] = both_trusts();
    for (options, in_place) in [(own, true), (any, false)] {
        let client = transport.client_with(&address, &options);
        let loan = client.loan(5000).unwrap();
        let request = mapped_at(loan);
        assert!(
            request.contains("rw-s") && request.contains("memfd"),
            "{request}"
        );
        fill(loan, &[7; 5000]);
        for _ in 0..3 {
            let answer = client.call_loaned(Limit::Usual, loan, 5000).unwrap();
            let map = mapped_at(answer.place);
            assert_eq!(
                map.contains("r--s") && map.contains("memfd"),
                in_place,
                "{map}"
            );
        }
        client.give_back(loan);
    }
}
