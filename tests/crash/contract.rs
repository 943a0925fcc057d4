//! What the documents say is tested, is.

use crate::named_tests::{exists, missing, named_tests, read};

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
    let named = named_tests(&contract).count();
    assert!(named > 40, "{named}");
    assert_eq!(missing("docs/crash-contract.md"), [""; 0]);
}

#[test]
fn every_row_of_the_contract_names_a_test() {
    let contract = read("docs/crash-contract.md").unwrap();
    let refers = |row: &&str| row.contains("the first row") || row.contains("the same |");
    let bare: Vec<_> = rows(&contract)
        .filter(|row| named_tests(row).next().is_none() && !refers(row))
        .collect();
    assert!(bare.is_empty(), "{bare:?}");
    assert!(rows(&contract).count() > 20);
}

#[test]
fn every_test_that_the_readme_names_exists() {
    assert_eq!(missing("README.md"), [""; 0]);
}

#[test]
fn what_is_not_there_is_missed() {
    assert!(!exists("tests/crash/contract.rs::what_is_nowhere"));
    assert!(!exists("tests/nowhere.rs"));
}
