//! What one side puts into a buffer is what the other takes out, wherever it lies.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::sys::line::{LINE_WORDS, Line};
use crate::sys::memory::create;
use crate::transport::shm::layout::{self, load_place, load_prefix};

const FORMS: [Form; 3] = [Form::Whole, Form::Parts, Form::Rotating];
const HALF: usize = 96 << 10;

/// A buffer as its server and its client have it.
fn pair(form: Form) -> (Buffer, Buffer) {
    let (server, record, handles) = Buffer::create(HALF, form).unwrap();
    let made = match form {
        Form::Rotating if !memory::populates() => Form::Parts,
        form => form,
    };
    assert_eq!(record, Record::Buffer(made));
    let client = Buffer::from_peer(HALF, made, &handles).unwrap().unwrap();
    (server, client)
}

/// The same, after as many long bodies as come before they take turns.
fn seasoned() -> (Buffer, Buffer) {
    let (mut server, mut client) = pair(Form::Rotating);
    for (buffer, before) in [
        (&mut server, ANSWERS_BEFORE),
        (&mut client, REQUESTS_BEFORE),
    ] {
        for _ in 0..before {
            buffer.move_on(SHORTEST, false);
            assert_eq!(said(buffer.reference(1)), (1, 0));
        }
    }
    (server, client)
}

/// What a line says: the length and the place.
fn said(reference: [u8; 8]) -> (usize, usize) {
    let (_, page) = create(PAGE, Access::Write).unwrap();
    let line: &Line = crate::sys::line::Page::line(&page, 0);
    assert!(reference.len() <= LINE_WORDS * 8);
    layout::store(line, &reference);
    (load_prefix(line) as usize, load_place(line))
}

fn length_of(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap()
}

/// Puts a body in at one side and takes it at the other; where it was.
fn carry(from: &mut Buffer, to: &mut Buffer, body: &[u8]) -> usize {
    let (first, second) = body.split_at(body.len() / 3);
    from.put(0, first).unwrap();
    from.put(first.len(), second).unwrap();
    let (length, place) = said(from.reference(length_of(body)));
    from.move_on(body.len(), false);
    assert_eq!(length, body.len());
    let mut taken = vec![0; length];
    to.take(place, &mut taken).unwrap();
    assert!(taken == body, "{length} bytes at {place}");
    place
}

/// A body that is like no other.
fn body(number: usize, length: usize) -> Vec<u8> {
    (0..length)
        .map(|place| (number * 31 + place).to_le_bytes()[0])
        .collect()
}

#[test]
fn bodies_of_all_lengths_go_both_ways_through_all_kinds_of_buffers() {
    let lengths = [SHORTEST, 100, HALF, SHORTEST - 1, 70_001, SHORTEST + 1, 0];
    for form in FORMS {
        let (mut server, mut client) = pair(form);
        for (number, length) in lengths.into_iter().cycle().take(200).enumerate() {
            carry(&mut client, &mut server, &body(number, length));
            carry(&mut server, &mut client, &body(number + 7, length / 2));
        }
    }
}

#[test]
fn long_bodies_lie_one_behind_the_other_and_the_first_again_after_a_lap() {
    let (mut server, mut client) = seasoned();
    let long = body(1, SHORTEST + 1);
    let each = long.len().next_multiple_of(PAGE);
    let in_a_lap = match memory::populates() {
        true => lap(HALF).div_ceil(each),
        false => 1,
    };
    for number in 0..3 * in_a_lap {
        let expected = number % in_a_lap * each;
        assert_eq!(carry(&mut client, &mut server, &long), expected);
        assert_eq!(carry(&mut server, &mut client, &long), expected);
    }
}

#[test]
fn in_a_crowd_they_stay_where_the_first_one_was() {
    let (mut server, mut client) = seasoned();
    let long = body(1, HALF);
    for is_crowded in [false, true, true, false, false, true] {
        let place = carry(&mut client, &mut server, &long);
        client.move_on(HALF, is_crowded);
        let next = said(client.reference(1)).1;
        match is_crowded || !memory::populates() {
            true => assert_eq!(next, 0),
            false => assert!(next > place),
        }
    }
}

#[test]
fn short_bodies_and_those_in_other_buffers_stay_where_they_are() {
    for (form, length) in [
        (Form::Rotating, SHORTEST - 1),
        (Form::Parts, HALF),
        (Form::Whole, HALF),
    ] {
        let (mut server, mut client) = pair(form);
        for number in 0..40 {
            assert_eq!(carry(&mut client, &mut server, &body(number, length)), 0);
            assert_eq!(carry(&mut server, &mut client, &body(number, length)), 0);
        }
    }
}

#[test]
fn who_lends_room_has_the_body_there_until_it_lends_again() {
    let (_, mut client) = seasoned();
    let first = client.lend(false);
    for _ in 0..3 {
        assert_eq!(said(client.reference_lent(40_000)), (40_000, 0));
    }
    let second = client.lend(false);
    let apart = second.address() - first.address();
    assert_eq!(said(client.reference_lent(10)).1, apart);
    assert_eq!(client.lend(false), second, "a short one is in nobody's way");
    let expected = match memory::populates() {
        true => 40_000_usize.next_multiple_of(PAGE),
        false => 0,
    };
    assert_eq!(apart, expected);
}

#[test]
fn a_server_writes_where_its_client_reads() {
    for form in FORMS {
        let (mut server, mut client) = pair(form);
        for number in 0..100 {
            let Some(room) = server.room() else {
                assert_eq!(form, Form::Whole, "both can write it");
                break;
            };
            assert_eq!(room.len(), HALF);
            let answer = body(number, 50_000);
            room.split_at_mut(50_000).0.copy_from_slice(&answer);
            let (length, place) = said(server.reference(50_000));
            server.move_on(50_000, false);
            let mut taken = vec![0; length];
            client.take(place, &mut taken).unwrap();
            assert!(taken == answer);
            assert!(client.their_body(place, length).unwrap().is_some());
        }
        assert_eq!(client.room(), None, "it did not make the memory");
    }
}

#[test]
fn what_lies_outside_is_neither_read_nor_lent() {
    for form in FORMS {
        let (mut server, mut client) = pair(form);
        let limit = server.ours.length;
        let mut bytes = vec![0; 64];
        for buffer in [&mut server, &mut client] {
            assert!(buffer.take(limit - 64, &mut bytes).is_ok());
            assert!(buffer.their_body(limit - 64, 64).is_ok());
            for place in [limit - 63, limit, u32::MAX as usize, usize::MAX] {
                let outside = buffer.take(place, &mut bytes).unwrap_err();
                assert_eq!(outside.kind(), ErrorKind::InvalidData, "{place}");
                let outside = buffer.their_body(place, 64).unwrap_err();
                assert_eq!(outside.kind(), ErrorKind::InvalidData, "{place}");
            }
            let crooked = buffer.their_body(16, 64).unwrap_err();
            assert_eq!(crooked.kind(), ErrorKind::InvalidData);
            let too_long = buffer.put(HALF - 63, &bytes).unwrap_err();
            assert_eq!(too_long.kind(), ErrorKind::InvalidData);
        }
    }
}

#[test]
fn memory_comes_to_be_there_before_it_is_written_or_read() {
    let (mut server, mut client) = seasoned();
    carry(&mut client, &mut server, &body(0, SHORTEST - 1));
    assert_eq!((client.ours.there, server.theirs.there), (HALF, HALF));
    client.move_on(HALF, false);
    let there = match memory::populates() {
        true => lap(HALF) + HALF,
        false => HALF,
    };
    assert_eq!((client.ours.there, client.theirs.there), (there, HALF));
    // The other side may say what it likes.
    let mut byte = [1];
    let taken = server.take(3 * HALF - 1, &mut byte);
    assert_eq!(taken.is_ok(), memory::populates());
    if taken.is_ok() {
        assert_eq!((byte, server.theirs.there), ([0], 3 * HALF));
    }
}

#[test]
fn a_lap_is_as_long_as_its_bodies_need() {
    for (half, lap) in [(PAGE, 32 * PAGE), (64 << 10, LAP), (64 << 20, LAP)] {
        assert_eq!(length_of_part(half, Form::Rotating), lap + half);
        assert_eq!(length_of_part(half, Form::Parts), half);
    }
}
