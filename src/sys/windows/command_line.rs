//! Command lines: Windows hands a program one text, which the program's own C library cuts into words.

use std::ffi::{OsStr, OsString};
use std::os::windows::ffi::OsStrExt;

const QUOTE: u16 = b'"' as u16;
const BACKSLASH: u16 = b'\\' as u16;
const BLANK: u16 = b' ' as u16;

/// The text that is cut into these words again, with a NUL behind it.
pub(super) fn of_words(words: &[OsString]) -> Vec<u16> {
    let mut line = Vec::new();
    for word in words {
        if !line.is_empty() {
            line.push(BLANK);
        }
        // The first is cut by other rules, which know quotes and no backslashes; no path has a quote in it.
        match line.is_empty() || needs_quotes(word) {
            true => push_word(&mut line, word),
            false => line.extend(word.encode_wide()),
        }
    }
    line.push(0);
    line
}

/// Some programs, as cmd, take others as a part of the word.
fn needs_quotes(word: &OsStr) -> bool {
    let bytes = word.as_encoded_bytes();
    bytes.is_empty() || bytes.iter().any(|byte| b" \t\"".contains(byte))
}

/// A word in quotes, by the rules of CommandLineToArgvW and Microsoft's C library ("Parsing C command-line arguments"):
/// backslashes mean themselves but before a quote, where each counts half, and an odd one makes the quote a part of the
/// word.
fn push_word(line: &mut Vec<u16>, word: &OsStr) {
    line.push(QUOTE);
    let mut backslashes = 0;
    for unit in word.encode_wide() {
        match unit {
            BACKSLASH => backslashes += 1,
            QUOTE => {
                line.extend(std::iter::repeat_n(BACKSLASH, backslashes + 1));
                backslashes = 0;
            }
            _ => backslashes = 0,
        }
        line.push(unit);
    }
    line.extend(std::iter::repeat_n(BACKSLASH, backslashes));
    line.push(QUOTE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_so_that_they_are_cut_again() {
        for (word, quoted) in [
            ("", r#""""#),
            ("a b", r#""a b""#),
            (r"C:\dir\x.exe", r"C:\dir\x.exe"),
            (r"C:\dir\", r"C:\dir\"),
            (r"C:\a b\", r#""C:\a b\\""#),
            (r#"say "x""#, r#""say \"x\"""#),
            (r#"a\\"b"#, r#""a\\\\\"b""#),
            ("Ä", "Ä"),
        ] {
            let line = of_words(&["p".into(), word.into()]);
            let text = String::from_utf16(&line).unwrap();
            assert_eq!(text, format!("\"p\" {quoted}\0"), "{word}");
        }
    }
}
