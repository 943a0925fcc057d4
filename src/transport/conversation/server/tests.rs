//! What a server makes of bytes, and of a client that takes some of its answers.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

use super::*;
use crate::protocol::frame::Notice;

const FRAME: &[u8] = b"\x02\0\0\0hi";
const LIMIT: u32 = 2000;

/// A connection over which these bytes came.
fn after(bytes: &[u8]) -> ServerSide {
    let mut side = ServerSide::new(LIMIT);
    come(&mut side, bytes);
    side
}

fn come(side: &mut ServerSide, bytes: &[u8]) {
    let room = side.room(&mut Spare::default()).unwrap();
    room[..bytes.len()].copy_from_slice(bytes);
    side.fill(bytes.len());
}

fn next_body(side: &mut ServerSide, aligns: bool) -> &[u8] {
    match side.next() {
        Some(Piece::Body(body)) => side.body(body, aligns),
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn requests_are_taken_one_after_another() {
    for aligns in [false, true] {
        let mut side = after(&[FRAME, FRAME, b"\x02"].concat());
        for _ in 0..2 {
            assert!(side.has_next());
            assert_eq!(next_body(&mut side, aligns), b"hi");
        }
        assert!(!side.has_next() && !side.is_ending());
        assert_eq!(side.next(), None);
        assert_eq!(side.arrived(), 1);
    }
}

#[test]
fn nothing_is_looked_at_after_what_is_no_request() {
    let refused = Notice::Refused;
    for (bytes, asked) in [
        (65536_u32.to_le_bytes(), Piece::TooLarge(65536)),
        (refused.to_bytes(), Piece::Notice(refused)),
    ] {
        let mut side = after(&[FRAME, &bytes, FRAME].concat());
        assert_eq!(next_body(&mut side, false), b"hi");
        assert!(side.has_next() && !side.is_ending());
        assert_eq!(side.next(), Some(asked));
        assert!(!side.has_next() && side.is_ending());
        assert_eq!(side.next(), None);
    }
}

#[test]
fn half_a_request_is_told_from_the_next_and_from_one_that_rests() {
    let mut side = after(b"");
    assert_eq!(side.half(false, true), None);
    for (bytes, length) in [(&b"\x02"[..], 0), (b"\0\0\0", 2), (b"h", 2)] {
        come(&mut side, bytes);
        for (had_partial, answered, is_new) in [
            (false, false, true),
            (true, false, false),
            (false, true, true),
            (true, true, true),
        ] {
            let half = Some(Half { is_new, length });
            assert_eq!(side.half(had_partial, answered), half);
        }
    }
}

fn put(out: &mut Outbox, body: &[u8]) {
    out.append(|room| {
        room[..body.len()].copy_from_slice(body);
        Ok(u32::try_from(body.len()).unwrap())
    });
}

#[test]
fn answers_that_are_not_taken_are_kept_and_the_outbox_is_for_others() {
    let mut out = Outbox::new(LIMIT, true).unwrap();
    let mut spare = Spare::default();
    for taken in 0..FRAME.len() {
        let mut side = after(b"");
        put(&mut out, b"hi");
        assert_eq!(side.unwritten(&out), FRAME);
        side.wrote(taken);
        side.keep(&mut out, &mut spare).unwrap();
        assert!(side.has_backlog() && out.len() == 0);
        put(&mut out, b"another's");
        assert_eq!(side.unwritten(&out), &FRAME[taken..]);
        side.wrote(1);
        side.keep(&mut out, &mut spare).unwrap();
        assert_eq!(side.unwritten(&out), &FRAME[taken + 1..]);
        side.wrote_all(&mut out, &mut spare);
        assert!(!side.has_backlog());
        assert_eq!(side.unwritten(&out), b"\x09\0\0\0another's");
        side.wrote_all(&mut out, &mut spare);
        assert_eq!(side.unwritten(&out), b"");
    }
}

#[test]
fn the_room_of_a_large_backlog_serves_the_next() {
    let mut out = Outbox::new(1 << 20, true).unwrap();
    let mut spare = Spare::default();
    let mut side = after(b"");
    out.append(|room| Ok(u32::try_from(room.len()).unwrap()));
    side.keep(&mut out, &mut spare).unwrap();
    assert_eq!(spare.answers.len(), 0);
    side.wrote(side.unwritten(&out).len());
    side.wrote_all(&mut out, &mut spare);
    assert!(spare.answers.len() > 1 << 20);
}

#[test]
fn large_room_goes_to_the_next_that_needs_some() {
    let mut spare = Spare::default();
    let mut side = ServerSide::new(1 << 20);
    let request = [&(1_u32 << 20).to_le_bytes()[..], &vec![7; 1 << 20]].concat();
    let mut rest = &request[..];
    while !rest.is_empty() {
        let room = side.room(&mut spare).unwrap();
        let count = room.len().min(rest.len());
        room[..count].copy_from_slice(&rest[..count]);
        side.fill(count);
        rest = &rest[count..];
    }
    assert!(next_body(&mut side, true) == &request[4..]);
    side.rest(&mut spare);
    assert!(spare.longest() > 1 << 20);
}
