//! A connection and the replies to its requests, without any I/O.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::standing::NUMBERS;
use super::*;
use crate::protocol::frame::{self, Notice};
use crate::sys::mutex::lock;
use crate::transport::conversation::outbox::Outbox;
use crate::transport::stand_in::{Keeper, stranger};
use crate::transport::{Tally, Visitor};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Counts how often it was woken.
#[derive(Default)]
struct Counter {
    woken: AtomicUsize,
    has_ended: AtomicBool,
}

impl Wake for Counter {
    fn wake(&self, connection: usize) {
        assert_eq!(connection, 5);
        self.woken.fetch_add(1, Ordering::Relaxed);
    }

    fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Relaxed)
    }
}

const LONGEST: u32 = 300;

struct Scene {
    counter: Arc<Counter>,
    keeper: Keeper,
    visitor: Visitor,
    tally: Tally,
    parking: Parking,
    out: Outbox,
}

fn service<'a>(from: &'a Visitor, answer: &'a Keeper, tally: &'a Tally) -> Service<'a> {
    Service {
        from,
        answer,
        tally,
    }
}

impl Scene {
    fn new() -> Self {
        let counter = Arc::new(Counter::default());
        Self {
            parking: Parking::new(counter.clone(), 5, LONGEST),
            counter,
            keeper: Keeper::default(),
            visitor: stranger(),
            tally: Tally::default(),
            out: Outbox::new(LONGEST, false).unwrap(),
        }
    }

    fn ask(&mut self, body: &[u8]) {
        let service = service(&self.visitor, &self.keeper, &self.tally);
        self.parking.answer(&service, body, &mut self.out);
    }

    fn resume(&mut self) -> bool {
        let service = service(&self.visitor, &self.keeper, &self.tally);
        self.parking.resume(&service, &mut self.out)
    }

    fn woken(&self) -> usize {
        self.counter.woken.load(Ordering::Relaxed)
    }

    /// The frames since the last time.
    fn take(&mut self) -> Vec<u8> {
        let frames = self.out.frames().to_vec();
        self.out.clear();
        frames
    }
}

/// A connection that is parked for its third request, and what its reply is about.
pub(crate) fn parked() -> (Box<dyn Manner>, Arc<Deferral>, u32) {
    let mut scene = Scene::new();
    for _ in 0..2 {
        scene.ask(b"");
        scene.keeper.promise().keep(b"").unwrap();
        assert!(scene.resume());
    }
    scene.ask(b"");
    let (deferral, number) = scene.keeper.promise().into_parts();
    (Box::new(scene.parking), deferral, number)
}

fn framed(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap();
    [&frame::prefix(length)[..], body].concat()
}

fn status<T>(result: Result<T>) -> Status {
    result.err().map_or(Status::Ok, |error| error.status())
}

#[test]
fn what_is_kept_inside_of_the_handler_wakes_nobody() {
    let mut scene = Scene::new();
    scene.keeper.keeps.store(true, Ordering::Relaxed);
    for body in [&b""[..], b"x", &[7; LONGEST as usize]] {
        scene.ask(body);
        assert!(!scene.parking.is_parked() && !scene.resume());
        assert_eq!(scene.take(), framed(body));
    }
    assert_eq!(scene.woken(), 0);
}

#[test]
fn what_is_kept_later_wakes_once() {
    let mut scene = Scene::new();
    for number in 1..4 {
        scene.ask(b"request");
        assert!(scene.parking.is_parked() && scene.parking.awaits_answer() && !scene.resume());
        let promise = scene.keeper.promise();
        promise.check().unwrap();
        promise.keep(b"answer").unwrap();
        assert!(scene.parking.is_parked() && !scene.parking.awaits_answer());
        assert_eq!(scene.woken(), number);
        assert!(scene.resume() && !scene.resume() && !scene.parking.is_parked());
        assert_eq!(scene.take(), framed(b"answer"));
    }
}

#[test]
fn a_promise_that_is_broken_is_a_notice_and_why() {
    let mut scene = Scene::new();
    scene.ask(b"");
    scene.keeper.promise().break_off(b"no cat").unwrap();
    assert!(scene.resume());
    scene.ask(b"");
    let too_long = scene.keeper.promise().keep(&[0; LONGEST as usize + 1]);
    assert_eq!(status(too_long), Status::TooLarge);
    assert!(scene.resume());
    let notice = Notice::HandlerFailed.to_bytes();
    assert_eq!(scene.take(), [notice, notice].concat());
    let told = lock(&scene.keeper.failures);
    let long = &b"an answer of 301 bytes, and max_message is 300"[..];
    assert_eq!(*told, [&b"no cat"[..], long]);
}

#[test]
fn what_was_ended_is_told_from_the_next_request() {
    let mut scene = Scene::new();
    let deferral = Arc::clone(&scene.parking.deferral);
    for _ in 0..600 {
        scene.ask(b"");
        let (_, number) = scene.keeper.promise().into_parts();
        assert_eq!(deferral.number(Deferral::tag(number)), number);
        deferral.check_is_out(number).unwrap();
        let before = deferral.number(Deferral::tag(number.wrapping_sub(1)));
        assert_eq!(
            status(deferral.check_is_out(before)),
            Status::InvalidArgument
        );
        assert_eq!(status(deferral.check(before)), Status::InvalidArgument);
        Promise::new(deferral.clone(), number).keep(b"").unwrap();
        let again = Promise::new(deferral.clone(), number).keep(b"again");
        assert_eq!(status(again), Status::InvalidArgument);
        assert!(scene.resume());
        let again = Promise::new(deferral.clone(), number).keep(b"again");
        assert_eq!(status(again), Status::InvalidArgument);
        assert_eq!(scene.take(), framed(b""));
    }
}

#[test]
fn a_reply_outlives_its_connection_and_learns_why_that_went() {
    for (has_ended, lost) in [(false, Status::Closed), (true, Status::Stopped)] {
        let mut scene = Scene::new();
        scene.ask(b"");
        let promise = scene.keeper.promise();
        scene.counter.has_ended.store(has_ended, Ordering::Relaxed);
        drop(scene.parking);
        assert_eq!(status(promise.check()), lost);
        let (deferral, number) = promise.into_parts();
        let first = Promise::new(deferral.clone(), number).keep(b"late");
        assert_eq!(status(first), lost);
        let again = Promise::new(deferral, number).keep(b"later");
        assert_eq!(status(again), Status::InvalidArgument);
        assert_eq!(scene.counter.woken.load(Ordering::Relaxed), 0);
    }
}

#[test]
fn numbers_go_round() {
    let mut scene = Scene::new();
    scene.parking.number = NUMBERS - 2;
    for expected in [NUMBERS - 1, 0, 1] {
        scene.ask(b"");
        let (deferral, number) = scene.keeper.promise().into_parts();
        assert_eq!(number, expected);
        Promise::new(deferral, number).keep(b"x").unwrap();
        assert!(scene.resume());
    }
    assert_eq!(scene.take().len(), 15);
}
