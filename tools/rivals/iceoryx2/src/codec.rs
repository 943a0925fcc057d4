//! The calculator's job, as `FastCodec` of `../codec.hpp` does it: formatted with `itoa`, parsed with `str::parse`.

use crate::filled::sum;

const ROOM: usize = 64;

/// What a frame begins with: its server answers with its sum.
const FRAME: u8 = b'f';

/// The number of a frame, by which it is told from an echo's body.
pub(crate) fn frame(number: u64) -> u64 {
    u64::from(FRAME) << (u64::BITS - u8::BITS) | number
}

/// Where a text is formatted.
pub(crate) struct Codec {
    room: [u8; ROOM],
}

impl Codec {
    pub(crate) fn new() -> Self {
        Self { room: [0; ROOM] }
    }

    pub(crate) fn request(&mut self, number: u64) -> &[u8] {
        let mut digits = itoa::Buffer::new();
        let first = digits.format(number).as_bytes();
        let mut second = itoa::Buffer::new();
        let second = second.format(number + 1).as_bytes();
        join(&mut self.room, &[b"ADD ", first, b" ", second])
    }

    /// What is neither a request of the calculator nor a frame is sent back unchanged.
    pub(crate) fn answer<'a>(&'a mut self, request: &'a [u8]) -> &'a [u8] {
        // The echo's bodies begin with a number in binary that is never as large as that of a letter.
        if request.first() == Some(&FRAME) {
            return join(&mut self.room, &[&sum(request).to_ne_bytes()]);
        }
        if !request.first().is_some_and(u8::is_ascii_uppercase) {
            return request;
        }
        match execute(request) {
            None => b"ERR",
            Some(number) => {
                let mut digits = itoa::Buffer::new();
                join(&mut self.room, &[b"OK ", digits.format(number).as_bytes()])
            }
        }
    }
}

/// Is it the answer to [`Codec::request`]?
pub(crate) fn is_answer(answer: &[u8], number: u64) -> bool {
    let sum = std::str::from_utf8(answer)
        .ok()
        .and_then(|text| text.strip_prefix("OK ")?.parse().ok());
    sum == Some(2 * number + 1)
}

fn execute(request: &[u8]) -> Option<i64> {
    let mut words = std::str::from_utf8(request).ok()?.split(' ');
    let operation = words.next()?;
    let (a, b): (i64, i64) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    match (operation, words.next()) {
        ("ADD", None) => a.checked_add(b),
        ("SUB", None) => a.checked_sub(b),
        ("MUL", None) => a.checked_mul(b),
        ("DIV", None) => a.checked_div(b),
        _ => None,
    }
}

fn join<'a>(room: &'a mut [u8; ROOM], parts: &[&[u8]]) -> &'a [u8] {
    let mut length = 0;
    for part in parts {
        room[length..length + part.len()].copy_from_slice(part);
        length += part.len();
    }
    &room[..length]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filled::{fill, sum_of};

    #[test]
    fn a_request_is_answered() {
        let (mut client, mut server) = (Codec::new(), Codec::new());
        let request = client.request(20);
        assert_eq!(request, b"ADD 20 21");
        let answer = server.answer(request);
        assert_eq!(answer, b"OK 41");
        assert!(is_answer(answer, 20) && !is_answer(answer, 21));
    }

    #[test]
    fn what_is_no_request_is_an_error_or_an_echo() {
        let mut codec = Codec::new();
        assert_eq!(codec.answer(b"DIV 1 0"), b"ERR");
        assert_eq!(codec.answer(b"ADD 1 2 3"), b"ERR");
        assert_eq!(codec.answer(b"\0ADD 1 2"), b"\0ADD 1 2");
    }

    #[test]
    fn a_frame_is_summed() {
        let mut body = [0; 50];
        fill(&mut body, frame(7));
        let expected = sum_of(frame(7), body.len()).to_ne_bytes();
        assert_eq!(Codec::new().answer(&body), expected);
    }
}
