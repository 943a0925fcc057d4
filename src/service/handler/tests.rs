//! What transports are told of each kind of handler.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::service::{Event, Observer};
use crate::transport::{Cause, Refusal, Visit, Visitor};
use std::sync::Mutex;

/// A handler of each kind, and its name.
fn kinds() -> [(Handler, &'static str); 3] {
    [
        (Handler::Calculator, "calculator"),
        (Handler::new(|_| Ok(0)), "custom"),
        (Handler::bytes(|_, _| None), "bytes"),
    ]
}

fn answer(handler: Handler, observer: Option<Box<Observer>>) -> Box<dyn Answer + Send> {
    handler.into_answer(Arc::new(UserCode::new(observer)))
}

#[test]
fn only_the_calculator_is_asked_by_many_threads() {
    for (handler, kind) in kinds() {
        let is_for_many_threads = answer(handler, None).is_for_many_threads();
        assert_eq!(is_for_many_threads, kind == "calculator", "{kind}");
    }
}

#[test]
fn only_handlers_of_bytes_are_given_aligned_bodies_and_answer_with_any_length() {
    for (handler, kind) in kinds() {
        let answer = answer(handler, None);
        let is_bytes = kind == "bytes";
        assert_eq!(answer.takes_aligned(), is_bytes, "{kind}");
        let longest = if is_bytes { 65536 } else { 259 };
        assert_eq!(answer.longest_answer(65536), longest, "{kind}");
    }
}

#[test]
fn the_observer_is_told_of_every_visit() {
    for (handler, kind) in kinds() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&seen);
        let observer = Box::new(move |event: &Event<'_>| {
            if let Event::Visit(visitor, visit) = event {
                told.lock().unwrap().push((*visitor, *visit));
            }
        });
        let answer = answer(handler, Some(observer));
        let visits = [
            Visit::Came,
            Visit::Refused(Refusal::Full),
            Visit::Left,
            Visit::Ended,
            Visit::Dropped(Cause::Idle),
        ];
        for visit in visits {
            answer.note(&Visitor::NOBODY, visit);
        }
        let told = visits.map(|visit| (Visitor::NOBODY, visit));
        assert_eq!(*seen.lock().unwrap(), told, "{kind}");
    }
}
