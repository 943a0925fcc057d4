//! Ten thousand clients of one server, some of them rude.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use support::processes::rights::raise_descriptors;
use support::{Address, PATIENCE, TRANSPORTS, add, serve_in_process};

const CLIENTS: u32 = 10_000;

#[test]
fn ten_thousand_clients_are_answered_whatever_some_of_them_do() {
    let clients = u32::try_from(raise_descriptors(12_000))
        .unwrap()
        .min(12_000)
        * 5
        / 6;
    assert!(clients <= CLIENTS);
    let address = Address::new();
    let options = ServerOptions {
        max_clients: Some(CLIENTS + 10),
        ..ServerOptions::default()
    };
    let server = serve_in_process(&TRANSPORTS[0], &address, &options, || ());

    let mut crowd: Vec<_> = (0..clients)
        .map(|_| UnixStream::connect(address.path("sock")).unwrap())
        .collect();
    for (number, stream) in crowd.iter_mut().enumerate() {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let body = format!("ADD {number} 1");
        let prefix = u32::try_from(body.len()).unwrap().to_le_bytes();
        stream
            .write_all(&[&prefix, body.as_bytes()].concat())
            .unwrap();
    }
    for (number, stream) in crowd.iter_mut().enumerate() {
        let expected = format!("OK {}", number + 1);
        let mut answer = vec![0; 4 + expected.len()];
        stream.read_exact(&mut answer).unwrap();
        assert!(answer.ends_with(expected.as_bytes()), "client {number}");
    }

    // One in a hundred sends half a frame, one asks and never reads.
    let flood = b"\x09\0\0\0ADD 10 20".repeat(5000);
    for pair in crowd.chunks_mut(100) {
        if let [half, deaf, ..] = pair {
            half.write_all(b"\x09\0\0\0ADD").unwrap();
            deaf.set_nonblocking(true).unwrap();
            while deaf.write(&flood).is_ok_and(|count| count > 0) {}
        }
    }
    let options = ClientOptions {
        call_timeout: Some(PATIENCE),
        ..ClientOptions::default()
    };
    let polite = TRANSPORTS[0].client_with(&address, &options);
    for number in 0..2000 {
        assert_eq!(polite.call(&add(number, 1)).unwrap(), Ok(number + 1));
    }
    drop(server);
}
