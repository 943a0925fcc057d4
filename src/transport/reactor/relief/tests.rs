//! Who is relieved, by whom, and how long.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::transport::reactor::stage::{attendant, with_crew};
use crate::transport::reactor::watch::TICK;
use std::thread;
use std::time::{Duration, Instant};

/// A hang.
const HANG: Duration = Duration::from_secs(60);

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
            end_turn(crew, desk);
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
