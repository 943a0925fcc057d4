//! Who is dropped for being too slow, and who is not.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::transport::reactor::TurnEnd;
use crate::transport::reactor::worker::stage::{Script, Stage, with_peers};
use std::sync::Arc;

fn partial(moved: bool) -> TurnEnd {
    TurnEnd::Partial {
        moved,
        is_new: false,
        length: 0,
    }
}

/// A server at which half a request is too slow this long after its first byte, and a peer with one.
fn with_half_a_request(
    stall_timeout: Duration,
    act: impl for<'a> FnOnce(&mut Worker<'a>, &mut Held<'a>, Key, &Arc<Script>),
) {
    let mut stage = Stage::new(&[], 1);
    stage.options.stall_timeout = stall_timeout;
    with_peers(&stage, 1, |worker, shard, peers| {
        let (key, script) = peers.first().unwrap();
        script.end_with([partial(true)]);
        worker.turn(shard, *key);
        assert!(shard.clock.next().is_some());
        act(worker, shard, *key, script);
    });
}

/// Over as soon as it began.
const AT_ONCE: Duration = Duration::ZERO;

#[test]
fn half_a_request_that_rests_is_dropped_after_one_more_turn() {
    with_half_a_request(AT_ONCE, |worker, shard, key, script| {
        script.end_with([partial(false)]);
        worker.keep_time(shard).unwrap();
        assert_eq!((script.turns(), script.farewells()), (2, 1));
        assert!(shard.peers.get_mut(key).is_none());
    });
}

#[test]
fn what_has_come_meanwhile_counts() {
    with_half_a_request(AT_ONCE, |worker, shard, key, script| {
        worker.keep_time(shard).unwrap(); // Its turn ends with nothing begun.
        assert_eq!((script.turns(), script.farewells()), (2, 0));
        assert!(shard.peers.get_mut(key).is_some());
        assert_eq!(shard.clock.next(), None);
    });
}

#[test]
fn one_that_is_not_too_slow_yet_is_looked_at_later() {
    with_half_a_request(Duration::from_secs(3600), |worker, shard, key, script| {
        let due = shard.clock.next();
        worker.keep_time(shard).unwrap();
        assert_eq!((script.turns(), shard.clock.next()), (1, due));
        // A look that somebody else made due.
        shard.clock.sweep_by(Instant::now());
        worker.keep_time(shard).unwrap();
        assert_eq!((script.turns(), shard.clock.next()), (1, due));
        assert!(shard.peers.get_mut(key).is_some());
    });
}

#[test]
fn one_that_waits_for_its_turn_or_has_it_is_not_too_slow() {
    with_half_a_request(AT_ONCE, |worker, shard, key, script| {
        shard.enqueue(key);
        worker.keep_time(shard).unwrap();
        assert_eq!((script.turns(), shard.clock.next()), (1, None));
        assert!(shard.peers.get_mut(key).is_some());
    });
    with_half_a_request(AT_ONCE, |worker, shard, key, script| {
        let peer = shard.peers.get_mut(key).unwrap().peer.take();
        worker.keep_time(shard).unwrap();
        assert_eq!((script.turns(), script.farewells()), (1, 0));
        assert!(shard.peers.get_mut(key).is_some());
        drop(peer);
    });
}
