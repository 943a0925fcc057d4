#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::service::calls::Limit;
use crate::service::flight::stage::{FRAME, calls};
use crate::transport::ClientOptions;

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
    drop(taken);
    flight.resume(&lanes);
    assert_eq!(channel.script().sent, FRAME.repeat(IN_FLIGHT_MAX));
}
