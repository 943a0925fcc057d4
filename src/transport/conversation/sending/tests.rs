//! How far frames went.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

use super::*;

const FRAME: &[u8] = b"\x02\0\0\0hi";
#[test]
fn a_frame_goes_in_as_many_writes_as_it_takes() {
    for (first, second) in [FRAME.split_at(4), (FRAME, b"")] {
        for count in 1..=FRAME.len() {
            let mut sending = Sending::frame(first, second);
            let mut written = Vec::new();
            while !sending.unsent().is_empty() {
                let rest = sending.unsent();
                let taken = &rest[..count.min(rest.len())];
                written.extend_from_slice(taken);
                sending.wrote(taken.len());
                assert_eq!(sending.is_amid_frame(), written.len() < FRAME.len());
            }
            assert_eq!(written, FRAME);
        }
    }
}

#[test]
fn what_of_both_parts_is_left_can_be_written_as_one() {
    for sent in 0..=FRAME.len() {
        let mut sending = Sending::frame(&FRAME[..4], &FRAME[4..]);
        sending.wrote(sent);
        let (first, second) = sending.unsent_parts();
        assert_eq!([first, second].concat(), FRAME[sent..]);
        assert_eq!(second.is_empty(), sent >= 4);
    }
}

#[test]
fn what_is_over_is_written_no_further() {
    let mut sending = Sending::frames(FRAME);
    sending.wrote(1);
    sending.end();
    assert_eq!(sending.unsent(), b"");
    assert!(sending.is_amid_frame());
}
