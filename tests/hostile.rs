//! Peers that do not keep to the protocol, over streams of bytes.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::service::{Handler, Server};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};
use support::wire::{Listener, Wire, connect};
use support::{Address, PATIENCE, TRANSPORTS, add};

fn serve(address: &Address) -> Server {
    TRANSPORTS[0].serve(address, Handler::Calculator, &ServerOptions::default())
}

fn raw_client(address: &Address) -> Box<dyn Wire> {
    connect(&TRANSPORTS[0], address)
}

fn receive(stream: &mut dyn Wire, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

#[test]
fn frames_may_arrive_cut_anywhere_and_joined() {
    let address = Address::new();
    let _server = serve(&address);
    let frame = b"\x09\0\0\0ADD 10 20";
    let answer = b"\x05\0\0\0OK 30";
    for cut in 0..frame.len() {
        let mut stream = raw_client(&address);
        stream.write_all(&frame[..cut]).unwrap();
        // Another client's call passes while half a frame lies there.
        let bystander = TRANSPORTS[0].client(&address);
        assert_eq!(bystander.call(&add(1, 1)).unwrap(), Ok(2));
        stream.write_all(&frame[cut..]).unwrap();
        assert_eq!(receive(&mut *stream, answer.len()), answer, "cut at {cut}");
    }
    let mut stream = raw_client(&address);
    stream.write_all(&frame.repeat(1000)).unwrap();
    assert_eq!(
        receive(&mut *stream, answer.len() * 1000),
        answer.repeat(1000)
    );
}

#[test]
fn a_hostile_prefix_is_answered_and_costs_no_memory() {
    let address = Address::new();
    let _server = serve(&address);
    for prefix in [65537_u32, 0x7FFF_FFFF, 0xFFFF_FEFF, 0xFFFF_FFFF] {
        let mut stream = raw_client(&address);
        stream.write_all(&prefix.to_le_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert_eq!(answer, b"\x15\0\0\0ERR Message too large", "{prefix:#x}");
    }
}

#[test]
fn half_a_frame_is_dropped_after_five_seconds_and_disturbs_nobody() {
    let address = Address::new();
    let _server = serve(&address);
    let mut stuck: Vec<_> = (0..8).map(|_| raw_client(&address)).collect();
    for stream in &mut stuck {
        stream.write_all(b"\x09\0\0\0ADD").unwrap();
    }
    let bystander = TRANSPORTS[0].client(&address);
    let began = Instant::now();
    for stream in &mut stuck {
        assert_eq!(bystander.call(&add(1, 1)).unwrap(), Ok(2));
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    }
    assert!(began.elapsed() > Duration::from_secs(4), "it had its time");
    assert_eq!(bystander.call(&add(1, 1)).unwrap(), Ok(2));
}

/// Once it asks alone, the server spins for it, and must not take looking for bytes arriving.
#[test]
fn half_a_frame_of_one_that_was_spun_for_is_dropped_too() {
    let address = Address::new();
    let _server = serve(&address);
    let mut stream = raw_client(&address);
    for _ in 0..100 {
        stream.write_all(b"\x09\0\0\0ADD 10 20").unwrap();
        assert_eq!(receive(&mut *stream, 9), b"\x05\0\0\0OK 30");
    }
    stream.write_all(b"\x09\0\0\0ADD").unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_client_that_never_reads_is_not_waited_for() {
    let address = Address::new();
    // So long that it is not dropped before it floods.
    let options = ServerOptions {
        stall_timeout: PATIENCE,
        ..ServerOptions::default()
    };
    let server = TRANSPORTS[0].serve(&address, Handler::Calculator, &options);
    let mut flooding = raw_client(&address);
    flooding.set_nonblocking(true).unwrap();
    let requests = b"\x09\0\0\0ADD 10 20".repeat(1000);
    // Until neither side's buffers take any more.
    let (mut refusals, mut written) = (0, 0);
    while refusals < 100 {
        match flooding.write(&requests[written % requests.len()..]) {
            Ok(count) => (refusals, written) = (0, written + count),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                refusals += 1;
                std::thread::yield_now();
            }
        }
    }
    let bystander = TRANSPORTS[0].client(&address);
    assert_eq!(bystander.call(&add(1, 1)).unwrap(), Ok(2));
    server.stop().unwrap();
}

#[test]
fn a_server_that_answers_garbage_is_an_error_and_never_an_answer() {
    let address = Address::new();
    let listener = Listener::bind(&TRANSPORTS[0], &address);
    let answers: [&[u8]; 6] = [
        b"\x03\0\0\0OK ",
        b"\x05\0\0\0OK 3x",
        b"\x06\0\0\0OK 007",
        b"\0\0\0\0",
        b"\xff\xff\xff\xff",
        b"\x05\0\0",
    ];
    for answer in answers {
        let options = ClientOptions {
            call_timeout: Some(Duration::from_millis(500)),
            ..ClientOptions::default()
        };
        let client = TRANSPORTS[0].client_with(&address, &options);
        let mut stream = listener.accept();
        stream.write_all(answer).unwrap();
        if answer.len() < 4 {
            drop(stream);
        }
        let response = client.call(&add(10, 20));
        assert!(response.is_err(), "{answer:?} {response:?}");
    }
}

#[test]
fn answers_to_a_batch_that_was_not_sent_are_malformed() {
    let address = Address::new();
    let listener = Listener::bind(&TRANSPORTS[0], &address);
    let options = ClientOptions::default();
    let mut channel = (TRANSPORTS[0].connect)(&address, &options).unwrap();
    let mut stream = listener.accept();
    // Far more than the connection takes, so that most of it cannot be sent: nobody reads.
    let count = 100_000;
    let frames = b"\x09\0\0\0ADD 10 20".repeat(count);
    std::thread::scope(|scope| {
        scope.spawn(|| stream.write_all(&b"\x05\0\0\0OK 30".repeat(count)));
        let timeout = Some(PATIENCE);
        let error = channel
            .exchange(&frames, 100, timeout, &mut |_| ())
            .result
            .unwrap_err();
        assert_eq!(
            error.status(),
            calc_ipc::error::Status::Malformed,
            "{error}"
        );
    });
}
