//! What servers are told of handlers, and who they know to be inside of one.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use std::sync::Arc;

/// Whether this thread, inside of so many handlers of other servers, is taken to be inside `server`'s.
fn is_inside(server: &Answerer, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else {
        return server.is_running_here();
    };
    let other = Answerer::new(Handler::Calculator);
    other.call(|| is_inside(server, depth)).unwrap()
}

#[test]
fn handlers_are_told_apart_as_deep_as_can_be_counted() {
    let server = Answerer::new(Handler::Calculator);
    for depth in 0..=DEEPEST {
        assert!(!is_inside(&server, depth), "{depth}");
    }
    for depth in DEEPEST + 1..DEEPEST + 3 {
        assert!(is_inside(&server, depth), "{depth}");
    }
    for depth in 0..DEEPEST + 3 {
        let is_known = server.call(|| is_inside(&server, depth)).unwrap();
        assert!(is_known, "{depth} further in");
    }
    assert!(!server.is_running_here());
}

#[test]
fn the_calculator_is_asked_by_many_threads_and_handlers_of_bytes_are_given_bodies() {
    for (handler, is_for_many_threads, takes_bodies) in [
        (Handler::Calculator, true, false),
        (Handler::new(|_| Ok(0)), false, false),
        (Handler::bytes(|_, _| None), false, true),
    ] {
        let answerer = Answerer::new(handler);
        assert_eq!(answerer.is_for_many_threads(), is_for_many_threads);
        assert_eq!(answerer.takes_bodies(), takes_bodies);
    }
}

#[test]
fn the_observer_is_told_of_every_visit() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    let answerer = Answerer::new(Handler::Calculator).observed(Box::new(move |event| {
        if let Event::Visit(visit) = event {
            told.lock().unwrap().push(*visit);
        }
    }));
    let visits = [Visit::Came, Visit::TurnedAway, Visit::Left];
    for visit in visits {
        answerer.note(visit);
    }
    assert_eq!(*seen.lock().unwrap(), visits);
}
