//! Buffers in parts that a server hands over, and what it may hand over instead.

use super::session::best_form;
use super::*;
use crate::transport::shm::buffer::length_of_part;
use crate::transport::shm::layout::{PARTS, ROTATES};

/// A client whose buffer is to come, and what its server would have of it.
fn without_buffer() -> Shared {
    let mut shared = Shared::new();
    let session = shared.channel.session().unwrap();
    session.buffer = None;
    session.max_message = MAX_MESSAGE;
    shared
}

/// The server's limit, whose half of a buffer is as long.
const MAX_MESSAGE: u32 = 8192;
const PART: usize = 8192;

/// Hands these over with this record; what the client makes of it.
fn hand_over(shared: &mut Shared, record: Record, handles: &[&Handle]) -> Result<()> {
    let handles: Vec<_> = handles.iter().map(|handle| handle.as_source()).collect();
    let control = shared.control.as_source();
    let sent = socket::send_with_handles(control, &record.to_bytes(), &handles);
    assert_eq!(sent.unwrap(), RECORD);
    shared.channel.buffer(&soon()).map(drop)
}

fn memory_of(length: usize, access: Access) -> (Handle, Mapping) {
    memory::create(length, access).unwrap()
}

#[test]
fn only_what_is_a_buffer_is_taken_for_one() {
    let (requests, _kept) = memory_of(PART, Access::Write);
    let (answers, _kept) = memory_of(PART, Access::Read);
    for (record, handles, expected) in [
        (
            Record::Buffer(Form::Parts),
            &[&requests, &answers][..],
            Status::Ok,
        ),
        // A server that writes there after all has what it wants: it is trusted with its answers, or they are copied.
        (
            Record::Buffer(Form::Parts),
            &[&requests, &requests],
            Status::Ok,
        ),
        (Record::Buffer(Form::Parts), &[], Status::System),
        (Record::Buffer(Form::Parts), &[&requests], Status::System),
        (
            Record::Buffer(Form::Parts),
            &[&requests; 3],
            Status::Malformed,
        ),
        (
            Record::Buffer(Form::Whole),
            &[&requests; 2],
            Status::Malformed,
        ),
        (Record::Buffer(Form::Whole), &[], Status::System),
        (Record::Refused, &[], Status::Malformed),
    ] {
        let mut shared = without_buffer();
        let taken = hand_over(&mut shared, record, handles);
        let status = taken.map_or_else(|error| error.status(), |()| Status::Ok);
        assert_eq!(status, expected, "{record:?} with {}", handles.len());
        let has_buffer = shared.channel.session().unwrap().has_buffer();
        assert_eq!(has_buffer, expected == Status::Ok);
    }
}

#[test]
fn memory_that_is_too_short_or_cannot_be_mapped_is_no_part_of_a_buffer() {
    let (requests, _kept) = memory_of(PART, Access::Write);
    let (answers, _kept) = memory_of(PART, Access::Read);
    let (short, _kept) = memory_of(PAGE, Access::Write);
    for handles in [
        [&answers, &requests], // The client cannot write the first.
        [&short, &answers],
        [&requests, &short],
    ] {
        expect_no_buffer(&handles);
    }
}

fn expect_no_buffer(handles: &[&Handle]) {
    let mut shared = without_buffer();
    hand_over(&mut shared, Record::Buffer(Form::Parts), handles).unwrap_err();
    assert!(!shared.channel.session().unwrap().has_buffer());
}

/// Systems without such sockets give no others away.
#[cfg(unix_sockets)]
#[test]
fn a_socket_is_no_part_of_a_buffer() {
    let (requests, _kept) = memory_of(PART, Access::Write);
    let (answers, _kept) = memory_of(PART, Access::Read);
    let (socket, _) = socket::pair();
    expect_no_buffer(&[&requests, &socket]);
    expect_no_buffer(&[&socket, &answers]);
}

/// What could be made shorter, so that an access would be a SIGBUS.
#[cfg(unix_sockets)]
#[test]
fn memory_that_can_shrink_is_no_part_of_a_buffer() {
    let (good, _kept) = memory_of(PART, Access::Write);
    let file = memory::nameless().unwrap();
    let mut contents = std::fs::File::from(file.as_source().try_clone_to_owned().unwrap());
    std::io::Write::write_all(&mut contents, &[0; PART]).unwrap();
    for handles in [[&file, &good], [&good, &file]] {
        let error =
            hand_over(&mut without_buffer(), Record::Buffer(Form::Parts), &handles).unwrap_err();
        assert_eq!(error.status(), Status::System);
    }
}

#[test]
fn an_answer_is_read_in_place_only_within_its_part_and_from_a_trusted_server() {
    for (trusts, max_message, length, expected) in [
        (true, 9000, PART, Ok(true)),
        (false, 9000, PART, Ok(false)),
        (true, 9000, INLINE, Ok(false)),
        (true, 9000, PART + 1, Err(Status::Malformed)),
        (true, 9000, 9001, Err(Status::TooLarge)),
        (true, 100, 101, Err(Status::TooLarge)),
    ] {
        let mut shared = without_buffer();
        let (requests, _kept) = memory_of(PART, Access::Write);
        let (answers, _kept) = memory_of(PART, Access::Read);
        hand_over(
            &mut shared,
            Record::Buffer(Form::Parts),
            &[&requests, &answers],
        )
        .unwrap();
        shared.answer(layout::SINGLE, length, &[]);
        let channel = &mut shared.channel;
        (channel.reads_in_place, channel.max_message) = (trusts, max_message);
        channel.send(b"\x01\0\0\0a", &Deadline::never()).unwrap();
        let mut room = LoanRoom::new(max_message as usize).unwrap();
        let buffer = channel.buffer(&soon()).unwrap();
        let place = buffer.their_body(0, INLINE).unwrap();
        let found = channel.recv_lent(&mut room, &Deadline::never());
        let is_in_place = found.map(|found| {
            assert_eq!(found.length, length);
            Some(found.place) == place
        });
        assert_eq!(is_in_place.map_err(|error| error.status()), expected);
    }
}

#[test]
fn a_server_is_asked_for_nothing_that_it_cannot_make() {
    let of = |abilities| best_form(|ability| abilities & ability != 0);
    assert_eq!([of(0), of(ROTATES)], [Form::Whole; 2]);
    assert_eq!(of(PARTS), Form::Parts);
    let expected = match memory::populates() {
        true => Form::Rotating,
        false => Form::Parts,
    };
    assert_eq!(of(PARTS | ROTATES), expected);
}

/// What a server says of where its answer lies may be anything.
#[test]
fn an_answer_is_taken_only_from_within_its_part() {
    let end = u32::try_from(PART).unwrap();
    for (place, length, expected) in [
        (0, PART, Ok(PART)),
        (1, PART - 1, Ok(PART - 1)),
        (64, PART, Err(Status::Malformed)),
        (end, 60, Err(Status::Malformed)),
        (u32::MAX, 60, Err(Status::Malformed)),
    ] {
        let mut shared = without_buffer();
        let (requests, _kept) = memory_of(PART, Access::Write);
        let (answers, _kept) = memory_of(PART, Access::Read);
        let handles = [&requests, &answers];
        hand_over(&mut shared, Record::Buffer(Form::Parts), &handles).unwrap();
        shared.answer(layout::SINGLE, length, &[]);
        let said = layout::reference(u32::try_from(length).unwrap(), place);
        layout::store(shared.page.line(1), &said);
        let channel = &mut shared.channel;
        channel.max_message = MAX_MESSAGE;
        channel.send(b"\x01\0\0\0a", &Deadline::never()).unwrap();
        let taken = channel.recv(&Deadline::never()).map(<[u8]>::len);
        assert_eq!(taken.map_err(|error| error.status()), expected, "{place}");
        if place == 1 {
            // There nothing is read in place: no writer puts a body anywhere but at the start of a line.
            channel.reads_in_place = true;
            let mut room = LoanRoom::new(PART).unwrap();
            let read = channel.recv_lent(&mut room, &Deadline::never());
            assert_eq!(read.unwrap_err().status(), Status::Malformed);
        }
    }
}

/// The answer to a batch does not say whether others wait, so that a client in a crowd would not know of it.
#[test]
fn long_requests_take_turns_and_batches_do_not() {
    const LONG: u32 = 20_000;
    for (kind, moves) in [
        (layout::BATCH, false),
        (layout::SINGLE, memory::populates()),
    ] {
        let mut shared = without_buffer();
        shared.channel.session().unwrap().max_message = LONG;
        let half = layout::half_of_buffer(LONG);
        let length = length_of_part(half, Form::Rotating);
        let (requests, _kept) = memory_of(length, Access::Write);
        let (answers, _kept) = memory_of(length, Access::Read);
        let handles = [&requests, &answers];
        hand_over(&mut shared, Record::Buffer(Form::Rotating), &handles).unwrap();
        let mut put = || {
            let channel = &mut shared.channel;
            let put = channel.put_into_buffer(kind, &[7; LONG as usize], &soon());
            u64::from_le_bytes(put.unwrap()) >> 32
        };
        let places: Vec<_> = (0..30).map(|_| put()).collect();
        assert_eq!(places.first(), Some(&0));
        assert_eq!(places.last() != Some(&0), moves, "{kind}: {places:?}");
    }
}
