//! When a thread spins and for whom, and how it falls asleep.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::sys::AsSource;
use crate::sys::cpu;
use crate::sys::ready::{Ready, Want};
use crate::transport::Visit;
use crate::transport::reactor::crew::Crew;
use crate::transport::reactor::relief::hand_over;
use crate::transport::reactor::stage::{
    Script, Stage, play_staffed, settle_in, with_peers, worker,
};
use std::iter::repeat_n;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Instant;

const ANSWERED: TurnEnd = TurnEnd::Idle { answered: true };

/// A thread with a recent peer that spins for so long; nothing where the machine has one CPU.
fn with_recent(
    budget: Duration,
    act: impl for<'a> FnOnce(&mut Turns<'a>, &mut Held<'a>, Key, &Arc<Script>),
) {
    let mut stage = Stage::new(&[], 1);
    stage.options.spin = budget;
    with_peers(&stage, 1, |turns, shard, peers| {
        let (key, script) = peers.first().unwrap();
        shard.note_recent(*key);
        if shard.attention.spin.may_spin() {
            act(turns, shard, *key, script);
        }
    });
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn work_that_is_found_ends_a_spin_at_once_where_others_wait() {
    with_recent(LONG, |turns, shard, key, script| {
        script.end_with([ANSWERED; 100]);
        shard.enqueue(key);
        for count in 1..=5 {
            assert!(spin(turns, shard));
            assert_eq!(script.turns(), count);
        }
    });
}

#[test]
fn one_that_asks_on_and_on_does_not_keep_a_thread_from_what_else_happens() {
    with_recent(LONG, |turns, shard, _, script| {
        script.end_with(repeat_n(ANSWERED, 1 << 20));
        let began = Instant::now();
        assert!(spin(turns, shard));
        assert!(began.elapsed() >= LAPS_LAST && script.turns() > 1);
        assert!(shard.attention.spin.may_spin(), "it paid");
    });
}

#[test]
fn a_spin_that_finds_nothing_is_not_tried_soon_again() {
    with_recent(Duration::from_micros(1), |turns, shard, _, script| {
        assert!(!spin(turns, shard));
        assert!(!shard.attention.spin.may_spin());
        let count = script.turns();
        assert!(count > 0);
        for _ in 0..8 {
            assert!(!spin(turns, shard));
        }
        assert_eq!(script.turns(), count);
        assert!(shard.attention.spin.may_spin());
    });
}

#[test]
fn nobody_spins_for_nobody() {
    with_recent(Duration::from_micros(1), |turns, shard, key, script| {
        shard.attention.recent.forget(key);
        assert!(!spin(turns, shard));
        assert!(shard.attention.spin.may_spin() && script.turns() == 0);
    });
}

#[test]
fn nobody_spins_for_a_peer_on_the_same_cpu() {
    with_recent(Duration::from_micros(1), |turns, shard, _, script| {
        // Unless this thread is moved to another one in between, each time.
        let holds = (0..1000).any(|_| {
            *script.cpu.lock().unwrap() = Some(cpu::current());
            let (count, might_spin) = (script.turns(), shard.attention.spin.may_spin());
            let found = spin(turns, shard);
            might_spin && !found && script.turns() == count && shard.attention.spin.may_spin()
        });
        assert!(holds);
        *script.cpu.lock().unwrap() = Some(cpu::UNKNOWN);
        script.end_with(repeat_n(ANSWERED, 1 << 20));
        let count = script.turns();
        assert!(
            (0..9).any(|_| spin(turns, shard)),
            "it may have skipped some"
        );
        assert!(script.turns() > count);
    });
}

#[test]
fn a_turn_in_which_nothing_was_done_finds_no_work() {
    with_recent(LONG, |turns, shard, key, script| {
        let partial = |moved| TurnEnd::Partial {
            moved,
            is_new: false,
            length: 0,
        };
        for (end, is_work) in [
            (ANSWERED, true),
            (TurnEnd::Idle { answered: false }, false),
            (partial(true), true),
            (partial(false), false),
            (TurnEnd::Blocked { moved: true }, true),
            (TurnEnd::Blocked { moved: false }, false),
            (TurnEnd::Unfinished, true),
            (TurnEnd::Gone, false),
        ] {
            script.end_with([end]);
            assert_eq!(serve_if_asking(turns, shard, key), is_work, "{end:?}");
        }
        assert!(!serve_if_asking(turns, shard, key), "it has gone");
    });
}

/// Waits as the first thread does, while another one does this; how many events there were.
fn wait_while(
    crew: &Crew<'_>,
    wards: &Wards<'_>,
    must_look: bool,
    act: impl FnOnce() + Send,
) -> usize {
    let mut shard = Held::take(crew, 0);
    let mut events = [Event::EMPTY; 4];
    let began = Instant::now();
    shard.pause.begin(began + LONG); // One that nobody wakes wakes then.
    let count = thread::scope(|scope| {
        scope.spawn(act);
        wait(&mut shard, wards, &mut events, must_look).unwrap()
    });
    assert!(began.elapsed() < LONG);
    count
}

/// Tells the first thread by its bell, once this holds.
fn ring_when(crew: &Crew<'_>, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() && began.elapsed() < LONG {
        thread::yield_now();
    }
    let in_time = holds();
    crew.desk(0).bell.ring();
    assert!(in_time);
}

#[test]
fn a_thread_that_sleeps_is_counted_where_peers_ask_in_memory() {
    let stage = Stage::new(&[], 1).polling_memory();
    stage.play(|crew| {
        let _worker = worker(crew, 0);
        let wards = Wards::new(crew, 0);
        let asleep = || stage.doors.asleep.load(Ordering::SeqCst);
        let events = wait_while(crew, &wards, false, || ring_when(crew, || asleep() == 1));
        assert_eq!((events, asleep()), (1, 0));
    });
}

#[test]
fn another_thread_can_have_the_shard_of_one_that_sleeps() {
    let stage = Stage::new(&[], 2).with_handler();
    play_staffed(&stage, |crew, _| {
        let _worker = worker(crew, 0);
        let desk = crew.desk(0);
        let is_free = || desk.is_asleep.load(Ordering::Relaxed) && desk.shard.try_lock().is_ok();
        let events = wait_while(crew, &Wards::new(crew, 0), false, || {
            ring_when(crew, is_free)
        });
        assert_eq!((events, desk.is_asleep.load(Ordering::Relaxed)), (1, false));
    });
}

#[test]
fn nobody_sleeps_who_has_something_to_look_for_or_is_asked_in_memory() {
    let stage = Stage::new(&[], 2).with_handler().polling_memory();
    play_staffed(&stage, |crew, stage| {
        let mut turns = Turns::new(crew, 0).unwrap();
        let mut wards = Wards::new(crew, 0);
        assert_eq!(wait_while(crew, &wards, true, || ()), 0);
        // Its own peers, and those of a ward.
        for index in 0..2 {
            let mut shard = Held::take(crew, index);
            let (key, script) = settle_in(&mut turns, &mut shard, &stage.doors);
            drop(shard);
            if index == 1 {
                hand_over(crew, 1, 0);
                wards.take();
            }
            script.asks.store(true, Ordering::Relaxed);
            assert_eq!(wait_while(crew, &wards, false, || ()), 0);
            let mut shard = Held::take(crew, index);
            if index == 0 {
                assert_eq!(shard.next_in_line(), Some(key), "it is in line");
            }
            script.asks.store(false, Ordering::Relaxed);
            shard.dismiss(key, Visit::Left);
        }
    });
}

#[test]
fn a_look_sees_what_has_happened() {
    let stage = Stage::new(&[], 1);
    stage.play(|crew| {
        let desk = crew.desk(0);
        desk.poller
            .add(desk.bell.as_source(), Want::READ, 0)
            .unwrap();
        let wards = Wards::new(crew, 0);
        assert_eq!(wait_while(crew, &wards, true, || ()), 0);
        desk.bell.ring();
        assert_eq!(wait_while(crew, &wards, true, || ()), 1);
        assert_eq!(wait_while(crew, &wards, false, || ()), 1);
    });
}

#[test]
fn what_an_attendant_saw_of_a_peer_that_had_its_turn_meanwhile_is_not_slept_over() {
    let mut stage = Stage::new(&[], 2).with_handler();
    stage.options.spin = Duration::from_micros(1);
    play_staffed(&stage, |crew, stage| {
        let mut turns = Turns::new(crew, 0).unwrap();
        let mut shard = Held::take(crew, 0);
        let (key, script) = settle_in(&mut turns, &mut shard, &stage.doors);
        *script.takes.lock().unwrap() = Duration::from_millis(1);
        shard.note_recent(key);
        if !shard.attention.spin.may_spin() {
            return; // This machine has one CPU.
        }
        let saw_some = (0..1000).any(|_| {
            let (count, is_over) = (script.turns(), AtomicBool::new(false));
            let found = thread::scope(|scope| {
                scope.spawn(|| {
                    // The shard is free while the peer has its turn.
                    while !is_over.load(Ordering::Relaxed) {
                        if script.turns() > count
                            && let Some(mut shard) = Held::try_take(crew, 0)
                        {
                            return shard.note(key, 0, Ready::READABLE);
                        }
                        thread::yield_now();
                    }
                });
                let found = spin(&mut turns, &mut shard);
                is_over.store(true, Ordering::Relaxed);
                found
            });
            let is_busy = shard.queue.is_busy();
            assert!(found || !is_busy, "it would sleep");
            while shard.next_in_line().is_some() {}
            is_busy
        });
        assert!(saw_some);
    });
}
