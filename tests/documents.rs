//! What the documents say is tested, is: tests are named `file::test` between backticks. What they quote is what is compiled.

#![allow(clippy::unwrap_used, reason = "this is a test")]

#[path = "support/named_tests.rs"]
mod named_tests;

use named_tests::{exists, missing, named_tests, read};

#[test]
fn every_test_that_a_document_names_exists() {
    for document in ["docs/faults.md", "SECURITY.md", "README.md"] {
        assert_eq!(missing(document), [""; 0], "{document}");
    }
}

#[test]
fn each_fault_has_its_row_and_a_test_of_its_own() {
    let text = read("docs/faults.md").unwrap();
    let cells = text.lines().map(|line| line.split('|').map(str::trim));
    let rows = cells.filter_map(|mut row| Some((row.nth(1)?.parse().ok()?, row.nth(2)?)));
    let rows: Vec<(u32, &str)> = rows.collect();
    let numbers: Vec<u32> = rows.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (1..=58).collect::<Vec<_>>());
    for (number, tests) in rows {
        let mut names = named_tests(tests);
        assert!(names.any(|name| name.contains("::")), "fault {number}");
    }
}

#[test]
fn the_header_warns_of_forks_in_hosts_with_threads() {
    let header = read("include/calc_ipc.h").unwrap();
    let (comment, _) = header
        .split_once("calc_ipc_pipe_create(calc_ipc_handler handler")
        .unwrap();
    let (_, comment) = comment.rsplit_once("/**").unwrap();
    assert!(comment.contains("thread"), "{comment}");
    assert!(comment.contains("calc_ipc_pipe_spawn()"), "{comment}");
}

/// The documents in a folder and those below it.
fn documents_in(folder: &str) -> Vec<String> {
    let place = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(place).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let paths = names.map(|name| format!("{folder}/{name}"));
    let found = paths.map(|path| match path.rsplit_once('.') {
        Some((_, "md")) => vec![path],
        Some(_) => Vec::new(),
        None => documents_in(&path),
    });
    found.flatten().collect()
}

/// The blocks of code of a document: the line before each, its language, and its text.
fn blocks_of(text: &str) -> Vec<(&str, &str, String)> {
    let mut blocks = Vec::new();
    let (mut before, mut lines) = ("", text.lines());
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let inside = lines.by_ref().take_while(|line| *line != "```");
            let code = inside.fold(String::new(), |code, line| code + line + "\n");
            blocks.push((before, language, code));
        }
        before = line;
    }
    blocks
}

/// What is wrong with a block that says by a comment before it which file it is quoted from; `None`: nothing.
fn misquoted(before: &str, code: &str) -> Option<String> {
    let path = before
        .strip_prefix("<!-- from ")?
        .strip_suffix(" -->")
        .unwrap_or(before);
    let Some(source) = read(path) else {
        return Some(format!("there is no {path}"));
    };
    let is_there = source.starts_with(code) || source.contains(&format!("\n{code}"));
    (!is_there).then(|| format!("{path} has not these lines:\n{code}"))
}

#[test]
fn programs_that_documents_quote_are_those_that_are_compiled() {
    let mut quoted = 0;
    for document in documents_in("docs") {
        let text = read(&document).unwrap();
        let must_quote = document.starts_with("docs/howto/");
        for (before, language, code) in blocks_of(&text) {
            let is_quote = before.starts_with("<!-- from ");
            let is_program = ["c", "c++", "proto", "sh"].contains(&language);
            assert!(
                is_quote || !(must_quote && is_program),
                "{document}: from which file is this?\n{code}"
            );
            assert_eq!(misquoted(before, &code), None, "{document}");
            quoted += usize::from(is_quote);
        }
    }
    assert!(quoted > 20, "{quoted} quotes");
}

#[test]
fn what_is_quoted_wrongly_is_noticed() {
    let from = "<!-- from examples/howto/upper.c -->";
    assert_eq!(misquoted(from, "#include <calc_ipc.h>\n"), None);
    assert_eq!(misquoted("Text.", "anything\n"), None);
    for (before, code) in [
        (from, "#include <calc_ipc.hpp>\n"),
        (from, "include <calc_ipc.h>\n"),
        (from, "#include\n"),
        ("<!-- from examples/nowhere.c -->", "\n"),
    ] {
        assert!(misquoted(before, code).is_some(), "{before} {code}");
    }
    let blocks = blocks_of("One\n```c\na\n\nb\n```\nTwo\n```\nc\n```\n");
    let expected = [("One", "c", "a\n\nb\n"), ("Two", "", "c\n")];
    assert_eq!(
        blocks,
        expected.map(|(before, language, code)| (before, language, code.to_owned()))
    );
}

/// The words that a script's variable holds.
fn words_of(script: &str, variable: &str) -> Vec<String> {
    let lines = script.lines();
    let values = lines.filter_map(|line| line.strip_prefix(variable)?.strip_prefix("=\""));
    let words = values.flat_map(|value| value.trim_end_matches('"').split(' '));
    words.map(str::to_owned).collect()
}

/// Else a file of tests that is split in two would run there in part.
#[test]
fn tests_beside_those_for_aarch64_run_there_or_are_left_out_by_name() {
    let script = read("scripts/arm64.sh").unwrap();
    let (run, left_out) = (
        words_of(&script, "tests"),
        words_of(&script, "tests_left_out"),
    );
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let files = std::fs::read_dir(folder).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    for name in names {
        let Some(name) = name.strip_suffix(".rs") else {
            continue;
        };
        let is_beside = |of: &String| name.starts_with(&format!("{of}_"));
        let is_known = |list: &[String]| list.iter().any(|known| known == name);
        if run.iter().any(is_beside) {
            assert!(is_known(&run) != is_known(&left_out), "{name}");
        }
    }
}

#[test]
fn what_is_not_there_is_missed() {
    assert!(exists("tests/documents.rs::what_is_not_there_is_missed"));
    for name in [
        "tests/support/named_tests.rs::missing",
        "tests/nowhere.rs",
        "cpp_tests/uds_test.cc::UnixSocket.Nowhere",
        "cpp_tests/c_null.c::main",
    ] {
        assert!(!exists(name), "{name}");
    }
}
