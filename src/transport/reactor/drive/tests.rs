//! What the host's poller tells of between two turns.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::sys::mutex::lock;
use crate::transport::reactor::stage::{Script, Stage};
use crate::transport::reactor::{DoorWatch, TurnEnd};
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::Ordering;

const LOOK: Option<Duration> = Some(Duration::ZERO);
const PATIENCE: Duration = Duration::from_secs(60);

/// A driven server, and what its host watches.
struct Drive<'a> {
    event_loop: &'a EventLoop<'a>,
    task: &'a Task<'a>,
    driven: Option<Driven>,
    watched: Poller,
}

impl Drive<'_> {
    fn turn(&mut self, wait: Option<Duration>) -> Turn {
        let driven = self.driven.as_mut().unwrap();
        self.event_loop.turn(driven, self.task, wait).unwrap()
    }

    /// Whether the host would wake up within this time.
    fn is_told(&self, within: Duration) -> bool {
        let mut outer = [Event::EMPTY; 1];
        let host = Poller::new().unwrap();
        host.add(self.watched.as_source(), Want::READ, 0).unwrap();
        host.wait(&mut outer, Some(within)).unwrap() == 1
    }

    fn is_quiet(&self) -> bool {
        !self.is_told(Duration::ZERO)
    }

    /// Whether nothing is told of, but for a time that has come since the last turn.
    fn is_at_rest(&self) -> bool {
        let reminder = &self.driven.as_ref().unwrap().reminder;
        let has_come = |time| time <= Instant::now();
        self.is_quiet() || reminder.set_to.is_some_and(has_come)
    }

    /// Turns until there is nothing to do.
    fn rest(&mut self) {
        assert!((0..1000).any(|_| self.turn(LOOK) == Turn::Nothing));
        assert!(self.is_at_rest());
    }

    /// Turns, each when it is told to, until this is so.
    fn turn_until(&mut self, mut is_so: impl FnMut(&mut Self) -> bool) {
        let came = (0..1000).any(|_| {
            is_so(self) || {
                assert!(self.is_told(PATIENCE));
                self.turn(LOOK);
                false
            }
        });
        assert!(came);
    }

    /// A turn since something came from this client, which was all there at once.
    fn turn_for(&mut self, script: &Script, wait: Option<Duration>) {
        script.input.ring();
        assert_eq!(self.turn(wait), Turn::Done);
        script.input.silence();
    }
}

fn drive(stage: &Stage, act: impl FnOnce(&mut Drive<'_>)) {
    stage.drive(|event_loop, task| {
        let (driven, watched) = event_loop.begin(task).unwrap();
        act(&mut Drive {
            event_loop,
            task,
            driven: Some(driven),
            watched,
        });
    });
}

/// A server with a client that has had its first turn.
fn with_client(stage: &Stage, act: impl FnOnce(&mut Drive<'_>, &Arc<Script>)) {
    let script = stage.doors.come(0);
    stage.doors.knock(0);
    drive(stage, |drive| {
        assert!(drive.is_told(Duration::ZERO), "somebody is at the door");
        assert_eq!(drive.turn(LOOK), Turn::Done);
        drive.turn_until(|_| script.turns() == 1);
        act(drive, &script);
    });
}

/// Behind a door that tells once.
fn stage() -> Stage {
    Stage::new(&[DoorWatch::ByFirst], 1)
}

#[test]
fn what_a_turn_leaves_is_told_until_it_is_done() {
    with_client(&stage(), |drive, script| {
        drive.rest();
        script.end_with([TurnEnd::Unfinished; 30]);
        drive.turn_for(script, LOOK);
        let mut turns = 0;
        while drive.is_told(Duration::ZERO) {
            assert_eq!(drive.turn(LOOK), Turn::Done);
            turns += 1;
            assert!(turns < 32, "each gives a turn or more");
        }
        assert_eq!(script.turns(), 1 + 31);
        assert!(turns > 0, "one turn is bounded");
        assert_eq!(drive.turn(LOOK), Turn::Nothing);
    });
}

#[test]
fn a_time_is_told_when_it_comes_and_not_before() {
    let mut stage = stage();
    stage.options.stall_timeout = Duration::from_secs(3600);
    with_client(&stage, |drive, script| {
        let half = TurnEnd::Partial {
            moved: true,
            is_new: true,
            length: 0,
        };
        script.end_with([half]);
        drive.turn_for(script, LOOK);
        drive.rest();
        let reminder = &mut drive.driven.as_mut().unwrap().reminder;
        assert!(reminder.set_to.is_some());
        // As if it had come.
        reminder.timer.set(Some(Duration::ZERO)).unwrap();
        assert!(drive.is_told(PATIENCE));
        assert_eq!(drive.turn(LOOK), Turn::Nothing);
        assert!(drive.is_quiet(), "it is set anew");
        assert_eq!(script.turns(), 2);
    });
}

#[test]
fn a_client_that_is_too_slow_is_dropped_in_time() {
    let mut stage = stage();
    stage.options.idle_timeout = Duration::from_millis(1);
    with_client(&stage, |drive, script| {
        drive.turn_until(|_| script.farewells() == 1);
        drive.turn_until(|drive| drive.driven.as_ref().unwrap().reminder.set_to.is_none());
        drive.rest();
    });
}

#[test]
fn doors_that_were_shut_are_told_of_when_they_open() {
    let stage = Stage::new(&[DoorWatch::ByAll], 1);
    stage.doors.put(0, Err(ErrorKind::OutOfMemory.into()));
    stage.doors.put(0, Err(ErrorKind::OutOfMemory.into()));
    stage.doors.knock(0);
    drive(&stage, |drive| {
        assert_eq!(drive.turn(LOOK), Turn::Done);
        assert!(drive.is_at_rest(), "nobody watches the door");
        let script = stage.doors.come(0);
        drive.turn_until(|_| script.turns() > 0);
    });
}

#[test]
fn between_turns_it_counts_as_asleep_where_clients_ask_in_memory() {
    let stage = stage().polling_memory();
    with_client(&stage, |drive, script| {
        let asleep = || stage.doors.asleep.load(Ordering::SeqCst);
        drive.rest();
        assert_eq!(asleep(), 1);
        // It asks just before the server counts as asleep, and so does not ring.
        script.asks.store(true, Ordering::SeqCst);
        drive.turn_for(script, LOOK);
        assert!(drive.is_told(Duration::ZERO));
        script.asks.store(false, Ordering::SeqCst);
        drive.rest();
        assert_eq!(asleep(), 1);
        // One that waits counts once, too.
        drive.turn_for(script, None);
        assert_eq!(asleep(), 1);
    });
}

#[test]
fn who_asks_in_memory_before_it_counts_as_asleep_is_served_in_the_same_turn() {
    let stage = stage().polling_memory();
    with_client(&stage, |drive, script| {
        drive.rest();
        let before = script.turns();
        script.asks.store(true, Ordering::SeqCst); // All the time.
        drive.turn_for(script, LOOK);
        assert!(script.turns() >= before + 2);
        assert!(drive.is_told(Duration::ZERO), "one turn is bounded");
        script.asks.store(false, Ordering::SeqCst);
        drive.rest();
        assert_eq!(stage.doors.asleep.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn who_is_expected_has_its_turn_at_once_but_keeps_nobody_waiting_for_long() {
    let stage = stage();
    with_client(&stage, |drive, script| {
        drive.rest();
        let answered = TurnEnd::Idle { answered: true };
        for _ in 0..20 {
            script.end_with([answered]);
            drive.turn_for(script, LOOK);
        }
        // It is expected by now, and asks again and again; another one comes.
        script.end_with([answered; 100]);
        let other = stage.doors.come(0);
        stage.doors.knock(0);
        let turns = (1..=100).find(|_| {
            assert_eq!(drive.turn(LOOK), Turn::Done);
            assert_eq!(other.turns() == 0, drive.is_told(Duration::ZERO));
            other.turns() > 0
        });
        let happened = lock(&script.turns).last().is_some_and(|it| it.is_empty());
        assert!(happened, "the poller told nothing of it");
        assert!((2..=8).contains(&turns.unwrap()), "{turns:?}");
        lock(&script.ends).clear();
        drive.rest();
    });
}

#[test]
fn when_it_ends_all_are_told() {
    let stage = stage();
    stage.doors.come(0);
    with_client(&stage, |drive, script| {
        stage.stop.ring();
        assert!(drive.is_told(Duration::ZERO));
        assert_eq!(drive.turn(LOOK), Turn::Stop);
        let driven = drive.driven.take().unwrap();
        drive.event_loop.end(driven, drive.task);
        assert_eq!(script.farewells(), 1);
        assert!(drive.is_told(Duration::ZERO), "it stays so");
    });
    assert_eq!(lock(&stage.echo.visits).len(), 4);
}

#[test]
fn the_timer_is_set_for_what_is_due_first() {
    let mut reminder = Reminder::new(&Poller::new().unwrap()).unwrap();
    let [soon, later] = [1, 2].map(|hours| Some(Instant::now() + Duration::from_hours(hours)));
    for (next, expected) in [(later, later), (soon, soon), (later, soon), (None, soon)] {
        reminder.set_timer(next).unwrap();
        assert_eq!(reminder.set_to, expected);
    }
}
