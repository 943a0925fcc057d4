//! The inbox against a reader that has the whole stream before it.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a panic is how a finding shows"
)]

use super::{FIRST_ROOM, Inbox, KEPT_ROOM, Piece};
use crate::protocol::frame::{Notice, PREFIX};
use crate::sys::room::{ALIGNMENT, Room};
use crate::transport::conversation::spare::Spare;
use crate::transport::fuzz::Steps;

#[derive(Debug, PartialEq, Eq)]
enum Got {
    Body(Vec<u8>),
    Notice(Notice),
    TooLarge(u32),
}

/// The first byte chooses the limit, the next bytes how the rest is cut.
pub(crate) fn check(input: &[u8]) {
    let mut steps = Steps(input);
    let limit = [0, 9, 300, 2000, 70_000, 1 << 20][usize::from(steps.byte()) % 6];
    let cuts = steps.bytes();
    let stream = steps.0;
    let mut inbox = Inbox::new(limit);
    let got = feed(&mut inbox, stream, cuts);
    let (wanted, rest) = split(stream, limit);
    assert_eq!(got, wanted);
    assert_eq!(inbox.has_partial_frame(), rest);
}

/// The pieces of a stream, and whether it ends amid one.
fn split(mut stream: &[u8], limit: u32) -> (Vec<Got>, bool) {
    let mut pieces = Vec::new();
    while let Some((prefix, rest)) = stream.split_first_chunk::<PREFIX>() {
        let prefix = u32::from_le_bytes(*prefix);
        let length = usize::try_from(prefix).unwrap();
        if let Some(notice) = Notice::from_prefix(prefix) {
            pieces.push(Got::Notice(notice));
            stream = rest;
        } else if prefix > limit {
            pieces.push(Got::TooLarge(prefix));
            if rest.len() < length {
                return (pieces, true);
            }
            stream = &rest[length..];
        } else if rest.len() >= length {
            pieces.push(Got::Body(rest[..length].to_vec()));
            stream = &rest[length..];
        } else {
            return (pieces, true);
        }
    }
    (pieces, !stream.is_empty())
}

fn feed(inbox: &mut Inbox, mut stream: &[u8], cuts: &[u8]) -> Vec<Got> {
    let mut cuts = cuts.iter().cycle();
    let mut pieces = Vec::new();
    let mut spare = Spare::default();
    spare.put(Room::new(3000).unwrap());
    loop {
        loop {
            let foretold = inbox.has_whole_piece();
            let Some(piece) = inbox.next() else { break };
            assert!(foretold, "a piece that nobody would look for");
            pieces.push(match piece {
                Piece::Body(body) => {
                    let body = inbox.align(body);
                    let bytes = inbox.bytes(body);
                    assert!(bytes.as_ptr().addr().is_multiple_of(ALIGNMENT));
                    Got::Body(bytes.to_vec())
                }
                Piece::Notice(notice) => Got::Notice(notice),
                Piece::TooLarge(length) => Got::TooLarge(length),
            });
        }
        assert_bounded(inbox);
        if stream.is_empty() {
            return pieces;
        }
        let cut = cuts.next().map_or(usize::MAX, |cut| usize::from(*cut) + 1);
        move_what_arrived(inbox, cut, &mut spare);
        let room = inbox.room().unwrap();
        assert!(!room.is_empty(), "no room, and bytes to come");
        let count = cut.min(room.len()).min(stream.len());
        room[..count].copy_from_slice(&stream[..count]);
        inbox.fill(count);
        stream = &stream[count..];
    }
}

/// What servers and clients do between two reads changes nothing of what was read.
fn move_what_arrived(inbox: &mut Inbox, cut: usize, spare: &mut Spare) {
    if cut % 2 == 1 {
        inbox.return_room(spare);
        inbox.borrow_room(spare);
    }
    if cut % 3 == 1
        && let Some((length, arrived)) = inbox.take_partial_body(usize::MAX)
    {
        let arrived = inbox.bytes(arrived).to_vec();
        inbox.put_back(length, &arrived).unwrap();
    }
}

/// Memory grows with what has arrived and with frames that are allowed, and with nothing else.
fn assert_bounded(inbox: &Inbox) {
    let room = inbox.buffer.len();
    let largest_frame = PREFIX + usize::try_from(inbox.limit).unwrap();
    assert!(
        room <= FIRST_ROOM.max(KEPT_ROOM).max(largest_frame),
        "{room} bytes"
    );
}
