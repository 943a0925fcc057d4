#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::error::{Error, Status};
use crate::service::flight::stage::{FRAME, connection, name};

/// Submits a call that is sent later.
fn submit(connection: &mut Connection, id: u64) {
    let queue = connection.queue_for_one_more();
    queue
        .push(name(id), (FRAME, &[]), 9, Moment::NEVER)
        .unwrap();
}

/// Asks by this frame, and sends it.
fn ask(connection: &mut Connection, frame: (&[u8], &[u8])) {
    let done = &mut VecDeque::new();
    let asked = connection.ask(name(1), frame, 9, || Moment::NEVER, true, done);
    asked.unwrap();
}

fn end(connection: &Connection) -> Option<Status> {
    connection.end().map(Error::status)
}

#[test]
fn nothing_is_sent_to_a_server_that_answers_before_it_was_asked() {
    let (mut connection, channel) = connection(0, 0);
    channel.script().answers.push_back(Ok(b"unasked"));
    submit(&mut connection, 1);
    let mut done = VecDeque::new();
    connection.send(&mut done);
    assert_eq!(end(&connection), Some(Status::Malformed));
    assert!(channel.script().sent.is_empty());
    assert!(done.pop_front().unwrap().error.is_not_executed());
}

#[test]
fn more_is_sent_while_an_answer_waits_to_be_taken() {
    let (mut connection, channel) = connection(0, 0);
    let mut done = VecDeque::new();
    for id in 1..=2 {
        submit(&mut connection, id);
        connection.send(&mut done);
        channel.script().answers.push_back(Ok(b"answer"));
    }
    assert_eq!(end(&connection), None);
    assert_eq!(channel.script().sent, FRAME.repeat(2));
}

#[test]
fn a_connection_that_has_ended_sends_nothing_and_keeps_its_reason() {
    let (mut connection, channel) = connection(0, 0);
    submit(&mut connection, 1);
    let mut done = VecDeque::new();
    connection.fail(&Error::new(Status::Closed, "it has ended"), &mut done);
    channel.script().answers.push_back(Ok(b"unasked"));
    connection.send(&mut done);
    assert_eq!(end(&connection), Some(Status::Closed));
    assert!(channel.script().sent.is_empty());
}

#[test]
fn what_comes_in_two_parts_does_not_wait_where_nothing_is_under_way() {
    let (mut connection, channel) = connection(0, 0);
    ask(&mut connection, FRAME.split_at(4));
    assert_eq!(channel.script().sent, FRAME);
}

#[test]
fn one_request_is_not_sent_either_to_a_server_that_answers_before_it_was_asked() {
    let (mut connection, channel) = connection(0, 0);
    channel.script().answers.push_back(Ok(b"unasked"));
    ask(&mut connection, (FRAME, &[]));
    connection.send(&mut VecDeque::new());
    assert!(channel.script().sent.is_empty());
}

#[test]
fn what_was_sent_in_part_is_sent_to_its_end() {
    let (mut connection, channel) = connection(0, 0);
    channel.script().room = Some(3);
    ask(&mut connection, (FRAME, &[]));
    channel.script().room = None;
    connection.send(&mut VecDeque::new());
    assert_eq!(channel.script().sent, FRAME);
}
