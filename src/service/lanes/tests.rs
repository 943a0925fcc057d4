#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::transport::stand_in::ScriptedChannel;
use crate::transport::{Address, ClientOptions};

#[test]
fn a_lane_is_worth_waiting_for_that_a_call_has_or_could_have() {
    let channel = Box::new(ScriptedChannel::default());
    let lanes = Lanes::awaited(Calls::new(channel, &ClientOptions::default()));
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
    let options = ClientOptions {
        connections: 3,
        ..ClientOptions::default()
    };
    let nowhere = Address::shm("nowhere");
    let dial = Dial::new(&nowhere, &options, &Deadline::after(None)).unwrap();
    let lanes = Lanes::many(dial, None);
    let find = || lanes.find(&lanes.waiting, |_| Returned::No);
    let error = Error::new(Status::Closed, "it has ended");
    *lanes.lane(0).unwrap() = Lane::Lost(error, Instant::now());
    assert!(matches!(find(), Found::None(_)));
    let _taken = lanes.lane(1).unwrap();
    assert!(matches!(find(), Found::Vacant(2, ..)));
}
