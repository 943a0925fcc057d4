//! Serving one client whose answers come later.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::super::{Service, serve};
use crate::error::{Result, Status};
use crate::sys::pipe::Pipe;
use crate::sys::socket::UnixStream;
use crate::sys::{AsSource, Bell, Source, blocking, transfer};
use crate::transport::stand_in::{Keeper, stranger};
use crate::transport::{Promise, ServerOptions, Tally};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::sync::atomic::Ordering;
use std::thread;

const FRAME: &[u8] = b"\x02\0\0\0hi";

fn serve_between(
    input: Source<'_>,
    output: Source<'_>,
    keeper: &Keeper,
    stop: Option<&Bell>,
) -> Result<()> {
    let service = Service {
        from: &stranger(),
        answer: keeper,
        tally: &Tally::default(),
    };
    serve(input, output, &service, &ServerOptions::default(), stop)
}

fn serve_at(stream: &UnixStream, keeper: &Keeper, stop: Option<&Bell>) -> Result<()> {
    serve_between(stream.as_source(), stream.as_source(), keeper, stop)
}

/// The promise that the thread which serves is about to get.
fn await_promise(keeper: &Keeper) -> Promise {
    while keeper.promises.lock().unwrap().is_empty() {
        thread::yield_now();
    }
    keeper.promise()
}

#[test]
fn answers_come_now_or_later_and_in_order() {
    let (client, server) = UnixStream::pair().unwrap();
    let keeper = Keeper::default();
    let answers = thread::scope(|scope| {
        scope.spawn(|| {
            serve_at(&server, &keeper, None).unwrap();
            server.shutdown(Shutdown::Write).unwrap();
        });
        (&client).write_all(&FRAME.repeat(4)).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        for answer in [&b"a"[..], b"bc"] {
            let promise = await_promise(&keeper);
            assert!(keeper.promises.lock().unwrap().is_empty(), "one at a time");
            promise.keep(answer).unwrap();
        }
        let promise = await_promise(&keeper);
        keeper.keeps.store(true, Ordering::Relaxed);
        promise.break_off(b"no cat").unwrap();
        let mut answers = Vec::new();
        (&client).read_to_end(&mut answers).unwrap();
        answers
    });
    let expected = b"\x01\0\0\0a\x02\0\0\0bc\x02\xff\xff\xff\x02\0\0\0hi";
    assert_eq!(answers, expected);
}

#[test]
fn a_stop_does_not_wait_for_an_answer() {
    let (client, server) = UnixStream::pair().unwrap();
    let (keeper, stop) = (Keeper::default(), Bell::new().unwrap());
    (&client).write_all(FRAME).unwrap();
    let promise = thread::scope(|scope| {
        let serving = scope.spawn(|| serve_at(&server, &keeper, Some(&stop)));
        let promise = await_promise(&keeper);
        stop.ring();
        serving.join().unwrap().unwrap();
        promise
    });
    let status = promise.keep(b"late").map_err(|error| error.status());
    assert_eq!(status, Err(Status::Stopped));
}

#[test]
fn nobody_left_to_read_ends_the_wait() {
    let (requests, answers) = (Pipe::new().unwrap(), Pipe::new().unwrap());
    let keeper = Keeper::default();
    blocking::write_all(requests.write.as_source(), FRAME).unwrap();
    let promise = thread::scope(|scope| {
        let serving = scope.spawn(|| {
            let (input, output) = (requests.read.as_source(), answers.write.as_source());
            serve_between(input, output, &keeper, None)
        });
        let promise = await_promise(&keeper);
        drop(answers.read);
        serving.join().unwrap().unwrap();
        promise
    });
    let status = promise.check().map_err(|error| error.status());
    assert_eq!(status, Err(Status::Closed));
}

#[test]
fn a_client_that_only_writes_no_more_is_answered() {
    let (requests, answers) = (Pipe::new().unwrap(), Pipe::new().unwrap());
    let keeper = Keeper::default();
    blocking::write_all(requests.write.as_source(), FRAME).unwrap();
    drop(requests.write);
    thread::scope(|scope| {
        let serving = scope.spawn(|| {
            let (input, output) = (requests.read.as_source(), answers.write.as_source());
            serve_between(input, output, &keeper, None)
        });
        await_promise(&keeper).keep(b"x").unwrap();
        serving.join().unwrap().unwrap();
    });
    let mut answer = [0; 9];
    let length = transfer::read(answers.read.as_source(), &mut answer).unwrap();
    assert_eq!(answer.get(..length), Some(&b"\x01\0\0\0x"[..]));
}
