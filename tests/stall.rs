//! A frame has a time to be whole, and an answer that nobody takes one to move.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::service::{Handler, Server};
use calc_ipc::transport::ServerOptions;
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use support::raw::send_with;
use support::{Address, PATIENCE, PORT, Process, TRANSPORTS, Transport, add, is_readable_within};

const STALL: Duration = Duration::from_millis(300);

fn options() -> ServerOptions {
    ServerOptions {
        stall_timeout: STALL,
        ..ServerOptions::default()
    }
}

/// A frame of 60,000 bytes, a byte at a time, until the other side has had enough.
fn drip(mut write: impl FnMut(&[u8]) -> bool, mut has_ended: impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    for byte in 60_000_u32.to_le_bytes().into_iter().chain([b'x'; 59_000]) {
        if !write(&[byte]) || has_ended() {
            return began.elapsed();
        }
        assert!(began.elapsed() < PATIENCE, "it drips for ever");
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("all of it was taken");
}

/// A socket without waiting; whether its peer has closed it is asked after each byte.
fn drip_into(stream: impl Read + Write) -> Duration {
    let stream = std::cell::RefCell::new(stream);
    drip(
        |bytes| stream.borrow_mut().write_all(bytes).is_ok(),
        || match stream.borrow_mut().read(&mut [0; 16]) {
            Ok(count) => count == 0,
            Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
        },
    )
}

#[test]
fn a_client_that_drips_is_dropped() {
    let address = Address::new();
    let _unix = TRANSPORTS[0].serve(&address, Handler::Calculator, &options());
    let stream = UnixStream::connect(address.path("sock")).unwrap();
    stream.set_nonblocking(true).unwrap();
    assert!(drip_into(stream) >= STALL);

    let _tcp = Transport::named("tcp").serve(&address, Handler::Calculator, &options());
    let stream = TcpStream::connect((address.host.as_str(), PORT)).unwrap();
    stream.set_nonblocking(true).unwrap();
    assert!(drip_into(stream) >= STALL);
    let client = TRANSPORTS[0].client(&address);
    assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(2));
}

#[test]
fn a_writer_of_a_public_fifo_that_drips_makes_room_for_the_next() {
    let address = Address::new();
    let _server = TRANSPORTS[1].serve(&address, Handler::Calculator, &options());
    let open = |path: &str| {
        let mut open = OpenOptions::new();
        open.read(true)
            .write(true)
            .open(address.path(path))
            .unwrap()
    };
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut requests = open("q");
            let write = |bytes: &[u8]| requests.write_all(bytes).is_ok();
            drip(write, || is_over.load(Ordering::Relaxed));
        });
        // It is heard no more once it was dropped, and leaves with its descriptor.
        let (_, wait) = std::sync::mpsc::channel::<()>();
        let _ = wait.recv_timeout(2 * STALL);
        is_over.store(true, Ordering::Relaxed);
    });
    // The next is taken for the last one until the server has seen that that one left, for which nobody may have the FIFO
    // open: longer each time, since a busy server looks late.
    let began = Instant::now();
    for nobody in (0..).map(Duration::from_millis) {
        assert!(began.elapsed() < PATIENCE, "nobody else is heard");
        std::thread::sleep(nobody);
        let (mut requests, answers) = (open("q"), open("a"));
        requests.write_all(b"\x07\0\0\0ADD 1 2").unwrap();
        if is_readable_within(&answers, Duration::from_millis(200)) {
            let mut answer = [0; 8];
            (&answers).read_exact(&mut answer).unwrap();
            if &answer == b"\x04\0\0\0OK 3" {
                break;
            }
            // It was taken for the rest of the last one's request, which is malformed.
            assert_eq!(&answer, b"\x15\0\0\0ERR ");
        }
    }
}

#[test]
fn a_parent_that_drips_into_a_pipe_ends_the_child_that_serves_it() {
    let (input, mut output) = std::io::pipe().unwrap();
    let (_answers, answer) = std::io::pipe().unwrap();
    let child = Process::fork(|| {
        use std::os::fd::AsFd;
        let (input, answer) = (input.as_fd(), answer.as_fd());
        calc_ipc::service::pipe::serve(input, answer, Handler::Calculator, &options()).unwrap();
    });
    drop(input);
    let took = drip(|bytes| output.write_all(bytes).is_ok(), || false);
    assert!(took >= STALL);
    assert!(child.succeeded());
}

#[test]
fn a_frame_in_pieces_that_come_in_time_is_answered() {
    let address = Address::new();
    let _server = TRANSPORTS[0].serve(&address, Handler::Calculator, &ServerOptions::default());
    let mut stream = UnixStream::connect(address.path("sock")).unwrap();
    for byte in b"\x07\0\0\0ADD 1 2" {
        stream.write_all(&[*byte]).unwrap();
        std::thread::yield_now();
    }
    let mut answer = [0; 8];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"\x04\0\0\0OK 3");
}

#[test]
fn a_long_frame_may_take_longer_as_long_as_it_moves() {
    let address = Address::new();
    let stall = Duration::from_secs(2);
    let options = ServerOptions {
        stall_timeout: stall,
        max_message: 64 << 20,
        ..ServerOptions::default()
    };
    let _server = TRANSPORTS[0].serve(&address, Handler::Calculator, &options);
    let mut long = UnixStream::connect(address.path("sock")).unwrap();
    let began = Instant::now();
    long.write_all(&(60_u32 << 20).to_le_bytes()).unwrap();
    while began.elapsed() < 2 * stall {
        long.write_all(b"x").unwrap();
        std::thread::sleep(Duration::from_millis(10));
    }
    // It is still read from, which takes more than lies in between.
    long.set_write_timeout(Some(PATIENCE)).unwrap();
    long.write_all(&[b'x'; 16 << 20]).unwrap();
}

#[test]
fn a_server_that_was_stopped_for_long_drops_nobody_for_that() {
    let address = Address::new();
    // Long enough for what the test does meanwhile, however busy the machine.
    let stall = Duration::from_secs(8);
    let options = ServerOptions {
        stall_timeout: stall,
        ..ServerOptions::default()
    };
    let server = support::serve_in_process(&TRANSPORTS[0], &address, &options, || ());
    let mut stream = UnixStream::connect(address.path("sock")).unwrap();
    stream.write_all(b"\x07\0\0\0ADD").unwrap();
    let client = TRANSPORTS[0].client(&address);
    assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(2)); // The half has been read by now.
    server.signal(libc::SIGSTOP);
    std::thread::sleep(stall + stall / 2);
    server.signal(libc::SIGCONT);
    let mut again = UnixStream::connect(address.path("sock")).unwrap();
    again.write_all(b"\x07\0\0\0ADD 1 1").unwrap();
    again.read_exact(&mut [0; 8]).unwrap();
    stream.write_all(b" 1 2").unwrap();
    let mut answer = [0; 8];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"\x04\0\0\0OK 3");
}

#[test]
fn a_frame_behind_one_that_carried_descriptors_is_answered() {
    let address = Address::new();
    for workers in [1, 2] {
        let options = ServerOptions {
            workers,
            ..ServerOptions::default()
        };
        let endpoint = (TRANSPORTS[0].bind)(&address, &options).unwrap();
        let server = Server::new(endpoint, Handler::Calculator).unwrap();
        // All is there before the server looks, so that one read could take it.
        let mut stream = UnixStream::connect(address.path("sock")).unwrap();
        let frame = b"\x07\0\0\0ADD 1 2";
        for _ in 0..3 {
            let sent = send_with(stream.as_raw_fd(), frame, &[stream.as_raw_fd()]);
            assert_eq!(sent, frame.len());
            stream.write_all(frame).unwrap();
        }
        server.start().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut answers = [0; 6 * 8];
        stream.read_exact(&mut answers).unwrap();
        assert_eq!(answers.as_slice(), b"\x04\0\0\0OK 3".repeat(6));
        server.stop().unwrap();
    }
}
