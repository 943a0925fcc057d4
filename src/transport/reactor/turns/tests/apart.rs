//! Turns of peers whose shard another thread may take up meanwhile.

use super::*;
use crate::sys::mutex::lock;
use crate::transport::Visit;
use crate::transport::reactor::desk::NOBODY;
use crate::transport::reactor::stage::{Stage, play_staffed, settle_in, with_crew};
use std::sync::atomic::Ordering;

#[test]
fn a_turn_by_another_thread_tells_the_own_one_that_is_back() {
    for (index, attends, rings) in [(0, None, false), (1, Some(1), false), (1, None, true)] {
        with_crew(2, |crew, stage| {
            let mut turns = Turns::new(crew, index).unwrap();
            let mut shard = Held::take(crew, 0);
            let (key, script) = settle_in(&mut turns, &mut shard, &stage.doors);
            let desk = crew.desk(0);
            let attendant = attends.unwrap_or(NOBODY);
            desk.attendant.store(attendant, Ordering::SeqCst);
            desk.bell.renew().unwrap();
            assert!(turns.give_apart(&mut shard, key).is_some());
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
        play_staffed(&stage, |crew, stage| act(crew, stage, case));
    }
}

#[test]
fn who_is_looked_at_while_spinning_has_a_turn_if_it_asks() {
    over_each_case(|crew, stage, case| {
        let mut turns = Turns::new(crew, 0).unwrap();
        let mut shard = Held::take(crew, 0);
        let (key, script) = settle_in(&mut turns, &mut shard, &stage.doors);
        lock(&script.turns).clear();
        script.asks.store(case.asks, Ordering::Relaxed);
        if case.happened {
            let entry = shard.peers.get_mut(key).unwrap();
            entry.happened = Happened::one(0, Ready::READABLE);
        }
        let has_turn = !case.polls_memory || case.happened || case.asks;
        let end = turns.give_apart(&mut shard, key);
        assert_eq!(end.is_some(), has_turn);
        assert_eq!(script.turns(), usize::from(has_turn));
    });
}

#[test]
fn what_happened_during_a_turn_is_not_lost() {
    over_each_case(|crew, stage, case| {
        let mut turns = Turns::new(crew, 0).unwrap();
        let mut shard = Held::take(crew, 0);
        let (key, script) = settle_in(&mut turns, &mut shard, &stage.doors);
        let entry = shard.peers.get_mut(key).unwrap();
        let peer = entry.peer.take().unwrap();
        if case.happened {
            entry.happened = Happened::one(0, Ready::READABLE);
        }
        script.asks.store(case.asks, Ordering::Relaxed);
        let end = TurnEnd::Idle { answered: true };
        turns.put_back(&mut shard, key, peer, end);
        let is_queued = case.happened || case.polls_memory && case.asks;
        assert_eq!(shard.queue.is_busy(), is_queued);
    });
}

#[test]
fn a_peer_whose_server_stopped_during_its_turn_is_told() {
    with_crew(2, |crew, stage| {
        let mut turns = Turns::new(crew, 0).unwrap();
        let mut shard = Held::take(crew, 0);
        let (key, script) = settle_in(&mut turns, &mut shard, &stage.doors);
        let mut entry = shard.peers.remove(key).unwrap();
        let peer = entry.peer.take().unwrap();
        turns.put_back(&mut shard, key, peer, TurnEnd::Unfinished);
        assert_eq!((script.farewells(), shard.queue.is_busy()), (1, false));
        assert_eq!(stage.echo.count(Visit::Ended), 1);
    });
}

#[test]
fn what_happens_to_one_that_is_out_is_kept() {
    with_crew(2, |crew, stage| {
        let mut turns = Turns::new(crew, 0).unwrap();
        let mut shard = Held::take(crew, 0);
        let (key, _) = settle_in(&mut turns, &mut shard, &stage.doors);
        let peer = shard.peers.get_mut(key).unwrap().peer.take();
        for place in 0..2 {
            turns.give_lone(&mut shard, key, place, Ready::READABLE);
        }
        let happened = shard.peers.get(key).unwrap().happened;
        assert_eq!([0, 1].map(|place| happened.at(place)), [Ready::READABLE; 2]);
        drop(peer);
    });
}

#[test]
fn a_peer_to_which_nothing_happened_in_its_turn_has_no_other_turn() {
    with_crew(2, |crew, stage| {
        let mut turns = Turns::new(crew, 0).unwrap();
        let mut shard = Held::take(crew, 0);
        let (_, peer) = stage.doors.peer();
        shard.take_in(peer);
        let key = shard.next_in_line().unwrap();
        let end = turns.give(&mut shard, key);
        assert_eq!(end, Some(TurnEnd::Idle { answered: false }));
        assert!(!shard.queue.is_busy());
    });
}
