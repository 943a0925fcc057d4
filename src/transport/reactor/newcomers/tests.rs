//! Who is let in, by whom, and when.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::transport::reactor::DoorWatch;
use crate::transport::reactor::crew::Crew;
use crate::transport::reactor::doors::DOOR_PAUSE;
use crate::transport::reactor::stage::{Stage, ready, refused, worker};
use crate::transport::reactor::token::Token;
use std::io::ErrorKind;
use std::time::Duration;

const BY_BOTH: [DoorWatch; 2] = [DoorWatch::ByAll, DoorWatch::ByFirst];

fn doors_ready(crew: &Crew<'_>, index: usize) -> Vec<usize> {
    let doors = ready(crew, index).into_iter().map(|(token, _)| token);
    let mut numbers: Vec<_> = doors
        .map(|token| match token {
            Token::Door(number) => number,
            token => unreachable!("{token:?}"),
        })
        .collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn the_first_thread_watches_every_door_and_the_others_those_of_all() {
    let stage = Stage::new(&BY_BOTH, 3);
    (0..2).for_each(|door| stage.doors.knock(door));
    stage.play(|crew| {
        let _workers: Vec<_> = (0..3).map(|index| worker(crew, index)).collect();
        assert_eq!(doors_ready(crew, 0), [0, 1]);
        assert_eq!(doors_ready(crew, 1), [0]);
        assert_eq!(doors_ready(crew, 2), [0]);
        // One that is edge-triggered says so once.
        assert_eq!(doors_ready(crew, 0), [0]);
    });
}

#[test]
fn a_thread_opens_the_doors_that_it_watches() {
    let stage = Stage::new(&BY_BOTH, 2);
    stage.play(|crew| {
        for (index, doors) in [(0, vec![0, 1]), (1, vec![0])] {
            let mut shard = Held::take(crew, index);
            open_doors(&mut shard);
            let asked = std::mem::take(&mut *lock(&stage.doors.asked));
            assert!(asked.into_iter().map(|(door, _)| door).eq(doors));
        }
    });
}

#[test]
fn so_many_are_let_in_at_once_and_all_where_the_door_tells_once() {
    for (watch, let_in) in [
        (DoorWatch::ByAll, NEWCOMERS_A_LOOK),
        (DoorWatch::ByFirst, NEWCOMERS_A_LOOK + 5),
    ] {
        let stage = Stage::new(&[watch], 1);
        (0..NEWCOMERS_A_LOOK + 5).for_each(|_| _ = stage.doors.come(0));
        stage.play(|crew| {
            let mut shard = Held::take(crew, 0);
            open_door(&mut shard, 0);
            assert_eq!(crew.desk(0).clients.load(Ordering::Relaxed), let_in);
            assert_eq!(stage.echo.count(Visit::Came), let_in);
        });
    }
}

#[test]
fn a_newcomer_stays_or_goes_to_the_least_busy() {
    for (watch, index) in [(DoorWatch::ByAll, 1), (DoorWatch::ByFirst, 0)] {
        let stage = Stage::new(&[watch], 2);
        stage.doors.come(0);
        stage.play(|crew| {
            let _workers = [worker(crew, 0), worker(crew, 1)];
            crew.desk(0).clients.store(1, Ordering::Relaxed);
            let mut shard = Held::take(crew, 0);
            open_door(&mut shard, 0);
            let clients = |index| crew.desk(index).clients.load(Ordering::Relaxed);
            assert_eq!([clients(0), clients(1)], [2 - index, index]);
            assert_eq!(lock(&crew.desk(1).newcomers).len(), index);
            assert_eq!(crew.desk(1).bell.has_rung(), index == 1);
            assert_eq!(shard.queue.is_busy(), index == 0);
        });
    }
}

#[test]
fn doors_are_shut_for_a_while_when_nobody_can_be_let_in() {
    let stage = Stage::new(&[DoorWatch::ByAll], 1);
    stage.doors.put(0, Err(ErrorKind::OutOfMemory.into()));
    stage.doors.put(0, Err(ErrorKind::OutOfMemory.into()));
    stage.doors.knock(0);
    stage.play(|crew| {
        let _worker = worker(crew, 0);
        let mut shard = Held::take(crew, 0);
        let before = Instant::now();
        open_door(&mut shard, 0);
        let until = shard.pause.until().unwrap();
        assert!(until >= before + DOOR_PAUSE && until <= Instant::now() + DOOR_PAUSE);
        assert!(doors_ready(crew, 0).is_empty(), "nobody watches it");
        stage.doors.come(0);
        let early = until.checked_sub(Duration::from_nanos(1)).unwrap();
        open_shut_doors(&mut shard, early).unwrap();
        assert_eq!(shard.pause.until(), Some(until));
        assert!(doors_ready(crew, 0).is_empty());
        assert_eq!(crew.doors.clients(), 0);
        open_shut_doors(&mut shard, until).unwrap();
        assert_eq!(shard.pause.until(), None);
        assert_eq!(doors_ready(crew, 0), [0]);
        assert_eq!(crew.doors.clients(), 1);
        // What is open stays so.
        open_shut_doors(&mut shard, until).unwrap();
        assert_eq!(doors_ready(crew, 0), [0]);
    });
}

#[test]
fn it_ends_when_all_who_came_have_gone_and_nobody_is_at_the_door() {
    let mut stage = Stage::new(&BY_BOTH, 1);
    stage.options.stop_when_idle = true;
    stage.play(|crew| {
        let mut shard = Held::take(crew, 0);
        end_if_idle(&mut shard);
        assert!(!crew.over.has_rung(), "nobody has come");
        stage.doors.put(0, Ok(Admission::Left));
        let _ = crew.doors.admit(0);
        // One is at the second door, and one behind who is not asked in now.
        stage.doors.put(1, Ok(refused()));
        stage.doors.come(1);
        stage.doors.come(1);
        end_if_idle(&mut shard);
        assert!(!crew.over.has_rung());
        assert_eq!(crew.doors.clients(), 1);
        let key = shard.next_in_line().unwrap();
        shard.dismiss(key, Visit::Left);
        assert!(shard.may_be_idle);
        end_if_idle(&mut shard);
        assert_eq!(crew.doors.clients(), 1);
        let key = shard.next_in_line().unwrap();
        shard.dismiss(key, Visit::Left);
        end_if_idle(&mut shard);
        assert!(crew.over.has_rung());
    });
}
