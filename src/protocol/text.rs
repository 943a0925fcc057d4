//! The text of messages: `ADD 10 20`, `OK 30`, `ERR Division by zero`.
//!
//! Every value has one text, and parsing takes that text alone: one space between fields, no sign
//! but a needed `-`, no leading zero, nothing before or after, no number outside 64 bits. So
//! `parse(serialize(x)) == x` and `serialize(parse(bytes)) == bytes`, whatever the locale.

use super::{ErrorText, Operation, Request, Response};

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

impl From<Reject> for ErrorText {
    fn from(reject: Reject) -> Self {
        Self::from(match reject {
            Reject::UnknownOperation => UNKNOWN_OPERATION,
            Reject::Malformed => MALFORMED_REQUEST,
        })
    }
}

/// The request with this body.
pub fn parse_request(body: &[u8]) -> Result<Request, Reject> {
    let (word, arg1, arg2) = fields(body).ok_or(Reject::Malformed)?;
    match Operation::from_name(word) {
        Some(operation) => Ok(Request {
            operation,
            arg1,
            arg2,
        }),
        None if is_upper_case_word(word) => Err(Reject::UnknownOperation),
        None => Err(Reject::Malformed),
    }
}

/// The response with this body, if it is one.
pub fn parse_response(body: &[u8]) -> Option<Response> {
    if let Some(result) = body.strip_prefix(b"OK ") {
        return parse_number(result).map(Ok);
    }
    let error = body.strip_prefix(b"ERR ")?;
    ErrorText::exact(error).map(Err)
}

/// Hands the body of `request` to `take`, in pieces, to be put one after the other.
pub(super) fn with_request<R>(request: &Request, take: impl FnOnce([&[u8]; 5]) -> R) -> R {
    let (mut arg1, mut arg2) = (itoa::Buffer::new(), itoa::Buffer::new());
    take([
        request.operation.name().as_bytes(),
        b" ",
        arg1.format(request.arg1).as_bytes(),
        b" ",
        arg2.format(request.arg2).as_bytes(),
    ])
}

/// Hands the body of `response` to `take`, in pieces, to be put one after the other.
pub(super) fn with_response<R>(response: &Response, take: impl FnOnce([&[u8]; 2]) -> R) -> R {
    match response {
        Ok(result) => take([b"OK ", itoa::Buffer::new().format(*result).as_bytes()]),
        Err(error) => take([b"ERR ", error.as_bytes()]),
    }
}

/// A word and two numbers, one space apart.
fn fields(body: &[u8]) -> Option<(&[u8], i64, i64)> {
    let (word, numbers) = split_at_space(body)?;
    let (arg1, arg2) = split_at_space(numbers)?;
    Some((word, parse_number(arg1)?, parse_number(arg2)?))
}

/// What stands before the first space and what stands after it.
fn split_at_space(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = bytes.iter().position(|byte| *byte == b' ')?;
    let (before, rest) = bytes.split_at_checked(space)?;
    Some((before, rest.strip_prefix(b" ")?))
}

fn is_upper_case_word(word: &[u8]) -> bool {
    !word.is_empty() && word.iter().all(u8::is_ascii_uppercase)
}

/// The number with this text, if the text is the one that formatting gives.
///
/// `str::parse` alone would not do: it takes `+1`, `-0` and `007`.
fn parse_number(text: &[u8]) -> Option<i64> {
    match text {
        b"0" => Some(0),
        [b'-', digits @ ..] => 0i64.checked_sub_unsigned(parse_magnitude(digits)?),
        digits => i64::try_from(parse_magnitude(digits)?).ok(),
    }
}

/// The value of 1 to 19 digits, the first of which is not 0.
fn parse_magnitude(digits: &[u8]) -> Option<u64> {
    // What 19 digits can say is below 10^19 and fits 64 bits, so no step overflows.
    if digits.len() > 19 || !matches!(digits, [b'1'..=b'9', ..]) {
        return None;
    }
    digits.iter().try_fold(0u64, |magnitude, digit| {
        let digit = digit.wrapping_sub(b'0');
        (digit <= 9).then_some(magnitude * 10 + u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
