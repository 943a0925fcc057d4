//! Which shards a thread looks after, and until when.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::transport::reactor::relief::{end_turn, hand_over};
use crate::transport::reactor::stage::{
    Stage, attendant, play_staffed, ready, settle_in, with_crew,
};
use crate::transport::reactor::turns::Turns;

#[test]
fn a_thread_that_is_back_looks_after_its_shard_itself() {
    with_crew(2, |crew, _| {
        let mut wards = Wards::new(crew, 1);
        let asker = crew.desk(0);
        asker.bell.ring();
        // Something that is ready in the shard of the first thread.
        let stop = Token::Stop.into();
        let bell = asker.bell.as_source();
        asker.poller.add(bell, Want::READ, stop).unwrap();
        hand_over(crew, 0, 1);
        wards.take();
        wards.take();
        assert_eq!(wards.shards, [0]);
        let events = || {
            let told = ready(crew, 1).into_iter();
            told.filter(|(token, _)| *token == Token::Ward(0)).count()
        };
        assert_eq!(events(), 1);
        end_turn(crew, asker);
        assert_eq!((attendant(crew, 0), events()), (None, 0));
        // It had nobody now, and nothing is done.
        end_turn(crew, asker);
        assert_eq!(wards.begin_round(), 1);
        assert!(wards.take_up(0).is_none() && wards.shards.is_empty());
    });
}

#[test]
fn one_that_was_taken_on_after_its_thread_was_back_does_not_wake_the_other() {
    with_crew(2, |crew, _| {
        let mut wards = Wards::new(crew, 1);
        hand_over(crew, 0, 1);
        crew.desk(0).attendant.store(NOBODY, Ordering::SeqCst);
        wards.take();
        assert_eq!(wards.shards, [0]);
        assert!(wards.take_up(0).is_none());
        crew.desk(0).bell.ring();
        let bell = crew.desk(0).bell.as_source();
        let stop = Token::Stop.into();
        crew.desk(0).poller.add(bell, Want::READ, stop).unwrap();
        assert!(
            ready(crew, 1)
                .iter()
                .all(|(token, _)| *token != Token::Ward(0))
        );
    });
}

#[test]
fn the_same_ward_twice_is_one_and_one_that_cannot_be_watched_is_none() {
    with_crew(3, |crew, _| {
        let mut wards = Wards::new(crew, 1);
        for _ in 0..2 {
            hand_over(crew, 0, 1);
            // Whoever hands over stops the last one's watch; here it goes on.
            wards.take();
            lock(&crew.desk(1).wards).push(0);
            wards.take();
            assert_eq!((attendant(crew, 0), &*wards.shards), (Some(1), &[0][..]));
        }
        // The kernel refuses two pollers inside of each other.
        let (inner, token) = (crew.desk(1).poller.as_source(), Token::Ward(1).into());
        let outer = &crew.desk(2).poller;
        outer.add(inner, Want::READ, token).unwrap();
        hand_over(crew, 2, 1);
        wards.take();
        assert_eq!((attendant(crew, 2), &*wards.shards), (None, &[0][..]));
    });
}

#[test]
fn one_is_taken_up_unless_somebody_has_it_in_hand() {
    with_crew(2, |crew, _| {
        let mut wards = Wards::new(crew, 1);
        hand_over(crew, 0, 1);
        wards.take();
        let held = Held::take(crew, 0);
        assert!(wards.take_up(0).is_none());
        drop(held);
        assert_eq!(wards.take_up(0).unwrap().index, 0);
        assert!(wards.take_up(1).is_none());
        assert_eq!(wards.count(), 1);
    });
}

#[test]
fn the_own_thread_is_told_of_who_is_left_when_it_is_back() {
    for (is_left, is_back) in [(false, false), (false, true), (true, false), (true, true)] {
        with_crew(2, |crew, stage| {
            let mut turns = Turns::new(crew, 1).unwrap();
            let mut wards = Wards::new(crew, 1);
            let desk = crew.desk(0);
            desk.attendant.store(1, Ordering::SeqCst);
            wards.shards.push(0);
            wards.is_busy = true;
            wards.begin_round();
            assert!(!wards.is_busy());
            let mut ward = wards.take_up(0).unwrap();
            let (key, _) = settle_in(&mut turns, &mut ward, &stage.doors);
            if is_left {
                ward.enqueue(key);
            }
            if is_back {
                desk.attendant.store(NOBODY, Ordering::SeqCst);
            }
            desk.bell.renew().unwrap();
            wards.put_down(&ward);
            assert_eq!(wards.is_busy(), is_left);
            assert_eq!(desk.bell.has_rung(), is_left && is_back);
        });
    }
}

#[test]
fn they_ask_if_one_of_their_peers_does_and_nobody_has_them_in_hand() {
    let stage = Stage::new(&[], 2).with_handler().polling_memory();
    play_staffed(&stage, |crew, stage| {
        let mut turns = Turns::new(crew, 0).unwrap();
        let mut wards = Wards::new(crew, 1);
        let mut ward = Held::take(crew, 0);
        let (_, script) = settle_in(&mut turns, &mut ward, &stage.doors);
        wards.shards.push(0);
        script.asks.store(true, Ordering::Relaxed);
        assert!(!wards.ask());
        drop(ward);
        assert!(wards.ask());
        script.asks.store(false, Ordering::Relaxed);
        assert!(!wards.ask());
    });
}
