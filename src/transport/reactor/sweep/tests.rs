//! Who is dropped for being too slow, and who is not.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::transport::reactor::TurnEnd;
use crate::transport::reactor::slab::Key;
use crate::transport::reactor::stage::{Script, Stage, with_peers};
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
    act: impl for<'a> FnOnce(&mut Turns<'a>, &mut Held<'a>, Key, &Arc<Script>),
) {
    let mut stage = Stage::new(&[], 1);
    stage.options.stall_timeout = stall_timeout;
    with_peers(&stage, 1, |turns, shard, peers| {
        let (key, script) = peers.first().unwrap();
        script.end_with([partial(true)]);
        turns.give(shard, *key);
        assert!(shard.clock.next().is_some());
        act(turns, shard, *key, script);
    });
}

/// Over as soon as it began.
const AT_ONCE: Duration = Duration::ZERO;

#[test]
fn half_a_request_that_rests_is_dropped_after_one_more_turn() {
    with_half_a_request(AT_ONCE, |turns, shard, key, script| {
        script.end_with([partial(false)]);
        sweep_if_due(turns, shard, Instant::now());
        assert_eq!((script.turns(), script.farewells()), (2, 1));
        assert!(shard.peers.get_mut(key).is_none());
    });
}

#[test]
fn what_has_come_meanwhile_counts() {
    with_half_a_request(AT_ONCE, |turns, shard, key, script| {
        sweep_if_due(turns, shard, Instant::now()); // Its turn ends with nothing begun.
        assert_eq!((script.turns(), script.farewells()), (2, 0));
        assert!(shard.peers.get_mut(key).is_some());
        assert_eq!(shard.clock.next(), None);
    });
}

#[test]
fn one_that_is_not_too_slow_yet_is_looked_at_later() {
    with_half_a_request(Duration::from_secs(3600), |turns, shard, key, script| {
        let due = shard.clock.next();
        sweep_if_due(turns, shard, Instant::now());
        assert_eq!((script.turns(), shard.clock.next()), (1, due));
        // A look that somebody else made due.
        shard.clock.sweep_by(Instant::now());
        sweep_if_due(turns, shard, Instant::now());
        assert_eq!((script.turns(), shard.clock.next()), (1, due));
        assert!(shard.peers.get_mut(key).is_some());
    });
}

#[test]
fn one_that_waits_for_its_turn_or_has_it_is_not_too_slow() {
    with_half_a_request(AT_ONCE, |turns, shard, key, script| {
        shard.enqueue(key);
        sweep_if_due(turns, shard, Instant::now());
        assert_eq!((script.turns(), shard.clock.next()), (1, None));
        assert!(shard.peers.get_mut(key).is_some());
    });
    with_half_a_request(AT_ONCE, |turns, shard, key, script| {
        let peer = shard.peers.get_mut(key).unwrap().peer.take();
        sweep_if_due(turns, shard, Instant::now());
        assert_eq!((script.turns(), script.farewells()), (1, 0));
        assert!(shard.peers.get_mut(key).is_some());
        drop(peer);
    });
}
