//! What servers are told of handlers, and who they know to be inside of one.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;

/// Whether this thread, inside of so many handlers of other servers, is taken to be inside `server`'s.
fn is_inside(server: &UserCode, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else {
        return server.is_running_here();
    };
    let other = UserCode::new(None);
    other
        .call(&Visitor::NOBODY, || is_inside(server, depth))
        .unwrap()
}

#[test]
fn handlers_are_told_apart_as_deep_as_can_be_counted() {
    let server = UserCode::new(None);
    for depth in 0..=DEEPEST {
        assert!(!is_inside(&server, depth), "{depth}");
    }
    for depth in DEEPEST + 1..DEEPEST + 3 {
        assert!(is_inside(&server, depth), "{depth}");
    }
    for depth in 0..DEEPEST + 3 {
        let is_known = server
            .call(&Visitor::NOBODY, || is_inside(&server, depth))
            .unwrap();
        assert!(is_known, "{depth} further in");
    }
    assert!(!server.is_running_here());
}
