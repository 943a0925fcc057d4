//! Turns of peers whose shard another thread may take up meanwhile.

use super::*;
use crate::sys::ready::Ready;
use crate::transport::reactor::Happened;
use std::sync::{Arc, Barrier};
use std::thread;

#[test]
fn a_turn_by_another_thread_tells_the_own_one_that_is_back() {
    for (index, attends, rings) in [(0, None, false), (1, Some(1), false), (1, None, true)] {
        with_crew(2, |crew, stage| {
            let mut worker = worker(crew, index);
            let mut shard = Held::take(&crew.desk(0).shard);
            let (key, script) = settle_in(&mut worker, &mut shard, &stage.doors);
            let desk = crew.desk(0);
            let attendant = attends.unwrap_or(NOBODY);
            desk.attendant.store(attendant, Ordering::SeqCst);
            desk.bell.renew().unwrap();
            assert!(worker.turn_apart(&mut shard, key).is_some());
            assert_eq!(script.turns(), 1);
            assert_eq!(desk.bell.has_rung(), rings, "{index} {attends:?}");
        });
    }
}

/// Where peers ask in memory or not, something happened to one or not, and it asks or not.
#[derive(Clone, Copy)]
struct Case {
    polls_memory: bool,
    happened: bool,
    asks: bool,
}

fn over_each_case(act: impl Fn(&Crew<'_>, &Stage, Case)) {
    for bits in 0..8 {
        let [polls_memory, happened, asks] = [1, 2, 4].map(|bit| bits & bit != 0);
        let mut stage = Stage::new(&[], 2).with_handler();
        if polls_memory {
            stage = stage.polling_memory();
        }
        let case = Case {
            polls_memory,
            happened,
            asks,
        };
        play(&stage, |crew, stage| act(crew, stage, case));
    }
}

#[test]
fn who_is_looked_at_while_spinning_has_a_turn_if_it_asks() {
    over_each_case(|crew, stage, case| {
        let mut worker = worker(crew, 0);
        let mut shard = Held::take(&crew.desk(0).shard);
        let (key, script) = settle_in(&mut worker, &mut shard, &stage.doors);
        lock(&script.turns).clear();
        script.asks.store(case.asks, Ordering::Relaxed);
        if case.happened {
            let entry = shard.peers.get_mut(key).unwrap();
            entry.happened = Happened::one(0, Ready::READABLE);
        }
        let has_turn = !case.polls_memory || case.happened || case.asks;
        let end = worker.turn_apart(&mut shard, key);
        assert_eq!(end.is_some(), has_turn);
        assert_eq!(script.turns(), usize::from(has_turn));
    });
}

#[test]
fn what_happened_during_a_turn_is_not_lost() {
    over_each_case(|crew, stage, case| {
        let mut worker = worker(crew, 0);
        let mut shard = Held::take(&crew.desk(0).shard);
        let (key, script) = settle_in(&mut worker, &mut shard, &stage.doors);
        let entry = shard.peers.get_mut(key).unwrap();
        let peer = entry.peer.take().unwrap();
        if case.happened {
            entry.happened = Happened::one(0, Ready::READABLE);
        }
        script.asks.store(case.asks, Ordering::Relaxed);
        let end = TurnEnd::Idle { answered: true };
        worker.put_back(&mut shard, key, peer, end);
        let is_queued = case.happened || case.polls_memory && case.asks;
        assert_eq!(shard.queue.is_busy(), is_queued);
    });
}

#[test]
fn a_peer_whose_server_stopped_during_its_turn_is_told() {
    with_crew(2, |crew, stage| {
        let mut worker = worker(crew, 0);
        let mut shard = Held::take(&crew.desk(0).shard);
        let (key, script) = settle_in(&mut worker, &mut shard, &stage.doors);
        let mut entry = shard.peers.remove(key).unwrap();
        let peer = entry.peer.take().unwrap();
        worker.put_back(&mut shard, key, peer, TurnEnd::Unfinished);
        assert_eq!((script.farewells(), shard.queue.is_busy()), (1, false));
    });
}

#[test]
fn a_ward_is_served_and_its_own_thread_told_of_who_is_left() {
    for is_back in [false, true] {
        with_crew(2, |crew, stage| {
            let mut own = worker(crew, 0);
            let mut other = worker(crew, 1);
            let (script, desk) = {
                let mut shard = Held::take(&crew.desk(0).shard);
                let (_, script) = settle_in(&mut own, &mut shard, &stage.doors);
                (script, crew.desk(0))
            };
            desk.attendant.store(1, Ordering::SeqCst);
            other.wards.push(0);
            other.is_ward_busy = true;
            other.look_after_wards().unwrap();
            assert_eq!((script.turns(), other.is_ward_busy), (0, false));
            script.input.ring();
            other.look_after_wards().unwrap();
            assert_eq!((script.turns(), other.is_ward_busy), (1, false));
            // It is not done, and its own thread comes back meanwhile, or does not.
            desk.bell.renew().unwrap();
            script.end_with([TurnEnd::Unfinished; 100]);
            let barrier = Arc::new(Barrier::new(2));
            *lock(&script.meets) = Some(Arc::clone(&barrier));
            thread::scope(|scope| {
                scope.spawn(|| {
                    barrier.wait();
                    if is_back {
                        desk.attendant.store(NOBODY, Ordering::SeqCst);
                    }
                    barrier.wait();
                });
                other.look_after_wards().unwrap();
            });
            assert!(other.is_ward_busy);
            assert_eq!(desk.bell.has_rung(), is_back);
        });
    }
}
