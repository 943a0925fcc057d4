//! What a server makes of a client that does as it should.

use super::fuzz::{Client, Echo, MAX_MESSAGE, connect};
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

const ANSWERED: TurnEnd = TurnEnd::Idle { answered: true };
const NOTHING: TurnEnd = TurnEnd::Idle { answered: false };

/// A client that announces a long request, puts it in piece by piece, and publishes it at last.
fn put_in(client: &Client, body: &[u8]) {
    put_in_at(client, 0, body);
}

/// The same, from this piece of the buffer on.
fn put_in_at(client: &Client, first: u8, body: &[u8]) {
    let (request, length) = (client.request(), u32::try_from(body.len()).unwrap());
    request.data[layout::FILLED].store(0, Ordering::Relaxed);
    layout::store(request, &layout::reference(length, 16 * u32::from(first)));
    request.cpu.store(cpu::UNKNOWN, Ordering::Relaxed);
    let served = layout::word(client.served);
    request
        .word
        .store(served | layout::FILLING, Ordering::SeqCst);
    for (number, piece) in body.chunks(16).enumerate() {
        client.write_buffer(first + u8::try_from(number).unwrap(), piece);
        let filled = (16 * number + piece.len()) as u64;
        request.data[layout::FILLED].store(filled, Ordering::Release);
    }
    let word = layout::word(layout::next(client.served));
    request.word.store(word, Ordering::SeqCst);
}

#[test]
fn a_long_request_is_copied_out_while_it_is_put_in_and_whole_either_way() {
    let stop = Bell::new().unwrap();
    let mut work = Work::new(&Echo, &stop, MAX_MESSAGE, Arc::default()).unwrap();
    let (mut client, mut peer) = connect(0);
    client.ask_for_buffer(&mut peer, &mut work);
    for round in 0..300_u32 {
        let body = [round.to_le_bytes(); MAX_MESSAGE as usize / 4].concat();
        std::thread::scope(|scope| {
            let filling = scope.spawn(|| put_in(&client, &body));
            loop {
                let end = match peer.shared.slot.look() {
                    Seen::Nothing => continue,
                    Seen::Filling => peer.follow(&mut work).unwrap(),
                    Seen::Request => peer.answer(&mut work).unwrap(),
                    Seen::Nonsense => panic!("the client wrote nonsense"),
                };
                assert!(!peer.is_ahead);
                if end == ANSWERED {
                    break;
                }
                assert_eq!(end, NOTHING);
            }
            filling.join().unwrap();
        });
        work.out.clear();
        client.served = layout::next(client.served);
        assert_eq!(client.answer(body.len()), body);
    }
}

/// A client that has announced a request of 200 sevens, which the server saw, and then put it in and published it.
fn followed() -> (Client, SharedPeer) {
    followed_at(0)
}

/// The same, which lies elsewhere in the buffer.
fn followed_at(first: u8) -> (Client, SharedPeer) {
    let stop = Bell::new().unwrap();
    let mut work = Work::new(&Echo, &stop, MAX_MESSAGE, Arc::default()).unwrap();
    let (mut client, mut peer) = connect(0);
    client.ask_for_buffer(&mut peer, &mut work);
    client
        .request()
        .word
        .store(layout::FILLING, Ordering::SeqCst);
    assert_eq!(peer.shared.slot.look(), Seen::Filling);
    put_in_at(&client, first, &[7; 200]);
    client.served = layout::next(client.served);
    (client, peer)
}

#[test]
fn a_request_that_is_followed_to_its_end_is_answered_in_the_same_turn() {
    let stop = Bell::new().unwrap();
    let mut work = Work::new(&Echo, &stop, MAX_MESSAGE, Arc::default()).unwrap();
    let (client, mut peer) = followed();
    assert_eq!(peer.follow(&mut work).unwrap(), ANSWERED);
    assert_eq!(client.answer(200), [7; 200]);
    assert!(!peer.is_ahead);
}

#[test]
fn what_is_followed_is_copied_from_where_its_client_says() {
    let stop = Bell::new().unwrap();
    let mut work = Work::new(&Echo, &stop, MAX_MESSAGE, Arc::default()).unwrap();
    let (client, mut peer) = followed_at(4);
    client.write_buffer(0, &[9; 64]);
    assert_eq!(peer.copy_ahead(&mut work), Seen::Request);
    peer.is_ahead = true;
    client.write_buffer(4, &[8; 200]);
    assert_eq!(peer.answer(&mut work).unwrap(), ANSWERED);
    assert_eq!(client.answer(200), [7; 200]);
}

/// What a client says of where its request lies may be anything.
#[test]
fn a_request_outside_of_the_buffer_ends_the_connection() {
    let stop = Bell::new().unwrap();
    for (in_place, place, is_inside) in [
        (false, 64, true),
        (true, 64, true),
        (false, u32::MAX, false),
        (true, u32::MAX, false),
        (false, 4096, false),
        (true, 4096, false),
        (true, 16, false), // No writer puts a body anywhere but at the start of a line.
    ] {
        let mut work = Work::new(&Echo, &stop, MAX_MESSAGE, Arc::default()).unwrap();
        let (mut client, peer) = connect(0);
        let mut peer = peer.read_in_place(in_place);
        client.ask_for_buffer(&mut peer, &mut work);
        layout::store(client.request(), &layout::reference(200, place));
        let word = layout::word(layout::next(client.served));
        client.request().word.store(word, Ordering::SeqCst);
        let expected = match is_inside {
            true => ANSWERED,
            false => TurnEnd::Dropped(Cause::Malformed),
        };
        let end = peer.turn(Happened::default(), &mut work);
        assert_eq!(end, expected, "{place}, {in_place}");
    }
}

#[test]
fn what_was_copied_ahead_is_not_copied_again() {
    let stop = Bell::new().unwrap();
    let mut work = Work::new(&Echo, &stop, MAX_MESSAGE, Arc::default()).unwrap();
    let (client, mut peer) = followed();
    assert_eq!(peer.copy_ahead(&mut work), Seen::Request);
    peer.is_ahead = true;
    client.write_buffer(0, &[8; 200]);
    assert_eq!(peer.answer(&mut work).unwrap(), ANSWERED);
    assert_eq!(client.answer(200), [7; 200]);
}

#[test]
fn what_was_copied_ahead_is_no_request_that_was_published_otherwise() {
    let stop = Bell::new().unwrap();
    let mut work = Work::new(&Echo, &stop, MAX_MESSAGE, Arc::default()).unwrap();
    let (mut client, mut peer) = connect(0);
    client.ask_for_buffer(&mut peer, &mut work);
    put_in(&client, &[7; 200]);
    // As if it had been followed to its end; but then the client says another length.
    peer.make_room(PREFIX..PREFIX + 200, &mut work.spare)
        .unwrap();
    peer.is_ahead = true;
    layout::store(client.request(), &100_u32.to_le_bytes());
    let end = peer.turn(Happened::default(), &mut work);
    assert_eq!(end, ANSWERED);
    client.served = layout::next(client.served);
    assert_eq!(client.answer(100), [7; 100]);
    assert!(!peer.is_ahead);
}

#[test]
fn one_that_announces_and_never_fills_is_left_alone_until_it_publishes() {
    let stop = Bell::new().unwrap();
    let mut work = Work::new(&Echo, &stop, MAX_MESSAGE, Arc::default()).unwrap();
    let (mut client, mut peer) = connect(0);
    client.ask_for_buffer(&mut peer, &mut work);
    let word = &client.request().word;
    layout::store(client.request(), &200_u32.to_le_bytes());
    client.request().cpu.store(cpu::UNKNOWN, Ordering::Relaxed);
    word.store(layout::FILLING, Ordering::SeqCst);
    assert!(peer.asks());
    assert_eq!(peer.turn(Happened::default(), &mut work), NOTHING);
    assert!(!peer.asks());
    assert!(work.done > 100, "{}: as much as a long request", work.done);
    // A word that skips a number is nonsense then as ever.
    word.store(layout::word(2), Ordering::SeqCst);
    let end = peer.turn(Happened::default(), &mut work);
    assert_eq!(end, TurnEnd::Dropped(Cause::Malformed));
}
