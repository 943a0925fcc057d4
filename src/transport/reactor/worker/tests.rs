//! Who has a turn when, and what follows from how it ends.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::stage::{Script, Stage, ready, with_peers};
use super::*;
use crate::sys::ready::Ready;
use std::iter::repeat_n;
use std::sync::Arc;

const PARTIAL: TurnEnd = TurnEnd::Partial {
    moved: true,
    is_new: true,
    length: 0,
};
const BLOCKED: TurnEnd = TurnEnd::Blocked { moved: true };
const IDLE: TurnEnd = TurnEnd::Idle { answered: true };

/// Tries after which something would have been seen that a busy machine may keep from happening.
const TRIES: usize = 500;

/// One thread behind no door, with so many peers.
fn with(
    peers: usize,
    act: impl for<'a> FnOnce(&mut Worker<'a>, &mut Held<'a>, &[(Key, Arc<Script>)]),
) {
    with_peers(&Stage::new(&[], 1), peers, act);
}

fn event(key: Key, place: usize) -> Event {
    Event::new(Ready::READABLE, Token::Peer(key, place).into())
}

fn order(script: &Script) -> Vec<u32> {
    std::mem::take(&mut *lock(&script.order))
}

#[test]
fn one_that_is_alone_has_its_turn_at_once_and_others_after_those_in_line() {
    with(2, |worker, shard, peers| {
        let [(first, script), (second, other)] = peers else {
            unreachable!()
        };
        assert_eq!(
            worker.go_on(shard, &[event(*first, 1)]).unwrap(),
            Next::Continue
        );
        assert!(lock(&script.turns)[0].at(1).contains(Ready::READABLE));
        // What happened at two descriptors of a peer is one turn.
        worker
            .go_on(shard, &[event(*first, 0), event(*first, 1)])
            .unwrap();
        let happened = *lock(&script.turns).last().unwrap();
        assert!(!happened.at(0).is_empty() && !happened.at(1).is_empty());
        assert_eq!(script.turns(), 2);
        // And of whom nothing more is heard, nothing has happened.
        shard.enqueue(*first);
        order(script);
        worker.go_on(shard, &[event(*second, 0)]).unwrap();
        while shard.queue.is_busy() {
            worker.go_on(shard, &[]).unwrap();
        }
        assert_eq!(order(script), [0, 1]);
        assert!(lock(&script.turns).last().unwrap().is_empty());
        assert_eq!(other.turns(), 1);
    });
}

#[test]
fn the_order_to_stop_ends_it_and_the_turns_of_those_in_line() {
    let stage = Stage::new(&[], 1);
    with_peers(&stage, 3, |worker, shard, peers| {
        peers.iter().for_each(|(key, _)| shard.enqueue(*key));
        *lock(&peers[0].1.rings) = Some(Arc::clone(&stage.stop));
        assert_eq!(worker.go_on(shard, &[]).unwrap(), Next::Continue);
        assert_eq!(order(&peers[0].1), [0]);
        assert!(shard.queue.is_busy());
        let stop = Event::new(Ready::READABLE, Token::Stop.into());
        assert_eq!(worker.go_on(shard, &[stop]).unwrap(), Next::End);
    });
}

#[test]
fn so_many_turns_are_given_before_a_look_at_what_else_happened() {
    with(2 * TURNS_A_LOOK as usize, |worker, shard, peers| {
        let mut most = 0;
        let mut shortest = Duration::MAX;
        for _ in 0..TRIES {
            peers.iter().for_each(|(key, _)| shard.enqueue(*key));
            let began = Instant::now();
            worker.give_turns(shard);
            let turns = order(&peers[0].1).len();
            shortest = shortest.min(began.elapsed() / u32::try_from(turns).unwrap());
            most = most.max(turns);
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
    with(3, |worker, shard, peers| {
        for (key, script) in peers {
            shard.enqueue(*key);
            *lock(&script.takes) = TIME_A_LOOK;
        }
        worker.give_turns(shard);
        assert_eq!(order(&peers[0].1), [0]);
    });
}

#[test]
fn where_peers_ask_in_memory_that_is_looked_at_between_turns() {
    let stage = Stage::new(&[], 1).polling_memory();
    with_peers(&stage, 2 * TURNS_A_LOOK as usize, |worker, shard, peers| {
        for (key, script) in peers {
            script.asks.store(true, Ordering::Relaxed);
            shard.enqueue(*key);
        }
        // Those who ask on and on keep it from what else happens for so long.
        let began = Instant::now();
        worker.give_turns(shard);
        assert!(began.elapsed() >= LAPS_LAST);
        assert!(shard.queue.is_busy());
    });
}

#[test]
fn a_turn_with_much_work_is_heavy_and_a_short_one_with_little_is_light() {
    with(2, |worker, shard, peers| {
        let [(busy, script), (polite, _)] = peers else {
            unreachable!()
        };
        script.work.store(100, Ordering::Relaxed);
        // Any turn may be a slow one, but not all.
        let holds = (0..TRIES).any(|_| {
            for key in [*busy, *polite] {
                shard.enqueue(key);
                worker.give_turns(shard);
            }
            order_of_both(worker, shard, peers) == [1, 0]
        });
        assert!(holds);
    });
}

/// The order in which two peers have their turns if the first is ready before the second.
fn order_of_both<'a>(
    worker: &mut Worker<'a>,
    shard: &mut Held<'a>,
    peers: &[(Key, Arc<Script>)],
) -> Vec<u32> {
    order(&peers[0].1);
    peers.iter().for_each(|(key, _)| shard.enqueue(*key));
    while shard.queue.is_busy() {
        worker.give_turns(shard);
    }
    order(&peers[0].1)
}

#[test]
fn a_turn_of_a_slow_handler_is_heavy() {
    with(2, |worker, shard, peers| {
        let (slow, script) = &peers[0];
        // Unless the thread was taken off its CPU meanwhile.
        let holds = (0..20).any(|_| {
            *lock(&script.takes) = SLOW;
            shard.enqueue(*slow);
            worker.give_turns(shard);
            *lock(&script.takes) = Duration::ZERO;
            order_of_both(worker, shard, peers) == [1, 0]
        });
        assert!(holds);
    });
}

#[test]
fn one_whose_turn_was_used_up_waits_behind_the_others() {
    with(2, |worker, shard, peers| {
        let [(greedy, script), (polite, _)] = peers else {
            unreachable!()
        };
        script.end_with(repeat_n(TurnEnd::Unfinished, 2));
        shard.enqueue(*greedy);
        let key = shard.next_in_line().unwrap();
        worker.turn(shard, key);
        assert!(shard.queue.is_busy(), "it is not done");
        shard.enqueue(*polite);
        assert_eq!(shard.next_in_line(), Some(*polite));
        assert_eq!(shard.next_in_line(), Some(*greedy));
        worker.turn(shard, *greedy);
        assert_eq!(shard.next_in_line(), Some(*greedy));
    });
}

#[test]
fn one_that_is_blocked_is_watched_for_room_until_it_is_not() {
    with(1, |worker, shard, peers| {
        let (key, script) = &peers[0];
        script.input.ring();
        let at = |place, interest| [(Token::Peer(*key, place), interest)];
        let crew = worker.crew;
        assert_eq!(ready(crew, 0), at(0, Ready::READABLE));
        script.end_with([BLOCKED, BLOCKED, IDLE]);
        for _ in 0..2 {
            worker.turn(shard, *key);
            assert_eq!(ready(crew, 0), at(1, Ready::WRITABLE));
            assert!(shard.clock.next().is_some());
        }
        worker.turn(shard, *key);
        assert_eq!(ready(crew, 0), at(0, Ready::READABLE));
    });
}

#[test]
fn times_run_while_something_is_under_way() {
    with(1, |worker, shard, peers| {
        let (key, script) = &peers[0];
        let mut timed = |end| {
            script.end_with([end]);
            worker.turn(shard, *key);
            let entry = shard.peers.get_mut(*key).unwrap();
            (entry.is_at_rest, entry.times.are_stopped())
        };
        assert_eq!(timed(IDLE), (true, true));
        assert_eq!(timed(PARTIAL), (false, false));
        assert_eq!(timed(IDLE), (true, true));
        assert_eq!(timed(BLOCKED), (false, false));
        assert_eq!(timed(IDLE), (true, true));
    });
}

#[test]
fn one_that_has_gone_is_forgotten() {
    let stage = Stage::new(&[], 1);
    with_peers(&stage, 2, |worker, shard, peers| {
        let (key, script) = &peers[0];
        script.input.ring();
        shard.attention.recent.note(*key);
        shard.may_be_idle = false;
        shard.enqueue(*key);
        script.end_with([TurnEnd::Gone]);
        worker.turn(shard, *key);
        assert!(shard.peers.get_mut(*key).is_none() && !shard.queue.is_busy());
        assert_eq!(shard.attention.recent.len(), 0);
        assert_eq!(ready(worker.crew, 0), []);
        assert_eq!(stage.echo.count(Visit::Left), 1);
        assert_eq!(worker.crew.desk(0).clients.load(Ordering::Relaxed), 1);
        assert_eq!(worker.crew.clients.load(Ordering::Relaxed), 1);
        assert!(shard.may_be_idle);
        // Whatever is still said of it is of no consequence.
        worker.go_on(shard, &[event(*key, 0)]).unwrap();
        assert_eq!(script.turns(), 1);
    });
}

#[test]
fn one_that_cannot_be_watched_is_dropped() {
    let stage = Stage::new(&[], 1);
    with_peers(&stage, 0, |worker, shard, _| {
        let (script, peer) = stage.doors.peer();
        script.break_down();
        worker.crew.desk(0).clients.store(1, Ordering::Relaxed);
        worker.crew.clients.store(1, Ordering::Relaxed);
        worker.take_in(shard, peer);
        assert!(!shard.queue.is_busy());
        assert_eq!(worker.crew.clients.load(Ordering::Relaxed), 0);
        assert_eq!(stage.echo.count(Visit::Left), 1);
    });
    with_peers(&stage, 1, |worker, shard, peers| {
        let (key, script) = &peers[0];
        script.break_down();
        script.end_with([BLOCKED]);
        worker.turn(shard, *key);
        assert!(shard.peers.get_mut(*key).is_none());
    });
}

#[test]
fn when_serving_ends_all_are_told() {
    let stage = Stage::new(&[], 1);
    stage.play(|crew| {
        let mut worker = stage::worker(crew, 0);
        let scripts: Vec<_> = {
            let mut shard = Held::take(&crew.desk(0).shard);
            (0..3)
                .map(|_| stage::settle_in(&mut worker, &mut shard, &stage.doors).1)
                .collect()
        };
        stage.stop.ring();
        worker.run();
        for script in scripts {
            assert_eq!(script.farewells(), 1);
        }
        assert_eq!(stage.echo.count(Visit::Left), 3);
    });
}
