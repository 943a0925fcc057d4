//! What a server makes of a client that does as it should.

use super::fuzz::{Echo, MAX_MESSAGE, connect};
use super::*;
use crate::sys::Bell;
use std::sync::Arc;
use std::sync::atomic::Ordering;

#[test]
fn a_server_knows_from_which_cpu_it_was_asked() {
    let stop = Bell::new().unwrap();
    let mut work = Work::new(&Echo, &stop, MAX_MESSAGE, Arc::default()).unwrap();
    let (client, mut peer) = connect(0);
    assert_eq!(peer.cpu(), Some(cpu::UNKNOWN));
    client.ask(0, b"hello");
    client.request().cpu.store(7, Ordering::Relaxed);
    let end = peer.turn(Happened::default(), &mut work);
    assert_eq!(end, TurnEnd::Idle { answered: true });
    assert_eq!(peer.cpu(), Some(7));
}

#[test]
fn the_answer_to_one_request_says_that_many_ask() {
    let stop = Bell::new().unwrap();
    let mut work = Work::new(&Echo, &stop, MAX_MESSAGE, Arc::default()).unwrap();
    let (mut client, mut peer) = connect(0);
    for (is_crowded, kind) in [(false, 0), (true, CROWDED)] {
        work.is_crowded = is_crowded;
        client.ask(0, b"hello");
        let end = peer.turn(Happened::default(), &mut work);
        assert_eq!(end, TurnEnd::Idle { answered: true });
        client.served = layout::next(client.served);
        assert_eq!(client.published(), (5, layout::SINGLE | kind));
    }
}
