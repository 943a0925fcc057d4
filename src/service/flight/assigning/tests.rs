#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::service::calls::{Calls, Limit};
use crate::service::flight::stage::{FRAME, calls};
use crate::transport::stand_in::opening;
use crate::transport::{Address, ClientOptions, Deadline, Dial};

#[test]
fn as_many_calls_as_a_connection_may_have_wait_for_it_and_get_it() {
    let (calls, channel) = calls();
    let lanes = Lanes::awaited(calls);
    let flight = Flight::new("server", &ClientOptions::default());
    let submit = |tag| flight.submit(&lanes, Limit::Usual, (FRAME, &[]), 9, tag);
    let taken = lanes.lane(0).unwrap();
    for tag in 0..IN_FLIGHT_MAX as u64 {
        submit(tag).unwrap();
    }
    assert_eq!(submit(99).unwrap_err().status(), Status::Busy);
    assert!(channel.script().sent.is_empty());
    let waiting = lanes.waiting().unwrap();
    assert!(waiting.is_awaited());
    drop(taken);
    flight.resume(&lanes);
    assert!(!waiting.is_awaited());
    assert_eq!(channel.script().sent, FRAME.repeat(IN_FLIGHT_MAX));
}

/// A client's lanes, two of them; the first has this connection.
fn two(calls: Calls, options: &ClientOptions) -> Lanes {
    let nowhere = Address::shm("calc_ipc-nowhere");
    let dial = Dial::new(&nowhere, options, &Deadline::after(None)).unwrap();
    Lanes::many(dial, Some(calls))
}

fn of_two() -> ClientOptions {
    ClientOptions {
        connections: 2,
        ..ClientOptions::default()
    }
}

#[test]
fn a_connection_gets_no_more_calls_than_it_may_have_while_another_one_is_taken() {
    let options = of_two();
    let (calls, channel) = calls();
    let lanes = two(calls, &options);
    let flight = Flight::new("server", &options);
    let _taken = lanes.lane(1).unwrap();
    for tag in 0..=IN_FLIGHT_MAX as u64 {
        let submitted = flight.submit(&lanes, Limit::Usual, (FRAME, &[]), 9, tag);
        submitted.unwrap();
    }
    assert_eq!(channel.script().sent, FRAME.repeat(IN_FLIGHT_MAX));
}

#[test]
fn a_call_waits_for_a_connection_if_its_frame_finds_room_there() {
    let lanes = Lanes::awaited(calls().0);
    let options = ClientOptions {
        max_message: 9,
        ..ClientOptions::default()
    };
    let flight = Flight::new("server", &options);
    let submit = |frame: (&[u8], &[u8])| flight.submit(&lanes, Limit::Usual, frame, 9, 1);
    let _taken = lanes.lane(0).unwrap();
    let large = [0; 40 << 10];
    submit((&large, &[])).unwrap();
    submit((FRAME, &[])).unwrap();
    for frame in [(&large[..], &[][..]), (FRAME, &large)] {
        assert_eq!(submit(frame).unwrap_err().status(), Status::Busy);
    }
}

#[test]
fn a_connection_that_is_free_is_kept_while_another_one_is_made() {
    let options = of_two();
    let lanes = two(calls().0, &options);
    let flight = Flight::new("server", &options);
    let (opening, _listener) = opening();
    *lanes.lane(1).unwrap() = Lane::InFlight;
    let mut state = flight.lock();
    state.connecting.push(Connecting::new(1, opening));
    let place = flight.place(&mut state, &lanes, FRAME.len(), 1);
    assert!(matches!(place, Ok(Place::Connection(0))));
    assert_eq!(state.connections.first().unwrap().lane, 0);
}
