//! What the C interface promises about frames and bytes over descriptors.
#![cfg(unix)]
#![expect(clippy::indexing_slicing, reason = "a panic is how a test fails")]

use calc_ipc::ffi::{descriptor::*, status::*};
use std::ffi::c_int;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::thread;

const FRAME: &[u8; 13] = b"\x09\0\0\0ADD 10 20";

/// A number that no descriptor has.
const NOT_OPEN: c_int = 1_000_000;

fn send(fd: c_int, frame: &[u8]) -> calc_ipc_status {
    // SAFETY: a slice.
    unsafe { calc_ipc_message_send(fd, frame.as_ptr(), frame.len()) }
}

/// The status, and the length that was written or not.
fn receive(fd: c_int, buffer: &mut [u8]) -> (calc_ipc_status, usize) {
    let mut length = 99;
    // SAFETY: a slice and a local.
    let status =
        unsafe { calc_ipc_message_recv(fd, buffer.as_mut_ptr(), buffer.len(), &raw mut length) };
    (status, length)
}

fn read_exact(fd: c_int, buffer: &mut [u8]) -> calc_ipc_status {
    // SAFETY: a slice.
    unsafe { calc_ipc_fd_read_exact(fd, buffer.as_mut_ptr().cast(), buffer.len()) }
}

fn write_exact(fd: c_int, bytes: &[u8]) -> calc_ipc_status {
    // SAFETY: a slice.
    unsafe { calc_ipc_fd_write_exact(fd, bytes.as_ptr().cast(), bytes.len()) }
}

fn pair() -> (UnixStream, UnixStream) {
    UnixStream::pair().expect("a pair of sockets")
}

#[test]
fn frames_arrive_whole() {
    let (ours, theirs) = pair();
    let longest = [&[0xfc, 0xff, 0, 0][..], &[7; 0xfffc]].concat();
    for frame in [&FRAME[..], b"\0\0\0\0", &longest] {
        let sent = thread::scope(|scope| {
            let sent = scope.spawn(|| send(ours.as_raw_fd(), frame));
            let mut buffer = vec![0; 0x10000];
            let (status, length) = receive(theirs.as_raw_fd(), &mut buffer);
            assert_eq!(status, CALC_IPC_STATUS_OK);
            assert_eq!(&buffer[..length], frame);
            sent.join().unwrap()
        });
        assert_eq!(sent, CALC_IPC_STATUS_OK);
    }
}

#[test]
fn a_descriptor_that_does_not_block_is_waited_for() {
    let (ours, theirs) = pair();
    for end in [&ours, &theirs] {
        end.set_nonblocking(true).unwrap();
    }
    let bytes = vec![7; 1 << 20];
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(write_exact(ours.as_raw_fd(), &bytes), CALC_IPC_STATUS_OK));
        let mut received = vec![0; bytes.len()];
        assert_eq!(
            read_exact(theirs.as_raw_fd(), &mut received),
            CALC_IPC_STATUS_OK
        );
        assert_eq!(received, bytes);
    });
}

#[test]
fn what_is_no_frame_is_not_sent() {
    let (ours, mut theirs) = pair();
    for bytes in [&b""[..], b"\x09\0\0", &FRAME[..12], b"\0\0\0\x03XYZ"] {
        assert_eq!(send(ours.as_raw_fd(), bytes), CALC_IPC_STATUS_MALFORMED);
    }
    drop(ours);
    let mut received = Vec::new();
    theirs.read_to_end(&mut received).unwrap();
    assert_eq!(received, b"");
}

#[test]
fn of_a_frame_over_the_capacity_only_the_prefix_is_read() {
    for capacity in [0, 3, 4, 12] {
        let (mut ours, theirs) = pair();
        ours.write_all(FRAME).unwrap();
        let mut buffer = vec![0x55; capacity];
        let outcome = receive(theirs.as_raw_fd(), &mut buffer);
        assert_eq!(outcome, (CALC_IPC_STATUS_TOO_LARGE, 99));
        assert!(buffer.iter().all(|byte| *byte == 0x55));
        let mut rest = [0; 9];
        assert_eq!(
            read_exact(theirs.as_raw_fd(), &mut rest),
            CALC_IPC_STATUS_OK
        );
        assert_eq!(&rest, b"ADD 10 20");
    }
}

#[test]
fn a_hostile_length_is_too_large() {
    for prefix in [[0xff; 4], [0xfc, 0xff, 0xff, 0xff], [0, 0, 0, 0x80]] {
        let (mut ours, theirs) = pair();
        ours.write_all(&prefix).unwrap();
        let (status, _) = receive(theirs.as_raw_fd(), &mut [0; 300]);
        assert_eq!(status, CALC_IPC_STATUS_TOO_LARGE);
    }
}

#[test]
fn the_end_of_the_bytes_is_closed_wherever_it_comes() {
    for sent in 0..FRAME.len() {
        let (mut ours, theirs) = pair();
        ours.write_all(&FRAME[..sent]).unwrap();
        drop(ours);
        let outcome = receive(theirs.as_raw_fd(), &mut [0; 300]);
        assert_eq!(outcome, (CALC_IPC_STATUS_CLOSED, 99));
    }
    let (ours, theirs) = pair();
    drop(ours);
    assert_eq!(
        read_exact(theirs.as_raw_fd(), &mut [0; 1]),
        CALC_IPC_STATUS_CLOSED
    );
    assert_eq!(
        write_exact(theirs.as_raw_fd(), &[0; 1]),
        CALC_IPC_STATUS_CLOSED
    );
    assert_eq!(send(theirs.as_raw_fd(), FRAME), CALC_IPC_STATUS_CLOSED);
}

#[test]
fn what_is_no_descriptor_is_an_error() {
    for (fd, expected) in [
        (-1, CALC_IPC_STATUS_INVALID_ARGUMENT),
        (c_int::MIN, CALC_IPC_STATUS_INVALID_ARGUMENT),
        (NOT_OPEN, CALC_IPC_STATUS_SYSTEM),
    ] {
        let mut buffer = [0; 300];
        assert_eq!(send(fd, FRAME), expected);
        assert_eq!(receive(fd, &mut buffer), (expected, 99));
        assert_eq!(read_exact(fd, &mut buffer), expected);
        assert_eq!(write_exact(fd, FRAME), expected);
    }
}
