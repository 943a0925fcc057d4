//! The programs in `docs/tutorial.md` are those in `examples/tutorial`; `scripts/tutorial.sh` runs them.

#![allow(clippy::unwrap_used, reason = "this is a test")]

#[path = "support/markdown.rs"]
#[allow(dead_code, reason = "other tests compare more")]
mod markdown;

use markdown::{Element, elements, links_in};
use std::collections::BTreeSet;
use std::path::Path;

const FOLDER: &str = "examples/tutorial";

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The files of programs.
fn programs() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER);
    let names = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap());
    names.filter(|name| name != "CMakeLists.txt").collect()
}

/// The blocks of C and C++, each with the file that the paragraph before it links.
fn quoted(document: &str) -> Vec<(String, String)> {
    let mut linked = String::new();
    let mut quoted = Vec::new();
    for element in elements(document) {
        match element {
            Element::Text(text) => linked = links_in(&text).pop().unwrap_or_default(),
            Element::Code(language, text) if ["c", "cpp"].contains(&language.as_str()) => {
                let name = linked.strip_prefix("../examples/tutorial/");
                quoted.push((name.unwrap_or("no program").to_owned(), text));
            }
            _ => {}
        }
    }
    quoted
}

#[test]
fn the_tutorial_quotes_each_program_once_and_word_for_word() {
    let quoted = quoted(&read("docs/tutorial.md"));
    let names: Vec<_> = quoted.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(names.iter().cloned().collect::<BTreeSet<_>>(), programs());
    assert_eq!(names.len(), programs().len(), "{names:?}");
    for (name, text) in &quoted {
        assert_eq!(*text, read(&format!("{FOLDER}/{name}")), "{name}");
    }
}
