//! Which names there are.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;

#[test]
fn a_name_is_its_path_without_what_stands_before_it() {
    for (text, name) in [
        ("calc", "calc"),
        (r"\\.\pipe\calc", "calc"),
        (r"\\.\PIPE\Calc", "Calc"),
        ("a b:c?.lock", "a b:c?.lock"),
        ("\u{e9}", "\u{e9}"),
        ("pipe", "pipe"),
    ] {
        assert_eq!(bare(text).unwrap(), name, "{text}");
    }
}

#[test]
fn what_is_no_name_is_an_invalid_argument() {
    for text in [
        "",
        r"\\.\pipe\",
        r"\\.\pipe\a\b",
        r"\\.\pipe\\\.\pipe\a",
        r"\calc",
        r"a\b",
        "a/b",
        "//./pipe/calc",
        ".",
        "..",
        "calc.",
        "calc ",
        "a\0b",
    ] {
        let error = bare(text).unwrap_err();
        assert_eq!(error.status(), Status::InvalidArgument, "{text}");
        assert!(error.context().contains(text), "{error}");
    }
}

#[test]
fn a_name_is_as_long_as_windows_counts_it() {
    // A character outside of the first 65536 is two units.
    for (letter, longest) in [("a", LONGEST), ("\u{1F600}", LONGEST / 2)] {
        assert!(bare(&letter.repeat(longest)).is_ok());
        let error = bare(&letter.repeat(longest + 1)).unwrap_err();
        assert_eq!(error.status(), Status::InvalidArgument);
        assert!(error.context().contains("240"), "{error}");
    }
}

#[test]
fn a_pipe_of_another_machine_is_unsupported() {
    for text in [r"\\host\pipe\calc", r"\\127.0.0.1\pipe\calc", r"\\."] {
        let error = bare(text).unwrap_err();
        assert_eq!(error.status(), Status::Unsupported, "{text}");
        assert!(error.context().contains(REMOTE), "{error}");
    }
}
