//! No two modules need each other: what is below can be read, and moved, without what is above.
//!
//! Modules are compared with those beside them. What a folder's own `mod.rs` has belongs to all in the folder, so that a
//! module and its parent are one here. Tests, and what only tests use, may name whatever they need.

use crate::sources::{Source, branches_of, sources};
use std::collections::{BTreeMap, BTreeSet};

/// What is beside each other, and who names whom there: by the path of the folder.
type Folders = BTreeMap<Vec<String>, BTreeMap<String, BTreeSet<String>>>;

#[test]
fn no_two_modules_need_each_other() {
    let mut circles = Vec::new();
    for (folder, names) in folders(&sources()) {
        for circle in circles_of(&names) {
            circles.push(format!("{}: {}", folder.join("::"), circle.join(", ")));
        }
    }
    assert_eq!(circles, [""; 0]);
}

#[test]
fn a_circle_is_seen() {
    let source = |path: &str, text: &str| Source {
        module: path.split("::").map(str::to_owned).collect(),
        text: text.to_owned(),
    };
    let sources = [
        source("a", "mod x;\npub use x::Thing;\nmod y;\nmod z;"),
        source("a::x", "use super::y::f;"),
        source("a::y", "use crate::a::z;"),
        source("a::z", "use super::Thing;"),
        source("b", "use crate::a::x;"),
    ];
    let folders = folders(&sources);
    assert_eq!(
        circles_of(&folders[&vec!["a".to_owned()]]),
        [["x", "y", "z"]]
    );
    assert_eq!(circles_of(&folders[&Vec::new()]), [[""; 0]; 0]);
}

/// Who names whom, in every folder.
fn folders(sources: &[Source]) -> Folders {
    let sources: Vec<_> = sources
        .iter()
        .filter(|source| !is_for_tests(source))
        .collect();
    let known: BTreeSet<_> = sources.iter().map(|source| source.module.clone()).collect();
    let exports = sources
        .iter()
        .flat_map(|source| exports(source, &known))
        .collect();
    let mut folders = Folders::new();
    for source in &sources {
        for named in named(source) {
            let target = resolve(named, &known, &exports);
            let common = source
                .module
                .iter()
                .zip(&target)
                .take_while(|(one, other)| one == other)
                .count();
            let (Some(from), Some(to)) = (source.module.get(common), target.get(common)) else {
                continue; // One is in the other.
            };
            let folder = folders.entry(target[..common].to_vec()).or_default();
            folder.entry(from.clone()).or_default().insert(to.clone());
        }
    }
    folders
}

fn is_for_tests(source: &Source) -> bool {
    const NAMES: [&str; 5] = ["tests", "stage", "stand_in", "model", "fuzz"];
    source
        .module
        .iter()
        .any(|name| NAMES.contains(&name.as_str()))
}

/// How a module of tests begins whose other side is a Unix socket.
const UNIX_TESTS: &str = "#[cfg(test)]\n#[cfg(unix_sockets)]\nmod tests {";

/// The paths that a source names, from the root on. A module of tests within the file is left out.
fn named(source: &Source) -> Vec<Vec<String>> {
    let tests = ["#[cfg(test)]\nmod tests {", UNIX_TESTS];
    let text = tests.into_iter().fold(source.text.as_str(), |text, tests| {
        text.split(tests).next().unwrap_or_default()
    });
    let mut named = Vec::new();
    for path in branches_of(text, "crate::") {
        named.push(path);
    }
    for path in branches_of(text, "super::") {
        let up = 1 + path.iter().take_while(|name| *name == "super").count();
        let base = source.module.len().saturating_sub(up);
        named.push([&source.module[..base], &path[up - 1..]].concat());
    }
    named
}

/// What a module gives away of the modules in it, by `use`: the path here, and the one there.
fn exports(source: &Source, known: &BTreeSet<Vec<String>>) -> Vec<(Vec<String>, Vec<String>)> {
    let uses = source.text.split("use ").skip(1);
    let trees = uses.filter_map(|text| text.split(';').next());
    let mut exports = Vec::new();
    for path in trees.flat_map(|tree| branches_of(&format!("@{tree}"), "@")) {
        let path = match path.first().map(String::as_str) {
            Some("self") => path[1..].to_vec(),
            _ => path,
        };
        let there = [&source.module[..], &path[..]].concat();
        let child = [&source.module[..], &path[..path.len().min(1)]].concat();
        if let Some(name) = path.last()
            && path.len() > 1
            && known.contains(&child)
        {
            exports.push((
                [&source.module[..], std::slice::from_ref(name)].concat(),
                there,
            ));
        }
    }
    exports
}

/// The module that has what this path names.
fn resolve(
    mut path: Vec<String>,
    known: &BTreeSet<Vec<String>>,
    exports: &BTreeMap<Vec<String>, Vec<String>>,
) -> Vec<String> {
    for _ in 0..10 {
        let Some(length) = (0..=path.len()).find(|length| exports.contains_key(&path[..*length]))
        else {
            break;
        };
        let rest = path.split_off(length);
        path = [&exports[&path][..], &rest[..]].concat();
    }
    while !path.is_empty() && !known.contains(&path) {
        path.pop();
    }
    path
}

/// The groups of modules each of which needs, by whatever ways, all others of its group.
fn circles_of(names: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<String>> {
    let reach: BTreeMap<_, _> = names
        .keys()
        .map(|name| (name, reached(name, names)))
        .collect();
    let mut circles = BTreeSet::new();
    for (name, reached) in &reach {
        if reached.contains(*name) {
            let back = |other: &&String| reach.get(other).is_some_and(|from| from.contains(*name));
            circles.insert(reached.iter().filter(back).cloned().collect());
        }
    }
    circles.into_iter().collect()
}

/// Whatever a module needs, and what that needs.
fn reached(name: &str, names: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut ahead = vec![name.to_owned()];
    while let Some(next) = ahead.pop() {
        for other in names.get(&next).into_iter().flatten() {
            if reached.insert(other.clone()) {
                ahead.push(other.clone());
            }
        }
    }
    reached
}
