//! What a client makes of a channel that says what the test told it to.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::service::Completion;
use crate::service::calls::SHORT_FRAME;
use crate::transport::{Armed, Deadline, Exchanged, Lifeline, Take, Watches};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A channel that takes every frame and gives the answers of its script.
#[derive(Default)]
struct Scripted {
    answers: VecDeque<Result<&'static [u8]>>,
    /// What each exchange leaves unanswered, after which it fails.
    owed: VecDeque<u32>,
    /// Answers do not come to calls that nobody waits for.
    holds_back: Arc<AtomicBool>,
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

    fn begin_flight(&mut self, _owed: u32) -> Result<()> {
        Ok(())
    }

    fn send_now(&mut self, frames: &[u8], _longest_answer: u32) -> Result<usize> {
        Ok(frames.len())
    }

    fn recv_now(&mut self) -> Result<Option<&[u8]>> {
        if self.holds_back.load(Ordering::Relaxed) {
            return Ok(None);
        }
        self.answers.pop_front().transpose()
    }

    fn has_arrived(&self) -> bool {
        !self.answers.is_empty() && !self.holds_back.load(Ordering::Relaxed)
    }

    fn lifeline(&self) -> Lifeline<'_> {
        Lifeline::None
    }

    fn watches(&self, _for_room: bool) -> Watches<'_> {
        Watches::default()
    }

    fn arm(&mut self) -> Armed {
        Armed::Watched
    }

    fn look(&mut self) -> Result<()> {
        Ok(())
    }
}

fn client(channel: Scripted) -> Client {
    Client::new(Box::new(channel), &ClientOptions::default())
}

/// Asks once, of which nothing but the answer matters.
fn ask(client: &Client) -> Result<Vec<u8>> {
    client.ask(
        Limit::Usual,
        |frame| frame.push(0),
        |body| Ok(body.to_vec()),
    )
}

/// Asks so many times at once, in a single batch.
fn ask_many(client: &Client, count: usize, read: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let append = |count, frames: &mut Vec<u8>| frames.resize(count, 0);
    client.ask_many([count].into_iter(), |count| count, 100, append, read)
}

#[test]
fn the_late_answers_to_many_requests_are_never_given_to_a_later_call() {
    let client = client(Scripted {
        owed: [2, 1].into(),
        answers: [b"OK 5", b"OK 6", b"OK 7", b"OK 8"]
            .map(|body| Ok(&body[..]))
            .into(),
        ..Scripted::default()
    });
    for _ in 0..2 {
        let error = ask_many(&client, 3, |_| Ok(())).unwrap_err();
        assert_eq!(error.status(), Status::TimedOut);
    }
    assert_eq!(ask(&client).unwrap(), b"OK 8");
}

#[test]
fn a_late_answer_may_be_one_that_failed() {
    for status in [Status::TooLarge, Status::HandlerFailed] {
        let failed = Err(Error::new(status, "an earlier one"));
        let client = client(Scripted {
            answers: [Err(late()), failed, Ok(&b"OK 3"[..])].into(),
            ..Scripted::default()
        });
        assert_eq!(ask(&client).unwrap_err().status(), Status::TimedOut);
        assert_eq!(ask(&client).unwrap(), b"OK 3", "{status}");
    }
}

#[test]
fn a_call_that_waits_in_vain_for_a_late_answer_was_not_executed() {
    let client = client(Scripted::default());
    assert!(!ask(&client).unwrap_err().is_not_executed());
    for _ in 0..2 {
        let error = ask(&client).unwrap_err();
        assert_eq!(error.status(), Status::TimedOut);
        assert!(error.is_not_executed());
    }
}

#[test]
fn there_is_room_for_many_requests_before_any_is_written() {
    for length in [1, SHORT_FRAME, SHORT_FRAME + 1, 1 << 20] {
        let client = client(Scripted::default());
        let room = |length: usize, frames: &mut Vec<u8>| {
            assert!(frames.capacity() >= length, "{length}");
        };
        client
            .ask_many([length].into_iter(), |length| length, 100, room, |_| Ok(()))
            .unwrap();
    }
}

#[test]
fn no_answer_is_read_after_one_that_could_not_be_and_the_client_goes_on() {
    let client = client(Scripted {
        answers: [b"1", b"2", b"3"].map(|body| Ok(&body[..])).into(),
        ..Scripted::default()
    });
    let mut read = Vec::new();
    let error = ask_many(&client, 3, |body| {
        read.push(body.to_vec());
        match body {
            b"2" => Err(Error::new(Status::Malformed, "a riddle")),
            _ => Ok(()),
        }
    });
    let error = error.unwrap_err();
    assert_eq!(error.context(), "server: a riddle");
    assert!(!error.is_not_executed());
    assert_eq!(read, [b"1", b"2"]);
    ask_many(&client, 0, |_| Ok(())).unwrap();
}

#[test]
fn a_call_that_is_over_is_under_way_until_its_answer_has_come() {
    let holds_back = Arc::new(AtomicBool::new(true));
    let client = client(Scripted {
        answers: [Ok(&b"OK 3"[..])].into(),
        holds_back: holds_back.clone(),
        ..Scripted::default()
    });
    assert_eq!(client.under_way().unwrap(), 0);
    let id = client.submit(Limit::Usual, b"ADD 1 2", 7).unwrap();
    assert_eq!(client.under_way().unwrap(), 1);
    client.cancel(id).unwrap();
    let next = client.next(Some(Duration::ZERO), &mut []);
    assert!(matches!(
        next,
        Ok(Next::Completion(Completion { tag: 7, .. }))
    ));
    assert_eq!(client.under_way().unwrap(), 1);
    holds_back.store(false, Ordering::Relaxed);
    let none = client.next(Some(Duration::ZERO), &mut []);
    assert_eq!(none.unwrap_err().status(), Status::TimedOut);
    assert_eq!(client.under_way().unwrap(), 0);
}
