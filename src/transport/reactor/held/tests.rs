//! How peers are watched, and what follows from how a turn ended.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::sys::ready::Ready;
use crate::transport::reactor::stage::{Stage, ready, settle_in, with, with_peers};
use crate::transport::reactor::turns::Turns;

const PARTIAL: TurnEnd = TurnEnd::Partial {
    moved: true,
    is_new: true,
    length: 0,
};
const BLOCKED: TurnEnd = TurnEnd::Blocked { moved: true };
const PARKED: TurnEnd = TurnEnd::Parked { answered: true };
const IDLE: TurnEnd = TurnEnd::Idle { answered: true };

#[test]
fn one_that_is_blocked_is_watched_for_room_until_it_is_not() {
    with(1, |turns, shard, peers| {
        let (key, script) = &peers[0];
        script.input.ring();
        let at = |place, interest| [(Token::Peer(*key, place), interest)];
        let crew = shard.crew;
        assert_eq!(ready(crew, 0), at(0, Ready::READABLE));
        script.end_with([BLOCKED, BLOCKED, IDLE]);
        for _ in 0..2 {
            turns.give(shard, *key);
            assert_eq!(ready(crew, 0), at(1, Ready::WRITABLE));
            assert!(shard.clock.next().is_some());
        }
        turns.give(shard, *key);
        assert_eq!(ready(crew, 0), at(0, Ready::READABLE));
    });
}

#[test]
fn times_run_while_something_is_under_way() {
    with(1, |turns, shard, peers| {
        let (key, script) = &peers[0];
        let mut timed = |end| {
            script.end_with([end]);
            turns.give(shard, *key);
            let entry = shard.peers.get_mut(*key).unwrap();
            (entry.is_at_rest, entry.times.are_stopped())
        };
        assert_eq!(timed(IDLE), (true, true));
        assert_eq!(timed(PARTIAL), (false, false));
        assert_eq!(timed(IDLE), (true, true));
        assert_eq!(timed(BLOCKED), (false, false));
        assert_eq!(timed(PARKED), (false, true));
        assert_eq!(timed(IDLE), (true, true));
    });
}

#[test]
fn one_that_has_gone_is_forgotten() {
    let stage = Stage::new(&[], 1);
    with_peers(&stage, 2, |turns, shard, peers| {
        let (key, script) = &peers[0];
        script.input.ring();
        shard.note_recent(*key);
        shard.may_be_idle = false;
        shard.enqueue(*key);
        script.end_with([TurnEnd::Gone]);
        turns.give(shard, *key);
        assert!(shard.peers.get_mut(*key).is_none() && !shard.queue.is_busy());
        assert_eq!(shard.attention.recent.len(), 0);
        assert_eq!(ready(shard.crew, 0), []);
        assert_eq!(stage.echo.count(Visit::Left), 1);
        assert_eq!(shard.crew.desk(0).clients.load(Ordering::Relaxed), 1);
        assert_eq!(shard.crew.doors.clients(), 1);
        assert!(shard.may_be_idle);
        // Whatever is still said of it is of no consequence.
        shard.note(*key, 0, Ready::READABLE);
        shard.enqueue(*key);
        turns.give_lone(shard, *key, 0, Ready::READABLE);
        assert_eq!((script.turns(), shard.queue.is_busy()), (1, false));
    });
}

#[test]
fn one_that_cannot_be_watched_is_dropped() {
    let stage = Stage::new(&[], 1);
    with_peers(&stage, 0, |_, shard, _| {
        let (script, peer) = stage.doors.peer();
        script.break_down();
        shard.crew.desk(0).clients.store(1, Ordering::Relaxed);
        shard.crew.doors.let_in();
        shard.take_in(peer);
        assert!(!shard.queue.is_busy());
        assert_eq!(shard.crew.doors.clients(), 0);
        assert_eq!(stage.echo.count(Visit::Dropped(Cause::Shortage)), 1);
    });
    with_peers(&stage, 1, |turns, shard, peers| {
        let (key, script) = &peers[0];
        script.break_down();
        script.end_with([BLOCKED]);
        turns.give(shard, *key);
        assert!(shard.peers.get_mut(*key).is_none());
    });
}

#[test]
fn when_serving_ends_all_are_told() {
    let stage = Stage::new(&[], 1);
    stage.play(|crew| {
        let mut turns = Turns::new(crew, 0).unwrap();
        let mut shard = Held::take(crew, 0);
        let scripts = [(); 3].map(|()| settle_in(&mut turns, &mut shard, &stage.doors).1);
        shard.farewell();
        assert_eq!(scripts.map(|script| script.farewells()), [1; 3]);
        assert_eq!(stage.echo.count(Visit::Ended), 3);
    });
}

#[test]
fn those_that_are_being_sent_answers_are_waited_for_but_not_for_ever() {
    let stage = Stage::new(&[], 1);
    stage.play(|crew| {
        let mut turns = Turns::new(crew, 0).unwrap();
        let mut shard = Held::take(crew, 0);
        let scripts = [u32::MAX, 3, 0].map(|times| {
            let script = settle_in(&mut turns, &mut shard, &stage.doors).1;
            script.sends.store(times, Ordering::Relaxed);
            script
        });
        shard.farewell();
        let [never, soon, last] = scripts
            .each_ref()
            .map(|script| script.sends.load(Ordering::Relaxed));
        assert!(never > 0);
        assert_eq!((soon, last), (0, 0));
        assert_eq!(scripts.map(|script| script.farewells()), [1; 3]);
        assert_eq!(stage.echo.count(Visit::Ended), 3);
    });
}
