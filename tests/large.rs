//! Large messages: room that is passed from one peer to the next, and answers that come in pieces.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::Client;
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::sync::mpsc;
use std::time::Duration;
use support::wire::{Listener, Wire};
use support::{Address, TRANSPORTS, over_each};

const LIMIT: u32 = 1 << 20;

/// Bytes that no other length or seed gives.
fn pattern(length: usize, seed: usize) -> Vec<u8> {
    (0..length)
        .map(|at| u8::try_from((at * 7 + seed * 13 + length) % 251).unwrap())
        .collect()
}

fn options() -> (ServerOptions, ClientOptions) {
    let server = ServerOptions {
        max_message: LIMIT,
        workers: 1,
        ..ServerOptions::default()
    };
    let client = ClientOptions {
        max_message: LIMIT,
        ..ClientOptions::default()
    };
    (server, client)
}

/// Asks for `message` back, with room for `room` bytes.
fn echo(client: &Client, message: &[u8], room: usize) {
    let mut answer = vec![0; room];
    assert_eq!(
        client.call_bytes(message, &mut answer).unwrap(),
        message.len()
    );
    assert!(
        answer[..message.len()] == *message,
        "{} bytes",
        message.len()
    );
}

#[test]
fn sizes_and_clients_in_any_order_get_their_own_answers() {
    over_each(|transport, address| {
        let (server, client) = options();
        let _server = transport.serve(address, support::echo(), &server);
        let clients: Vec<_> = (0..4)
            .map(|_| transport.client_with(address, &client))
            .collect();
        let sizes = [
            1 << 20,
            0,
            300_000,
            65_536,
            70_000,
            1,
            65_537,
            1 << 20,
            1000,
            262_144,
        ];
        for (seed, size) in sizes.into_iter().cycle().take(40).enumerate() {
            let message = pattern(size, seed);
            echo(&clients[seed % 4], &message, size);
            echo(&clients[seed * 3 % 4], &message, LIMIT as usize);
        }
    });
}

#[test]
fn clients_that_send_large_messages_at_once_get_their_own_answers() {
    over_each(|transport, address| {
        let (server, client) = options();
        let _server = transport.serve(address, support::echo(), &server);
        std::thread::scope(|scope| {
            for number in 0..4 {
                let client = transport.client_with(address, &client);
                scope.spawn(move || {
                    for round in 0..10 {
                        let size = (number * 311 + round * 101_111) % (LIMIT as usize);
                        echo(&client, &pattern(size, number), size);
                    }
                });
            }
        });
    });
}

/// `None`: the client has gone.
fn read_frame(stream: &mut dyn Wire) -> Option<()> {
    let mut prefix = [0; 4];
    stream.read_exact(&mut prefix).ok()?;
    let length = usize::try_from(u32::from_le_bytes(prefix)).unwrap();
    stream.read_exact(&mut vec![0; length]).ok()
}

/// Serves one client: its first answer is cut in two, the second half of which comes after the
/// client said through `late` that it waits no more.
fn answer_in_pieces(listener: &Listener, first: &[u8], cut: usize, late: &mpsc::Receiver<()>) {
    let mut stream = listener.accept();
    read_frame(&mut *stream).unwrap();
    stream.write_all(&first[..cut]).unwrap();
    late.recv().unwrap();
    stream.write_all(&first[cut..]).unwrap();
    while read_frame(&mut *stream).is_some() {
        let _ = stream.write_all(b"\x06\0\0\0second");
    }
}

#[test]
fn an_answer_whose_end_comes_too_late_is_dropped_whole() {
    let body = pattern(300_000, 1);
    let length = u32::try_from(body.len()).unwrap();
    let first = [&length.to_le_bytes()[..], &body].concat();
    for cut in [0, 3, 4, 5, 1000, 70_000, first.len() - 1] {
        let address = Address::new();
        let listener = Listener::bind(&TRANSPORTS[0], &address);
        let (say_late, late) = mpsc::channel();
        std::thread::scope(|scope| {
            let (listener, first) = (&listener, &first);
            scope.spawn(move || answer_in_pieces(listener, first, cut, &late));
            let patience = ClientOptions {
                max_message: LIMIT,
                call_timeout: Some(Duration::from_millis(30)),
                ..ClientOptions::default()
            };
            let client = TRANSPORTS[0].client_with(&address, &patience);
            let mut answer = vec![0; 300_000];
            let error = client.call_bytes(b"one", &mut answer).unwrap_err();
            assert_eq!(error.status(), Status::TimedOut, "cut at {cut}");
            say_late.send(()).unwrap();
            // On a busy machine, what is late may be late once more.
            let second = std::iter::repeat_with(|| client.call_bytes(b"two", &mut answer))
                .find(|result| !matches!(result, Err(error) if error.status() == Status::TimedOut));
            assert_eq!(second.unwrap().unwrap(), 6, "cut at {cut}");
            assert_eq!(&answer[..6], b"second", "cut at {cut}");
        });
    }
}
