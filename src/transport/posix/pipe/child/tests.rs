//! What a child's end means to its parent.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::super::Ends;
use super::super::pair::SOON;
use super::*;
use crate::sys::process;
use std::fs::File;
use std::io::{ErrorKind, Read};

/// The stream to a program.
fn stream_to(program: &std::ffi::CStr) -> ChildStream {
    let ends = Ends::new(65536).unwrap();
    let child = process::execute(&[program], &ends.requests, &ends.answers).unwrap();
    ChildStream::new(ends.own, child)
}

fn a_minute() -> Deadline {
    Deadline::after(Some(Duration::from_mins(1)))
}

fn is_end(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted)
}

#[test]
fn a_child_that_has_ended_makes_no_room_and_gives_no_answer() {
    let mut stream = stream_to(c"true");
    while stream.write(&[7; 4096]).is_ok() {}
    assert!(is_end(stream.await_room(&a_minute()).unwrap_err().kind()));
    assert!(is_end(stream.await_any(&a_minute()).unwrap_err().kind()));
    stream.await_answer(&a_minute()).unwrap();
    assert_eq!(stream.read_by(&mut [0; 9], &a_minute()).unwrap(), 0);
    assert!(stream.child.child.wait(&a_minute()));
}

#[test]
fn an_answer_is_waited_for_longer_than_it_mostly_takes() {
    let mut stream = stream_to(c"cat");
    for limit in [Duration::ZERO, SOON, 2 * SOON] {
        let deadline = Deadline::after(Some(limit));
        let error = stream.await_answer(&deadline).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }
    assert_eq!(stream.write_frame(b"an", b"swer").unwrap(), 6);
    stream.await_answer(&a_minute()).unwrap();
    let mut answer = [0; 9];
    let count = stream.read_by(&mut answer, &a_minute()).unwrap();
    assert_eq!(answer.get(..count).unwrap(), b"answer");
}

#[test]
fn a_child_is_no_zombie_after_its_channel() {
    let stream = stream_to(c"cat");
    let path = format!("/proc/{}/stat", stream.child.child.number());
    let mut process = File::open(path).unwrap();
    drop(stream);
    // What is open stands for this process alone, whoever has its number next.
    assert!(process.read(&mut [0; 9]).is_err(), "it is still there");
}
