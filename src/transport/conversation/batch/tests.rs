//! Which of many frames are answered, and what is left of them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

use super::*;
use crate::protocol::frame::Notice;

const FRAME: &[u8] = b"\x02\0\0\0hi";
const ANSWER: &[u8] = b"\x03\0\0\0yes";

/// A connection over which these bytes came.
fn after(bytes: &[u8]) -> ClientSide {
    let mut side = ClientSide::new(2000);
    side.room().unwrap()[..bytes.len()].copy_from_slice(bytes);
    side.fill(bytes.len());
    side
}

#[test]
fn what_is_left_of_many_frames_is_what_was_sent_and_not_answered() {
    let frames = FRAME.repeat(3);
    for sent in 0..=frames.len() {
        let whole = sent / FRAME.len();
        for answers in 0..=whole {
            let mut side = after(&ANSWER.repeat(answers));
            let mut batch = Batch::new(&frames);
            batch.sending.wrote(sent);
            while let Some(answer) = batch.next(&mut side) {
                assert_eq!(side.bytes(answer.unwrap()), b"yes");
            }
            assert_eq!(batch.answered() as usize, answers);
            assert_eq!(batch.awaits_answers(), answers < 3);
            let expected = Left {
                owed: u32::try_from(whole - answers).unwrap(),
                is_not_executed: whole == answers,
            };
            assert_eq!(batch.give_up(&mut side), expected, "{sent} {answers}");
            assert_eq!(side.is_cut(), !sent.is_multiple_of(FRAME.len()));
        }
    }
}

#[test]
fn an_answer_that_cannot_be_given_is_owed_no_more_and_was_executed() {
    let [failed, refused] = [Notice::HandlerFailed, Notice::Refused].map(Notice::to_bytes);
    for (answer, owed) in [([0, 0, 1, 0], 1), (failed, 1), (refused, 2)] {
        let frames = FRAME.repeat(2);
        let (mut side, mut batch) = (after(&answer), Batch::new(&frames));
        batch.sending.wrote(frames.len());
        assert!(batch.next(&mut side).unwrap().is_err());
        let left = batch.give_up(&mut side);
        let is_not_executed = false;
        assert_eq!(
            left,
            Left {
                owed,
                is_not_executed
            }
        );
    }
}

#[test]
fn what_comes_beyond_the_answers_is_left() {
    let (mut side, mut batch) = (after(&ANSWER.repeat(2)), Batch::new(FRAME));
    batch.sending.wrote(FRAME.len());
    assert!(batch.next(&mut side).unwrap().is_ok());
    assert_eq!(batch.next(&mut side), None);
    assert_eq!(batch.finish(&mut side), Ok(()));
    assert_eq!(side.can_ask(), Err(Failure::Unasked));
}

#[test]
fn answers_to_what_was_not_sent_are_the_end() {
    let (mut side, mut batch) = (after(ANSWER), Batch::new(FRAME));
    assert!(batch.next(&mut side).unwrap().is_ok());
    assert_eq!(batch.finish(&mut side), Err(Failure::TooEarly));
    assert!(side.is_cut());
}
