//! How serving one client ends, and what is waited for.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

use super::*;
use crate::sys::pipe::Pipe;
use crate::sys::ready::Want;
use crate::sys::socket::UnixStream;
use crate::sys::{AsSource, Handle, poll};
use crate::transport::stand_in::{Echo, stranger};
use crate::transport::{Tally, Visitor};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::thread;

const FRAME: &[u8] = b"\x02\0\0\0hi";

fn pair() -> (UnixStream, UnixStream) {
    UnixStream::pair().unwrap()
}

fn service<'a>(from: &'a Visitor, answer: &'a Echo, tally: &'a Tally) -> Service<'a> {
    Service {
        from,
        answer,
        tally,
    }
}

fn options() -> ServerOptions {
    ServerOptions {
        spin: Duration::ZERO,
        ..ServerOptions::default()
    }
}

fn serve_at(stream: &UnixStream, options: &ServerOptions) -> Result<()> {
    serve(
        stream.as_source(),
        stream.as_source(),
        &service(&stranger(), &Echo::default(), &Tally::default()),
        options,
        None,
    )
}

/// Writes `bytes` a while later, when they are most likely waited for.
fn write_later(to: &UnixStream, bytes: &[u8]) {
    thread::sleep(Duration::from_millis(20));
    (&*to).write_all(bytes).unwrap();
}

#[test]
fn every_request_is_answered_however_many_come_at_once() {
    let (client, server) = pair();
    // More than there is room for at once: answers are written in several turns.
    let body = vec![7; 60_000];
    let frame = [&60_000_u32.to_le_bytes()[..], &body].concat();
    let requests = [&FRAME.repeat(2000)[..], &frame, &frame, FRAME].concat();
    let answers = thread::scope(|scope| {
        scope.spawn(|| {
            (&client).write_all(&requests).unwrap();
            client.shutdown(Shutdown::Write).unwrap();
        });
        scope.spawn(|| {
            serve_at(&server, &options()).unwrap();
            server.shutdown(Shutdown::Write).unwrap();
        });
        let mut answers = Vec::new();
        (&client).read_to_end(&mut answers).unwrap();
        answers
    });
    assert!(answers == requests);
}

#[test]
fn half_a_request_and_silence_end_the_connection_where_they_are_limited() {
    let soon = Duration::from_millis(1);
    let (client, server) = pair();
    (&client).write_all(&FRAME[..5]).unwrap();
    let stalled = ServerOptions {
        stall_timeout: soon,
        ..options()
    };
    serve_at(&server, &stalled).unwrap();
    let (_client, server) = pair();
    let idle = ServerOptions {
        idle_timeout: soon,
        ..options()
    };
    serve_at(&server, &idle).unwrap();
}

#[test]
fn a_connection_that_is_reset_before_it_is_looked_at_is_a_failure() {
    let (client, server) = pair();
    (&server).write_all(b"nobody reads it").unwrap();
    drop(client);
    let mut requests = Requests {
        spin: Spin::of_stream(Duration::from_millis(1)),
        ..requests(&server, None)
    };
    let error = requests.read(&mut [0; 9], None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_client_that_has_gone_is_no_failure_and_what_cannot_be_used_is_one() {
    let Pipe { read, write } = Pipe::new().unwrap();
    let (answers, gone) = (Pipe::new().unwrap(), Pipe::new().unwrap().write);
    let serve = |input: &Handle, output: &Handle| {
        serve(
            input.as_source(),
            output.as_source(),
            &service(&stranger(), &Echo::default(), &Tally::default()),
            &options(),
            None,
        )
    };
    let error = serve(&write, &answers.write).unwrap_err();
    assert!(error.context().starts_with("read requests"), "{error}");
    blocking::write_all(write.as_source(), FRAME).unwrap();
    let error = serve(&read, &answers.read).unwrap_err();
    assert!(error.context().starts_with("write answers"), "{error}");
    blocking::write_all(write.as_source(), FRAME).unwrap();
    drop(write);
    serve(&read, &gone).unwrap(); // Nobody reads it.
}

#[test]
fn a_connection_that_is_reset_while_it_is_waited_for_is_a_failure() {
    let (client, server) = pair();
    thread::scope(|scope| {
        let served = scope.spawn(|| serve_at(&server, &options()));
        write_later(&client, FRAME);
        // Its answer is there, and nobody reads it.
        while client_has_nothing(&client) {
            thread::yield_now();
        }
        thread::sleep(Duration::from_millis(20));
        drop(client);
        let error = served.join().unwrap().unwrap_err();
        assert!(error.context().starts_with("read requests"), "{error}");
    });
}

/// Whether no answer is there yet.
fn client_has_nothing(client: &UnixStream) -> bool {
    poll::state(client.as_source(), Want::READ)
        .unwrap()
        .is_empty()
}

#[test]
fn requests_are_waited_for_whatever_the_descriptor() {
    let silent = Bell::new().unwrap();
    for is_nonblocking in [false, true] {
        for stop in [None, Some(&silent)] {
            for limit in [None, Some(Duration::from_mins(1))] {
                let (client, server) = pair();
                server.set_nonblocking(is_nonblocking).unwrap();
                let mut requests = requests(&server, stop);
                let count = thread::scope(|scope| {
                    scope.spawn(|| write_later(&client, FRAME));
                    requests.read(&mut [0; 9], limit).unwrap()
                });
                assert_eq!(count, FRAME.len());
            }
        }
    }
}

fn requests<'a>(server: &'a UnixStream, stop: Option<&'a Bell>) -> Requests<'a> {
    Requests {
        input: server.as_source(),
        spin: Spin::of_stream(Duration::ZERO),
        stop,
    }
}

#[test]
fn waiting_ends_when_told_to_stop_or_at_the_limit() {
    let (_client, server) = pair();
    let (silent, rung) = (Bell::new().unwrap(), Bell::new().unwrap());
    rung.ring();
    for limit in [None, Some(Duration::from_mins(1))] {
        let mut requests = requests(&server, Some(&rung));
        assert_eq!(requests.read(&mut [0; 9], limit).unwrap(), 0);
    }
    for stop in [None, Some(&silent)] {
        let mut requests = requests(&server, stop);
        let error = requests
            .read(&mut [0; 9], Some(Duration::ZERO))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }
}

#[test]
fn standard_input_and_output_have_a_name() {
    let endpoint = bind_stdio(&options());
    assert_eq!(endpoint.name(), "standard input and output");
}
