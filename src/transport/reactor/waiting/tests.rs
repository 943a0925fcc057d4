//! When a thread spins, and for whom.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::sys::cpu;
use crate::transport::reactor::stage::{Script, Stage, with_peers};
use std::iter::repeat_n;
use std::sync::Arc;
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
        shard.attention.recent.note(*key);
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
