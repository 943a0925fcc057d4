//! Messages of one's own, over every transport: sizes, limits and failures.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::error::Status;
#[cfg(unix)]
use calc_ipc::service::pipe;
use calc_ipc::service::{Client, Handler, Server};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use support::{Address, TRANSPORTS, Transport, add};

/// Answers a message with the same bytes in reverse order.
fn reverse(message: &[u8], answer: &mut [u8]) -> Option<usize> {
    let place = answer.get_mut(..message.len())?;
    place.copy_from_slice(message);
    place.reverse();
    Some(message.len())
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| u8::try_from(at * 7 % 251).unwrap())
        .collect()
}

fn with_limit(max_message: u32) -> (ServerOptions, ClientOptions) {
    let server = ServerOptions {
        max_message,
        ..ServerOptions::default()
    };
    let client = ClientOptions {
        max_message,
        ..ClientOptions::default()
    };
    (server, client)
}

fn ask(client: &Client, message: &[u8], room: usize) -> Result<Vec<u8>, Status> {
    let mut answer = vec![0xEE; room];
    let length = client
        .call_bytes(message, &mut answer)
        .map_err(|error| error.status())?;
    assert!(
        length <= room || answer.iter().all(|&byte| byte == 0xEE),
        "all or nothing"
    );
    answer.truncate(length);
    Ok(answer)
}

fn serve_bytes(transport: &Transport, address: &Address, max_message: u32) -> (Server, Client) {
    let (server, client) = with_limit(max_message);
    let server = transport.serve(address, Handler::bytes(reverse), &server);
    (server, transport.client_with(address, &client))
}

#[test]
fn messages_of_every_size_come_back() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let (_server, client) = serve_bytes(transport, &address, 3 << 20);
        let sizes = [
            0,
            1,
            51,
            52,
            53,
            55,
            56,
            57,
            4091,
            4092,
            4096,
            65536,
            65537,
            1 << 20,
            3 << 20,
            5,
            0,
        ];
        for size in sizes {
            let message = pattern(size);
            let mut expected = message.clone();
            expected.reverse();
            assert_eq!(
                ask(&client, &message, 3 << 20),
                Ok(expected),
                "{} {size}",
                transport.name
            );
        }
    }
}

#[test]
#[cfg(unix)] // Nothing is forked elsewhere.
fn a_child_takes_large_messages_too() {
    let (_, options) = with_limit(2 << 20);
    let client = pipe::create(Handler::bytes(reverse), &options).unwrap();
    for size in [0, 1, 70_000, 2 << 20] {
        let mut expected = pattern(size);
        expected.reverse();
        assert_eq!(
            ask(&client, &pattern(size), 2 << 20),
            Ok(expected),
            "{size}"
        );
    }
}

#[test]
fn an_answer_that_does_not_fit_says_how_long_it_is() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let (_server, client) = serve_bytes(transport, &address, 65536);
        for size in [1, 52, 53, 5000, 65536] {
            let mut answer = vec![0xEE; size - 1];
            let length = client.call_bytes(&pattern(size), &mut answer).unwrap();
            assert_eq!(length, size, "{}", transport.name);
            assert!(
                answer.iter().all(|&byte| byte == 0xEE),
                "nothing is written"
            );
            assert_eq!(ask(&client, b"ab", 2), Ok(b"ba".to_vec()));
        }
    }
}

#[test]
fn over_the_clients_limit_nothing_is_sent() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let (server, _) = with_limit(1 << 20);
        let _server = transport.serve(&address, Handler::bytes(reverse), &server);
        let (_, options) = with_limit(1000);
        let client = transport.client_with(&address, &options);
        assert_eq!(
            ask(&client, &pattern(1000), 1000).map(|answer| answer.len()),
            Ok(1000)
        );
        for size in [1001, 100_000] {
            assert_eq!(
                ask(&client, &pattern(size), 10),
                Err(Status::TooLarge),
                "{}",
                transport.name
            );
            assert_eq!(ask(&client, b"ab", 2), Ok(b"ba".to_vec()));
        }
    }
}

#[test]
fn over_the_servers_limit_costs_the_connection_alone() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let (server, _) = with_limit(1000);
        let _server = transport.serve(&address, Handler::bytes(reverse), &server);
        let (_, options) = with_limit(8 << 20);
        let bystander = transport.client_with(&address, &options);
        for size in [1001, 100_000, 8 << 20] {
            let client = transport.client_with(&address, &options);
            assert_eq!(
                ask(&client, &pattern(1000), 1000).map(|answer| answer.len()),
                Ok(1000)
            );
            assert_eq!(
                ask(&client, &pattern(size), 10),
                Err(Status::TooLarge),
                "{} {size}",
                transport.name
            );
            let after = ask(&client, b"ab", 2);
            assert!(
                matches!(after, Err(Status::Closed | Status::PeerDied)),
                "{after:?}"
            );
            assert_eq!(ask(&bystander, b"ab", 2), Ok(b"ba".to_vec()));
        }
    }
}

#[test]
fn an_answer_over_the_clients_limit_is_dropped() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let (server, _) = with_limit(1 << 20);
        let handler = Handler::bytes(|message, answer| {
            let length = std::str::from_utf8(message).ok()?.parse().ok()?;
            answer.get_mut(..length)?.fill(b'x');
            Some(length)
        });
        let _server = transport.serve(&address, handler, &server);
        let (_, options) = with_limit(1000);
        let client = transport.client_with(&address, &options);
        for _ in 0..3 {
            assert_eq!(
                ask(&client, b"1000", 1000).map(|answer| answer.len()),
                Ok(1000)
            );
            for length in [&b"1001"[..], b"70000", b"1048576"] {
                assert_eq!(
                    ask(&client, length, 10),
                    Err(Status::TooLarge),
                    "{}",
                    transport.name
                );
            }
            assert_eq!(
                ask(&client, b"3", 3),
                Ok(b"xxx".to_vec()),
                "{}",
                transport.name
            );
        }
    }
}

#[test]
fn a_handler_that_fails_fails_one_call() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let handler = Handler::bytes(|message, answer| match message {
            b"none" => None,
            b"much" => Some(answer.len() + 1),
            b"panic" => panic!("on purpose"),
            _ => reverse(message, answer),
        });
        let _server = transport.serve(&address, handler, &ServerOptions::default());
        let client = transport.client(&address);
        for message in [&b"none"[..], b"much", b"panic"] {
            assert_eq!(
                ask(&client, message, 10),
                Err(Status::HandlerFailed),
                "{}",
                transport.name
            );
            assert_eq!(ask(&client, b"ab", 2), Ok(b"ba".to_vec()));
        }
    }
}

#[test]
fn kinds_that_do_not_match_are_malformed_and_go_on() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let (_server, client) = serve_bytes(transport, &address, 65536);
        assert_eq!(
            client.call(&add(1, 2)).unwrap_err().status(),
            Status::Malformed
        );
        assert_eq!(
            ask(&client, b"ab", 2),
            Ok(b"ba".to_vec()),
            "{}",
            transport.name
        );
        drop((client, _server));
        let _server = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
        let client = transport.client(&address);
        assert_eq!(
            ask(&client, b"ab", 100),
            Ok(b"ERR Malformed request".to_vec())
        );
        assert_eq!(ask(&client, b"ADD 1 2", 100), Ok(b"OK 3".to_vec()));
        assert_eq!(client.call(&add(1, 2)).unwrap(), Ok(3));
    }
}
