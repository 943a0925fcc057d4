#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::transport::ClientOptions;
use crate::transport::stand_in::ScriptedChannel;

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
