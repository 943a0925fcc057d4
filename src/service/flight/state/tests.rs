#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::error::Status;
use crate::service::flight::stage::{FRAME, connection, name};
use crate::transport::stand_in::ScriptedChannel;

/// A connection on each lane, which owes so many answers to calls that are over.
fn state(owed: &[u32]) -> (State, Vec<ScriptedChannel>) {
    let mut state = State::new("server", &ClientOptions::default(), Clock::new());
    let owed = owed.iter().enumerate();
    let connections = owed.map(|(lane, owed)| connection(lane, *owed));
    let channels;
    (state.connections, channels) = connections.unzip();
    (state, channels)
}

/// How many calls each connection has, over or not.
fn lengths(state: &State) -> Vec<usize> {
    let connections = state.connections.iter();
    connections
        .map(|connection| connection.queue.len())
        .collect()
}

/// Asks over the connection of this lane.
fn ask(state: &mut State, lane: usize, id: u64) {
    let connection = state.connections.get_mut(lane).unwrap();
    let due = || Moment::NEVER;
    let asked = connection.ask(name(id), (FRAME, &[]), 9, due, false, &mut state.done);
    asked.unwrap();
}

/// The call whose completion is taken next.
fn take(state: &mut State) -> Option<u64> {
    match state.look(&mut [0; 9])? {
        Next::Completion(completion) => Some(completion.id),
        Next::NoRoom(_) => None,
    }
}

fn answer(channels: &[ScriptedChannel]) {
    for channel in channels {
        channel.script().answers.push_back(Ok(b"answer"));
    }
}

#[test]
fn late_answers_are_dropped_over_all_connections_or_one() {
    let (mut state, channels) = state(&[1, 1, 1]);
    answer(&channels);
    state.drop_late_of(1);
    assert_eq!(lengths(&state), [1, 0, 1]);
    state.drop_late();
    assert_eq!(lengths(&state), [0, 0, 0]);
}

#[test]
fn the_answer_to_an_open_call_is_not_dropped() {
    let (mut state, channels) = state(&[0]);
    ask(&mut state, 0, 1);
    answer(&channels);
    state.drop_late_of(0);
    state.drop_late();
    assert_eq!(lengths(&state), [1]);
    assert_eq!(take(&mut state), Some(1));
}

#[test]
fn connections_have_their_answers_taken_in_turn() {
    let (mut state, channels) = state(&[0, 0, 0]);
    for (id, lane) in (0..6).zip([0, 1, 2, 0, 1, 2]) {
        ask(&mut state, lane, id);
    }
    answer(&channels);
    answer(&channels);
    for id in 0..6 {
        assert_eq!(take(&mut state), Some(id));
    }
    assert_eq!(take(&mut state), None);
}

#[test]
fn an_answer_that_found_no_room_is_the_next() {
    let (mut state, channels) = state(&[0, 0]);
    (0..2).for_each(|lane| ask(&mut state, lane, lane as u64));
    answer(&channels);
    for _ in 0..2 {
        assert!(matches!(state.look(&mut [0; 5]), Some(Next::NoRoom(6))));
    }
    assert_eq!([take(&mut state), take(&mut state)], [Some(0), Some(1)]);
}

#[test]
fn a_call_goes_to_the_connection_with_the_fewest_that_lives_and_has_room() {
    let (mut state, _) = state(&[1, 0, 2]);
    let any = |_: &Queue| true;
    assert_eq!(state.least_busy(any), Some(1));
    assert_eq!(state.least_busy(|queue| queue.len() == 2), Some(2));
    let error = Error::new(Status::Closed, "it has ended");
    let quiet = state.connections.get_mut(1).unwrap();
    quiet.fail(&error, &mut state.done);
    assert_eq!(state.least_busy(any), Some(0));
    assert_eq!(state.least_busy(Queue::is_empty), None);
}

#[test]
fn a_server_is_looked_at_now_and_then_while_a_call_is_under_way() {
    let (mut state, channels) = state(&[0]);
    channels.first().unwrap().script().has_ended = true;
    assert!(!state.looks_now_and_then(), "nothing is asked of it");
    ask(&mut state, 0, 1);
    state.next_look = state.clock.now().after(SLICE * 1000);
    assert!(!state.looks_now_and_then(), "it was looked at just now");
    let now = state.clock.now();
    state.next_look = now;
    assert!(state.looks_now_and_then());
    assert!(state.next_look >= now.after(SLICE));
    assert_eq!(take(&mut state), Some(1));
}

#[test]
fn the_only_connection_is_all_there_is_unless_something_else_is_to_be_seen_to() {
    assert!(state(&[]).0.only().is_none());
    assert!(state(&[0, 0]).0.only().is_none());
    let (mut state, _) = state(&[0]);
    assert!(state.only().is_some());
    let unassigned = &mut state.unassigned;
    unassigned
        .push(name(1), (FRAME, &[]), 9, Moment::NEVER)
        .unwrap();
    assert!(state.only().is_none(), "a call waits for another one");
    state.unassigned.end(1).unwrap();
    assert!(state.only().is_some());
    state.sleepers = 1;
    assert!(state.only().is_none(), "the watch is to be told");
    state.sleepers = 0;
    let error = Error::new(Status::Closed, "it has ended");
    let only = state.connections.first_mut().unwrap();
    only.fail(&error, &mut state.done);
    assert!(state.only().is_none(), "it has ended");
}

#[test]
fn a_call_is_open_until_it_was_told_of_wherever_it_is() {
    let (mut state, _) = state(&[0]);
    assert!(!state.has_open());
    ask(&mut state, 0, 1);
    assert!(state.has_open(), "it is under way");
    let error = Error::new(Status::Closed, "it has ended");
    state.fail(&error);
    assert!(state.has_open(), "it is to be told of");
    assert_eq!(take(&mut state), Some(1));
    assert!(!state.has_open());
    let unassigned = &mut state.unassigned;
    let pushed = unassigned.push(name(2), (FRAME, &[]), 9, Moment::NEVER);
    pushed.unwrap();
    assert!(state.has_open(), "it waits for a connection");
}

#[test]
fn a_lane_whose_connection_could_not_be_made_comes_back_once() {
    let (mut state, _) = state(&[]);
    state.unopened = vec![2, 5];
    let mut give_back = |lane| state.give_back(lane, None, |_| true);
    assert!(matches!(give_back(5), Returned::Nothing));
    assert!(matches!(give_back(5), Returned::No));
    assert_eq!(state.unopened, [2]);
}

#[test]
fn an_answer_that_is_too_large_ends_its_call_a_request_that_is_ends_all() {
    let too_large = Error::new(Status::TooLarge, "it is too large");
    for (error, ends) in [(too_large.clone(), false), (too_large.not_executed(), true)] {
        let (mut state, channels) = state(&[0]);
        ask(&mut state, 0, 1);
        let channel = channels.first().unwrap();
        channel.script().answers.push_back(Err(error));
        assert_eq!(take(&mut state), Some(1));
        let connection = state.connections.first().unwrap();
        assert_eq!(connection.end().is_some(), ends);
    }
}

#[test]
fn the_bell_is_silenced_once() {
    let (mut state, _) = state(&[]);
    let watch = Watch::new().unwrap();
    let rings = [true, false, false].map(|has_known| state.ring(&watch, has_known));
    assert_eq!(rings, [false, true, false]);
}

#[test]
fn a_connection_that_is_over_is_told_to_who_waits_for_that() {
    let (mut state, _) = state(&[0]);
    assert!(!state.has_known());
    state.end_waiters = 1;
    assert!(state.has_known());
}
