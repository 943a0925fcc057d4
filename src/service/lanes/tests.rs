#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::transport::stand_in::ScriptedChannel;
use crate::transport::{Address, ClientOptions};

fn calls() -> Calls {
    let channel = Box::new(ScriptedChannel::default());
    Calls::new(channel, &ClientOptions::default())
}

/// Lanes without connections.
fn many(connections: u32) -> Lanes {
    let options = ClientOptions {
        connections,
        ..ClientOptions::default()
    };
    let nowhere = Address::shm("calc_ipc-nowhere");
    let dial = Dial::new(&nowhere, &options, &Deadline::after(None)).unwrap();
    Lanes::many(dial, None)
}

fn ended() -> Error {
    Error::new(Status::Closed, "it has ended")
}

#[test]
fn a_lane_is_worth_waiting_for_that_a_call_has_or_could_have() {
    let lanes = Lanes::awaited(calls());
    assert!(lanes.has_taken_or_free());
    let mut lane = lanes.lane(0).unwrap();
    *lane = Lane::InFlight;
    assert!(lanes.has_taken_or_free(), "a call has it");
    drop(lane);
    assert!(
        !lanes.has_taken_or_free(),
        "calls that nobody waits for have it"
    );
}

#[test]
fn once_a_connection_was_lost_others_are_made_only_while_one_lives() {
    let lanes = many(3);
    let find = || lanes.find(&lanes.waiting, |_| Returned::No);
    *lanes.lane(0).unwrap() = Lane::Lost(ended(), Instant::now());
    assert!(matches!(find(), Found::None(_)));
    let _taken = lanes.lane(1).unwrap();
    assert!(matches!(find(), Found::Vacant(2, ..)));
}

#[test]
fn calls_wait_for_lanes_where_the_options_say_how_many() {
    assert!(many(0).waiting().is_none());
    assert!(many(1).waiting().is_some());
}

#[test]
fn of_lanes_without_connections_the_first_gets_one_if_any_may() {
    let lanes = many(3);
    let first = lanes.number_for_this_thread();
    match lanes.find(&lanes.waiting, |_| Returned::No) {
        Found::Vacant(number, ..) => assert_eq!(number, first),
        _ => unreachable!("all are vacant"),
    }
    let lent = lanes.lend(false, |_| Returned::No);
    assert!(matches!(lent, Lent::Theirs));
}

#[test]
fn the_only_connection_is_lost_once_it_was_refused() {
    let lanes = Lanes::awaited(calls());
    let mut lane = lanes.lane(0).unwrap();
    assert!(!lanes.refused(0, &mut lane, &ended()));
    assert!(matches!(*lane, Lane::Lost(..)));
}

#[test]
fn a_connection_that_cannot_be_made_is_no_failure_while_another_one_lives() {
    let lanes = many(2);
    let lend = || lanes.lend(true, |_| Returned::No);
    assert!(matches!(lend(), Lent::Lost(_)));
    let _taken = lanes.lane(0).unwrap();
    assert!(matches!(lend(), Lent::Taken));
}
