//! Named pipes of Windows, at whose other end is a program that knows only pipes and frames.
#![cfg(windows)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Handler, Server};
use calc_ipc::transport::ServerOptions;
use std::io::{Read as _, Write as _};
use support::wire::pipe::Pipe;
use support::wire::{Listener, framed, receive};
use support::{Address, TRANSPORTS, Transport, add, echo, eventually, status};

const REQUEST: &[u8] = b"\x09\0\0\0ADD 10 20";
const ANSWER: &[u8] = b"\x05\0\0\0OK 30";

fn transport() -> &'static Transport {
    &TRANSPORTS[0]
}

fn serve(address: &Address) -> Server {
    transport().serve(address, Handler::Calculator, &ServerOptions::default())
}

/// A client that reads by messages.
fn client(address: &Address) -> Pipe {
    let pipe = Pipe::connect(&address.word).unwrap();
    pipe.read_by_messages();
    pipe
}

/// The next message, none of which is longer.
fn message(pipe: &mut Pipe) -> Vec<u8> {
    let mut room = vec![0; 1 << 20];
    let length = pipe.read(&mut room).unwrap();
    room.truncate(length);
    room
}

#[test]
fn a_client_that_reads_by_messages_gets_each_answer_as_one() {
    let address = Address::new();
    let _server = serve(&address);
    let mut pipe = client(&address);
    for _ in 0..100 {
        pipe.write_message(REQUEST);
        assert_eq!(message(&mut pipe), ANSWER);
    }
}

#[test]
fn a_client_that_reads_bytes_may_read_them_one_by_one() {
    let address = Address::new();
    let _server = serve(&address);
    let mut pipe = Pipe::connect(&address.word).unwrap();
    for _ in 0..10 {
        pipe.write_message(REQUEST);
        let answer = ANSWER.iter().map(|_| {
            let mut byte = [0];
            assert_eq!(pipe.read(&mut byte).unwrap(), 1);
            byte[0]
        });
        assert_eq!(answer.collect::<Vec<_>>(), ANSWER);
    }
}

#[test]
fn messages_without_bytes_are_no_end_and_no_request() {
    let address = Address::new();
    let server = serve(&address);
    let mut pipe = client(&address);
    for count in [1, 2, 15, 16, 17, 100] {
        for _ in 0..count {
            pipe.write_message(&[]);
        }
        pipe.write_message(REQUEST);
        assert_eq!(message(&mut pipe), ANSWER, "after {count}");
    }
    // Between the parts of a request, too.
    pipe.write_message(&REQUEST[..6]);
    pipe.write_message(&[]);
    pipe.write_message(&REQUEST[6..]);
    assert_eq!(message(&mut pipe), ANSWER);
    assert_eq!(server.stats().unwrap().requests, 7);
    assert_eq!(server.stats().unwrap().clients, 1);
}

#[test]
fn a_request_may_come_in_two_messages_wherever_it_is_cut() {
    let address = Address::new();
    let _server = serve(&address);
    let mut pipe = client(&address);
    for cut in 1..REQUEST.len() {
        pipe.write_message(&REQUEST[..cut]);
        // Another client's call passes while half a request lies there.
        let sum = transport().client(&address).call(&add(1, 1)).unwrap();
        assert_eq!(sum, Ok(2));
        pipe.write_message(&REQUEST[cut..]);
        assert_eq!(message(&mut pipe), ANSWER, "cut at {cut}");
    }
}

#[test]
fn requests_may_come_in_one_message_and_across_messages() {
    let address = Address::new();
    let _server = serve(&address);
    let mut pipe = Pipe::connect(&address.word).unwrap();
    for count in [2, 3, 500] {
        pipe.write_message(&REQUEST.repeat(count));
        for _ in 0..count {
            assert_eq!(receive(&mut pipe), b"OK 30", "{count}");
        }
    }
    let all = REQUEST.repeat(100);
    for part in all.chunks(29) {
        pipe.write_message(part);
    }
    for _ in 0..100 {
        assert_eq!(receive(&mut pipe), b"OK 30");
    }
}

/// What a write of the library takes is 64 KiB, so that a longer frame is several messages.
#[test]
fn an_answer_of_64_kib_with_its_prefix_is_one_message_and_a_longer_one_is_several() {
    let address = Address::new();
    let options = ServerOptions {
        max_message: 1 << 20,
        ..ServerOptions::default()
    };
    let _server = transport().serve(&address, echo(), &options);
    let mut pipe = client(&address);
    for length in [1, 4092, 4093, 65_531, 65_532] {
        let frame = framed(&vec![7; length]);
        pipe.write_message(&frame);
        assert!(message(&mut pipe) == frame, "{length}");
    }
    for length in [65_533, 200_000] {
        let frame = framed(&vec![7; length]);
        pipe.write_all(&frame).unwrap();
        let mut parts = Vec::new();
        while parts.iter().map(Vec::len).sum::<usize>() < frame.len() {
            parts.push(message(&mut pipe));
        }
        assert!(parts.concat() == frame, "{length}");
        let expected = frame.len().div_ceil(65_536);
        assert_eq!(parts.len(), expected, "{length}");
    }
}

#[test]
fn a_reader_with_little_room_gets_the_rest_of_a_message_next() {
    let address = Address::new();
    let _server = serve(&address);
    let mut pipe = client(&address);
    pipe.write_message(REQUEST);
    let (mut prefix, mut body) = ([0; 4], [0; 64]);
    assert_eq!(pipe.read(&mut prefix).unwrap(), 4);
    assert_eq!(pipe.read(&mut body).unwrap(), 5);
    assert_eq!(&body[..5], b"OK 30");
}

#[test]
fn what_it_said_last_is_read_after_the_server_has_closed() {
    let address = Address::new();
    let _server = serve(&address);
    let mut pipe = client(&address);
    pipe.write_message(&[&0x0100_0000_u32.to_le_bytes()[..], b"more"].concat());
    assert_eq!(message(&mut pipe), framed(b"ERR Message too large"));
    assert_eq!(message(&mut pipe), b"", "the end");
}

#[test]
fn a_client_that_goes_leaves_its_place() {
    let address = Address::new();
    let server = serve(&address);
    for _ in 0..30 {
        let mut pipe = client(&address);
        pipe.write_message(REQUEST);
        assert_eq!(message(&mut pipe), ANSWER);
    }
    eventually("all have gone", || server.stats().unwrap().clients == 0);
    assert_eq!(server.stats().unwrap().came, 30);
}

#[test]
fn a_server_that_knows_only_pipes_is_understood() {
    let address = Address::new();
    let listener = Listener::bind(transport(), &address);
    let client = transport().client(&address);
    let mut server = listener.accept();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for cut in 0..ANSWER.len() {
                // A request is one message.
                let mut room = [0; 100];
                let length = server.read(&mut room).unwrap();
                assert_eq!(&room[..length], REQUEST);
                for part in [&ANSWER[..cut], &[], &ANSWER[cut..]] {
                    assert_eq!(server.write(part).unwrap(), part.len());
                }
            }
        });
        for _ in 0..ANSWER.len() {
            assert_eq!(client.call(&add(10, 20)).unwrap(), Ok(30));
        }
    });
    drop(server);
    assert_eq!(status(client.call(&add(10, 20))), Status::Closed);
}
