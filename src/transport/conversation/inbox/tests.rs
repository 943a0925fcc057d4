use super::*;
use crate::transport::ALIGNMENT;
use crate::transport::conversation::spare::{LENT_FOR, USUAL_ROOM};

/// Spare room of so many bytes.
fn with(length: usize) -> Spare {
    let mut spare = Spare::default();
    spare.put(Room::new(length).unwrap());
    spare
}

fn feed(inbox: &mut Inbox, mut bytes: &[u8], step: usize) -> Vec<Result<Vec<u8>, Piece>> {
    let mut pieces = Vec::new();
    loop {
        while let Some(piece) = inbox.next() {
            pieces.push(match piece {
                Piece::Body(range) => Ok(inbox.bytes(range).to_vec()),
                other => Err(other),
            });
        }
        if bytes.is_empty() {
            return pieces;
        }
        let room = inbox.room().unwrap();
        let count = room.len().min(bytes.len()).min(step);
        room[..count].copy_from_slice(&bytes[..count]);
        inbox.fill(count);
        bytes = &bytes[count..];
    }
}

fn frame(body: &[u8]) -> Vec<u8> {
    [&u32::try_from(body.len()).unwrap().to_le_bytes()[..], body].concat()
}

#[test]
fn frames_come_out_however_the_bytes_come_in() {
    let bodies = [
        vec![],
        vec![7; 1],
        vec![1; 1020],
        vec![2; 5000],
        vec![3; 65536],
        vec![4; 9],
    ];
    let stream: Vec<u8> = bodies.iter().flat_map(|body| frame(body)).collect();
    for step in [1, 3, 4, 5, 1000, 1 << 20] {
        let mut inbox = Inbox::new(65536);
        let pieces: Vec<_> = feed(&mut inbox, &stream, step);
        assert_eq!(pieces, bodies.clone().map(Ok), "in steps of {step}");
        assert!(!inbox.has_partial_frame());
    }
}

#[test]
fn a_body_over_the_limit_is_dropped_and_takes_no_room() {
    let stream = [frame(&[1; 70_000]), frame(b"next")].concat();
    for step in [1, 7, 1 << 20] {
        let mut inbox = Inbox::new(65536);
        let pieces = feed(&mut inbox, &stream, step);
        assert_eq!(pieces, [Err(Piece::TooLarge(70_000)), Ok(b"next".to_vec())]);
        assert!(inbox.buffer.len() <= KEPT_ROOM);
    }
}

#[test]
fn a_body_alone_is_taken_that_is_whole_and_short_enough() {
    let mut inbox = Inbox::new(9);
    let put = |inbox: &mut Inbox, bytes: &[u8]| {
        inbox.room().unwrap()[..bytes.len()].copy_from_slice(bytes);
        inbox.fill(bytes.len());
    };
    put(
        &mut inbox,
        &[frame(b"first"), frame(b"second")].concat()[..18],
    );
    assert_eq!(inbox.next_body(4), None, "it is longer");
    let first = inbox.next_body(5).unwrap();
    assert_eq!(inbox.bytes(first), b"first");
    assert_eq!(inbox.next_body(9), None, "a byte is to come");
    put(&mut inbox, b"d");
    let second = inbox.next_body(9).unwrap();
    assert_eq!(inbox.bytes(second), b"second");
    put(&mut inbox, &Notice::HandlerFailed.to_bytes());
    assert_eq!(inbox.next_body(usize::MAX), None, "it is a notice");
    assert_eq!(inbox.next(), Some(Piece::Notice(Notice::HandlerFailed)));
    put(&mut inbox, &frame(&[1; 10]));
    assert_eq!(inbox.next_body(usize::MAX), None, "it is over the limit");
    assert_eq!(inbox.next(), Some(Piece::TooLarge(10)));
    put(&mut inbox, &frame(b"next"));
    assert_eq!(inbox.next_body(9), None, "its rest is dropped first");
    assert!(matches!(inbox.next(), Some(Piece::Body(_))));
}

#[test]
fn a_hostile_prefix_allocates_nothing() {
    let mut inbox = Inbox::new(65536);
    let pieces = feed(&mut inbox, &0xFFFF_0000_u32.to_le_bytes(), 4);
    assert_eq!(pieces, [Err(Piece::TooLarge(0xFFFF_0000))]);
    assert_eq!(inbox.buffer.len(), FIRST_ROOM);
}

#[test]
fn room_grows_with_what_has_arrived() {
    const LENGTH: usize = 64 << 20;
    let mut inbox = Inbox::new(64 << 20);
    let mut spare = with(USUAL_ROOM);
    let prefix = u32::try_from(LENGTH).unwrap().to_le_bytes();
    let (mut arrived, mut copied, mut room) = (0, 0, 0);
    // As much at a time as a socket holds, but the first byte of the body alone.
    for count in [PREFIX + 1].into_iter().chain(std::iter::repeat(200 << 10)) {
        inbox.return_room(&mut spare);
        inbox.borrow_room(&mut spare);
        let place = inbox.room().unwrap();
        let count = count.min(place.len()).min(PREFIX + LENGTH - arrived);
        place[..count].fill(7);
        if arrived == 0 {
            place[..PREFIX].copy_from_slice(&prefix);
        }
        if inbox.buffer.len() != room {
            room = inbox.buffer.len();
            copied += arrived;
        }
        assert!(
            room <= FIRST_ROOM.max(GROWTH * arrived)
                || room == USUAL_ROOM && room <= LENT_FOR * arrived,
            "{room} bytes for {arrived}"
        );
        inbox.fill(count);
        arrived += count;
        if inbox.has_whole_piece() {
            break;
        }
    }
    assert!(matches!(inbox.next(), Some(Piece::Body(body)) if body.len() == LENGTH));
    assert!(copied < LENGTH, "{copied} bytes were copied");
}

#[test]
fn room_grows_where_reads_fill_it_with_many_frames() {
    // The second kind ends with the room, so that nothing is left of it.
    for length in [9, 12] {
        let small = frame(&vec![5; length]);
        let mut inbox = Inbox::new(65536);
        assert_eq!(feed(&mut inbox, &small.repeat(9), 1 << 20).len(), 9);
        assert_eq!(inbox.buffer.len(), FIRST_ROOM, "the read left room");
        let count = 4 * ROOM_OF_MANY / small.len();
        assert_eq!(feed(&mut inbox, &small.repeat(count), 1 << 20).len(), count);
        assert_eq!(inbox.buffer.len(), ROOM_OF_MANY);
    }
}

#[test]
fn bodies_are_aligned_one_by_one() {
    let bodies: Vec<_> = (0..40).map(|length| vec![7; length]).collect();
    let stream: Vec<u8> = bodies.iter().flat_map(|body| frame(body)).collect();
    let mut inbox = Inbox::new(100);
    inbox.room().unwrap()[..stream.len()].copy_from_slice(&stream);
    inbox.fill(stream.len());
    for expected in bodies {
        let Some(Piece::Body(body)) = inbox.next() else {
            panic!("no body of {} bytes", expected.len());
        };
        let body = inbox.align(body);
        let bytes = inbox.bytes(body);
        assert!(bytes.as_ptr().addr().is_multiple_of(ALIGNMENT));
        assert_eq!(bytes, expected);
    }
    assert_eq!(inbox.next(), None);
}

#[test]
fn notices_have_no_body() {
    let stream = [&Notice::Refused.to_bytes()[..], &frame(b"x")].concat();
    let pieces = feed(&mut Inbox::new(65536), &stream, 1);
    assert_eq!(
        pieces,
        [Err(Piece::Notice(Notice::Refused)), Ok(b"x".to_vec())]
    );
}

#[test]
fn room_for_a_large_frame_is_given_back() {
    let mut inbox = Inbox::new(1 << 20);
    assert_eq!(feed(&mut inbox, &frame(&[0; 1 << 20]), 1 << 20).len(), 1);
    assert!(inbox.buffer.len() > KEPT_ROOM);
    inbox.room().unwrap();
    assert_eq!(inbox.buffer.len(), KEPT_ROOM);
}

/// An inbox whose room a read has filled with these bytes.
fn filled_by(bytes: &[u8], limit: u32) -> Inbox {
    let mut inbox = Inbox::new(limit);
    inbox.buffer = Room::copy_of(bytes).unwrap();
    inbox.fill(bytes.len());
    inbox
}

/// An inbox into which these bytes have come.
fn holding(bytes: &[u8], limit: u32) -> Inbox {
    let mut inbox = Inbox::new(limit);
    inbox.room().unwrap()[..bytes.len()].copy_from_slice(bytes);
    inbox.fill(bytes.len());
    inbox
}

#[test]
fn what_has_arrived_is_counted_until_it_is_taken() {
    let mut inbox = holding(b"\x02\0\0\0hi\x03\0\0\0", 100);
    assert_eq!((inbox.arrived(), inbox.begun_body()), (10, 2));
    assert!(inbox.has_whole_piece());
    assert_eq!(inbox.next(), Some(Piece::Body(4..6)));
    assert_eq!((inbox.arrived(), inbox.begun_body()), (4, 3));
    assert!(inbox.has_partial_frame() && !inbox.has_whole_piece());
    assert_eq!(inbox.next(), None);
}

#[test]
fn a_frame_that_fits_behind_others_stays_where_it_is() {
    let first = frame(&[1; 500]);
    for body in [500, 520 - PREFIX, 521 - PREFIX] {
        let mut inbox = holding(&[&first[..], &frame(&vec![2; body])[..100]].concat(), 1000);
        assert!(matches!(inbox.next(), Some(Piece::Body(_))));
        // 504 bytes are taken, 100 are there, and the rest of the room is free.
        let is_moved = 504 + PREFIX + body > FIRST_ROOM;
        let room = FIRST_ROOM - 100 - if is_moved { 0 } else { 504 };
        assert_eq!(inbox.room().unwrap().len(), room, "{body}");
        assert_eq!(inbox.bytes(inbox.filled.clone()).len(), 100);
        assert_eq!(inbox.filled.start == 0, is_moved);
    }
}

#[test]
fn a_room_that_is_full_of_what_was_begun_makes_room_at_the_front() {
    let begun = [frame(&vec![1; ROOM_OF_MANY - 16]), vec![2; 12]].concat();
    assert_eq!(begun.len(), ROOM_OF_MANY);
    let mut inbox = filled_by(&begun, 0x0202_0202);
    assert!(matches!(inbox.next(), Some(Piece::Body(_))));
    assert_eq!(inbox.room().unwrap().len(), ROOM_OF_MANY - 12);
    assert_eq!(inbox.bytes(0..12), [2; 12]);
}

#[test]
fn half_a_room_is_enough_for_what_has_begun() {
    let half = ROOM_OF_MANY / 2;
    for (first, is_grown) in [(half - PREFIX, false), (half - PREFIX - 1, true)] {
        let begun = [
            &frame(&vec![1; first])[..],
            &prefix_of(20_000),
            &vec![2; half],
        ]
        .concat();
        let mut inbox = filled_by(&begun[..ROOM_OF_MANY], 20_000);
        assert!(matches!(inbox.next(), Some(Piece::Body(_))));
        let arrived = inbox.arrived();
        let room = if is_grown {
            GROWTH * arrived
        } else {
            ROOM_OF_MANY
        };
        assert_eq!(inbox.room().unwrap().len(), room - arrived);
    }
}

#[test]
fn empty_room_is_kept_up_to_so_much() {
    for (length, kept) in [
        (0, FIRST_ROOM),
        (FIRST_ROOM - 1, FIRST_ROOM),
        (2 * FIRST_ROOM, 2 * FIRST_ROOM),
        (KEPT_ROOM, KEPT_ROOM),
        (KEPT_ROOM + 1, KEPT_ROOM),
    ] {
        let mut inbox = Inbox::new(100);
        inbox.buffer = Room::new(length).unwrap();
        assert_eq!(inbox.room().unwrap().len(), kept);
    }
}

#[test]
fn room_that_another_left_is_taken_by_a_frame_that_needs_it_and_has_earned_it() {
    const SPARE: usize = FIRST_ROOM * LENT_FOR;
    let is_lent = |length: usize, arrived: usize, spare_length: usize| {
        let bytes = [&prefix_of(length)[..], &vec![7; arrived]].concat();
        let mut inbox = holding(&bytes[..arrived], 1 << 20);
        let mut spare = with(spare_length);
        inbox.borrow_room(&mut spare);
        assert_eq!(inbox.bytes(inbox.filled.clone()), &bytes[..arrived]);
        let lengths = (inbox.buffer.len(), spare.longest());
        let is_lent = lengths == (spare_length, FIRST_ROOM);
        assert!(is_lent || lengths == (FIRST_ROOM, spare_length));
        is_lent
    };
    assert!(is_lent(SPARE - PREFIX, FIRST_ROOM, SPARE));
    assert!(is_lent(FIRST_ROOM - PREFIX + 1, FIRST_ROOM, SPARE));
    assert!(!is_lent(FIRST_ROOM - PREFIX, FIRST_ROOM, SPARE), "it fits");
    assert!(!is_lent(SPARE - PREFIX + 1, FIRST_ROOM, SPARE), "too small");
    assert!(!is_lent(SPARE - PREFIX, FIRST_ROOM - 1, SPARE), "too early");
}

fn prefix_of(length: usize) -> [u8; PREFIX] {
    frame::prefix(u32::try_from(length).unwrap())
}

#[test]
fn large_room_with_nothing_in_it_is_left_to_the_next() {
    /// Room of this length after it was left where there was so much: what it keeps, and what is there then.
    fn leave(length: usize, there: usize) -> (usize, usize) {
        let mut inbox = Inbox::new(1 << 30);
        inbox.buffer = Room::new(length).unwrap();
        let mut spare = with(there);
        inbox.return_room(&mut spare);
        (inbox.buffer.len(), spare.longest())
    }
    const LONG: usize = USUAL_ROOM + 1;
    assert_eq!(leave(KEPT_ROOM, 0), (KEPT_ROOM, 0), "not large");
    assert_eq!(leave(KEPT_ROOM + 1, 0), (KEPT_ROOM, KEPT_ROOM + 1));
    assert_eq!(leave(USUAL_ROOM, KEPT_ROOM), (KEPT_ROOM, USUAL_ROOM));
    assert_eq!(leave(LONG, 0), (KEPT_ROOM, LONG));
    assert_eq!(leave(LONG, LONG), (KEPT_ROOM, LONG), "nobody keeps it");
    assert_eq!(leave(USUAL_ROOM, LONG), (KEPT_ROOM, LONG), "beside it");
    assert_eq!(leave(USUAL_ROOM, USUAL_ROOM), (KEPT_ROOM, USUAL_ROOM));
    assert_eq!(leave(USUAL_ROOM, KEPT_ROOM + 1), (KEPT_ROOM, USUAL_ROOM));
    // Not while something is in it.
    let mut inbox = Inbox::new(1 << 30);
    inbox.buffer = Room::new(USUAL_ROOM).unwrap();
    inbox.fill(1);
    let mut spare = Spare::default();
    inbox.return_room(&mut spare);
    assert_eq!(spare.longest(), 0);
}

#[test]
fn once_large_room_is_left_the_next_frame_begins_in_what_there_is_instead() {
    let mut inbox = Inbox::new(1 << 20);
    let large = frame(&vec![7; KEPT_ROOM]);
    inbox.buffer = Room::copy_of(&large).unwrap();
    inbox.fill(large.len());
    assert!(matches!(inbox.next(), Some(Piece::Body(_))));
    inbox.return_room(&mut Spare::default());
    assert_eq!(inbox.buffer.len(), KEPT_ROOM);
    assert!(!inbox.has_partial_frame() && !inbox.has_whole_piece());
    assert_eq!((inbox.begun_body(), inbox.next()), (0, None));
    assert_eq!(feed(&mut inbox, &frame(b"hi"), 3), [Ok(b"hi".to_vec())]);
}

#[test]
fn a_body_is_received_elsewhere_if_it_is_not_whole_and_there_is_room() {
    for (arrived, longest, is_taken) in
        [(0, 10, true), (9, 10, true), (9, 9, false), (10, 10, false)]
    {
        let bytes = &frame(b"0123456789")[..PREFIX + arrived];
        let mut inbox = holding(bytes, 10);
        let taken = inbox.take_partial_body(longest);
        assert_eq!(taken.is_some(), is_taken, "{arrived} {longest}");
        if let Some((length, place)) = taken {
            assert_eq!(length, 10);
            let begun = inbox.bytes(place).to_vec();
            assert_eq!(begun, &bytes[PREFIX..]);
            assert_eq!(inbox.arrived(), 0);
            let more = [&begun[..], b"x"].concat();
            inbox.put_back(length, &more).unwrap();
            assert_eq!(inbox.bytes(inbox.filled.clone())[PREFIX..], more);
        }
    }
    assert_eq!(holding(&prefix_of(11), 10).take_partial_body(20), None);
    assert_eq!(holding(&[1, 0, 0], 10).take_partial_body(20), None);
    // What is dropped may look like a frame.
    let mut inbox = holding(&[&prefix_of(8)[..], b"\x02\0\0\0x"].concat(), 7);
    assert_eq!(inbox.next(), Some(Piece::TooLarge(8)));
    assert_eq!(inbox.take_partial_body(10), None);
    // Of what is put back, nothing may have come yet, or more than there was room for.
    let mut inbox = Inbox::new(100);
    inbox.put_back(10, &[]).unwrap();
    assert_eq!((inbox.arrived(), inbox.begun_body()), (PREFIX, 10));
    let mut inbox = Inbox::new(1 << 20);
    inbox.put_back(5000, &[7; 3000]).unwrap();
    assert_eq!((inbox.arrived(), inbox.begun_body()), (PREFIX + 3000, 5000));
}

#[test]
fn what_nobody_asked_for_is_told_from_what_is_dropped() {
    let mut inbox = holding(b"\x03\0\0\0ab", 2);
    assert!(inbox.has_unasked());
    assert_eq!(inbox.next(), Some(Piece::TooLarge(3)));
    assert!(inbox.has_partial_frame() && !inbox.has_unasked());
    assert_eq!(inbox.take_partial_body(10), None);
    assert_eq!(inbox.next(), None);
    assert!(inbox.has_partial_frame() && inbox.arrived() == 0);
    inbox.room().unwrap()[..2].copy_from_slice(b"c!");
    inbox.fill(2);
    assert!(inbox.has_unasked());
    assert_eq!(inbox.next(), None);
    assert_eq!(inbox.arrived(), 1);
}
