//! What a handler of messages of any kind is given lies where a struct may lie.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::service::{Client, Handler, pipe};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use support::{Address, Process, TRANSPORTS, add, over_each, within};

const ALIGNMENT: usize = 16;

/// Answers with how far the two addresses are from being aligned, and the request behind that.
fn misfits() -> Handler {
    Handler::bytes(|request, room| {
        let misfit = |bytes: &[u8]| u8::try_from(bytes.as_ptr().addr() % ALIGNMENT).unwrap();
        let answer = [&[misfit(request), misfit(room)], request].concat();
        room[..answer.len()].copy_from_slice(&answer);
        Some(answer.len())
    })
}

#[test]
fn requests_and_rooms_are_aligned_over_every_transport() {
    over_each(|transport, address| {
        let server = transport.serve(address, misfits(), &ServerOptions::default());
        let client = transport.client_with(address, &within(60_000));
        let mut room = vec![0; 65536];
        for length in (0..80).chain([1000, 4091, 4096, 5000, 40_000, 65_534]) {
            let message: Vec<u8> = (0..=255).cycle().take(length).collect();
            let count = client.call_bytes(&message, &mut room).unwrap();
            let right = [&[0, 0], message.as_slice()].concat();
            assert_eq!(room[..count], right, "{} {length}", transport.name);
        }
        server.stop().unwrap();
    });
}

/// Responses that are far from being aligned by as much as their results say.
fn misfit_sums() -> Handler {
    Handler::bytes(|request, room| {
        let misfit = (request.as_ptr().addr() | room.as_ptr().addr()) % ALIGNMENT;
        let answer = format!("OK {misfit}");
        room[..answer.len()].copy_from_slice(answer.as_bytes());
        Some(answer.len())
    })
}

#[test]
fn those_of_a_batch_are_aligned_over_every_transport() {
    let lengths = [1, 22, 333, 4444, 55555, 666_666, -1, -7_777_777];
    let requests: Vec<_> = (0..2000)
        .map(|at| add(lengths[at % 8], lengths[at / 8 % 8]))
        .collect();
    let ask = |client: &Client, what: &str| {
        let mut count = 0;
        let all = client.call_many(&requests, |response| {
            assert_eq!(response, Ok(0), "{what} {count}");
            count += 1;
        });
        all.unwrap();
        assert_eq!(count, requests.len(), "{what}");
    };
    for transport in &TRANSPORTS {
        let address = Address::new();
        let _server = transport.serve(&address, misfit_sums(), &ServerOptions::default());
        ask(&transport.client(&address), transport.name);
    }
    let child = pipe::create(misfit_sums(), &ClientOptions::default()).unwrap();
    ask(&child, "pipe");
}

#[test]
fn many_in_one_write_are_aligned_each() {
    let address = Address::new();
    let _server = TRANSPORTS[0].serve(&address, misfits(), &ServerOptions::default());
    let mut stream = UnixStream::connect(address.path("sock")).unwrap();
    let (mut frames, mut right) = (Vec::new(), Vec::new());
    for length in 0..100_u32 {
        let body = vec![b'x'; length as usize];
        frames.extend(length.to_le_bytes().into_iter().chain(body.iter().copied()));
        right.extend((length + 2).to_le_bytes());
        right.extend([0, 0].into_iter().chain(body));
    }
    stream.write_all(&frames).unwrap();
    let mut answers = vec![0; right.len()];
    stream.read_exact(&mut answers).unwrap();
    assert_eq!(answers, right);
}

#[test]
fn a_program_that_serves_its_input_is_given_aligned_requests() {
    let (input, mut output) = std::io::pipe().unwrap();
    let (mut answers, answer) = std::io::pipe().unwrap();
    let child = Process::fork(|| {
        let options = ServerOptions::default();
        pipe::serve(input.as_fd(), answer.as_fd(), misfits(), &options).unwrap();
    });
    drop((input, answer));
    output.write_all(b"\x03\0\0\0abc\x01\0\0\0d").unwrap();
    let mut said = [0; 16];
    answers.read_exact(&mut said).unwrap();
    assert_eq!(&said[..], b"\x05\0\0\0\0\0abc\x03\0\0\0\0\0d");
    // What the test was forked with, too, has to end for the child to see the end.
    drop((output, answers));
    drop(child);
}
