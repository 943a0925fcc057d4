#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::sys::moment::Clock;
use std::time::Duration;

fn name(id: u64) -> Name {
    Name { id, tag: id * 10 }
}

/// Calls 1, 2 ... whose frames have 5 bytes each, and that are never due.
fn queue(count: u8) -> Queue {
    let mut queue = Queue::default();
    for id in 1..=count {
        queue
            .push(name(id.into()), (&[1, 0, 0, 0], &[id]), 100, Moment::NEVER)
            .unwrap();
    }
    queue
}

#[test]
fn what_is_sent_is_answered_in_its_order() {
    let mut queue = queue(3);
    assert_eq!(
        queue.unsent(),
        [1, 0, 0, 0, 1, 1, 0, 0, 0, 2, 1, 0, 0, 0, 3]
    );
    assert_eq!(queue.answered(), Err(Unasked));
    queue.sent(7);
    assert_eq!(queue.answered().unwrap(), Some(name(1)));
    assert!(queue.answered().is_err(), "the second was sent in part");
    queue.sent(8);
    assert_eq!(queue.unsent(), [0; 0]);
    assert_eq!(queue.answered().unwrap(), Some(name(2)));
    assert_eq!(queue.answered().unwrap(), Some(name(3)));
    assert!(queue.is_empty() && queue.answered().is_err());
}

#[test]
fn one_that_was_not_begun_is_never_sent() {
    let mut queue = queue(3);
    queue.sent(5);
    let over = queue.end(2).unwrap();
    assert_eq!((over.name, over.is_not_executed), (name(2), true));
    assert_eq!(queue.unsent(), [1, 0, 0, 0, 3]);
    assert_eq!(queue.end(2), None, "once");
    queue.sent(5);
    assert_eq!(queue.answered().unwrap(), Some(name(1)));
    assert_eq!(queue.answered().unwrap(), Some(name(3)));
}

#[test]
fn one_that_was_begun_is_sent_to_its_end_and_its_answer_dropped() {
    let mut queue = queue(2);
    queue.sent(1);
    let over = queue.end(1).unwrap();
    assert!(!over.is_not_executed, "a handler will be given it");
    assert!(queue.has_open());
    assert_eq!(queue.unsent().len(), 9);
    queue.sent(9);
    assert_eq!(queue.answered().unwrap(), None);
    assert_eq!(queue.answered().unwrap(), Some(name(2)));
}

#[test]
fn the_end_of_the_connection_is_that_of_every_open_call() {
    let mut queue = queue(3);
    queue.sent(8);
    assert!(queue.end(1).is_some());
    let (second, third) = (queue.end_first().unwrap(), queue.end_first().unwrap());
    assert_eq!(
        (second.name, second.is_not_executed),
        (name(2), true),
        "it was cut"
    );
    assert_eq!((third.name, third.is_not_executed), (name(3), true));
    assert_eq!(queue.end_first(), None);
}

#[test]
fn a_call_is_due_when_its_time_is_over() {
    let mut queue = Queue::default();
    let now = Clock::new().now();
    let due = |seconds| now.after(Duration::from_secs(seconds));
    queue.push(name(1), (&[0; 4], &[]), 0, due(20)).unwrap();
    queue
        .push(name(2), (&[0; 4], &[]), 0, Moment::NEVER)
        .unwrap();
    queue.push(name(3), (&[0; 4], &[]), 0, due(10)).unwrap();
    assert_eq!(queue.next_due(), due(10));
    assert_eq!(queue.end_due(now), None);
    assert_eq!(queue.end_due(due(15)).unwrap().name, name(3));
    assert_eq!(queue.end_due(due(15)), None);
    assert_eq!(queue.next_due(), due(20));
    assert_eq!(queue.len(), 2);
}

#[test]
fn what_is_owed_comes_first_and_belongs_to_nobody() {
    let mut queue = Queue::default();
    queue.owe(2);
    assert!(!queue.is_empty() && !queue.has_open() && !queue.is_unasked());
    assert_eq!(queue.len(), 2);
    queue
        .push(name(7), (&[1, 0, 0, 0], b"x"), 9, Moment::NEVER)
        .unwrap();
    assert_eq!(queue.longest_answer(), 9);
    queue.sent(5);
    for expected in [None, None, Some(name(7))] {
        assert_eq!(queue.answered().unwrap(), expected);
    }
}

#[test]
fn a_request_may_be_refused_before_all_of_it_was_sent() {
    let mut queue = queue(3);
    assert!(queue.refused().is_err() && queue.is_unasked());
    queue.sent(1);
    assert!(!queue.is_unasked());
    assert_eq!(queue.refused().unwrap(), Some(name(1)));
    queue.sent(1);
    assert!(queue.end(2).is_some());
    assert_eq!(
        queue.refused().unwrap(),
        None,
        "it was over, and the third is another"
    );
}

#[test]
fn one_message_may_always_wait_and_others_up_to_the_limit() {
    let mut queue = Queue::default();
    assert!(queue.has_room(usize::MAX, 10));
    queue
        .push(name(1), (&[100, 0, 0, 0], &[0; 100]), 9, Moment::NEVER)
        .unwrap();
    assert!(queue.has_room(SPARE + 10 - 104, 10));
    assert!(!queue.has_room(SPARE + 10 - 104 + 1, 10));
    queue.sent(104);
    assert!(queue.has_room(SPARE + 10, 10));
}

#[test]
fn what_was_sent_from_elsewhere_is_answered_as_any_other() {
    let mut queue = Queue::default();
    assert!(queue.is_free());
    queue.reserve(5).unwrap();
    queue.push_sent(name(1), 5, 100, Moment::NEVER);
    assert!(!queue.is_free() && queue.has_open() && queue.unsent().is_empty());
    let frame: (&[u8], &[u8]) = (&[1, 0, 0, 0], b"x");
    queue.push(name(2), frame, 100, Moment::NEVER).unwrap();
    assert_eq!((queue.len(), queue.asked()), (2, 1));
    queue.sent(5);
    assert_eq!(queue.asked(), 2);
    for expected in [1, 2] {
        assert_eq!(queue.answered().unwrap(), Some(name(expected)));
    }
    assert!(queue.is_free() && !queue.has_open());
    assert!(!Queue::on_trial().is_free(), "what it sends is kept");
}

#[test]
fn what_is_due_next_is_looked_for_when_a_time_has_come() {
    let mut queue = Queue::default();
    let now = Clock::new().now();
    let due = |seconds| now.after(Duration::from_secs(seconds));
    for (id, seconds) in [(1, 1), (2, 5), (3, 3)] {
        let frame: (&[u8], &[u8]) = (&[0; 4], &[]);
        queue.push(name(id), frame, 0, due(seconds)).unwrap();
    }
    queue.sent(12);
    assert_eq!(queue.answered().unwrap(), Some(name(1)));
    assert_eq!(
        queue.next_due(),
        due(1),
        "it is not looked for with each answer"
    );
    assert_eq!(queue.end_due(due(1)), None);
    assert_eq!(queue.next_due(), due(3));
    assert_eq!(queue.end_due(due(5)).unwrap().name, name(2));
    assert_eq!(queue.end_due(due(5)).unwrap().name, name(3));
    assert_eq!(queue.end_due(due(5)), None);
    assert_eq!(queue.next_due(), Moment::NEVER);
}

#[test]
fn a_call_finds_room_for_itself_and_its_frame_once_that_was_made() {
    let mut queue = queue(1);
    queue.reserve(1000).unwrap();
    assert!(queue.frames.has_room(1000));
    let mut id = 1;
    while queue.calls.len() < queue.calls.capacity() {
        id += 1;
        queue
            .push(name(id), (&[0; 4], &[]), 0, Moment::NEVER)
            .unwrap();
    }
    queue.reserve(0).unwrap();
    assert!(queue.calls.len() < queue.calls.capacity());
}

#[test]
fn the_longest_answer_is_one_to_what_is_to_be_sent() {
    let mut queue = queue(1);
    for (sent, expected) in [(0, 100), (10, 9)] {
        queue.sent(sent);
        let pushed = queue.push(name(9), (&[1, 0, 0, 0], b"x"), 9, Moment::NEVER);
        pushed.unwrap();
        assert_eq!(queue.longest_answer(), expected);
    }
}

#[test]
fn what_was_begun_stays_when_one_behind_it_is_taken_out() {
    let mut queue = queue(2);
    let pushed = queue.push(name(3), (&[2, 0, 0, 0], &[3; 2]), 9, Moment::NEVER);
    pushed.unwrap();
    queue.sent(2);
    assert!(queue.end(2).unwrap().is_not_executed);
    assert_eq!(queue.unsent(), [0, 0, 1, 2, 0, 0, 0, 3, 3]);
}
