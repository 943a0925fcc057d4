//! What the documents say is tested, is: tests are named `file::test` between backticks.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::path::Path;

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()
}

/// What stands between backticks and names a file of tests, or a test in it.
fn named_tests(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|word| {
        let is_test = word.starts_with("tests/") || word.starts_with("cpp_tests/");
        (is_test || word.starts_with("src/") && word.contains("::")) && !word.ends_with('/')
    })
}

/// Whether there is such a file and, where a test in it is named, such a test.
fn exists(name: &str) -> bool {
    let (path, test) = name.split_once("::").unwrap_or((name, ""));
    let Some(source) = read(path) else {
        return false;
    };
    match path.rsplit_once('.') {
        _ if test.is_empty() => true,
        Some((_, "rs")) => has_test(&source, test),
        Some((_, "c")) => source.contains(&format!("static void {test}(void)")),
        _ => has_google_test(&source, test),
    }
}

/// Whether a function of this name has the attribute of a test, and no body is in between.
fn has_test(source: &str, name: &str) -> bool {
    let before = source.split_once(&format!("fn {name}()"));
    let attributes = before.and_then(|(before, _)| before.rsplit_once("#[test]"));
    attributes.is_some_and(|(_, between)| !between.contains('}'))
}

/// Whether the source has the test `Suite.Name`, of whatever kind.
fn has_google_test(source: &str, name: &str) -> bool {
    let (suite, name) = name.split_once('.').unwrap_or_default();
    let kinds = ["TEST", "TEST_F", "TEST_P", "TYPED_TEST"];
    let mut headings = kinds
        .map(|kind| format!("\n{kind}({suite}, {name})"))
        .into_iter();
    headings.any(|heading| source.contains(&heading))
}

fn missing(document: &str) -> Vec<String> {
    let text = read(document).unwrap();
    let names = named_tests(&text).filter(|name| !exists(name));
    names.map(str::to_owned).collect()
}

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

#[test]
fn what_is_not_there_is_missed() {
    assert!(exists("tests/documents.rs::what_is_not_there_is_missed"));
    for name in [
        "tests/documents.rs::missing",
        "tests/nowhere.rs",
        "cpp_tests/uds_test.cc::UnixSocket.Nowhere",
        "cpp_tests/c_null.c::main",
    ] {
        assert!(!exists(name), "{name}");
    }
}
