//! How frames are cut into records.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::sys::Handle;
use crate::sys::socket::{recv_record_now, seqpacket_pair};
use std::io::ErrorKind;

/// A stream, and the other end of its socket.
fn pair() -> (RecordStream, Handle) {
    let [own, peer] = seqpacket_pair();
    (RecordStream::new(Connected::accepted(own)), peer)
}

fn frame(length: usize) -> Vec<u8> {
    let prefix = u32::try_from(length).unwrap().to_le_bytes();
    [&prefix[..], &vec![7; length]].concat()
}

/// The records that have come, until there are no more.
fn records(peer: &Handle) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    loop {
        let mut record = vec![0; RECORD_MAX + 1];
        match recv_record_now(peer.as_source(), &mut record) {
            Ok(count) => record.truncate(count),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return records,
            Err(error) => panic!("{error}"),
        }
        records.push(record);
    }
}

/// Writes all of these bytes, which the other end takes in between.
fn write_all(stream: &mut RecordStream, peer: &Handle, mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut written = Vec::new();
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Ok(count) => bytes = bytes.get(count..).unwrap(),
            Err(error) if error.kind() == ErrorKind::WouldBlock => written.extend(records(peer)),
            Err(error) => panic!("{error}"),
        }
    }
    written.extend(records(peer));
    written
}

fn lengths(records: &[Vec<u8>]) -> Vec<usize> {
    records.iter().map(Vec::len).collect()
}

#[test]
fn a_frame_is_one_record_until_it_is_longer_than_the_longest() {
    const MAX: usize = RECORD_MAX;
    let (mut stream, peer) = pair();
    for (body, expected) in [
        (0, vec![4]),
        (9, vec![13]),
        (MAX - 5, vec![MAX - 1]),
        (MAX - 4, vec![MAX]),
        (MAX - 3, vec![MAX, 1]),
        (2 * MAX - 4, vec![MAX, MAX]),
        (
            1 << 20,
            [vec![MAX; 15], vec![(1 << 20) + 4 - 15 * MAX]].concat(),
        ),
    ] {
        let frame = frame(body);
        let records = write_all(&mut stream, &peer, &frame);
        assert_eq!(lengths(&records), expected, "{body}");
        assert_eq!(records.concat(), frame);
    }
}

#[test]
fn a_prefix_and_a_body_that_are_apart_are_one_record() {
    let (mut stream, peer) = pair();
    for body in [0, 9, RECORD_MAX - PREFIX] {
        let frame = frame(body);
        let (prefix, body) = frame.split_at(PREFIX);
        assert_eq!(stream.write_frame(prefix, body).unwrap(), frame.len());
        assert_eq!(records(&peer), [frame]);
    }
    let long = frame(RECORD_MAX);
    let (prefix, body) = long.split_at(PREFIX);
    assert_eq!(stream.write_frame(prefix, body).unwrap(), RECORD_MAX);
    assert_eq!(
        stream
            .write(body.get(RECORD_MAX - PREFIX..).unwrap())
            .unwrap(),
        4
    );
    assert_eq!(lengths(&records(&peer)), [RECORD_MAX, 4]);
}

#[test]
fn of_many_frames_each_begins_a_record() {
    let frames = [frame(0), frame(9), frame(RECORD_MAX), frame(1)];
    let (mut stream, peer) = pair();
    let records = write_all(&mut stream, &peer, &frames.concat());
    assert_eq!(lengths(&records), [4, 13, RECORD_MAX, 4, 5]);
    assert_eq!(records.concat(), frames.concat());
}

#[test]
fn a_frame_for_which_there_was_no_room_leaves_nothing_behind() {
    let (mut stream, peer) = pair();
    while stream.write(&frame(RECORD_MAX - PREFIX)).is_ok() {}
    records(&peer);
    assert_eq!(stream.write(&frame(9)).unwrap(), 13);
    assert_eq!(lengths(&records(&peer)), [13]);
}
