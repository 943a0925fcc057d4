#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::transport::ClientOptions;
use crate::transport::stand_in::ScriptedChannel;
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn who_waits_for_a_connection_is_told_that_it_was_lost() {
    let options = ClientOptions::default();
    let channel = Box::new(ScriptedChannel::default());
    let lanes = Lanes::awaited(Calls::new(channel, &options));
    let pool = Pool::new(lanes, Flight::new("server", &options));
    let hold = || pool.hold(&Deadline::after(Some(Duration::from_secs(30))));
    let mut held = hold().unwrap();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| hold().err().map(|why| why.status()));
        let waiting = pool.lanes.waiting().unwrap();
        while !waiting.is_awaited() && !waiter.is_finished() {
            thread::yield_now();
        }
        let error = Error::new(Status::Closed, "it has ended");
        *held.lane = Lane::Lost(error, Instant::now());
        drop(held);
        assert_eq!(waiter.join().unwrap(), Some(Status::Closed));
    });
}
