//! Connections in flight whose server is what the test makes of it.

use super::Flight;
use super::connection::Connection;
use super::queue::Name;
use crate::service::calls::Calls;
use crate::service::lanes::Lanes;
use crate::transport::stand_in::ScriptedChannel;
use crate::transport::{ClientOptions, Deadline};
use std::time::Duration;

/// A request.
pub(super) const FRAME: &[u8] = &[1, 0, 0, 0, 7];

pub(super) fn name(id: u64) -> Name {
    Name { id, tag: id * 10 }
}

/// The connection of this lane, which owes so many answers to calls that are over.
pub(super) fn connection(lane: usize, owed: u32) -> (Connection, ScriptedChannel) {
    let (mut calls, channel) = calls();
    calls.owed = owed;
    (Connection::new(lane, calls), channel)
}

/// A connection that nobody has, and what is behind it.
pub(super) fn calls() -> (Calls, ScriptedChannel) {
    let channel = ScriptedChannel::default();
    let calls = Calls::new(Box::new(channel.clone()), &ClientOptions::default());
    (calls, channel)
}

/// The calls of a client whose only connection is this one.
pub(super) fn flight() -> (Flight, Lanes, ScriptedChannel) {
    let (calls, channel) = calls();
    let flight = Flight::new("server", &ClientOptions::default());
    (flight, Lanes::one(calls), channel)
}

pub(super) fn no_time() -> Deadline {
    Deadline::after(Some(Duration::ZERO))
}
