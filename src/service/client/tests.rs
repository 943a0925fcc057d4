//! What a client makes of a channel that says what the test told it to.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::calculator::Operation;
use crate::transport::{Exchanged, Take};
use std::collections::VecDeque;

/// A channel that takes every frame and gives the answers of its script.
#[derive(Default)]
struct Scripted {
    answers: VecDeque<Result<&'static [u8]>>,
    /// What each exchange leaves unanswered, after which it fails.
    owed: VecDeque<u32>,
}

impl Scripted {
    fn next(&mut self) -> Result<&'static [u8]> {
        self.answers.pop_front().unwrap_or(Err(late()))
    }
}

fn late() -> Error {
    Error::new(Status::TimedOut, "no answer")
}

impl Channel for Scripted {
    fn peer(&self) -> &'static str {
        "server"
    }

    fn send(&mut self, _frame: &[u8], _deadline: &Deadline) -> Result<()> {
        Ok(())
    }

    fn send_body(&mut self, _body: &[u8], _deadline: &Deadline) -> Result<()> {
        Ok(())
    }

    fn recv(&mut self, _deadline: &Deadline) -> Result<&[u8]> {
        self.next()
    }

    fn recv_into(&mut self, _answer: &mut [u8], _deadline: &Deadline) -> Result<usize> {
        self.next().map(<[u8]>::len)
    }

    fn exchange(
        &mut self,
        _frames: &[u8],
        _longest_answer: u32,
        _timeout: Option<Duration>,
        take: &mut Take<'_>,
    ) -> Exchanged {
        if let Some(owed) = self.owed.pop_front() {
            let result = Err(late());
            return Exchanged { owed, result };
        }
        while let Some(answer) = self.answers.pop_front() {
            take(answer.unwrap());
        }
        Exchanged {
            owed: 0,
            result: Ok(()),
        }
    }
}

const ADD: Request = Request {
    operation: Operation::Add,
    arg1: 1,
    arg2: 2,
};

fn client(channel: Scripted) -> Client {
    Client::new(Box::new(channel), &ClientOptions::default())
}

#[test]
fn the_late_answers_to_many_requests_are_never_given_to_a_later_call() {
    let client = client(Scripted {
        owed: [2, 1].into(),
        answers: [b"OK 5", b"OK 6", b"OK 7", b"OK 8"]
            .map(|body| Ok(&body[..]))
            .into(),
    });
    for _ in 0..2 {
        let error = client.call_many(&[ADD; 3], |_| ()).unwrap_err();
        assert_eq!(error.status(), Status::TimedOut);
    }
    assert_eq!(client.call(&ADD).unwrap(), Ok(8));
}

#[test]
fn a_late_answer_may_be_one_that_failed() {
    for status in [Status::TooLarge, Status::HandlerFailed] {
        let failed = Err(Error::new(status, "an earlier one"));
        let client = client(Scripted {
            answers: [Err(late()), failed, Ok(&b"OK 3"[..])].into(),
            ..Scripted::default()
        });
        assert_eq!(client.call(&ADD).unwrap_err().status(), Status::TimedOut);
        assert_eq!(client.call(&ADD).unwrap(), Ok(3), "{status}");
    }
}

#[test]
fn a_call_that_waits_in_vain_for_a_late_answer_was_not_executed() {
    let client = client(Scripted::default());
    assert!(!client.call(&ADD).unwrap_err().is_not_executed());
    for _ in 0..2 {
        let error = client.call(&ADD).unwrap_err();
        assert_eq!(error.status(), Status::TimedOut);
        assert!(error.is_not_executed());
    }
}

#[test]
fn there_is_room_for_many_requests_before_any_is_written() {
    for count in [1, 1000, BATCH, BATCH + 1] {
        let client = client(Scripted::default());
        client.call_many(&vec![ADD; count], |_| ()).unwrap();
        let room = client.calls().unwrap().frame.capacity();
        assert!(room >= count.min(BATCH) * REQUEST_MAX, "{count}: {room}");
    }
}

#[test]
fn an_answer_that_is_no_response_is_shown_up_to_40_bytes() {
    for (length, shown) in [
        (0, String::from("''")),
        (40, format!("'{}'", "x".repeat(40))),
        (41, format!("'{}...'", "x".repeat(40))),
    ] {
        let error = malformed(&b"x".repeat(length));
        assert_eq!(error.status(), Status::Malformed);
        let text = format!("its answer {shown} of {length} bytes is no response");
        assert!(error.context().starts_with(&text), "{error}");
    }
}
