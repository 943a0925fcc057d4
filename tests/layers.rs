//! The layers of `ARCHITECTURE.md`: each knows only those before it, the system is called in one
//! place, and `unsafe` stands in two.

use std::fs;
use std::path::Path;

/// What each layer may name by `crate::`, beside itself. An entry allows what is below it.
const MAY_USE: [(&str, &[&str]); 7] = [
    ("error", &[]),
    ("protocol", &[]),
    ("calculator", &["protocol::frame"]),
    ("sys", &["error"]),
    ("transport", &["error", "sys", "protocol::frame"]),
    (
        "service",
        &["error", "sys", "protocol", "calculator", "transport"],
    ),
    (
        "ffi",
        &[
            "error",
            "sys::Source",
            "sys::blocking",
            "sys::panic",
            "sys::cancel",
            "protocol",
            "calculator",
            "transport",
            "service",
        ],
    ),
];

/// What is not the same on every system: nobody but `sys` names it.
const ONE_SYSTEM: &str = "sys::linux";

/// Words of one system, which stand in `sys` alone. Those that end in a star are beginnings.
const WORDS_OF_ONE_SYSTEM: [&str; 10] = [
    "libc",
    "nix",
    "epoll*",
    "EPOLL*",
    "PollF*",
    "BorrowedFd",
    "OwnedFd",
    "RawFd",
    "AsFd",
    "AsRawFd",
];

/// Modules of std that the pure layers do without.
const IMPURE: [&str; 8] = [
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::os",
    "std::process",
    "std::thread",
    "std::time",
];

/// A source file: the path of its module, and its text without comments.
struct Source {
    module: Vec<String>,
    text: String,
}

impl Source {
    fn layer(&self) -> &str {
        self.module.first().map_or("", String::as_str)
    }
}

#[test]
fn layers_name_only_those_before_them() {
    let broken = all(|source| {
        let leaving = paths(&source.text, "crate::");
        let broken = leaving
            .into_iter()
            .filter(|path| !may_use(source.layer(), path));
        broken.map(|path| format!("crate::{path}")).collect()
    });
    assert_eq!(broken, [""; 0]);
}

#[test]
fn super_stays_within_a_layer() {
    let broken = all(|source| {
        // A test module within the file is one level deeper.
        let inside = source.module.len() - 1 + usize::from(source.text.contains("mod tests {"));
        let leaving = "super::".repeat(inside + 1);
        source
            .text
            .contains(&leaving)
            .then_some(leaving)
            .into_iter()
            .collect()
    });
    assert_eq!(broken, [""; 0]);
}

#[test]
fn unsafe_stands_in_sys_and_ffi_alone() {
    let broken = all(|source| match source.layer() {
        "sys" | "ffi" => Vec::new(),
        _ => words(&source.text, &["unsafe"]),
    });
    assert_eq!(broken, [""; 0]);
}

#[test]
fn the_system_is_called_in_sys_alone() {
    let broken = all(|source| match source.layer() {
        "sys" => Vec::new(),
        _ => {
            let os = source.text.contains("std::os::").then(|| "std::os".into());
            let mut broken = words(&source.text, &WORDS_OF_ONE_SYSTEM);
            broken.extend(os);
            broken
        }
    });
    assert_eq!(broken, [""; 0]);
}

#[test]
fn the_protocol_and_the_calculator_are_pure() {
    let broken = all(|source| match source.layer() {
        "protocol" | "calculator" => IMPURE
            .into_iter()
            .filter(|module| source.text.contains(module))
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    });
    assert_eq!(broken, [""; 0]);
}

#[test]
fn no_one_can_set_the_clock_that_deadlines_use() {
    let broken = all(|source| words(&source.text, &["SystemTime", "CLOCK_REALTIME"]));
    assert_eq!(broken, [""; 0]);
}

#[test]
fn every_file_is_in_a_known_layer() {
    let sources = sources();
    for (layer, _) in MAY_USE {
        assert!(
            sources.iter().any(|source| source.layer() == layer),
            "{layer}"
        );
    }
    for source in &sources {
        let known = MAY_USE.iter().any(|(layer, _)| *layer == source.layer());
        assert!(known, "{:?} is in no layer", source.module);
    }
}

#[test]
fn the_checks_themselves_see_what_they_should() {
    let text = "use crate::{error::{Error, Result}, sys::linux::fd};\ncrate::ffi::x();\n";
    assert_eq!(
        paths(text, "crate::"),
        ["error::Error", "error::Result", "sys::linux::fd", "ffi::x"]
    );
    for (layer, may) in [("sys", true), ("transport", false), ("service", false)] {
        assert_eq!(may_use(layer, "sys::linux::fd"), may);
    }
    assert!(may_use("service", "sys::fork"));
    assert!(may_use("transport", "protocol::frame::Notice"));
    assert!(!may_use("transport", "calculator::Request"));
    assert!(!may_use("transport", "protocol::frames"));
    assert!(!may_use("protocol", "service::Handler"));
    assert_eq!(
        words("an unsafe_thing, an unsafe { }", &["unsafe"]),
        ["unsafe"]
    );
    assert_eq!(words("EPOLLIN | nix", &["EPOLL*", "ni"]), ["EPOLLIN"]);
    assert_eq!(without_comments("a // unsafe\n/// unsafe\nb"), "a \n\nb\n");
}

fn may_use(layer: &str, path: &str) -> bool {
    let below = |module: &str| {
        let rest = path.strip_prefix(module);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    let (_, allowed) = MAY_USE
        .into_iter()
        .find(|(name, _)| *name == layer)
        .expect("a known layer");
    if layer != "sys" && below(ONE_SYSTEM) {
        return false;
    }
    below(layer) || allowed.iter().any(|module| below(module))
}

/// What `check` complains about in each file, with the file's name.
fn all(check: impl Fn(&Source) -> Vec<String>) -> Vec<String> {
    let complaint = |source: &Source| {
        let name = source.module.join("::");
        check(source)
            .into_iter()
            .map(move |what| format!("{name}: {what}"))
    };
    sources().iter().flat_map(complaint).collect()
}

/// Every file of `src` but `lib.rs`.
fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    collect(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &[],
        &mut sources,
    );
    sources.retain(|source| source.module != ["lib"]);
    assert!(sources.len() > 30, "{} files", sources.len());
    sources
}

fn collect(folder: &Path, module: &[String], sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .expect("a name");
        let mut module = module.to_vec();
        if name != "mod" {
            module.push(name.to_owned());
        }
        if path.is_dir() {
            collect(&path, &module, sources);
        } else {
            let text = without_comments(&fs::read_to_string(&path).expect("a text"));
            sources.push(Source { module, text });
        }
    }
}

/// The lines up to `//`. What a string may hide behind one is no path.
fn without_comments(text: &str) -> String {
    text.lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .map(|line| format!("{line}\n"))
        .collect()
}

/// Every path that follows `root` in `text`, trees of `use` taken apart.
fn paths(text: &str, root: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for (at, _) in text.match_indices(root) {
        let tree = text.get(at + root.len()..).expect("a boundary");
        branches("", tree, &mut paths);
    }
    paths
}

/// Adds what the tree at the start of `text` names, and gives what follows the tree.
fn branches<'a>(prefix: &str, text: &'a str, paths: &mut Vec<String>) -> &'a str {
    let text = text.trim_start();
    let Some(mut rest) = text.strip_prefix('{') else {
        let end = text.find(|c: char| !c.is_alphanumeric() && !"_:*".contains(c));
        let (path, rest) = text.split_at(end.unwrap_or(text.len()));
        if rest.starts_with('{') {
            return branches(&format!("{prefix}{path}"), rest, paths);
        }
        if !path.is_empty() {
            paths.push(format!("{prefix}{path}"));
        }
        return rest;
    };
    loop {
        rest = branches(prefix, rest, paths).trim_start();
        match rest.split_at_checked(1) {
            Some((",", after)) => rest = after,
            Some(("}", after)) => return after,
            _ => return rest,
        }
    }
}

/// Which of `words` stand in `text` as whole words, or begin one where a star ends them.
fn words(text: &str, words: &[&str]) -> Vec<String> {
    let is_one = |found: &&str| {
        words.iter().any(|word| match word.strip_suffix('*') {
            Some(beginning) => found.starts_with(beginning),
            None => found == word,
        })
    };
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(is_one)
        .map(str::to_owned)
        .collect()
}
