//! What a client makes of bytes.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

use super::*;

const ANSWER: &[u8] = b"\x03\0\0\0yes";
const LIMIT: u32 = 2000;

/// A connection over which these bytes came.
fn after(bytes: &[u8]) -> ClientSide {
    let mut side = ClientSide::new(LIMIT);
    come(&mut side, bytes);
    side
}

fn come(side: &mut ClientSide, bytes: &[u8]) {
    side.room().unwrap()[..bytes.len()].copy_from_slice(bytes);
    side.fill(bytes.len());
}

#[test]
fn answers_are_bodies_notices_or_too_large() {
    let failed = Notice::HandlerFailed;
    let bytes = [ANSWER, &failed.to_bytes(), &[0, 0, 1, 0], b"dropped"].concat();
    let mut side = after(&bytes);
    let body = side.next().unwrap().unwrap();
    assert_eq!(side.bytes(body), b"yes");
    assert_eq!(side.next(), Some(Err(Failure::Notice(failed))));
    assert_eq!(side.next(), Some(Err(Failure::TooLarge(65536))));
    assert_eq!(side.next(), None);
    assert_eq!(side.can_ask(), Ok(()), "the rest of it is dropped");
}

#[test]
fn only_some_failures_come_in_place_of_an_answer() {
    for failure in [
        Failure::Notice(Notice::HandlerFailed),
        Failure::TooLarge(65536),
    ] {
        assert!(failure.is_answer());
    }
    for failure in [
        Failure::Notice(Notice::TooLarge),
        Failure::Notice(Notice::Refused),
        Failure::Cut,
        Failure::Unasked,
        Failure::TooEarly,
    ] {
        assert!(!failure.is_answer());
    }
}

#[test]
fn an_answer_that_nobody_asked_for_is_the_end() {
    for bytes in [ANSWER, &ANSWER[..1]] {
        assert_eq!(after(bytes).can_ask(), Err(Failure::Unasked));
    }
    assert_eq!(after(b"").can_ask(), Ok(()));
}

#[test]
fn a_frame_that_was_sent_in_part_is_the_end() {
    for sent in 0..=ANSWER.len() {
        for parts in [(ANSWER, &b""[..]), ANSWER.split_at(4)] {
            let mut sending = Sending::frame(parts.0, parts.1);
            sending.wrote(sent);
            let mut side = after(b"");
            side.give_up(&sending);
            let is_cut = sent > 0 && sent < ANSWER.len();
            assert_eq!(side.is_cut(), is_cut, "{sent}");
            assert_eq!(side.can_ask().is_err(), is_cut);
            side.give_up(&Sending::frames(ANSWER));
            assert_eq!(side.is_cut(), is_cut, "it stays so");
        }
    }
    let mut side = after(ANSWER);
    side.cut();
    assert_eq!(side.can_ask(), Err(Failure::Cut));
}

#[test]
fn a_client_is_welcomed_or_told_why_not() {
    let refused = Notice::Refused;
    for (bytes, said) in [
        (&Notice::Welcome.to_bytes()[..], Some(Ok(()))),
        (&refused.to_bytes(), Some(Err(Failure::Notice(refused)))),
        (ANSWER, Some(Err(Failure::TooEarly))),
        (&[0, 0, 1, 0], Some(Err(Failure::TooEarly))),
        (&ANSWER[..3], None),
    ] {
        assert_eq!(after(bytes).welcome(), said);
    }
}

#[test]
fn a_body_is_received_where_its_caller_wants_it() {
    for first in 0..ANSWER.len() {
        let mut side = after(&ANSWER[..first]);
        let mut answer = [b'.'; 5];
        let Some(mut direct) = side.direct(&mut answer) else {
            assert!(first < 4, "{first}");
            assert_eq!(side.next_into(&mut answer), None);
            continue;
        };
        let rest = direct.rest(&mut answer).unwrap();
        rest[..1].copy_from_slice(&ANSWER[first..=first]);
        direct.fill(1);
        // It takes too long: a later call gets it from the start.
        side.put_back(&direct, &answer).unwrap();
        assert_eq!(side.can_ask(), Err(Failure::Unasked));
        let mut answer = [b'.'; 5];
        if let Some(mut direct) = side.direct(&mut answer) {
            let rest = direct.rest(&mut answer).unwrap();
            let count = rest.len();
            rest.copy_from_slice(&ANSWER[first + 1..]);
            direct.fill(count);
            assert!(direct.rest(&mut answer).is_none());
            assert_eq!(direct.length(), 3);
        } else {
            assert_eq!(side.next_into(&mut answer), Some(Ok(3)));
        }
        assert_eq!(&answer, b"yes..");
        assert_eq!(side.can_ask(), Ok(()));
    }
}

#[test]
fn a_body_for_which_there_is_no_room_is_dropped_and_measured() {
    let mut side = after(&ANSWER[..5]);
    let mut answer = [b'.'; 2];
    assert!(side.direct(&mut answer).is_none());
    come(&mut side, &ANSWER[5..]);
    assert_eq!(side.next_into(&mut answer), Some(Ok(3)));
    assert_eq!((&answer, side.can_ask()), (b"..", Ok(())));
}
