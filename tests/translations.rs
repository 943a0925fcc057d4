//! What is written in two languages says the same in both: the elements of two documents are of the same kinds, in the same order, and
//! have the same code, figures and links.

#![allow(clippy::unwrap_used, reason = "this is a test")]

#[path = "support/markdown.rs"]
mod markdown;

use markdown::{Element, anchor_of, code_in, elements, figures_in, links_in};
use std::path::Path;

/// What is translated; the other is called `.zh-CN.md`.
const TRANSLATED: [&str; 2] = ["README.md", "docs/tutorial.md"];

/// What the name of a translation has before its extension.
const MARK: &str = ".zh-CN";

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What is compared, of an element or of one row of a table, and for who reads why a test failed, its text.
struct Piece {
    kept: String,
    text: String,
}

/// The pieces of an element, of which the same has to be kept in whatever order the words stand.
fn pieces(element: &Element, headings: &[String]) -> Vec<Piece> {
    let piece = |kind: &str, text: &str| Piece {
        kept: format!("{kind}, {}", parts(text, headings)),
        text: text.to_owned(),
    };
    match element {
        Element::Heading(level, text) => vec![piece(&format!("heading {level}"), text)],
        Element::Text(text) => vec![piece("text", text)],
        Element::Code(language, text) => vec![Piece {
            kept: format!("code {language}, {text}"),
            text: text.clone(),
        }],
        Element::Table(rows) => {
            let row = |row: &Vec<String>| {
                let cells = row.iter().map(|cell| parts(cell, headings));
                Piece {
                    kept: format!("row, {}", cells.collect::<Vec<_>>().join(" | ")),
                    text: row.join(" | "),
                }
            };
            rows.iter().map(row).collect()
        }
    }
}

/// The code, the figures and the links in text, each sorted.
fn parts(text: &str, headings: &[String]) -> String {
    let links = links_in(text)
        .iter()
        .map(|link| target(link, headings))
        .collect();
    let sorted = |mut list: Vec<String>| {
        list.sort();
        list.join("; ")
    };
    format!(
        "code: {}. figures: {}. links: {}",
        sorted(code_in(text)),
        sorted(figures_in(text)),
        sorted(links)
    )
}

/// Where a link goes, whatever the language: a heading of the same document by its number.
fn target(link: &str, headings: &[String]) -> String {
    match link.strip_prefix('#') {
        Some(anchor) => match headings
            .iter()
            .position(|heading| anchor_of(heading) == anchor)
        {
            Some(number) => format!("heading number {number}"),
            None => format!("no heading: {anchor}"),
        },
        None => link.replace(MARK, ""),
    }
}

/// What differs between two documents first, if anything does.
fn difference(original: &str, translation: &str) -> Option<String> {
    let [original, translation] = [original, translation].map(|document| {
        let elements = elements(document);
        let headings: Vec<String> = elements.iter().filter_map(heading).collect();
        let pieces = elements
            .iter()
            .flat_map(|element| pieces(element, &headings));
        pieces.collect::<Vec<_>>()
    });
    let mut both = original.iter().zip(&translation);
    if let Some((one, other)) = both.find(|(one, other)| one.kept != other.kept) {
        let shown = [one, other].map(|Piece { kept, text }| format!("{text}\n  has {kept}"));
        return Some(shown.join("\n, and\n"));
    }
    let counts = [original.len(), translation.len()];
    (counts[0] != counts[1]).then(|| format!("{counts:?} pieces"))
}

fn heading(element: &Element) -> Option<String> {
    match element {
        Element::Heading(_, text) => Some(text.clone()),
        _ => None,
    }
}

#[test]
fn translations_have_the_code_the_figures_the_tables_and_the_links_of_the_originals() {
    for name in TRANSLATED {
        let translation = name.replace(".md", &format!("{MARK}.md"));
        if let Some(difference) = difference(&read(name), &read(&translation)) {
            panic!("{name} and {translation} differ: {difference}");
        }
    }
}

#[test]
fn each_names_the_other_in_its_first_lines() {
    for name in TRANSLATED {
        let translation = name.replace(".md", &format!("{MARK}.md"));
        for (here, there) in [(name, translation.as_str()), (&translation, name)] {
            let text = read(here);
            let first = text.lines().take(5).collect::<Vec<_>>().join("\n");
            let (_, file) = there.rsplit_once('/').unwrap_or(("", there));
            assert!(
                links_in(&first).iter().any(|link| link == file),
                "{here} does not link to {file}"
            );
        }
    }
}

const ORIGINAL: &str = "# Title\n\nTake `a` at 10 us, see [there](docs/x.md) and [below](#the-end).\n\n```c\nint a;\n```\n\n    ./run\n\n\
                        | name | time |\n|---|---|\n| `a` | 0.18 us |\n\n## The end\n\n- one\n- two\n";
const TRANSLATION: &str = "# 标题\n\n请看[那里](docs/x.zh-CN.md)和[下文](#结束)，用 `a`，10 us。\n\n```c\nint a;\n```\n\n    ./run\n\n\
                           | 名称 | 时间 |\n|---|---|\n| `a` | 0.18 us |\n\n## 结束\n\n- 一\n- 二\n";

#[test]
fn a_faithful_translation_is_one() {
    assert_eq!(difference(ORIGINAL, TRANSLATION), None);
}

#[test]
fn what_is_changed_in_one_alone_is_seen() {
    for (from, to) in [
        ("`a`，", "`b`，"),
        ("10 us", "11 us"),
        ("docs/x", "docs/y"),
        ("(#结束)", "(#开始)"),
        ("int a;", "int b;"),
        ("```c", "```cpp"),
        ("./run", "./run -v"),
        ("0.18", "0.19"),
        ("| `a` |", "| a |"),
        ("| 0.18 us |", "|"),
        ("| `a` | 0.18 us |\n", ""),
        ("## ", "### "),
        ("- 二\n", ""),
        ("- 二\n", "- 二\n- 三\n"),
    ] {
        assert!(TRANSLATION.contains(from), "{from}");
        let changed = TRANSLATION.replacen(from, to, 1);
        assert_ne!(difference(ORIGINAL, &changed), None, "{from} to {to}");
    }
}
