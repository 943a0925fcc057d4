//! The slot in plain memory, with threads: what Miri looks at, access by access.

use super::{ClientSlot, Seen, ServerSlot, Woken};
use crate::sys::LineAlarm;
use crate::sys::alarm::Alarm;
use crate::sys::atomic::Mapped;
use crate::sys::line::{Line, Page};
use crate::transport::reactor::Sleepers;
use crate::transport::shm::header::Header;
use crate::transport::shm::layout::{self, CLOSED, FILLING, INLINE, SINGLE, SLEEPER};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

/// The lines of a header, or of a client.
#[derive(Clone)]
struct Lines(Arc<[Line; 2]>);

impl Lines {
    fn new() -> Self {
        Self(Arc::new(std::array::from_fn(|_| Line {
            word: 0.into(),
            cpu: 0.into(),
            kind: 0.into(),
            data: Default::default(),
        })))
    }
}

impl Page for Lines {
    type Memory = Mapped;

    fn line(&self, number: usize) -> &Line {
        &self.0[number]
    }
}

/// One alarm, which the two sides of other processes have apart.
#[derive(Clone)]
struct BothSides(Arc<LineAlarm>);

impl Alarm<Mapped> for BothSides {
    fn wait(&self, word: &AtomicU32, expected: u32, timeout: Duration) -> bool {
        self.0.wait(word, expected, timeout)
    }

    fn wake(&self, word: &AtomicU32) {
        self.0.wake(word);
    }
}

#[test]
fn a_server_can_do_what_it_says_and_no_more() {
    let header = Header(Lines::new());
    assert!(
        !header.has_ability(1) && !header.has_ability(2),
        "earlier versions say nothing"
    );
    header.set_abilities(2);
    assert!(!header.has_ability(1) && header.has_ability(2));
}

fn slot() -> (
    ClientSlot<Lines, BothSides>,
    ServerSlot<Lines, BothSides>,
    Lines,
) {
    let page = Lines::new();
    let alarm = BothSides(Arc::new(LineAlarm::new().unwrap()));
    let client = ClientSlot::new(page.clone(), 0, alarm.clone());
    (client, ServerSlot::new(page.clone(), 0, alarm), page)
}

fn frame(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap();
    [&length.to_le_bytes()[..], body].concat()
}

/// Answers the requests with themselves until there were this many.
fn echo(mut server: ServerSlot<Lines, BothSides>, count: usize) {
    let mut answered = 0;
    while answered < count {
        match server.look() {
            Seen::Nothing | Seen::Filling => thread::yield_now(),
            Seen::Nonsense => panic!("the client wrote nonsense"),
            Seen::Request => {
                let length = server.prefix() as usize;
                let data = server.data(length);
                assert!(!server.answer(server.kind(), &data[..4 + length], server.cpu()));
                answered += 1;
            }
        }
    }
    server.close();
}

#[test]
fn answers_reach_a_client_that_sleeps() {
    let bodies: Vec<_> = (0..=INLINE).map(|length| vec![7; length]).collect();
    let (client, server, _) = slot();
    let mut client = client.telling_last(true);
    let header = Header(Lines::new());
    let count = bodies.len();
    let serving = thread::spawn(move || echo(server, count));
    for body in &bodies {
        assert!(!client.publish(SINGLE, &frame(body), 3, &header));
        let woken = client.sleep(|_| Some(Duration::from_secs(60)), || false);
        assert_eq!(woken, Woken::Answered);
        assert!(client.is_answered());
        assert_eq!(
            layout::load(client.reply(), body.len())[4..4 + body.len()],
            body[..]
        );
        // The server may have closed after the last one before this thread looked.
        let is_last = body.len() == INLINE;
        assert!(is_last || client.reply().cpu.load(Ordering::Relaxed) == 3);
    }
    serving.join().unwrap();
    assert!(client.is_closed());
}

#[test]
fn a_client_without_time_or_server_does_not_sleep_on() {
    let (mut client, mut server, page) = slot();
    let header = Header(Lines::new());
    assert!(!client.publish(SINGLE, &frame(b"x"), 0, &header));
    assert!(!client.is_answered());
    assert_eq!(client.sleep(|_| None, || false), Woken::TimedOut);
    let soon = |_| Some(Duration::from_millis(1));
    assert_eq!(client.sleep(soon, || true), Woken::Died);
    // What the server did before it died counts.
    let answer = || {
        page.line(1).word.store(layout::word(1), Ordering::SeqCst);
        true
    };
    assert_eq!(client.sleep(soon, answer), Woken::Answered);
    assert_eq!(server.look(), Seen::Request);
}

#[test]
fn whoever_sleeps_has_to_be_rung() {
    let (mut client, _, _) = slot();
    let header = Header(Lines::new());
    header.enter();
    header.enter();
    header.leave();
    assert!(client.publish(SINGLE, &frame(b"x"), 0, &header));
    header.leave();
    assert!(!client.publish(SINGLE, &frame(b"x"), 0, &header));
    header.enter();
    header.reset();
    assert!(!client.publish(SINGLE, &frame(b"x"), 0, &header));
}

#[test]
fn only_the_next_request_is_one() {
    let (_, mut server, page) = slot();
    let word = &page.line(0).word;
    for (number, seen) in [
        (0, Seen::Filling),
        (0, Seen::Nothing),
        (2, Seen::Nonsense),
        (1, Seen::Request),
        (1, Seen::Nothing),
        (0, Seen::Nonsense),
        (CLOSED, Seen::Nonsense),
        (2, Seen::Request),
    ] {
        word.store(layout::word(number) | FILLING, Ordering::SeqCst);
        assert_eq!(server.look(), seen, "{number}");
    }
}

#[test]
fn a_client_says_that_it_sleeps_for_each_slice_of_its_sleep() {
    let (mut client, _, page) = slot();
    let header = Header(Lines::new());
    assert!(!client.publish(SINGLE, &frame(b"x"), 0, &header));
    let slices = AtomicU32::new(0);
    let slice = |_| {
        assert_eq!(page.line(1).word.load(Ordering::SeqCst), SLEEPER);
        let before = slices.fetch_add(1, Ordering::Relaxed);
        (before < 3).then_some(Duration::from_millis(1))
    };
    assert_eq!(client.sleep(slice, || false), Woken::TimedOut);
    assert_eq!(slices.into_inner(), 4);
}

/// The alarm of a server, which counts whom it wakes.
struct Counted<'a>(&'a AtomicU32);

impl Alarm<Mapped> for Counted<'_> {
    fn wait(&self, _word: &AtomicU32, _expected: u32, _timeout: Duration) -> bool {
        panic!("servers do not sleep on it");
    }

    fn wake(&self, word: &AtomicU32) {
        assert_eq!(word.load(Ordering::SeqCst) & SLEEPER, 0, "woken too early");
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn only_a_client_that_sleeps_is_woken() {
    let page = Lines::new();
    let woken = AtomicU32::new(0);
    let mut server = ServerSlot::new(page.clone(), 0, Counted(&woken));
    let wakes = || woken.load(Ordering::Relaxed);
    for (number, sleeper, expected) in [(1, 0, 0), (2, SLEEPER, 1), (3, 0, 1)] {
        let order = Ordering::SeqCst;
        page.line(0).word.store(layout::word(number), order);
        page.line(1)
            .word
            .store(layout::word(number - 1) | sleeper, order);
        assert_eq!(server.look(), Seen::Request);
        assert!(!server.answer(SINGLE, &frame(b"x"), 0));
        assert_eq!(wakes(), expected, "{number}");
    }
    server.close();
    assert_eq!(wakes(), 1);
    page.line(1).word.store(SLEEPER, Ordering::SeqCst);
    server.close();
    assert_eq!(wakes(), 2);
}

#[test]
fn the_last_answer_outlives_the_server_where_that_tells_of_it() {
    for tells in [true, false] {
        let (client, mut server, _) = slot();
        let mut client = client.telling_last(tells);
        let header = Header(Lines::new());
        assert!(!client.publish(SINGLE, &frame(b"x"), 0, &header));
        assert_eq!(server.look(), Seen::Request);
        assert!(!server.answer(SINGLE, &frame(b"y"), 0));
        server.close();
        assert!(client.is_closed());
        assert_eq!(client.is_answered(), tells);
        let woken = client.sleep(|_| None, || true);
        let expected = [Woken::Closed, Woken::Answered][usize::from(tells)];
        assert_eq!(woken, expected);
        assert_eq!(layout::load(client.reply(), 1).body(1), b"y");
        // The next one is not answered, nor is one that was taken and not answered.
        assert!(!client.publish(SINGLE, &frame(b"z"), 0, &header));
        assert!(!client.is_answered());
        assert_eq!(server.look(), Seen::Request);
        server.close();
        assert_eq!(client.sleep(|_| None, || true), Woken::Closed);
    }
}

#[test]
fn a_request_that_is_being_put_in_is_seen_once_and_is_none_before_it_is_published() {
    let (mut client, mut server, page) = slot();
    let header = Header(Lines::new());
    for round in 1..=2 {
        assert!(!server.is_asking());
        assert!(!client.announce(SINGLE, &frame(&[7; 200])[..4], 5, &header));
        assert!(server.is_asking());
        assert_eq!(server.look(), Seen::Filling);
        assert_eq!(
            (server.prefix(), server.cpu(), server.filled()),
            (200, 5, 0)
        );
        for filled in [100, 200] {
            client.has_filled(filled);
            assert_eq!(server.filled(), filled);
            assert!(
                !server.is_asking(),
                "one that nobody follows keeps nobody awake"
            );
            assert_eq!(server.look(), Seen::Nothing);
        }
        assert!(!client.publish(SINGLE, &frame(&[7; 200])[..4], 5, &header));
        assert_eq!(server.look(), Seen::Request);
        assert!(!client.is_answered());
        assert!(!server.answer(SINGLE, &frame(&[]), 0));
        assert!(client.is_answered());
        assert_eq!(
            page.line(0).word.load(Ordering::SeqCst),
            layout::word(round)
        );
    }
    // A server that sleeps is rung for it.
    header.enter();
    assert!(client.announce(SINGLE, &frame(&[7; 200])[..4], 5, &header));
}
