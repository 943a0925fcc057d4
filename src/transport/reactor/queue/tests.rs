//! Who has a turn before whom.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;

/// The work of a turn that is used up.
const FULL: u32 = 400;

/// A queue, and the standings of those who come to it.
struct Stage {
    queue: Queue,
    standings: Vec<Standing>,
}

fn key(index: usize) -> Key {
    Key {
        index: u32::try_from(index).unwrap(),
        round: 0,
    }
}

impl Stage {
    fn new(peers: usize) -> Self {
        let mut queue = Queue::default();
        queue.reserve(peers).unwrap();
        Self {
            queue,
            standings: vec![Standing::default(); peers],
        }
    }

    fn ready(&mut self, peer: usize) {
        self.queue.push(key(peer), &mut self.standings[peer]);
    }

    /// The next turn, in which a peer does so much.
    fn turn(&mut self, work: impl FnOnce(usize) -> u32) -> Option<usize> {
        let peer = self.queue.pop()?.index as usize;
        let standing = &mut self.standings[peer];
        standing.leave();
        self.queue.charge(standing, work(peer), false);
        Some(peer)
    }
}

#[test]
fn who_asks_little_waits_for_the_turn_that_runs_and_no_more() {
    let mut stage = Stage::new(65);
    (0..65).for_each(|peer| stage.ready(peer));
    let work = |peer| if peer == 0 { 1 } else { FULL };
    // Nothing is known yet.
    (0..65).for_each(|_| _ = stage.turn(work));
    (1..65).for_each(|greedy| stage.ready(greedy));
    let mut order = Vec::new();
    for _ in 0..640 {
        let greedy = stage.turn(work).unwrap();
        order.push(greedy);
        stage.ready(greedy);
        stage.ready(0); // It asked while that turn ran.
        assert_eq!(stage.turn(work), Some(0));
    }
    let laps: Vec<_> = (1..65).collect();
    assert_eq!(order, laps.repeat(10), "the others go round");
}

#[test]
fn a_crowd_that_asks_little_lets_the_others_have_their_turn() {
    let mut stage = Stage::new(64);
    let work = |peer| if peer == 0 { FULL } else { 1 };
    (0..64).for_each(|peer| stage.ready(peer));
    (0..64).for_each(|_| _ = stage.turn(work));
    (0..64).for_each(|peer| stage.ready(peer));
    let turns: Vec<_> = (0..330)
        .map(|_| {
            let peer = stage.turn(work).unwrap();
            stage.ready(peer);
            peer
        })
        .collect();
    let heavy = turns.iter().filter(|&&peer| peer == 0).count();
    assert_eq!(heavy, 330 / (RUN as usize + 1));
}

#[test]
fn reconnecting_for_each_batch_buys_nothing() {
    let mut stage = Stage::new(1002);
    stage.ready(0);
    stage.ready(2);
    let mut turns = [0; 2];
    for _ in 0..1000 {
        let peer = stage.turn(|_| FULL).unwrap();
        turns[usize::from(peer != 0)] += 1;
        // As soon as one was served, it is the next newcomer, with as much as a turn holds.
        stage.ready(if peer == 0 { 0 } else { peer + 1 });
    }
    assert!(turns[0] >= 499, "{turns:?}");
    // And one that asks little is judged by what it does from then on.
    stage.ready(1);
    while stage.turn(|peer| if peer == 1 { 1 } else { FULL }) != Some(1) {}
    stage.ready(0);
    stage.ready(1);
    assert_eq!(stage.turn(|_| 1), Some(1));
}

#[test]
fn nobody_is_lost_and_nobody_is_passed_over_twice() {
    const PEERS: usize = 16;
    let mut stage = Stage::new(PEERS);
    let mut random = 1_u64;
    let mut below = |limit: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % limit).unwrap()
    };
    // How often each other peer had a turn since this one waits.
    let mut waits: Vec<Option<[u32; PEERS]>> = vec![None; PEERS];
    for _ in 0..100_000 {
        let peer = below(16);
        stage.ready(peer);
        waits[peer].get_or_insert([0; PEERS]);
        if below(3) == 0 {
            continue;
        }
        let Some(served) = stage.turn(|_| 1) else {
            assert!(waits.iter().all(Option::is_none), "somebody was lost");
            continue;
        };
        assert!(waits[served].take().is_some(), "{served} had nothing");
        for passed in waits.iter_mut().flatten() {
            passed[served] += 1;
            assert!(passed[served] <= 1);
        }
    }
}

#[test]
fn a_turn_that_a_slow_handler_used_up_is_no_light_one() {
    let mut stage = Stage::new(2);
    (0..2).for_each(|peer| stage.ready(peer));
    (0..2).for_each(|_| _ = stage.turn(|_| 1));
    stage.queue.charge(&mut stage.standings[0], 1, true);
    (0..2).for_each(|peer| stage.ready(peer));
    assert_eq!([stage.turn(|_| 1), stage.turn(|_| 1)], [Some(1), Some(0)]);
}

#[test]
fn one_who_has_gone_has_no_turn() {
    let mut stage = Stage::new(3);
    (0..3).for_each(|peer| stage.ready(peer));
    stage.queue.forget(key(1));
    let turns = [(); 3].map(|()| stage.turn(|_| 1));
    assert_eq!(turns, [Some(0), Some(2), None]);
    assert!(!stage.queue.is_busy());
}

#[test]
fn a_turn_is_light_up_to_so_much_work() {
    let mut stage = Stage::new(3);
    (0..3).for_each(|peer| stage.ready(peer));
    let work = [LIGHT + 1, LIGHT, LIGHT + 100];
    (0..3).for_each(|_| _ = stage.turn(|peer| work[peer]));
    stage.queue.run = 0;
    (0..3).for_each(|peer| stage.ready(peer));
    let turns = [(); 3].map(|()| stage.turn(|_| 1));
    assert_eq!(turns, [Some(1), Some(0), Some(2)]);
}

#[test]
fn the_others_have_a_turn_once_light_ones_have_done_so_much() {
    // Two turns do less than that, or as much.
    for (work, first_heavy) in [(RUN / 2 - 1, 3), (RUN / 2, 2)] {
        let mut stage = Stage::new(5);
        let work_of = |peer| if peer == 4 { FULL } else { work };
        stage.queue.charge(&mut stage.standings[0], 1, false);
        (1..5).for_each(|peer| {
            stage.ready(peer);
            stage.turn(work_of);
        });
        stage.queue.run = 0;
        (0..5).for_each(|peer| stage.ready(peer));
        let turns: Vec<_> = (0..5).map(|_| stage.turn(work_of).unwrap()).collect();
        assert_eq!(turns.iter().position(|&peer| peer == 4), Some(first_heavy));
    }
}

#[test]
fn one_waits_once_however_often_it_is_ready_and_needs_no_room_then() {
    let mut stage = Stage::new(100);
    assert!(stage.queue.light.capacity() >= 100);
    assert!(stage.queue.heavy.capacity() >= 100);
    assert!(!stage.queue.is_busy() && !stage.standings[7].is_queued());
    stage.ready(7);
    stage.ready(7);
    assert!(stage.queue.is_busy() && stage.standings[7].is_queued());
    assert_eq!([stage.turn(|_| FULL), stage.turn(|_| 1)], [Some(7), None]);
    assert!(!stage.queue.is_busy() && !stage.standings[7].is_queued());
    stage.ready(7);
    assert!(stage.queue.is_busy(), "one that asks much is somebody");
}
