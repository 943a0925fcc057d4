//! What a peer makes of a stream that takes and gives what the test says.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::sys::Bell;
use crate::transport::deferral::Wake;
use crate::transport::stand_in::{Echo, Keeper, ScriptedStream, blocked, broken, gone, stranger};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

const FRAME: &[u8] = b"\x02\0\0\0hi";
const IDLE: TurnEnd = TurnEnd::Idle { answered: false };
const ANSWERED: TurnEnd = TurnEnd::Idle { answered: true };

fn peer(writes: impl IntoIterator<Item = io::Result<usize>>) -> StreamPeer<ScriptedStream> {
    StreamPeer::new(ScriptedStream::taking(writes), stranger(), 2000)
}

impl<M: Manner + 'static> StreamPeer<ScriptedStream, M> {
    fn comes(&mut self, bytes: &[u8]) -> &mut Self {
        self.stream.reads.push_back(Ok(bytes.to_vec()));
        self
    }

    fn turn_after(&mut self, events: Ready, work: &mut Work<'_>) -> TurnEnd {
        self.turn(Happened::one(INPUT, events), work)
    }
}

fn with_work(act: impl FnOnce(&mut Work<'_>)) {
    let (echo, stop) = (Echo::default(), Bell::new().unwrap());
    act(&mut Work::new(&echo, &stop, 2000, Arc::default()).unwrap());
}

#[test]
fn a_read_that_leaves_room_is_the_last() {
    with_work(|work| {
        let mut peer = peer([]);
        peer.comes(&[FRAME, FRAME].concat()).comes(FRAME);
        assert_eq!(peer.turn_after(Ready::READABLE, work), ANSWERED);
        assert_eq!((peer.stream.reads_made, peer.stream.befores), (1, 1));
        assert_eq!(peer.stream.written, [FRAME, FRAME].concat());
        assert_eq!(work.done, 2);
        assert_eq!(peer.turn_after(Ready::READABLE, work), ANSWERED);
        assert_eq!((peer.stream.reads_made, peer.stream.befores), (2, 2));
        assert_eq!(peer.turn_after(Ready::READABLE, work), IDLE);
    });
}

#[test]
fn a_read_that_fills_its_room_or_ends_early_for_another_reason_is_not() {
    for events in [Ready::ENDED, Ready::URGENT, Ready::HANG_UP] {
        with_work(|work| {
            let mut peer = peer([]);
            peer.comes(FRAME).comes(FRAME);
            // Its turn may be over before.
            while peer.turn_after(events, work) == TurnEnd::Unfinished {}
            assert_eq!(peer.stream.reads_made, 3, "{events:?}");
            assert_eq!(peer.stream.written, [FRAME, FRAME].concat());
        });
    }
    with_work(|work| {
        let mut peer = peer([]);
        let frame = [&1000_u32.to_le_bytes()[..], &[7; 1000]].concat();
        let frames = frame.repeat(10);
        peer.comes(&frames);
        while peer.turn_after(Ready::READABLE, work) == TurnEnd::Unfinished {}
        assert_eq!(peer.stream.written, frames);
    });
}

#[test]
fn answers_that_are_not_taken_wait_and_then_go() {
    with_work(|work| {
        let mut peer = peer([Ok(1), blocked(), blocked(), Ok(2), blocked(), Ok(1), Ok(9)]);
        peer.comes(FRAME);
        let blocked = |moved| TurnEnd::Blocked { moved };
        let mut turn = || peer.turn_after(Ready::WRITABLE, work);
        let ends = [(); 4].map(|()| turn());
        assert_eq!(ends, [blocked(true), blocked(false), blocked(true), IDLE]);
        assert_eq!(peer.stream.written, FRAME);
    });
}

#[test]
fn one_that_cannot_be_read_from_is_gone() {
    let failures = [broken(), Ok(Vec::new())];
    for failure in failures {
        with_work(|work| {
            let mut peer = peer([]);
            peer.stream.reads.push_back(failure);
            assert_eq!(peer.turn_after(Ready::READABLE, work), TurnEnd::Gone);
        });
    }
}

#[test]
fn one_that_takes_no_more_answers_is_gone() {
    for writes in [
        vec![gone()],
        vec![blocked(), gone()],
        vec![blocked(), Ok(1), gone()],
    ] {
        with_work(|work| {
            let mut peer = peer(writes);
            peer.comes(FRAME);
            let first = peer.turn_after(Ready::READABLE, work);
            if first != TurnEnd::Gone {
                assert_eq!(first, TurnEnd::Blocked { moved: true });
                assert_eq!(peer.turn_after(Ready::WRITABLE, work), TurnEnd::Gone);
            }
            assert!(peer.stream.writes.is_empty());
        });
    }
}

#[test]
fn answers_that_nobody_will_read_are_not_waited_for() {
    let both = |events| {
        let mut happened = Happened::one(INPUT, events);
        happened.note(OUTPUT, events);
        happened
    };
    for happened in [
        Happened::one(INPUT, Ready::HANG_UP),
        Happened::one(INPUT, Ready::ERROR),
        Happened::one(OUTPUT, Ready::ERROR),
        both(Ready::HANG_UP),
    ] {
        with_work(|work| {
            let mut peer = peer([blocked()]);
            peer.comes(FRAME);
            assert_eq!(peer.turn(happened, work), TurnEnd::Gone, "{happened:?}");
        });
    }
}

#[test]
fn half_a_request_is_told_from_the_next_and_from_one_that_rests() {
    with_work(|work| {
        let mut peer = peer([]);
        let mut turn = |bytes: &[u8]| {
            if !bytes.is_empty() {
                peer.comes(bytes);
            }
            match peer.turn_after(Ready::READABLE, work) {
                TurnEnd::Partial {
                    moved,
                    is_new,
                    length,
                } => (moved, is_new, length),
                end => unreachable!("{end:?}"),
            }
        };
        assert_eq!(turn(b"\x02"), (true, true, 0));
        assert_eq!(turn(b""), (false, false, 0));
        assert_eq!(turn(b"\0\0\0"), (true, false, 2));
        assert_eq!(turn(b"h"), (true, false, 2));
        assert_eq!(turn(b""), (false, false, 2));
        assert_eq!(turn(b"i\x05\0\0\0"), (true, true, 5));
        assert_eq!(turn(b""), (false, false, 5));
    });
}

#[test]
fn a_request_that_is_too_large_has_a_last_word_and_is_the_end() {
    with_work(|work| {
        let mut peer = peer([]);
        peer.comes(&[FRAME, &[0, 0, 1, 0], FRAME].concat());
        let end = peer.turn_after(Ready::READABLE, work);
        assert_eq!(end, TurnEnd::Dropped(Cause::TooLarge));
        let written = &peer.stream.written;
        assert_eq!((written.get(..6), written.len()), (Some(FRAME), 10));
    });
}

#[test]
fn a_notice_is_no_request_and_is_the_end() {
    with_work(|work| {
        let mut peer = peer([]);
        peer.comes(&[FRAME, &[2, 255, 255, 255], FRAME].concat());
        let end = peer.turn_after(Ready::READABLE, work);
        assert_eq!(end, TurnEnd::Dropped(Cause::Malformed));
        assert_eq!(peer.stream.written, FRAME);
    });
}

#[test]
fn what_is_left_when_serving_has_to_stop_is_not_begun() {
    with_work(|work| {
        work.stop.ring();
        let mut peer = peer([]);
        peer.comes(FRAME);
        assert_eq!(peer.turn_after(Ready::READABLE, work), TurnEnd::Unfinished);
        assert_eq!(peer.stream.written, []);
    });
}

#[test]
fn one_with_answers_to_write_is_watched_for_room_and_not_for_requests() {
    let mut peer = peer([]);
    let names = |peer: &StreamPeer<ScriptedStream>, is_blocked| {
        peer.watches(is_blocked)
            .map(|watch| watch.map(|(_, want)| want))
    };
    let requests = Want::READ | Want::URGENT | Want::END | Want::EDGE;
    let room = Want::WRITE | Want::EDGE;
    assert_eq!(names(&peer, false), [Some(requests), None]);
    assert_eq!(names(&peer, true), [Some(room), None]);
    peer.stream.output = Some(Bell::new().unwrap());
    assert_eq!(names(&peer, false), [Some(requests), None]);
    assert_eq!(names(&peer, true), [Some(Want::EDGE), Some(room)]);
}

/// Nobody has to be woken.
struct Nobody;

impl Wake for Nobody {
    fn wake(&self, _connection: usize) {}

    fn has_ended(&self) -> bool {
        false
    }
}

const PARKED: TurnEnd = TurnEnd::Parked { answered: true };
const STILL_PARKED: TurnEnd = TurnEnd::Parked { answered: false };

fn parking(
    writes: impl IntoIterator<Item = io::Result<usize>>,
) -> StreamPeer<ScriptedStream, Parking> {
    peer(writes).with_manner(Parking::new(Arc::new(Nobody), 0, 2000))
}

fn with_keeper(act: impl FnOnce(&Keeper, &mut Work<'_>)) {
    let (keeper, stop) = (Keeper::default(), Bell::new().unwrap());
    act(
        &keeper,
        &mut Work::new(&keeper, &stop, 2000, Arc::default()).unwrap(),
    );
}

#[test]
fn one_that_is_parked_is_not_read_and_goes_on_once_its_answer_has_come() {
    with_keeper(|keeper, work| {
        let mut peer = parking([]);
        peer.comes(&[FRAME, FRAME, &FRAME[..3]].concat());
        assert_eq!(peer.turn_after(Ready::READABLE, work), PARKED);
        let first = keeper.promise();
        peer.comes(&FRAME[3..]);
        assert_eq!(peer.turn_after(Ready::READABLE, work), STILL_PARKED);
        assert_eq!((peer.stream.reads_made, peer.stream.written.len()), (1, 0));
        first.keep(b"a").unwrap();
        assert_eq!(peer.turn_after(Ready::READABLE, work), PARKED);
        assert_eq!(peer.stream.written, b"\x01\0\0\0a");
        assert_eq!(peer.stream.reads_made, 1);
        keeper.promise().keep(b"bb").unwrap();
        assert_eq!(peer.turn_after(Ready::READABLE, work), PARKED);
        keeper.keeps.store(true, Ordering::Relaxed);
        keeper.promise().keep(b"").unwrap();
        peer.comes(FRAME);
        assert_eq!(peer.turn_after(Ready::READABLE, work), ANSWERED);
        let written = b"\x01\0\0\0a\x02\0\0\0bb\0\0\0\0\x02\0\0\0hi";
        assert_eq!(peer.stream.written, written);
        assert!(peer.stream.befores > 0);
    });
}

#[test]
fn answers_before_the_one_that_is_to_come_are_written() {
    with_keeper(|keeper, work| {
        let mut peer = parking([Ok(3), blocked(), blocked()]);
        keeper.keeps.store(true, Ordering::Relaxed);
        peer.comes(FRAME);
        assert_eq!(
            peer.turn_after(Ready::READABLE, work),
            TurnEnd::Blocked { moved: true }
        );
        keeper.keeps.store(false, Ordering::Relaxed);
        peer.comes(FRAME);
        let stuck = TurnEnd::Blocked { moved: false };
        assert_eq!(peer.turn_after(Ready::READABLE, work), stuck);
        assert_eq!(peer.turn_after(Ready::WRITABLE, work), PARKED);
        assert_eq!(peer.stream.written, FRAME);
        // Its answer has come, and has to wait for room.
        peer.stream.writes.push_back(blocked());
        keeper.promise().keep(b"ho").unwrap();
        let blocked = TurnEnd::Blocked { moved: true };
        assert_eq!(peer.turn_after(Ready::READABLE, work), blocked);
        assert_eq!(peer.turn_after(Ready::WRITABLE, work), IDLE);
        assert_eq!(peer.stream.written, [FRAME, b"\x02\0\0\0ho"].concat());
    });
}

#[test]
fn one_that_hangs_up_while_parked_has_gone() {
    for (events, end) in [
        (Ready::HANG_UP, TurnEnd::Gone),
        (Ready::ERROR, TurnEnd::Gone),
        (Ready::ENDED, STILL_PARKED),
    ] {
        with_keeper(|keeper, work| {
            let mut peer = parking([]);
            peer.comes(FRAME);
            assert_eq!(peer.turn_after(Ready::READABLE, work), PARKED);
            assert_eq!(peer.turn_after(events, work), end, "{events:?}");
            // Before its request was looked at, it is the same.
            let mut peer = parking([]);
            peer.comes(FRAME);
            let first = match end {
                TurnEnd::Gone => TurnEnd::Gone,
                _ => PARKED,
            };
            assert_eq!(peer.turn_after(events, work), first, "{events:?}");
            drop(keeper.promise());
        });
    }
}
