#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::stage::{FRAME, flight, no_time};
use super::*;

#[test]
fn a_call_counts_until_it_was_told_of_and_its_answer_has_come() {
    let (flight, lanes, _channel) = flight();
    let submit = || flight.submit(&lanes, Limit::Usual, (FRAME, &[]), 9, 1);
    for _ in 1..IN_FLIGHT_MAX {
        submit().unwrap();
    }
    flight.cancel(&lanes, 1).unwrap(); // It is still owed an answer, and to be told of.
    assert_eq!(submit().unwrap_err().status(), Status::Busy);
}

#[test]
fn late_answers_that_have_come_make_room() {
    let (flight, lanes, channel) = flight();
    let submit = || flight.submit(&lanes, Limit::Usual, (FRAME, &[]), 9, 1);
    let next = || flight.next(&lanes, Some(Duration::ZERO), &mut []);
    let ids: Vec<_> = (0..IN_FLIGHT_MAX).map(|_| submit().unwrap()).collect();
    assert_eq!(next().unwrap_err().status(), Status::TimedOut); // All are sent.
    for id in ids {
        flight.cancel(&lanes, id).unwrap();
        next().unwrap();
    }
    assert_eq!(submit().unwrap_err().status(), Status::Busy);
    channel.script().answers.push_back(Ok(b"answer"));
    submit().unwrap();
}

#[test]
fn an_answer_that_comes_before_the_stop_is_not_given_after_it() {
    let (flight, lanes, channel) = flight();
    let submitted = flight.submit(&lanes, Limit::Usual, (FRAME, &[]), 9, 1);
    submitted.unwrap();
    channel.script().answers.push_back(Ok(b"answer"));
    flight.stop();
    let next = flight.next(&lanes, Some(Duration::ZERO), &mut [0; 9]);
    let Next::Completion(completion) = next.unwrap() else {
        unreachable!("there is room");
    };
    assert_eq!(completion.outcome.unwrap_err().status(), Status::Cancelled);
}

#[test]
fn who_does_not_wait_looks_once_at_a_server_that_says_nothing() {
    let (flight, lanes, channel) = flight();
    let submitted = flight.submit(&lanes, Limit::Usual, (FRAME, &[]), 9, 1);
    submitted.unwrap();
    let next = flight.next(&lanes, Some(Duration::ZERO), &mut []);
    assert_eq!(next.unwrap_err().status(), Status::TimedOut);
    assert_eq!(channel.script().looks, 1);
}

#[test]
fn what_a_look_finds_is_given_to_who_does_not_wait() {
    let (flight, lanes, channel) = flight();
    let submitted = flight.submit(&lanes, Limit::Usual, (FRAME, &[]), 9, 1);
    submitted.unwrap();
    channel.script().has_ended = true;
    let next = flight.next(&lanes, Some(Duration::ZERO), &mut []);
    assert!(matches!(next, Ok(Next::Completion(it)) if it.outcome.is_err()));
}

#[test]
fn who_woke_up_is_no_longer_asleep() {
    let (flight, lanes, _channel) = flight();
    let state = flight.sleep(flight.lock(), &lanes, &no_time()).unwrap();
    assert_eq!(state.sleepers, 0);
}

#[test]
fn who_has_spun_spins_no_more() {
    let (flight, lanes, _channel) = flight();
    let is_over_at_once = Limit::Own(Some(Duration::from_nanos(1)));
    for limit in [is_over_at_once, Limit::Own(None)] {
        let submitted = flight.submit(&lanes, limit, (FRAME, &[]), 9, 1);
        submitted.unwrap();
        let (state, _) = flight.spin(flight.lock(), &mut []);
        assert_eq!(state.spinners, 0);
    }
}
