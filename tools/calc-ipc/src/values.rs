//! Values as people write them: durations, permission bits, users, expressions.

use crate::sys;
use calc_ipc::calculator::{Operation, Request};
use calc_ipc::error::Error;
use calc_ipc::transport::{Address, MAX_MESSAGE_RANGE, ServerUser, Side};
use std::env;
use std::path::{self, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The address of a server that is to serve.
pub(crate) fn server_url(text: &str) -> Result<Address, Error> {
    Address::parse(text, Side::Server)
}

/// The address of a server that is to be asked.
pub(crate) fn client_url(text: &str) -> Result<Address, Error> {
    Address::parse(text, Side::Client)
}

/// The units of a duration, and the microseconds in each.
const UNITS: [(&str, u64); 5] = [
    ("us", 1),
    ("ms", 1_000),
    ("s", 1_000_000),
    ("m", 60_000_000),
    ("h", 3_600_000_000),
];

/// A duration like `250ms`; `0` needs no unit.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let unit = text.trim_start_matches(|digit: char| digit.is_ascii_digit());
    let number = text.strip_suffix(unit).unwrap_or_default();
    let micros = UNITS
        .into_iter()
        .find(|(name, _)| *name == unit)
        .and_then(|(_, micros)| number.parse::<u64>().ok()?.checked_mul(micros));
    micros
        .map(Duration::from_micros)
        .ok_or_else(|| "a duration is a number and us, ms, s, m or h, like 250ms".to_owned())
}

/// How long to wait between two looks.
pub(crate) fn interval(text: &str) -> Result<Duration, String> {
    let interval = duration(text)?;
    (interval >= Duration::from_millis(1))
        .then_some(interval)
        .ok_or_else(|| "it is 1ms at least".to_owned())
}

/// The units of a size, and the bytes in each.
const SIZES: [(&str, u64); 7] = [
    ("", 1),
    ("B", 1),
    ("kB", 1000),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// A number of bytes like `64KiB` or `65536`; the letters of a unit may be small.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let unit = text.trim_start_matches(|digit: char| digit.is_ascii_digit());
    let number = text.strip_suffix(unit).unwrap_or_default();
    SIZES
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(unit))
        .and_then(|(_, bytes)| number.parse::<u64>().ok()?.checked_mul(bytes))
        .ok_or_else(|| {
            "a size is a number of bytes, or of kB, MB, KiB, MiB or GiB, like 64KiB".to_owned()
        })
}

/// The size of a message, within the library's limits.
pub(crate) fn message_size(text: &str) -> Result<u32, String> {
    let (least, most) = (*MAX_MESSAGE_RANGE.start(), *MAX_MESSAGE_RANGE.end());
    let size = u32::try_from(size(text)?).ok();
    size.filter(|size| MAX_MESSAGE_RANGE.contains(size))
        .ok_or_else(|| format!("the longest message has {least} to {most} bytes"))
}

/// The size of a message that is no limit.
pub(crate) fn usual_size(text: &str) -> Result<u32, String> {
    let most = *MAX_MESSAGE_RANGE.end();
    let size = u32::try_from(size(text)?).ok();
    size.filter(|size| *size <= most)
        .ok_or_else(|| format!("a message has {most} bytes at most"))
}

/// A program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    pub(crate) arguments: Vec<String>,
}

/// A program that can be executed, as a shell would take it apart: by its path, or by a name that is looked for along the PATH.
pub(crate) fn program(text: &str) -> Result<Program, String> {
    let words = shlex::split(text).ok_or("a quotation has no end")?;
    let mut words = words.into_iter();
    let name = words.next().ok_or("there is no program")?;
    let path = find(&name).ok_or_else(|| format!("there is no program '{name}' to execute"))?;
    let arguments = words.collect();
    Ok(Program { path, arguments })
}

fn find(name: &str) -> Option<PathBuf> {
    let is_program = |path: &PathBuf| path.is_file() && sys::may_execute(path);
    if name.contains(std::path::is_separator) {
        return path::absolute(name).ok().filter(is_program);
    }
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .map(|folder| folder.join(format!("{name}{}", env::consts::EXE_SUFFIX)))
        .find(is_program)
}

/// Bytes that an option has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) Arc<[u8]>);

/// Bytes as hexadecimal digits, two each, which may have spaces between them.
pub(crate) fn hex(text: &str) -> Result<Bytes, String> {
    const FORM: &str = "bytes are two hexadecimal digits each, like 00ff or '00 ff'";
    let mut bytes = Vec::new();
    for word in text.split_ascii_whitespace() {
        let digits: Option<Vec<u32>> = word.chars().map(|digit| digit.to_digit(16)).collect();
        let digits = digits.ok_or(FORM)?;
        for pair in digits.chunks(2) {
            let &[high, low] = pair else {
                return Err(FORM.to_owned());
            };
            bytes.push(u8::try_from(high * 16 + low).map_err(|_| FORM)?);
        }
    }
    Ok(Bytes(bytes.into()))
}

/// The reverse of [`hex`].
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let digit = |digit: u8| char::from_digit(digit.into(), 16).unwrap_or_default();
        text.extend([digit(byte >> 4), digit(byte & 0xF)]);
        text
    })
}

/// Permission bits in octal, as chmod(1) takes them.
pub(crate) fn mode(text: &str) -> Result<u32, String> {
    let is_octal = text.bytes().all(|digit| matches!(digit, b'0'..=b'7'));
    u32::from_str_radix(text, 8)
        .ok()
        .filter(|_| is_octal)
        .ok_or_else(|| "permission bits are octal, like 0600".to_owned())
}

/// Whose server a client is content with: `own`, `any`, or the number of a user.
pub(crate) fn server_user(text: &str) -> Result<ServerUser, String> {
    match text {
        "own" => Ok(ServerUser::Own),
        "any" => Ok(ServerUser::Any),
        number => number
            .parse()
            .map(ServerUser::Uid)
            .map_err(|_| "it is 'own', 'any', or the number of a user".to_owned()),
    }
}

/// What a service is called in a URL: plain enough for a path, a name of shared memory and a program.
pub(crate) fn service_name(text: &str) -> Result<String, String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_name =
        (1..=64).contains(&text.len()) && !text.starts_with(['-', '.']) && !text.ends_with('.');
    match is_name && text.bytes().all(is_plain) {
        true => Ok(text.to_owned()),
        false => Err("a name is up to 64 letters, digits, '-', '_' and '.', with none of these first and no '.' last".to_owned()),
    }
}

/// An expression like `ADD 10 20`. People may write lower case and any white space; what goes to
/// the server has the protocol's one form.
pub(crate) fn expression(text: &str) -> Result<Request, String> {
    let words: Vec<_> = text.split_ascii_whitespace().collect();
    let [operation, arg1, arg2] = words[..] else {
        return Err(format!(
            "'{}' is not an operation and two numbers, like ADD 10 20",
            shown(text)
        ));
    };
    Ok(Request {
        operation: operation_named(operation)?,
        arg1: number(arg1)?,
        arg2: number(arg2)?,
    })
}

fn operation_named(word: &str) -> Result<Operation, String> {
    Operation::from_name(word.to_ascii_uppercase().as_bytes()).ok_or_else(|| {
        let names = Operation::ALL.map(Operation::name).join(", ");
        format!("'{}' is none of {names}", shown(word))
    })
}

fn number(word: &str) -> Result<i64, String> {
    word.parse()
        .map_err(|_| format!("'{}' is not a number of 64 bits", shown(word)))
}

/// What of an input is repeated in a message: without control characters, and not pages of it.
fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown: String = text.escape_debug().take(LONGEST).collect();
    if text.escape_debug().nth(LONGEST).is_some() {
        shown.push_str("...");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_services_are_plain() {
        let longest = "x".repeat(64);
        for name in ["calc", "a", "my-service_2.0", &longest] {
            assert_eq!(service_name(name), Ok(name.to_owned()));
        }
        let too_long = "x".repeat(65);
        for name in ["", ".", "..", "-x", "a/b", "a b", "a'b", "é", &too_long] {
            assert!(service_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn durations_have_units() {
        for (text, micros) in [
            ("0", 0),
            ("50us", 50),
            ("250ms", 250_000),
            ("5s", 5_000_000),
            ("2m", 120_000_000),
            ("1h", 3_600_000_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_micros(micros)), "{text}");
        }
        for text in [
            "",
            "5",
            "s",
            "-1s",
            "1.5s",
            "5 s",
            "5sec",
            "99999999999999999h",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [
            ("0", 0),
            ("65536", 65536),
            ("259B", 259),
            ("64KiB", 65536),
            ("64kib", 65536),
            ("1MiB", 1 << 20),
            ("1GiB", 1 << 30),
            ("2kB", 2000),
            ("3mb", 3_000_000),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in [
            "",
            "KiB",
            "-1",
            "1.5MiB",
            "1 MiB",
            "1K",
            "1TiB",
            "99999999999GiB",
        ] {
            assert!(size(text).is_err(), "{text}");
        }
        assert_eq!(message_size("64MiB"), Ok(64 << 20));
        assert_eq!(message_size("259"), Ok(259));
        for text in ["258", "67108865", "1GiB", "8GiB"] {
            assert!(message_size(text).is_err(), "{text}");
        }
        assert_eq!(usual_size("0"), Ok(0));
        assert!(usual_size("65MiB").is_err());
    }

    #[test]
    fn bytes_are_pairs_of_digits() {
        for (text, bytes) in [
            ("", &[][..]),
            ("00ff", &[0, 255]),
            ("00 FF\n7f80", &[0, 255, 127, 128]),
        ] {
            assert_eq!(hex(text).unwrap().0[..], *bytes, "{text:?}");
        }
        assert_eq!(to_hex(&[0, 255, 0x7f]), "00ff7f");
        for text in ["0", "0 0", "0x00", "gg", "\u{e9}\u{e9}"] {
            assert!(hex(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn modes_are_octal() {
        assert_eq!(mode("0600"), Ok(0o600));
        assert_eq!(mode("666"), Ok(0o666));
        for text in ["", "rw", "0o600", "800", "+600", "-1"] {
            assert!(mode(text).is_err(), "{text}");
        }
    }

    #[test]
    fn users_are_words_or_numbers() {
        assert_eq!(server_user("own"), Ok(ServerUser::Own));
        assert_eq!(server_user("any"), Ok(ServerUser::Any));
        assert_eq!(server_user("1000"), Ok(ServerUser::Uid(1000)));
        assert!(server_user("root").is_err());
    }

    #[test]
    fn expressions_are_read_as_people_write_them() {
        let expected = Request {
            operation: Operation::Sub,
            arg1: -5,
            arg2: 3,
        };
        for text in ["SUB -5 3", "sub -5 +3", "  Sub\t-5   003 \r"] {
            assert_eq!(expression(text), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn what_is_wrong_with_an_expression_is_named() {
        for (text, word) in [
            ("", "''"),
            ("ADD 1", "'ADD 1'"),
            ("ADD 1 2 3", "'ADD 1 2 3'"),
            ("POW 1 2", "'POW'"),
            ("ADD x 2", "'x'"),
            ("ADD 1 9223372036854775808", "'9223372036854775808'"),
            ("ADD 1 \u{1b}[2J", "'\\u{1b}[2J'"),
        ] {
            let why = expression(text).unwrap_err();
            assert!(why.contains(word), "{why}");
        }
        assert!(expression(&"x".repeat(100_000)).unwrap_err().len() < 200);
    }
}
