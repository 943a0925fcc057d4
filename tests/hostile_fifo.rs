//! Peers that do not keep to the protocol, at FIFOs.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::service::{Handler, Server};
use calc_ipc::transport::ServerOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;
use support::{Address, TRANSPORTS, add};

#[test]
fn nonsense_to_the_hello_fifo_turns_nobody_else_away_for_good() {
    let address = Address::new();
    let _server = TRANSPORTS[1].serve(&address, Handler::Calculator, &ServerOptions::default());
    let bystander = TRANSPORTS[1].client(&address);
    assert_eq!(bystander.call(&add(1, 1)).unwrap(), Ok(2));
    let mut hello = std::fs::OpenOptions::new()
        .write(true)
        .open(address.path("q.hello"))
        .unwrap();
    for nonsense in [&b"x"[..], &[0; 63], &[0xFF; 64], &[7; 4096]] {
        hello.write_all(nonsense).unwrap();
        assert_eq!(bystander.call(&add(2, 2)).unwrap(), Ok(4));
    }
    assert_eq!(
        TRANSPORTS[1].client(&address).call(&add(3, 3)).unwrap(),
        Ok(6)
    );
}

#[test]
fn nonsense_in_the_hello_fifo_costs_nobody_his_announcement() {
    let address = Address::new();
    let endpoint = (TRANSPORTS[1].bind)(&address, &ServerOptions::default()).unwrap();
    let mut open = std::fs::OpenOptions::new();
    let mut hello = open.write(true).open(address.path("q.hello")).unwrap();
    let nonsense = [&b"x"[..], &[0; 63], b"calcfifo", &[7; 4096]];
    let clients = nonsense.map(|nonsense| {
        hello.write_all(nonsense).unwrap();
        TRANSPORTS[1].client_with(&address, &support::within(60_000))
    });
    let server = Server::new(endpoint, Handler::Calculator).unwrap();
    server.start().unwrap();
    for (number, client) in (0..).zip(&clients) {
        assert_eq!(client.call(&add(number, 1)).unwrap(), Ok(number + 1));
    }
}

/// A peer that writes to the public FIFO and reads from it as the tutorial's client does.
fn ask_in_public(address: &Address, numbers: std::ops::Range<i64>) -> std::fs::File {
    let mut requests = std::fs::OpenOptions::new()
        .write(true)
        .open(address.path("q"))
        .unwrap();
    let mut answers = std::fs::File::open(address.path("a")).unwrap();
    for number in numbers {
        let body = format!("ADD {number} 1000");
        requests
            .write_all(&u32::try_from(body.len()).unwrap().to_le_bytes())
            .unwrap();
        requests.write_all(body.as_bytes()).unwrap();
        let expected = format!("OK {}", number + 1000);
        let mut answer = vec![0; 4 + expected.len()];
        answers.read_exact(&mut answer).unwrap();
        assert_eq!(&answer[4..], expected.as_bytes());
    }
    requests
}

#[test]
fn a_peer_at_the_public_fifos_is_told_that_its_message_is_too_large_and_heard_no_more() {
    let address = Address::new();
    let options = ServerOptions {
        spin: Duration::ZERO,
        workers: 1, // Whoever answers the bystander has seen to the public pair.
        ..ServerOptions::default()
    };
    let _server = TRANSPORTS[1].serve(&address, Handler::Calculator, &options);
    let bystander = TRANSPORTS[1].client(&address);
    // What happened before the first question is seen before the second, if not before the first.
    let wait_for_server = || {
        for number in 0..2 {
            assert_eq!(bystander.call(&add(number, 1)).unwrap(), Ok(number + 1));
        }
    };
    let mut open = std::fs::OpenOptions::new();
    let mut requests = open.write(true).open(address.path("q")).unwrap();
    let mut answers = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(address.path("a"))
        .unwrap();
    requests.write_all(&0x0100_FFFF_u32.to_le_bytes()).unwrap();
    // More than the pipe holds, and requests if it were taken for such.
    let body = b"\x09\0\0\0ADD 10 20".repeat(10_000);
    requests.write_all(&body).unwrap();
    wait_for_server();
    let mut answer = [0; 64];
    let length = answers.read(&mut answer).unwrap();
    assert_eq!(&answer[..length], b"\x15\0\0\0ERR Message too large");
    drop(requests);
    wait_for_server();
    drop(ask_in_public(&address, 0..5));
}

#[test]
fn a_peer_that_knows_only_frames_is_served_through_the_public_fifos() {
    let address = Address::new();
    let options = ServerOptions {
        stop_when_idle: true,
        ..ServerOptions::default()
    };
    let endpoint = (TRANSPORTS[1].bind)(&address, &options).unwrap();
    let server = Server::new(endpoint, Handler::Calculator).unwrap();
    for _ in 0..10 {
        std::thread::scope(|scope| {
            let running = scope.spawn(|| server.run());
            let mut requests = ask_in_public(&address, 0..5);
            let other = TRANSPORTS[1].client(&address);
            assert_eq!(other.call(&add(1, 1)).unwrap(), Ok(2));
            // Half a request stays behind; the next peer never sees what becomes of it.
            requests.write_all(b"\x09\0\0\0ADD").unwrap();
            drop((requests, other));
            running.join().unwrap().unwrap();
        });
    }
}
