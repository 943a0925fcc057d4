//! What a thread makes of what happened, and when it ends.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::sys::mutex::lock;
use crate::sys::ready::Ready;
use crate::transport::Visit;
use crate::transport::reactor::TurnEnd;
use crate::transport::reactor::desk::NOBODY;
use crate::transport::reactor::relief::hand_over;
use crate::transport::reactor::slab::Key;
use crate::transport::reactor::stage::{Script, Stage, settle_in, with_crew, worker};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// One thread behind no door, with so many peers.
fn with(
    stage: &Stage,
    peers: usize,
    act: impl for<'a> FnOnce(&mut Worker<'a>, &mut Held<'a>, &[(Key, Arc<Script>)]),
) {
    stage.play(|crew| {
        let mut worker = worker(crew, 0);
        let mut shard = Held::take(crew, 0);
        let peers: Vec<_> = (0..peers)
            .map(|_| settle_in(&mut worker.turns, &mut shard, &stage.doors))
            .collect();
        act(&mut worker, &mut shard, &peers);
    });
}

fn event(key: Key, place: usize) -> Event {
    Event::new(Ready::READABLE, Token::Peer(key, place).into())
}

#[test]
fn one_that_is_alone_has_its_turn_at_once_and_others_after_those_in_line() {
    let stage = Stage::new(&[], 1);
    with(&stage, 3, |worker, shard, peers| {
        let [(first, script), (second, other), (third, last)] = peers else {
            unreachable!()
        };
        let next = worker.go_on(shard, &[event(*first, 1)]).unwrap();
        assert_eq!(next, Next::Continue);
        assert!(lock(&script.turns)[0].at(1).contains(Ready::READABLE));
        // What happened at two sources of a peer is one turn.
        worker
            .go_on(shard, &[event(*first, 0), event(*first, 1)])
            .unwrap();
        let happened = *lock(&script.turns).last().unwrap();
        assert!(!happened.at(0).is_empty() && !happened.at(1).is_empty());
        assert_eq!(script.turns(), 2);
        // And of whom nothing more is heard, nothing has happened.
        shard.enqueue(*third);
        stage.doors.take_order();
        worker.go_on(shard, &[event(*second, 0)]).unwrap();
        while shard.queue.is_busy() {
            worker.go_on(shard, &[]).unwrap();
        }
        assert_eq!(stage.doors.take_order(), [2, 1]);
        assert!(lock(&last.turns).last().unwrap().is_empty());
        assert_eq!(other.turns(), 1);
    });
}

#[test]
fn the_order_to_stop_ends_it() {
    with(&Stage::new(&[], 1), 1, |worker, shard, peers| {
        let stop = Event::new(Ready::READABLE, Token::Stop.into());
        assert_eq!(worker.go_on(shard, &[]).unwrap(), Next::Continue);
        let events = [stop, event(peers[0].0, 0)];
        assert_eq!(worker.go_on(shard, &events).unwrap(), Next::End);
        assert_eq!(peers[0].1.turns(), 0);
    });
}

#[test]
fn when_serving_ends_all_are_told() {
    let stage = Stage::new(&[], 1);
    stage.play(|crew| {
        let mut worker = worker(crew, 0);
        let (_, script) = {
            let mut shard = Held::take(crew, 0);
            settle_in(&mut worker.turns, &mut shard, &stage.doors)
        };
        stage.stop.ring();
        worker.run();
        assert_eq!(script.farewells(), 1);
        assert_eq!(stage.echo.count(Visit::Ended), 1);
    });
}

#[test]
fn what_a_thread_was_given_is_taken_from_its_own_shard_only() {
    with_crew(2, |crew, _| {
        let mut other = worker(crew, 1);
        hand_over(crew, 0, 1);
        let rung = Event::new(Ready::READABLE, Token::Desk.into());
        for (index, count, left) in [(0, 0, &[0][..]), (1, 1, &[])] {
            let mut shard = Held::take(crew, index);
            other.handle(&mut shard, &rung, false);
            assert_eq!(other.wards.count(), count);
            assert_eq!(*lock(&crew.desk(1).wards), left);
        }
    });
}

#[test]
fn a_ward_is_served_until_its_own_thread_is_back() {
    with_crew(2, |crew, stage| {
        let mut own = worker(crew, 0);
        let mut other = worker(crew, 1);
        let (_, script) = {
            let mut shard = Held::take(crew, 0);
            settle_in(&mut own.turns, &mut shard, &stage.doors)
        };
        hand_over(crew, 0, 1);
        other.wards.take();
        let mut round = || {
            other.look_after_wards().unwrap();
            (script.turns(), other.wards.is_busy(), other.wards.count())
        };
        assert_eq!(round(), (0, false, 1));
        script.end_with([TurnEnd::Unfinished]);
        script.input.ring();
        assert_eq!(round(), (1, true, 1), "it is not done");
        script.input.renew().unwrap();
        assert_eq!(round(), (2, false, 1));
        script.input.ring();
        crew.desk(0).attendant.store(NOBODY, Ordering::SeqCst);
        assert_eq!(round(), (2, false, 0));
    });
}
