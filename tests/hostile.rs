//! Peers that do not keep to the protocol, over streams of bytes.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::service::{Client, Handler, Server};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};
use support::typed::uds;
use support::{Address, PATIENCE, TRANSPORTS, add};

fn serve_socket(address: &Address) -> Server {
    TRANSPORTS[0].serve(address, Handler::Calculator, &ServerOptions::default())
}

fn raw_client(address: &Address) -> UnixStream {
    let stream = UnixStream::connect(address.path("sock")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn receive(stream: &mut UnixStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

#[test]
fn frames_may_arrive_cut_anywhere_and_joined() {
    let address = Address::new();
    let _server = serve_socket(&address);
    let frame = b"\x09\0\0\0ADD 10 20";
    let answer = b"\x05\0\0\0OK 30";
    for cut in 0..frame.len() {
        let mut stream = raw_client(&address);
        stream.write_all(&frame[..cut]).unwrap();
        // Another client's call passes while half a frame lies there.
        let bystander = TRANSPORTS[0].client(&address);
        assert_eq!(bystander.call(&add(1, 1)).unwrap(), Ok(2));
        stream.write_all(&frame[cut..]).unwrap();
        assert_eq!(receive(&mut stream, answer.len()), answer, "cut at {cut}");
    }
    let mut stream = raw_client(&address);
    stream.write_all(&frame.repeat(1000)).unwrap();
    assert_eq!(
        receive(&mut stream, answer.len() * 1000),
        answer.repeat(1000)
    );
}

#[test]
fn a_hostile_prefix_is_answered_and_costs_no_memory() {
    let address = Address::new();
    let _server = serve_socket(&address);
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
    let _server = serve_socket(&address);
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
    let _server = serve_socket(&address);
    let mut stream = raw_client(&address);
    for _ in 0..100 {
        stream.write_all(b"\x09\0\0\0ADD 10 20").unwrap();
        assert_eq!(receive(&mut stream, 9), b"\x05\0\0\0OK 30");
    }
    stream.write_all(b"\x09\0\0\0ADD").unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_client_that_never_reads_is_not_waited_for() {
    let address = Address::new();
    let server = serve_socket(&address);
    let mut flooding = raw_client(&address);
    flooding.set_nonblocking(true).unwrap();
    let requests = b"\x09\0\0\0ADD 10 20".repeat(1000);
    // Until neither side's buffers take any more.
    let mut refusals = 0;
    while refusals < 100 {
        match flooding.write(&requests) {
            Ok(count) => refusals -= refusals.min(count),
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
    let path = address.path("garbage");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
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
        let client = Client::new(uds::connect(&path, &options).unwrap(), &options);
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(answer).unwrap();
        if answer.len() < 4 {
            drop(stream);
        }
        let response = client.call(&add(10, 20));
        assert!(response.is_err(), "{answer:?} {response:?}");
    }
}

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

#[test]
fn answers_to_a_batch_that_was_not_sent_are_malformed() {
    let address = Address::new();
    let path = address.path("eager");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let options = ClientOptions::default();
    let mut channel = uds::connect(&path, &options).unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    // Far more than the socket takes, so that most of it cannot be sent: nobody reads.
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
