//! When a thread spins, and for whom.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::transport::reactor::worker::stage::{Script, Stage, with_peers};
use std::iter::repeat_n;
use std::sync::Arc;

const ANSWERED: TurnEnd = TurnEnd::Idle { answered: true };

/// A thread with a recent peer that spins for so long; nothing where the machine has one CPU.
fn with_recent(
    budget: Duration,
    act: impl for<'a> FnOnce(&mut Worker<'a>, &mut Held<'a>, Key, &Arc<Script>),
) {
    let mut stage = Stage::new(&[], 1);
    stage.options.spin = budget;
    with_peers(&stage, 1, |worker, shard, peers| {
        let (key, script) = peers.first().unwrap();
        shard.attention.recent.note(*key);
        if worker.spin.may_spin() {
            act(worker, shard, *key, script);
        }
    });
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn work_that_is_found_ends_a_spin_at_once_where_others_wait() {
    with_recent(LONG, |worker, shard, key, script| {
        script.end_with([ANSWERED; 100]);
        shard.enqueue(key);
        for turns in 1..=5 {
            assert!(worker.spin(shard));
            assert_eq!(script.turns(), turns);
        }
    });
}

#[test]
fn one_that_asks_on_and_on_does_not_keep_a_thread_from_what_else_happens() {
    with_recent(LONG, |worker, shard, _, script| {
        script.end_with(repeat_n(ANSWERED, 1 << 20));
        let began = Instant::now();
        assert!(worker.spin(shard));
        assert!(began.elapsed() >= LAPS_LAST && script.turns() > 1);
        assert!(worker.spin.may_spin(), "it paid");
    });
}

#[test]
fn a_spin_that_finds_nothing_is_not_tried_soon_again() {
    with_recent(Duration::from_micros(1), |worker, shard, _, script| {
        assert!(!worker.spin(shard));
        assert!(!worker.spin.may_spin());
        let turns = script.turns();
        assert!(turns > 0);
        for _ in 0..8 {
            assert!(!worker.spin(shard));
        }
        assert_eq!(script.turns(), turns);
        assert!(worker.spin.may_spin());
    });
}

#[test]
fn nobody_spins_for_nobody() {
    with_recent(Duration::from_micros(1), |worker, shard, key, script| {
        shard.attention.recent.forget(key);
        assert!(!worker.spin(shard));
        assert!(worker.spin.may_spin() && script.turns() == 0);
    });
}

#[test]
fn nobody_spins_for_a_peer_on_the_same_cpu() {
    with_recent(Duration::from_micros(1), |worker, shard, _, script| {
        // Unless this thread is moved to another one in between, each time.
        let holds = (0..1000).any(|_| {
            *script.cpu.lock().unwrap() = Some(cpu::current());
            let (turns, might_spin) = (script.turns(), worker.spin.may_spin());
            let found = worker.spin(shard);
            might_spin && !found && script.turns() == turns && worker.spin.may_spin()
        });
        assert!(holds);
        *script.cpu.lock().unwrap() = Some(cpu::UNKNOWN);
        script.end_with(repeat_n(ANSWERED, 1 << 20));
        let turns = script.turns();
        assert!(
            (0..9).any(|_| worker.spin(shard)),
            "it may have skipped some"
        );
        assert!(script.turns() > turns);
    });
}

#[test]
fn a_turn_in_which_nothing_was_done_finds_no_work() {
    with_recent(LONG, |worker, shard, key, script| {
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
            assert_eq!(worker.serve_if_asking(shard, key), is_work, "{end:?}");
        }
        assert!(!worker.serve_if_asking(shard, key), "it has gone");
    });
}
