//! Who is relieved, by whom, and how long.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod turns;

use super::*;
use crate::transport::reactor::watch::TICK;
use crate::transport::reactor::worker::stage::{Stage, ready, settle_in, worker};
use std::thread;
use std::time::Instant;

/// A hang.
const HANG: Duration = Duration::from_secs(60);

/// So many threads, all at work, behind no door.
fn with_crew(threads: u32, act: impl FnOnce(&Crew<'_>, &Stage)) {
    play(&Stage::new(&[], threads).with_handler(), act);
}

fn play(stage: &Stage, act: impl FnOnce(&Crew<'_>, &Stage)) {
    stage.play(|crew| {
        for desk in &crew.desks {
            desk.is_staffed.store(true, Ordering::Relaxed);
        }
        act(crew, stage);
    });
}

/// The thread that looks after this shard.
fn attendant(crew: &Crew<'_>, index: usize) -> Option<usize> {
    let attendant = crew.desk(index).attendant.load(Ordering::SeqCst);
    Some(attendant).filter(|attendant| *attendant != NOBODY)
}

fn step(crew: &Crew<'_>, index: usize) {
    crew.desk(index).turn.fetch_add(1, Ordering::SeqCst);
}

#[test]
fn one_whose_turn_is_the_same_as_last_time_is_relieved_once() {
    with_crew(3, |crew, _| {
        let mut turns = vec![0; 3];
        assert!(!look(crew, &mut turns), "nothing was done");
        step(crew, 0);
        assert!(look(crew, &mut turns), "a turn began");
        assert_eq!(attendant(crew, 0), None);
        assert!(look(crew, &mut turns), "it goes on");
        assert_eq!(attendant(crew, 0), Some(1));
        assert_eq!(*lock(&crew.desk(1).wards), [0]);
        assert!(crew.desk(1).bell.has_rung() && !crew.desk(2).bell.has_rung());
        assert!(look(crew, &mut turns));
        assert_eq!(*lock(&crew.desk(1).wards), [0], "once is enough");
        // The one who looks after it has a long turn, too, and nobody is free but the last.
        step(crew, 1);
        look(crew, &mut turns);
        assert_eq!(attendant(crew, 0), Some(1));
        look(crew, &mut turns);
        assert_eq!([0, 1].map(|index| attendant(crew, index)), [Some(2); 2]);
        assert_eq!(*lock(&crew.desk(2).wards), [0, 1]);
        assert_eq!(attendant(crew, 2), None);
        // Turns that have ended since are a sign of life, once.
        (0..2).for_each(|index| step(crew, index));
        assert!(look(crew, &mut turns));
        assert!(!look(crew, &mut turns));
    });
}

#[test]
fn a_short_turn_relieves_nobody() {
    with_crew(2, |crew, _| {
        let mut turns = vec![0; 2];
        for _ in 0..5 {
            step(crew, 0); // Begins.
            assert!(look(crew, &mut turns));
            (0..2).for_each(|_| step(crew, 0)); // Ends, and another begins.
            assert!(look(crew, &mut turns));
            step(crew, 0);
            assert!(look(crew, &mut turns));
        }
        assert_eq!(attendant(crew, 0), None);
    });
}

#[test]
fn one_that_sleeps_is_taken_before_one_that_serves() {
    with_crew(4, |crew, _| {
        assert_eq!(best(crew, 0..4), Some(0));
        assert_eq!(best(crew, 0..0), None);
        crew.desk(2).is_asleep.store(true, Ordering::Relaxed);
        crew.desk(1).is_asleep.store(true, Ordering::Relaxed);
        crew.desk(1).is_staffed.store(false, Ordering::Relaxed);
        assert_eq!(best(crew, 0..4), Some(2));
        crew.desk(0).is_staffed.store(false, Ordering::Relaxed);
        assert_eq!(best(crew, [0, 1, 3].into_iter()), Some(3));
        assert_eq!(best(crew, 0..2), None);
    });
}

#[test]
fn the_watch_is_woken_only_where_somebody_may_wait() {
    with_crew(2, |crew, _| {
        let relief = crew.relief.as_ref().unwrap();
        relief.thread.set(thread::current()).unwrap();
        let desk = crew.desk(0);
        let wakes_within = |time, clients| {
            desk.clients.store(clients, Ordering::SeqCst);
            desk.begin_turn(desk, relief);
            let began = Instant::now();
            thread::park_timeout(time);
            began.elapsed() < time
        };
        assert!(!wakes_within(20 * TICK, 2), "it is awake");
        relief.is_asleep.store(true, Ordering::SeqCst);
        assert!(!wakes_within(20 * TICK, 0) && !wakes_within(20 * TICK, 1));
        assert!(wakes_within(HANG, 2) && wakes_within(HANG, 3));
        assert_eq!(desk.turn.load(Ordering::SeqCst), 5);
    });
}

/// Ends the watch, also of a test that failed.
struct Ends<'a>(&'a Watch);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Runs the watch beside `act`.
fn watched(crew: &Crew<'_>, act: impl FnOnce(&Watch)) {
    let relief = crew.relief.as_ref().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| watch(crew, relief));
        let ends = Ends(relief);
        act(ends.0);
    });
}

fn await_that(holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < HANG);
        thread::yield_now();
    }
}

#[test]
fn the_watch_sleeps_while_nothing_is_served_and_wakes_for_a_turn() {
    with_crew(2, |crew, _| {
        watched(crew, |relief| {
            let is_asleep = || relief.is_asleep.load(Ordering::SeqCst);
            await_that(is_asleep);
            // It sleeps until somebody wakes it.
            for _ in 0..40 {
                thread::sleep(TICK / 2);
                assert!(is_asleep());
            }
            let desk = crew.desk(1);
            desk.clients.store(2, Ordering::SeqCst);
            desk.begin_turn(desk, relief);
            await_that(|| attendant(crew, 1) == Some(0));
            assert!(!is_asleep());
            desk.end_turn(crew);
            assert_eq!(attendant(crew, 1), None);
            await_that(is_asleep);
        });
    });
}

#[test]
fn nobody_is_relieved_before_a_tick_is_over() {
    with_crew(2, |crew, _| {
        step(crew, 0);
        let began = Instant::now();
        watched(crew, |_| {
            await_that(|| attendant(crew, 0).is_some());
            assert!(began.elapsed() >= TICK);
        });
    });
}

#[test]
fn a_thread_that_is_back_looks_after_its_shard_itself() {
    with_crew(2, |crew, _| {
        let mut other = worker(crew, 1);
        let asker = crew.desk(0);
        asker.bell.ring();
        // Something that is ready in the shard of the first thread.
        let stop = Token::Stop.into();
        let bell = asker.bell.as_source();
        asker.poller.add(bell, Want::READ, stop).unwrap();
        hand_over(crew, 0, 1);
        let shard = Held::take(&crew.desk(1).shard);
        other.take_wards(&shard);
        other.take_wards(&shard);
        assert_eq!(other.wards, [0]);
        let wards = |crew: &Crew<'_>| {
            let told = ready(crew, 1).into_iter();
            told.filter(|(token, _)| *token == Token::Ward(0)).count()
        };
        assert_eq!(wards(crew), 1);
        asker.end_turn(crew);
        assert_eq!((attendant(crew, 0), wards(crew)), (None, 0));
        // It had nobody now, and nothing is done.
        asker.end_turn(crew);
        drop(shard);
        other.look_after_wards().unwrap();
        assert!(other.wards.is_empty());
    });
}

#[test]
fn the_same_ward_twice_is_one_and_one_that_cannot_be_watched_is_none() {
    with_crew(3, |crew, _| {
        let mut other = worker(crew, 1);
        let shard = Held::take(&crew.desk(1).shard);
        for _ in 0..2 {
            hand_over(crew, 0, 1);
            // Whoever hands over stops the last one's watch; here it goes on.
            other.take_wards(&shard);
            lock(&crew.desk(1).wards).push(0);
            other.take_wards(&shard);
            assert_eq!((attendant(crew, 0), &*other.wards), (Some(1), &[0][..]));
        }
        // The kernel refuses two pollers inside of each other.
        let (inner, token) = (crew.desk(1).poller.as_source(), Token::Ward(1).into());
        let outer = &crew.desk(2).poller;
        outer.add(inner, Want::READ, token).unwrap();
        hand_over(crew, 2, 1);
        other.take_wards(&shard);
        assert_eq!((attendant(crew, 2), &*other.wards), (None, &[0][..]));
    });
}

#[test]
fn what_a_thread_was_given_is_taken_from_its_own_shard_only() {
    with_crew(2, |crew, _| {
        let mut other = worker(crew, 1);
        hand_over(crew, 0, 1);
        other.take_wards(&Held::take(&crew.desk(0).shard));
        assert!(other.wards.is_empty());
        assert_eq!(*lock(&crew.desk(1).wards), [0]);
    });
}
