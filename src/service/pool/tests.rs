#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::service::calls::Limit;
use crate::transport::stand_in::ScriptedChannel;
use crate::transport::{Address, ClientOptions, Dial};
use std::thread;
use std::time::{Duration, Instant};

fn calls() -> Calls {
    let channel = Box::new(ScriptedChannel::default());
    Calls::new(channel, &ClientOptions::default())
}

fn pool(lanes: Lanes) -> Pool {
    Pool::new(lanes, Flight::new("server", &ClientOptions::default()))
}

/// As many connections as that, of which only this one can be made.
fn pool_of(connections: u32, first: Option<Calls>) -> Pool {
    let options = ClientOptions {
        connections,
        ..ClientOptions::default()
    };
    let nowhere = Address::shm("calc_ipc-nowhere");
    let dial = Dial::new(&nowhere, &options, &Deadline::after(None)).unwrap();
    pool(Lanes::many(dial, first))
}

fn no_time() -> Deadline {
    Deadline::after(Some(Duration::ZERO))
}

fn lost() -> Lane {
    Lane::Lost(Error::new(Status::Closed, "it has ended"), Instant::now())
}

fn failure(held: Result<Held<'_>>) -> Option<Status> {
    held.err().map(|why| why.status())
}

#[test]
fn who_waits_for_a_connection_is_told_that_it_was_lost() {
    let pool = pool(Lanes::awaited(calls()));
    let hold = || pool.hold(&Deadline::after(Some(Duration::from_secs(30))));
    let mut held = hold().unwrap();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| failure(hold()));
        let waiting = pool.lanes.waiting().unwrap();
        while !waiting.is_awaited() && !waiter.is_finished() {
            thread::yield_now();
        }
        *held.lane = lost();
        drop(held);
        assert_eq!(waiter.join().unwrap(), Some(Status::Closed));
    });
}

#[test]
fn a_call_waits_for_a_connection_if_another_one_cannot_be_made() {
    let pool = pool_of(2, Some(calls()));
    let _held = pool.hold(&no_time()).unwrap();
    assert_eq!(failure(pool.hold(&no_time())), Some(Status::TimedOut));
    let alone = pool_of(2, None);
    assert_eq!(failure(alone.hold(&no_time())), Some(Status::NotConnected));
}

#[test]
fn a_call_finds_the_only_connection_taken_where_none_waits() {
    let pool = pool_of(0, Some(calls()));
    let _held = pool.hold(&no_time()).unwrap();
    assert_eq!(failure(pool.hold(&no_time())), Some(Status::Busy));
}

#[test]
fn what_is_in_flight_keeps_a_lost_connection_from_being_the_failure() {
    let pool = pool_of(2, Some(calls()));
    *pool.lanes.lane(1).unwrap() = lost();
    let frame: (&[u8], &[u8]) = (&[1, 0, 0, 0, 7], &[]);
    let submitted = pool.flight.submit(&pool.lanes, Limit::Usual, frame, 9, 1);
    submitted.unwrap();
    assert_eq!(failure(pool.hold(&no_time())), Some(Status::Busy));
}

#[test]
fn nothing_is_connected_to_once_the_client_was_stopped() {
    let pool = pool_of(1, None);
    pool.flight.stop();
    let error = pool.hold(&no_time()).err().unwrap();
    assert_eq!(error.to_string(), pool.flight.stopped().to_string());
}
