//! Who is looked at, and how long its thread may sleep.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::super::token::Token;
use super::*;
use crate::transport::ServerOptions;
use crate::transport::reactor::stage::{Script, ScriptedDoors};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A shard with so many peers, which ask in memory or not.
fn shard(in_memory: bool, count: usize) -> (Shard, Vec<(Key, Arc<Script>)>) {
    let mut shard = Shard::new(Attention::new(in_memory, Duration::ZERO), Crowd::on(2));
    let doors = ScriptedDoors::new(&[], in_memory);
    shard.queue.reserve(count).unwrap();
    let mut add = || {
        let (script, peer) = doors.peer();
        let key = shard.peers.insert(Entry::new(peer, Times::default()));
        (key.ok().unwrap(), script)
    };
    let peers = (0..count).map(|_| add()).collect();
    (shard, peers)
}

fn queued(shard: &mut Shard) -> Vec<Key> {
    std::iter::from_fn(|| shard.next_in_line()).collect()
}

#[test]
fn those_who_ask_in_memory_are_queued_and_nobody_else() {
    let (mut shard, peers) = shard(true, 4);
    assert!(!shard.is_asked());
    shard.queue_all_asking();
    assert!(queued(&mut shard).is_empty());
    for (_, script) in &peers[1..] {
        script.asks.store(true, Ordering::Relaxed);
    }
    shard.queue_all_asking();
    let keys = [1, 2, 3].map(|peer| peers[peer].0);
    assert_eq!(queued(&mut shard), keys);
    // One that has its turn elsewhere, or has gone, is not asked.
    shard.peers.get_mut(keys[0]).unwrap().peer = None;
    shard.peers.remove(keys[2]);
    assert!(shard.is_asked());
    shard.queue_all_asking();
    assert_eq!(queued(&mut shard), [keys[1]]);
    shard.peers.get_mut(keys[1]).unwrap().peer = None;
    assert!(!shard.is_asked());
}

#[test]
fn a_lap_looks_at_the_recent_peers_and_goes_on_through_all() {
    let count = MOST_LOOKS as usize + 20;
    let (mut shard, peers) = shard(true, count);
    for (_, script) in &peers {
        script.asks.store(true, Ordering::Relaxed);
    }
    let last = peers[count - 1].0;
    shard.note_recent(last);
    shard.queue_asking();
    let first = queued(&mut shard);
    assert_eq!((first[0], first.len()), (last, 1 + MOST_LOOKS as usize));
    shard.queue_asking();
    let next = queued(&mut shard);
    assert!(
        peers
            .iter()
            .all(|(key, _)| first.contains(key) || next.contains(key))
    );
}

#[test]
fn one_that_was_silent_for_long_is_looked_at_with_the_others_and_may_come_back() {
    let (mut shard, peers) = shard(true, 2);
    let (silent, latest) = (peers[0].0, peers[1].0);
    for key in [silent, silent, latest] {
        shard.note_recent(key); // Once, however often it asks.
    }
    peers[0].1.asks.store(true, Ordering::Relaxed);
    assert_eq!((shard.next_asking(), shard.next_asking()), (None, None));
    assert_eq!(shard.attention.recent.len(), 2);
    let laps = (1..1000).find(|_| !shard.stays_recent(0, false));
    assert!(laps.is_some_and(|laps| laps > 1), "{laps:?}");
    assert!(
        (1..1000).all(|_| shard.stays_recent(0, false)),
        "it asked last"
    );
    let found = [shard.next_asking(), shard.next_asking()];
    assert!(found.contains(&Some(silent)), "{found:?}");
    shard.note_recent(silent);
    assert_eq!(shard.attention.recent.len(), 2);
}

#[test]
fn in_memory_all_to_whom_something_happened_are_recent() {
    let (mut shard, peers) = shard(true, 3);
    let event = |token: Token| Event::new(Ready::READABLE, token.into());
    let (first, second) = (peers[0].0, peers[2].0);
    shard.choose_recent(&[
        event(Token::Stop),
        event(Token::Peer(first, 0)),
        event(Token::Door(0)),
        event(Token::Peer(second, 1)),
    ]);
    let recent = &shard.attention.recent;
    let keys = [recent.get(0), recent.get(1), recent.get(2)];
    assert_eq!(keys, [Some(first), Some(second), None]);
}

#[test]
fn it_pays_to_spin_for_one_that_runs_elsewhere_whoever_else_shares_the_cpu() {
    let (mut shard, peers) = shard(true, 2);
    let on = |cpus: [u16; 2]| {
        for ((_, script), cpu) in peers.iter().zip(cpus) {
            *script.cpu.lock().unwrap() = Some(cpu);
        }
    };
    peers.iter().for_each(|(key, _)| shard.note_recent(*key));
    // Unless this thread is moved to another one in between, each time.
    let sees = |elsewhere: [bool; 2], shares: bool| {
        (0..1000).any(|_| {
            let own = cpu::current();
            on(elsewhere.map(|is_elsewhere| own ^ u16::from(is_elsewhere)));
            shard.shares_cpu() == shares
        })
    };
    assert!(sees([false, false], true));
    assert!(sees([true, false], false) && sees([false, true], false));
}

#[test]
fn where_a_look_costs_a_system_call_nobody_is_looked_at_in_passing() {
    let (mut shard, peers) = shard(false, 2);
    peers[0].1.asks.store(true, Ordering::Relaxed);
    shard.attention.recent.note(peers[0].0);
    shard.queue_asking();
    assert!(queued(&mut shard).is_empty());
    assert_eq!(shard.looks_at_others(MOST_LOOKS), 0);
}

#[test]
fn the_thread_may_sleep_until_the_first_time_at_which_something_is_due() {
    const FAR: Duration = Duration::from_secs(7200);
    let (mut shard, _) = shard(false, 0);
    assert_eq!((shard.is_timed(), shard.time_left()), (false, None));
    let now = Instant::now();
    shard.clock.sweep_by(now + FAR);
    let left = shard.time_left().unwrap();
    assert!(shard.is_timed() && left <= FAR && left > FAR / 2);
    shard.pause.begin(now + FAR / 4);
    assert!(shard.time_left().unwrap() < FAR / 2);
    shard.clock.sweep_by(now);
    assert_eq!(shard.time_left(), Some(Duration::ZERO));
    shard.clock = Clock::default();
    assert!(shard.is_timed() && shard.time_left().is_some());
}

#[test]
fn one_that_waits_for_its_turn_or_has_it_is_never_due() {
    let options = ServerOptions {
        idle_timeout: Duration::from_secs(1),
        ..ServerOptions::default()
    };
    let limits = Limits::new(&options, 1);
    let (mut shard, peers) = shard(false, 1);
    let key = peers[0].0;
    assert_eq!(shard.due(key, &limits), None, "nothing is timed");
    let now = Instant::now();
    shard.peers.get_mut(key).unwrap().times = Times::new(&limits, now);
    let due = Some(now + limits.idle_timeout);
    assert_eq!(shard.due(key, &limits), due);
    shard.enqueue(key);
    assert_eq!(shard.due(key, &limits), None);
    assert_eq!(shard.next_in_line(), Some(key));
    assert_eq!(shard.due(key, &limits), due);
    shard.peers.get_mut(key).unwrap().peer = None;
    assert_eq!(shard.due(key, &limits), None);
}

#[test]
fn those_who_ask_in_memory_are_a_crowd_if_they_are_more_than_there_are_processors() {
    let (mut shard, peers) = shard(true, 3);
    let event = |peer: usize| Event::new(Ready::READABLE, Token::Peer(peers[peer].0, 0).into());
    let happens = |shard: &mut Shard, events: &[Event]| {
        (0..1000).for_each(|_| shard.choose_recent(events));
        shard.crowd.is_there()
    };
    let all = [0, 1, 2].map(event);
    assert!(!happens(&mut shard, &all[..2]));
    assert!(happens(&mut shard, &all));
    // Those who are kept an eye on count until they were silent for long.
    assert!(happens(&mut shard, &[]));
    for place in 0..2 {
        (0..1000).any(|_| !shard.stays_recent(place, false));
    }
    assert!(!happens(&mut shard, &[]));
}
