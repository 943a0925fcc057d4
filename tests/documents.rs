//! What the documents say is tested, is: tests are named `file::test` between backticks.

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
