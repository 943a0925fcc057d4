#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::service::calls::Limit;
use crate::service::flight::stage::{FRAME, flight, no_time};

#[test]
fn who_waited_for_a_connection_waits_no_more() {
    let (flight, lanes, _channel) = flight();
    let state = flight.sleep_until_over(flight.lock(), &lanes, &no_time());
    assert_eq!(state.unwrap().end_waiters, 0);
}

#[test]
fn a_connection_does_not_come_back_before_its_calls_were_told_of() {
    let (flight, lanes, _channel) = flight();
    let await_return = |saw| flight.await_return(&lanes, saw, &Deadline::after(None));
    await_return(1).unwrap(); // None is in flight any more.
    let submitted = flight.submit(&lanes, Limit::Usual, (FRAME, &[]), 9, 1);
    assert_eq!(await_return(1).unwrap_err().status(), Status::Busy);
    await_return(2).unwrap(); // Another thread has one of those that were seen.
    flight.cancel(&lanes, submitted.unwrap()).unwrap();
    let given_back = || flight.give_back(&lanes, 0, &no_time()).err();
    assert_eq!(given_back().unwrap().status(), Status::Busy);
    let next = flight.next(&lanes, Some(Duration::ZERO), &mut []);
    next.unwrap();
    assert_eq!(given_back().unwrap().status(), Status::TimedOut);
}
