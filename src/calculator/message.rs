//! Messages as values.

use std::ffi::CStr;
use std::{fmt, str};

/// The operations of the calculator, with the numbers that the C interface gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum Operation {
    /// Addition.
    Add = 0,
    /// Subtraction.
    Sub = 1,
    /// Multiplication.
    Mul = 2,
    /// Division that truncates toward zero.
    Div = 3,
}

impl Operation {
    /// Every operation, for tables and tests.
    pub const ALL: [Operation; 4] = [
        Operation::Add,
        Operation::Sub,
        Operation::Mul,
        Operation::Div,
    ];

    /// The operation with this number.
    pub fn from_i32(number: i32) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operation| *operation as i32 == number)
    }

    /// The operation that goes by this name on the wire.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operation| operation.name().as_bytes() == name)
    }

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        const fn text(operation: Operation) -> &'static str {
            match operation.c_name().to_str() {
                Ok(text) => text,
                Err(_) => panic!("they are ASCII"),
            }
        }
        match self {
            Self::Add => const { text(Self::Add) },
            Self::Sub => const { text(Self::Sub) },
            Self::Mul => const { text(Self::Mul) },
            Self::Div => const { text(Self::Div) },
        }
    }

    /// [`Operation::name`] for C.
    pub const fn c_name(self) -> &'static CStr {
        match self {
            Self::Add => c"ADD",
            Self::Sub => c"SUB",
            Self::Mul => c"MUL",
            Self::Div => c"DIV",
        }
    }
}

/// A question: one operation on two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// What to do.
    pub operation: Operation,
    /// The left operand.
    pub arg1: i64,
    /// The right operand.
    pub arg2: i64,
}

/// The answer to a [`Request`]: a number, or why there is none.
pub type Response = std::result::Result<i64, ErrorText>;

/// A text of at most [`ErrorText::CAPACITY`] bytes of UTF-8, without control characters.
///
/// It lives inline, so that an answer is never the reason for an allocation, and it is what the
/// wire can carry: every value of this type survives the way to the peer unchanged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ErrorText {
    length: u8,
    /// Zero from `length` on, which lets equality be derived.
    bytes: [u8; Self::CAPACITY],
}

impl ErrorText {
    /// The longest text, in bytes.
    pub const CAPACITY: usize = 255;

    /// What stands for whatever a text may not hold.
    const REPLACEMENT: char = '?';

    /// The text in `bytes`, made fit: it ends at the first NUL or after [`Self::CAPACITY`] bytes,
    /// on a character's boundary; control characters (C0, DEL, C1), and bytes that are not UTF-8,
    /// become `?` each.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        Self::exact(text).unwrap_or_else(|| Self::replaced(text))
    }

    /// The text that is just these bytes, or `None` where [`Self::from_bytes`] had to change them.
    pub fn exact(bytes: &[u8]) -> Option<Self> {
        let text = str::from_utf8(bytes).ok()?;
        if text.chars().any(char::is_control) {
            return None;
        }
        let mut exact = Self::empty();
        exact.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        exact.length = u8::try_from(bytes.len()).ok()?;
        Some(exact)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        // Both constructors leave nothing but whole characters, so the default is never taken.
        str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The text's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }

    fn empty() -> Self {
        Self {
            length: 0,
            bytes: [0; Self::CAPACITY],
        }
    }

    /// The limit is one on `bytes` and not on what becomes of them.
    fn replaced(bytes: &[u8]) -> Self {
        let mut text = Self::empty();
        let mut consumed = 0;
        for (length, character) in characters(bytes) {
            consumed += length;
            if consumed > Self::CAPACITY {
                break;
            }
            text.push(if character.is_control() {
                Self::REPLACEMENT
            } else {
                character
            });
        }
        text
    }

    /// Appends `character`, which has to fit.
    fn push(&mut self, character: char) {
        let start = usize::from(self.length);
        let end = start + character.len_utf8();
        if let (Some(place), Ok(length)) = (self.bytes.get_mut(start..end), u8::try_from(end)) {
            character.encode_utf8(place);
            self.length = length;
        }
    }
}

/// The characters in `bytes` with the number of bytes that each takes there.
fn characters(bytes: &[u8]) -> impl Iterator<Item = (usize, char)> {
    bytes.utf8_chunks().flat_map(|chunk| {
        let valid = chunk.valid().chars().map(|c| (c.len_utf8(), c));
        let invalid = chunk.invalid().iter().map(|_| (1, ErrorText::REPLACEMENT));
        valid.chain(invalid)
    })
}

impl From<&str> for ErrorText {
    fn from(text: &str) -> Self {
        Self::from_bytes(text.as_bytes())
    }
}

impl fmt::Display for ErrorText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for ErrorText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(bytes: &[u8]) -> String {
        ErrorText::from_bytes(bytes).to_string()
    }

    #[test]
    fn operations_are_known_by_number_and_by_name() {
        for operation in Operation::ALL {
            assert_eq!(Operation::from_i32(operation as i32), Some(operation));
            assert_eq!(
                Operation::from_name(operation.name().as_bytes()),
                Some(operation)
            );
        }
        for number in [-1, 4, i32::MIN, i32::MAX] {
            assert_eq!(Operation::from_i32(number), None);
        }
        for name in ["", "add", "ADDS", "AD", "POW", "ADD "] {
            assert_eq!(Operation::from_name(name.as_bytes()), None);
        }
    }

    #[test]
    fn an_error_ends_at_its_nul() {
        assert_eq!(cleaned(b"disk full\0rest"), "disk full");
        assert_eq!(cleaned(b"\0rest"), "");
        assert_eq!(cleaned(b""), "");
    }

    #[test]
    fn an_error_ends_on_a_characters_boundary_after_255_bytes() {
        assert_eq!(cleaned(&[b'x'; 400]), "x".repeat(255));
        for (character, fits) in [("é", 127), ("€", 85), ("🦀", 63)] {
            let text = character.repeat(fits + 1);
            assert_eq!(cleaned(text.as_bytes()), character.repeat(fits));
        }
        let cut_in_a_character = [&[b'x'; 254], "é".as_bytes()].concat();
        assert_eq!(cleaned(&cut_in_a_character), "x".repeat(254));
        let shorter_when_replaced = "\u{85}".repeat(200);
        assert_eq!(cleaned(shorter_when_replaced.as_bytes()), "?".repeat(127));
    }

    #[test]
    fn an_error_is_shown_as_text_is() {
        let error = ErrorText::from("50 \"€\"");
        assert_eq!(format!("{error:>8}"), "  50 \"€\"");
        assert_eq!(format!("{error:?}"), "\"50 \\\"€\\\"\"");
    }

    #[test]
    fn an_error_holds_no_control_characters() {
        assert_eq!(cleaned(b"a\nb\tc\x1b[0m\x7f"), "a?b?c?[0m?");
        assert_eq!(cleaned("\u{80}\u{9f}\u{a0}".as_bytes()), "??\u{a0}");
    }

    #[test]
    fn each_byte_that_is_not_utf8_is_replaced() {
        assert_eq!(cleaned(b"\xff\xfeok"), "??ok");
        assert_eq!(cleaned(b"cut \xe2\x82"), "cut ??");
        assert_eq!(cleaned(b"surrogate \xed\xa0\x80"), "surrogate ???");
        assert_eq!(cleaned(&[0xff; 300]), "?".repeat(255));
    }

    #[test]
    fn exact_takes_only_what_from_bytes_leaves_alone() {
        for good in ["", "Overflow", "größer als 8 €"] {
            let text = ErrorText::exact(good.as_bytes()).unwrap();
            assert_eq!(text.as_str(), good);
            assert_eq!(text, ErrorText::from(good));
        }
        for bad in [&b"a\nb"[..], b"a\0", b"\xff", b"\xc2\x80", &[b'x'; 256]] {
            assert_eq!(ErrorText::exact(bad), None);
        }
    }
}
