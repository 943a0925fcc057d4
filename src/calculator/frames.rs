//! The calculator's messages as frames.

use super::{ErrorText, Request, Response, text};
use crate::protocol::frame::{PREFIX, Sink, prefix};

/// Bytes of the longest body of a response, that of an error; no request has a longer one.
pub const BODY_MAX: u32 = 259;
const _: () = assert!(BODY_MAX as usize == text::BODY_ROOM);

/// Room for any request or response with its prefix, in bytes.
pub const FRAME_MAX: usize = PREFIX + BODY_MAX as usize;

/// Room for any request with its prefix, in bytes.
pub const REQUEST_MAX: usize = PREFIX + text::SHORT_MAX;

/// Appends `request` as one frame.
#[inline]
pub fn append_request(out: &mut impl Sink, request: &Request) {
    append_short(out, |room| text::write_request(request, room));
}

/// Appends `response` as one frame.
#[inline]
pub fn append_response(out: &mut impl Sink, response: &Response) {
    match response {
        Ok(result) => append_result(out, *result),
        Err(error) => append_error(out, error),
    }
}

/// Appends a response with this result as one frame.
#[inline(always)]
pub(crate) fn append_result(out: &mut impl Sink, result: i64) {
    append_short(out, |room| text::write_result(result, room));
}

/// Puts `request` as one frame at the start of `room`, and gives it.
#[inline]
pub(crate) fn put_request<'a>(request: &Request, room: &'a mut [u8; REQUEST_MAX]) -> &'a [u8] {
    put_short(room, |body| text::write_request(request, body))
}

/// Appends a frame whose body `write` writes.
#[inline(always)]
fn append_short(out: &mut impl Sink, write: impl FnOnce(&mut [u8; text::SHORT_MAX]) -> usize) {
    out.put_short(|room| write_short(room, write));
}

#[inline]
fn put_short(
    room: &mut [u8; REQUEST_MAX],
    write: impl FnOnce(&mut [u8; text::SHORT_MAX]) -> usize,
) -> &[u8] {
    let length = write_short(room, write);
    let frame = room.get(..length);
    frame.expect("no short text is longer than SHORT_MAX")
}

/// Writes a frame to the start of `room`, and gives its length.
#[inline]
fn write_short(
    room: &mut [u8; REQUEST_MAX],
    write: impl FnOnce(&mut [u8; text::SHORT_MAX]) -> usize,
) -> usize {
    const { assert!(REQUEST_MAX == PREFIX + text::SHORT_MAX) };
    let halves = room.split_first_chunk_mut();
    let halves = halves.and_then(|(prefix, body)| Some((prefix, body.first_chunk_mut()?)));
    let (prefix, body) = halves.expect("checked above, for good");
    let length = write(body);
    *prefix = prefix_of(length);
    PREFIX + length
}

/// Appends a response without a result as one frame.
#[cold]
pub(crate) fn append_error(out: &mut impl Sink, error: &ErrorText) {
    let length = text::ERROR.len() + error.as_bytes().len();
    out.begin(PREFIX + length);
    out.put(&prefix_of(length));
    out.put(text::ERROR);
    out.put(error.as_bytes());
}

/// The prefix of a text.
fn prefix_of(length: usize) -> [u8; PREFIX] {
    prefix(u32::try_from(length).expect("texts are far below 4 GiB"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calculator::Operation;
    use crate::protocol::frame::SliceSink;

    const REQUEST: Request = Request {
        operation: Operation::Add,
        arg1: 10,
        arg2: 20,
    };

    #[test]
    fn the_longest_messages_fit_their_limits() {
        let mut frame = Vec::new();
        append_response(&mut frame, &Err(ErrorText::from("x".repeat(255).as_str())));
        assert_eq!(frame.len(), FRAME_MAX);
        let lowest = Request {
            arg1: i64::MIN,
            arg2: i64::MIN,
            ..REQUEST
        };
        for operation in Operation::ALL {
            frame.clear();
            append_request(
                &mut frame,
                &Request {
                    operation,
                    ..lowest
                },
            );
            assert_eq!(frame.len(), REQUEST_MAX);
        }
    }

    #[test]
    fn a_slice_takes_a_frame_whole_or_not_at_all() {
        for room in 0..13 {
            let mut buffer = [0xAA; 13];
            let mut sink = SliceSink::new(&mut buffer[..room]);
            append_request(&mut sink, &REQUEST);
            assert_eq!(sink.finish(), Err(13));
            assert_eq!(buffer, [0xAA; 13]);
        }
        for room in [13, 14] {
            let mut buffer = [0xAA; 14];
            let mut sink = SliceSink::new(&mut buffer[..room]);
            append_request(&mut sink, &REQUEST);
            assert_eq!(sink.finish(), Ok(13));
            assert_eq!(&buffer, b"\x09\0\0\0ADD 10 20\xAA");
        }
    }

    #[test]
    fn a_slice_counts_what_did_not_fit() {
        let mut buffer = [0; 20];
        let mut sink = SliceSink::new(&mut buffer);
        for _ in 0..3 {
            append_request(&mut sink, &REQUEST);
        }
        assert_eq!(sink.finish(), Err(39));
    }
}
