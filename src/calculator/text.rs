//! The text of messages: `ADD 10 20`, `OK 30`, `ERR Division by zero`.
//!
//! Every value has one text, and parsing takes that text alone: one space between fields, no sign
//! but a needed `-`, no leading zero, nothing before or after, no number outside 64 bits. So
//! `parse(serialize(x)) == x` and `serialize(parse(bytes)) == bytes`, whatever the locale.

use super::{ErrorText, Operation, Request, Response, number};

/// The error text that answers a body that is no request.
pub const MALFORMED_REQUEST: &str = "Malformed request";

/// The error text that answers a request for something that the calculator cannot do.
pub const UNKNOWN_OPERATION: &str = "Unknown operation";

/// The error text that answers a message over the limit.
pub const MESSAGE_TOO_LARGE: &str = "Message too large";

/// Why a body is no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reject {
    /// An upper-case word that is no operation, and two numbers.
    UnknownOperation,
    /// Anything else.
    Malformed,
}

impl Reject {
    /// The error text that answers it.
    pub fn text(self) -> &'static str {
        match self {
            Self::UnknownOperation => UNKNOWN_OPERATION,
            Self::Malformed => MALFORMED_REQUEST,
        }
    }
}

impl From<Reject> for ErrorText {
    fn from(reject: Reject) -> Self {
        Self::from(reject.text())
    }
}

/// The request with this body.
#[inline(always)]
pub fn parse_request(body: &[u8]) -> Result<Request, Reject> {
    known_request(body).ok_or_else(|| reject(body))
}

#[inline(always)]
fn known_request(body: &[u8]) -> Option<Request> {
    let (word, numbers) = body.split_first_chunk()?;
    let is_meant = |operation: &Operation| word_and_space(*operation) == *word;
    let operation = Operation::ALL.into_iter().find(is_meant)?;
    let (arg1, arg2) = two_numbers(numbers)?;
    Some(Request {
        operation,
        arg1,
        arg2,
    })
}

/// An operation's name and the space after it: four bytes, which are compared at once.
#[inline]
fn word_and_space(operation: Operation) -> [u8; 4] {
    const WORDS: [[u8; 4]; Operation::ALL.len()] = {
        let [add, sub, mul, div] = Operation::ALL;
        [spaced(add), spaced(sub), spaced(mul), spaced(div)]
    };
    let word = WORDS.get(operation as usize);
    *word.expect("operations are numbered from 0 on")
}

const fn spaced(operation: Operation) -> [u8; 4] {
    let [a, b, c] = *operation.name().as_bytes() else {
        panic!("every name has three letters");
    };
    [a, b, c, b' ']
}

/// Why this body is no request.
#[cold]
fn reject(body: &[u8]) -> Reject {
    let letters = body.iter().take_while(|byte| byte.is_ascii_uppercase());
    let (word, rest) = body.split_at(letters.count());
    match rest.strip_prefix(b" ").and_then(two_numbers) {
        Some(_) if !word.is_empty() => Reject::UnknownOperation,
        _ => Reject::Malformed,
    }
}

/// The response with this body, if it is one. Always inlined: what a function returns of this size is copied.
#[inline(always)]
pub fn parse_response(body: &[u8]) -> Option<Response> {
    match parse_result(body) {
        Some(result) => Some(Ok(result)),
        None => parse_error(body).map(Err),
    }
}

/// The result in the response with this body, if it is one with a result.
#[inline(always)]
pub(crate) fn parse_result(body: &[u8]) -> Option<i64> {
    parse_number(body.strip_prefix(b"OK ")?)
}

#[cold]
fn parse_error(body: &[u8]) -> Option<ErrorText> {
    ErrorText::exact(body.strip_prefix(ERROR)?)
}

/// Bytes of the longest body of a request, and of that of a response with a result.
pub(crate) const SHORT_MAX: usize = 4 + 2 * number::LONGEST + 1;

/// Writes the body of `request` to the start of `room`, and gives its length.
#[inline(always)]
pub(crate) fn write_request(request: &Request, room: &mut [u8; SHORT_MAX]) -> usize {
    let mut body = Text { room, length: 0 };
    body.put(word_and_space(request.operation));
    body.put_number(request.arg1);
    body.put(*b" ");
    body.put_number(request.arg2);
    body.length
}

/// Writes the body of a response with this result to the start of `room`, and gives its length.
#[inline(always)]
pub(super) fn write_result(result: i64, room: &mut [u8; SHORT_MAX]) -> usize {
    let mut body = Text { room, length: 0 };
    body.put(*b"OK ");
    body.put_number(result);
    body.length
}

/// What the body of a response with an error begins with.
pub(super) const ERROR: &[u8; 4] = b"ERR ";

/// Writes the body of `response` to the start of `room`, and gives its length.
#[inline]
pub fn write_response(response: &Response, room: &mut [u8; BODY_ROOM]) -> usize {
    match response {
        Ok(result) => write_result(*result, short(room)),
        Err(error) => write_error(error, room),
    }
}

/// The start of the room for any body, which is room for a short one.
#[inline]
fn short(room: &mut [u8; BODY_ROOM]) -> &mut [u8; SHORT_MAX] {
    const { assert!(SHORT_MAX <= BODY_ROOM) };
    room.first_chunk_mut().expect("checked above, for good")
}

#[cold]
fn write_error(error: &ErrorText, room: &mut [u8; BODY_ROOM]) -> usize {
    let (head, rest) = room.split_first_chunk_mut().expect(HOLDS_ANY);
    *head = *ERROR;
    let text = error.as_bytes();
    rest.get_mut(..text.len())
        .expect(HOLDS_ANY)
        .copy_from_slice(text);
    ERROR.len() + text.len()
}

/// Bytes of the longest body, that of an error.
pub(super) const BODY_ROOM: usize = ERROR.len() + ErrorText::CAPACITY;
const HOLDS_ANY: &str = "no error's text is longer than CAPACITY";

/// A text as it is put together.
struct Text<'a> {
    room: &'a mut [u8; SHORT_MAX],
    length: usize,
}

impl Text<'_> {
    /// Appends a few bytes.
    #[inline]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        *self.free() = bytes;
        self.length += N;
    }

    /// Appends a number.
    #[inline(always)]
    fn put_number(&mut self, number: i64) {
        if number < 0 {
            self.put(*b"-");
        }
        let length = number::write(number.unsigned_abs(), self.free());
        self.length += length;
    }

    /// The next bytes of the room.
    #[inline(always)]
    fn free<const N: usize>(&mut self) -> &mut [u8; N] {
        let room = self.room.get_mut(self.length..);
        let place = room.and_then(|room| room.first_chunk_mut());
        place.expect(IS_SHORT)
    }
}

const IS_SHORT: &str = "no short text is longer than SHORT_MAX";

/// Two numbers, one space apart.
#[inline(always)]
fn two_numbers(text: &[u8]) -> Option<(i64, i64)> {
    let (first, rest) = number::take(text)?;
    Some((first, parse_number(rest.strip_prefix(b" ")?)?))
}

/// The number with this text, if the text is the one that formatting gives.
#[inline]
fn parse_number(text: &[u8]) -> Option<i64> {
    let (number, rest) = number::take(text)?;
    rest.is_empty().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_anybody_does() {
        for number in number::tests::numbers() {
            let mut room = [0xAA; SHORT_MAX];
            let length = write_result(number, &mut room);
            let (written, rest) = room.split_at(length);
            assert_eq!(str::from_utf8(written), Ok(&*format!("OK {number}")));
            assert!(rest.iter().all(|byte| *byte == 0xAA), "{number}");
        }
    }

    #[test]
    fn numbers_have_one_text_each() {
        for number in [0, 1, -1, 9, 10, -10, 42, i64::MIN, i64::MIN + 1, i64::MAX] {
            assert_eq!(parse_number(number.to_string().as_bytes()), Some(number));
        }
        for text in [
            "",
            "-",
            "+1",
            "-0",
            "00",
            "01",
            "-01",
            "--1",
            "1 ",
            " 1",
            "1a",
            "0x1",
            "1.0",
            "1e3",
            "1_000",
            "\u{661}",
            "9223372036854775808",
            "-9223372036854775809",
            "9999999999999999999",
            "10000000000000000000",
            "18446744073709551617",
            "18446744073709551616000000000000",
        ] {
            assert_eq!(parse_number(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn an_unknown_word_is_told_from_a_malformed_request() {
        for body in ["POW 2 3", "X 1 1", "ADDS 1 2", "MODULO -1 0"] {
            assert_eq!(
                parse_request(body.as_bytes()),
                Err(Reject::UnknownOperation),
                "{body:?}"
            );
        }
        for body in [
            "",
            "XYZ",
            "POW",
            "POW 1",
            "POW 1 x",
            "POW 1 2 3",
            "pow 1 2",
            "POW2 1 2",
            " 1 2",
            "ADD  1 2",
            "ADD 1  2",
            "ADD 1 2 ",
            " ADD 1 2",
            "ADD 1 2\n",
            "ADD\t1\t2",
            "add 1 2",
        ] {
            assert_eq!(
                parse_request(body.as_bytes()),
                Err(Reject::Malformed),
                "{body:?}"
            );
        }
    }
}
