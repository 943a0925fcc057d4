//! Where a transport is named: `ARCHITECTURE.md` lists the places, told by the last transport that came.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The transport by which the places are told.
const NAME: &str = "seqpacket";

/// Where all that belongs to the project stands; what is at the top is looked at, too.
const FOLDERS: [&str; 11] = [
    ".ci",
    "cmake",
    "cpp_tests",
    "docs",
    "examples",
    "fuzz/fuzz_targets",
    "include",
    "scripts",
    "src",
    "tests",
    "tools",
];

/// These tell of the places, and are none.
const TELLERS: [&str; 2] = ["ARCHITECTURE.md", "tests/places.rs"];

/// The text of a file of the project, if it is one.
fn text(path: &str) -> Option<String> {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()
}

/// The files in a folder, and in those in it that nothing is built in.
fn files(folder: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let entries = fs::read_dir(root.join(folder)).unwrap().flatten();
    let mut files = Vec::new();
    for entry in entries {
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{folder}/{name}");
        match entry.file_type().unwrap().is_dir() {
            true if name == "target" => {}
            true => files.extend(self::files(&path)),
            false => files.push(path),
        }
    }
    files
}

fn is_hidden(path: &str) -> bool {
    path.starts_with('.') && !path.contains('/')
}

fn is_named(text: &str) -> bool {
    text.to_lowercase().contains(NAME)
}

/// The files that name it.
fn places() -> BTreeSet<String> {
    let root = fs::read_dir(env!("CARGO_MANIFEST_DIR")).unwrap().flatten();
    let at_the_top = root.filter(|entry| entry.file_type().unwrap().is_file());
    let at_the_top = at_the_top.map(|entry| entry.file_name().into_string().unwrap());
    FOLDERS
        .iter()
        .flat_map(|folder| files(folder))
        .chain(at_the_top)
        // What is hidden at the top is git's, and settings.
        .filter(|path| !TELLERS.contains(&path.as_str()) && !is_hidden(path))
        .filter(|path| text(path).is_some_and(|text| is_named(&text)))
        .collect()
}

/// What the first cells of a chapter's table name between backticks.
fn listed(architecture: &str) -> BTreeSet<String> {
    let (_, chapter) = architecture.split_once("\n## A new transport\n").unwrap();
    let chapter = chapter.split("\n## ").next().unwrap();
    let cells = chapter
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    cells
        .flat_map(|cell| cell.split('`').step_by(2))
        .filter(|path| !path.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_table_has_the_places_that_name_a_transport_and_no_others() {
    let (places, listed) = (places(), listed(&text("ARCHITECTURE.md").unwrap()));
    let missing: Vec<_> = places.difference(&listed).collect();
    assert_eq!(missing, [""; 0], "named there, and not in ARCHITECTURE.md");
    let idle: Vec<_> = listed.difference(&places).collect();
    assert_eq!(idle, [""; 0], "in ARCHITECTURE.md, and not named there");
}

#[test]
fn a_table_is_read() {
    let text = "x\n## A new transport\n\n| place | what |\n|---|---|\n| `a/b.rs`, `c` | `d` |\n| `e` | f |\n\n## Next\n| `g` | h |";
    let expected = ["a/b.rs", "c", "e"].map(str::to_owned);
    assert_eq!(listed(text), expected.into());
    assert!(is_named("SeqPacketServer") && !is_named("seq packet"));
}
