//! The bytes on the wire are those of `tests/golden/frames.txt`, whatever this library becomes.

use calc_ipc::calculator::text::{parse_request, parse_response};
use calc_ipc::calculator::{ErrorText, Operation, Request, Response, frames};
use calc_ipc::error::Status;
use calc_ipc::ffi::protocol::{calc_ipc_request_deserialize, calc_ipc_response_deserialize};
use calc_ipc::ffi::status::calc_ipc_status;
use calc_ipc::protocol::frame;
use std::mem::MaybeUninit;

/// One line of the file, which explains its format itself.
struct Vector {
    kind: &'static str,
    frame: Vec<u8>,
    rest: &'static str,
}

/// The lines of `kind`; there are some.
fn vectors(kind: &str) -> Vec<Vector> {
    let vectors: Vec<_> = include_str!("golden/frames.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(vector)
        .filter(|vector| vector.kind == kind)
        .collect();
    assert!(!vectors.is_empty(), "no vector is of kind {kind}");
    vectors
}

fn vector(line: &'static str) -> Vector {
    let (kind, fields) = line.split_once(' ').expect("a kind and a frame");
    let (frame, rest) = fields.split_once(' ').unwrap_or((fields, ""));
    Vector {
        kind,
        frame: unhex(frame),
        rest,
    }
}

fn unhex(digits: &str) -> Vec<u8> {
    if digits == "-" {
        return Vec::new();
    }
    let digit = |byte: &u8| char::from(*byte).to_digit(16).expect("a hexadecimal digit");
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| pair.iter().fold(0, |byte, c| byte << 4 | digit(c)))
        .map(|byte| u8::try_from(byte).expect("two digits"))
        .collect()
}

fn frame_of(response: &Response) -> Vec<u8> {
    let mut frame = Vec::new();
    frames::append_response(&mut frame, response);
    frame
}

/// A status as the file names it.
fn name_of(status: calc_ipc_status) -> String {
    let known = Status::ALL
        .into_iter()
        .find(|known| *known as i32 == status);
    format!("{:?}", known.expect("a status")).to_uppercase()
}

#[test]
fn every_kind_is_tested_here() {
    let kinds = [
        "request",
        "result",
        "error",
        "bad_request",
        "bad_response",
        "raw_error",
    ];
    let lines = include_str!("golden/frames.txt").lines();
    let known: usize = kinds.iter().map(|kind| vectors(kind).len()).sum();
    let all = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    assert_eq!(known, all.count());
}

#[test]
fn requests() {
    for Vector { frame, rest, .. } in vectors("request") {
        let fields: Vec<_> = rest.split(' ').collect();
        let request = Request {
            operation: Operation::from_name(fields[0].as_bytes()).unwrap(),
            arg1: fields[1].parse().unwrap(),
            arg2: fields[2].parse().unwrap(),
        };
        let mut written = Vec::new();
        frames::append_request(&mut written, &request);
        assert_eq!(written, frame, "{rest}");
        assert_eq!(parse_request(frame::body(&frame).unwrap()), Ok(request));
    }
}

#[test]
fn results() {
    for Vector { frame, rest, .. } in vectors("result") {
        let response = Ok(rest.parse().unwrap());
        assert_eq!(frame_of(&response), frame, "{rest}");
        assert_eq!(parse_response(frame::body(&frame).unwrap()), Some(response));
    }
}

#[test]
fn errors() {
    for Vector { frame, rest, .. } in vectors("error") {
        let response = Err(ErrorText::exact(rest.as_bytes()).unwrap());
        assert_eq!(frame_of(&response), frame, "{rest}");
        assert_eq!(parse_response(frame::body(&frame).unwrap()), Some(response));
    }
}

#[test]
fn bytes_that_are_no_request() {
    for Vector { frame, rest, .. } in vectors("bad_request") {
        let (expected, answer) = rest.split_once(' ').unwrap_or((rest, ""));
        let mut out = MaybeUninit::uninit();
        // SAFETY: a slice and a local.
        let status =
            unsafe { calc_ipc_request_deserialize(frame.as_ptr(), frame.len(), out.as_mut_ptr()) };
        assert_eq!(name_of(status), expected, "{frame:x?}");
        match frame::body(&frame) {
            None => assert_eq!(answer, "", "{frame:x?} is not one frame"),
            Some(body) => {
                let reject = parse_request(body).unwrap_err();
                assert_eq!(ErrorText::from(reject).as_str(), answer, "{frame:x?}");
            }
        }
    }
}

#[test]
fn bytes_that_are_no_response() {
    for Vector { frame, rest, .. } in vectors("bad_response") {
        let mut out = MaybeUninit::uninit();
        // SAFETY: a slice and a local.
        let status =
            unsafe { calc_ipc_response_deserialize(frame.as_ptr(), frame.len(), out.as_mut_ptr()) };
        assert_eq!(name_of(status), rest, "{frame:x?}");
        assert_eq!(
            frame::body(&frame).and_then(parse_response),
            None,
            "{frame:x?}"
        );
    }
}

#[test]
fn errors_as_a_handler_leaves_them() {
    for Vector { frame, rest, .. } in vectors("raw_error") {
        let response = Err(ErrorText::from_bytes(&unhex(rest)));
        assert_eq!(frame_of(&response), frame, "{rest}");
    }
}
