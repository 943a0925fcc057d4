//! Who has a turn when, and what follows from how long it takes.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod apart;

use super::*;
use crate::sys::mutex::lock;
use crate::transport::reactor::pace::{LAPS_LAST, TIME_A_LOOK, TURNS_A_LOOK};
use crate::transport::reactor::stage::{Script, Stage, with, with_peers};
use std::iter::repeat_n;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Tries after which something would have been seen that a busy machine may keep from happening.
const TRIES: usize = 500;

fn order(script: &Script) -> Vec<u32> {
    std::mem::take(&mut *lock(&script.order))
}

#[test]
fn the_order_to_stop_ends_the_turns_of_those_in_line() {
    let stage = Stage::new(&[], 1);
    with_peers(&stage, 3, |turns, shard, peers| {
        peers.iter().for_each(|(key, _)| shard.enqueue(*key));
        *lock(&peers[0].1.rings) = Some(Arc::clone(&stage.stop));
        turns.give_queued(shard);
        assert_eq!(order(&peers[0].1), [0]);
        assert!(shard.queue.is_busy());
    });
}

#[test]
fn so_many_turns_are_given_before_a_look_at_what_else_happened() {
    with(2 * TURNS_A_LOOK as usize, |turns, shard, peers| {
        let mut most = 0;
        let mut shortest = Duration::MAX;
        for _ in 0..TRIES {
            peers.iter().for_each(|(key, _)| shard.enqueue(*key));
            let began = Instant::now();
            turns.give_queued(shard);
            let given = order(&peers[0].1).len();
            shortest = shortest.min(began.elapsed() / u32::try_from(given).unwrap());
            most = most.max(given);
        }
        assert!(most <= TURNS_A_LOOK as usize);
        // Fewer where they take their time.
        if shortest * TURNS_A_LOOK * 2 < TIME_A_LOOK {
            assert_eq!(most, TURNS_A_LOOK as usize);
        }
    });
}

#[test]
fn turns_that_take_their_time_are_fewer() {
    with(3, |turns, shard, peers| {
        for (key, script) in peers {
            shard.enqueue(*key);
            *lock(&script.takes) = TIME_A_LOOK;
        }
        turns.give_queued(shard);
        assert_eq!(order(&peers[0].1), [0]);
    });
}

#[test]
fn where_peers_ask_in_memory_that_is_looked_at_between_turns() {
    let stage = Stage::new(&[], 1).polling_memory();
    with_peers(&stage, 2 * TURNS_A_LOOK as usize, |turns, shard, peers| {
        for (key, script) in peers {
            script.asks.store(true, Ordering::Relaxed);
            shard.enqueue(*key);
        }
        // Those who ask on and on keep it from what else happens for so long.
        let began = Instant::now();
        turns.give_queued(shard);
        assert!(began.elapsed() >= LAPS_LAST);
        assert!(shard.queue.is_busy());
    });
}

#[test]
fn a_turn_with_much_work_is_heavy_and_a_short_one_with_little_is_light() {
    with(2, |turns, shard, peers| {
        let [(busy, script), (polite, _)] = peers else {
            unreachable!()
        };
        script.work.store(100, Ordering::Relaxed);
        // Any turn may be a slow one, but not all.
        let holds = (0..TRIES).any(|_| {
            for key in [*busy, *polite] {
                shard.enqueue(key);
                turns.give_queued(shard);
            }
            order_of_both(turns, shard, peers) == [1, 0]
        });
        assert!(holds);
    });
}

/// The order in which two peers have their turns if the first is ready before the second.
fn order_of_both<'a>(
    turns: &mut Turns<'a>,
    shard: &mut Held<'a>,
    peers: &[(Key, Arc<Script>)],
) -> Vec<u32> {
    order(&peers[0].1);
    peers.iter().for_each(|(key, _)| shard.enqueue(*key));
    while shard.queue.is_busy() {
        turns.give_queued(shard);
    }
    order(&peers[0].1)
}

#[test]
fn a_turn_of_a_slow_handler_is_heavy() {
    with(2, |turns, shard, peers| {
        let (slow, script) = &peers[0];
        // Unless the thread was taken off its CPU meanwhile.
        let holds = (0..20).any(|_| {
            *lock(&script.takes) = SLOW;
            shard.enqueue(*slow);
            turns.give_queued(shard);
            *lock(&script.takes) = Duration::ZERO;
            order_of_both(turns, shard, peers) == [1, 0]
        });
        assert!(holds);
    });
}

#[test]
fn one_whose_turn_was_used_up_waits_behind_the_others() {
    with(2, |turns, shard, peers| {
        let [(greedy, script), (polite, _)] = peers else {
            unreachable!()
        };
        script.end_with(repeat_n(TurnEnd::Unfinished, 2));
        shard.enqueue(*greedy);
        let key = shard.next_in_line().unwrap();
        turns.give(shard, key);
        assert!(shard.queue.is_busy(), "it is not done");
        shard.enqueue(*polite);
        assert_eq!(shard.next_in_line(), Some(*polite));
        assert_eq!(shard.next_in_line(), Some(*greedy));
        turns.give(shard, *greedy);
        assert_eq!(shard.next_in_line(), Some(*greedy));
    });
}
