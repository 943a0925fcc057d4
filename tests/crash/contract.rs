//! What the documents say is tested, is.

use std::path::Path;

/// The words between backticks that name something in a folder of tests.
fn named_tests(text: &str) -> Vec<&str> {
    let is_test = |word: &&str| {
        (word.starts_with("tests/") || word.starts_with("cpp_tests/")) && !word.ends_with('/')
    };
    text.split('`').skip(1).step_by(2).filter(is_test).collect()
}

fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()
}

/// Whether there is such a file and, where a test in it is named, such a test.
fn exists(name: &str) -> bool {
    let (path, test) = name.split_once("::").unwrap_or((name, ""));
    read(path).is_some_and(|source| test.is_empty() || has_test(&source, test))
}

/// Whether a function of this name has the attribute of a test, and no body is in between.
fn has_test(source: &str, name: &str) -> bool {
    let before = source.split_once(&format!("\nfn {name}()"));
    let attributes = before.and_then(|(before, _)| before.rsplit_once("#[test]"));
    attributes.is_some_and(|(_, between)| !between.contains('}'))
}

/// The rows of all tables, without their heads.
fn rows(text: &str) -> impl Iterator<Item = &str> {
    let mut lines = text.lines().peekable();
    std::iter::from_fn(move || {
        loop {
            let line = lines.next()?;
            let is_head = lines.peek().is_some_and(|next| next.starts_with("|---"));
            if line.starts_with('|') && !line.starts_with("|---") && !is_head {
                return Some(line);
            }
        }
    })
}

#[test]
fn every_test_that_the_contract_names_exists() {
    let contract = read("docs/crash-contract.md").unwrap();
    let names = named_tests(&contract);
    assert!(names.len() > 40, "{}", names.len());
    let missing: Vec<_> = names.iter().filter(|name| !exists(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_row_of_the_contract_names_a_test() {
    let contract = read("docs/crash-contract.md").unwrap();
    let refers = |row: &&str| row.contains("the first row") || row.contains("the same |");
    let bare: Vec<_> = rows(&contract)
        .filter(|row| named_tests(row).is_empty() && !refers(row))
        .collect();
    assert!(bare.is_empty(), "{bare:?}");
    assert!(rows(&contract).count() > 20);
}

#[test]
fn every_test_that_the_readme_names_exists() {
    let readme = read("README.md").unwrap();
    let missing: Vec<_> = named_tests(&readme)
        .into_iter()
        .filter(|name| !exists(name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn what_is_not_there_is_missed() {
    assert!(!exists("tests/crash/contract.rs::what_is_nowhere"));
    assert!(!exists("tests/nowhere.rs"));
}
