#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::super::stage::{FRAME, flight};
use super::*;
use crate::error::Status;
use std::time::Duration;

fn submit(flight: &Flight, lanes: &Lanes, tag: u64) {
    let submitted = flight.submit(lanes, Limit::Usual, (FRAME, &[]), 9, tag);
    submitted.unwrap();
}

fn gather(flight: &Flight, lanes: &Lanes, tag: u64) -> Option<u64> {
    let write = |room: &mut [u8; 9]| {
        let (frame, _) = room.split_at_mut(FRAME.len());
        frame.copy_from_slice(FRAME);
        frame.len()
    };
    flight.gather(lanes, Limit::Usual, write, 9, tag)
}

/// What the next completion is of, and what it came to.
fn next(flight: &Flight, lanes: &Lanes) -> (u64, Status) {
    match flight.next(lanes, Some(Duration::ZERO), &mut [0; 9]) {
        Ok(Next::Completion(Completion { tag, outcome, .. })) => (
            tag,
            outcome.map_or_else(|error| error.status(), |_| Status::Ok),
        ),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_request_gathers_that_has_others_to_wait_for() {
    let (flight, lanes, channel) = flight();
    assert_eq!(gather(&flight, &lanes, 7), None, "there is no connection");
    (1..=10).for_each(|tag| submit(&flight, &lanes, tag)); // They make room for more.
    assert_eq!(gather(&flight, &lanes, 11), Some(11));
    assert_eq!(channel.script().sent, FRAME);
    for tag in 1..=11 {
        channel.script().answers.push_back(Ok(b"answer"));
        assert_eq!(next(&flight, &lanes), (tag, Status::Ok));
    }
    assert_eq!(channel.script().sent, FRAME.repeat(11));
    assert_eq!(gather(&flight, &lanes, 7), None, "it is to go at once");
    assert_eq!(flight.under_way(), 0);
}

#[test]
fn no_more_gather_than_may_be_under_way() {
    let (flight, lanes, _channel) = flight();
    submit(&flight, &lanes, 0);
    for tag in 1..IN_FLIGHT_MAX as u64 {
        if gather(&flight, &lanes, tag).is_none() {
            submit(&flight, &lanes, tag);
        }
    }
    assert_eq!(flight.under_way(), IN_FLIGHT_MAX);
    assert_eq!(gather(&flight, &lanes, 7), None);
}

#[test]
fn an_answer_is_taken_that_has_arrived() {
    let (flight, lanes, channel) = flight();
    let take = |room: &mut [u8]| flight.take_arrived(&lanes, room).map(|answer| answer.tag);
    for tag in 1..=4 {
        submit(&flight, &lanes, tag);
        assert!(flight.next(&lanes, Some(Duration::ZERO), &mut []).is_err()); // It is sent.
    }
    assert_eq!(take(&mut [0; 9]), None, "nothing has arrived");
    for _ in 0..4 {
        channel.script().answers.push_back(Ok(b"answer"));
    }
    assert_eq!(take(&mut [0; 5]), None, "there is no room");
    let mut room = [0; 9];
    assert_eq!(take(&mut room), Some(1));
    assert_eq!(room, *b"answer\0\0\0");
    flight.cancel(&lanes, 2).unwrap();
    assert_eq!(take(&mut room), None, "another completion comes first");
    assert_eq!(next(&flight, &lanes), (2, Status::Cancelled));
    assert_eq!(take(&mut room), None, "it is a late one");
    assert_eq!(next(&flight, &lanes), (3, Status::Ok));
    flight.stop();
    assert_eq!(take(&mut room), None, "it comes after the stop");
    assert_eq!(next(&flight, &lanes), (4, Status::Cancelled));
}
