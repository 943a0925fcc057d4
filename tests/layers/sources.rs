//! The sources of the library, and the paths that they name.

use std::fs;
use std::path::Path;

/// A source file: the path of its module, and its text without comments.
pub(crate) struct Source {
    pub(crate) module: Vec<String>,
    pub(crate) text: String,
}

impl Source {
    pub(crate) fn layer(&self) -> &str {
        self.module.first().map_or("", String::as_str)
    }
}

/// Every file of `src` but `lib.rs`.
pub(crate) fn sources() -> Vec<Source> {
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
pub(crate) fn without_comments(text: &str) -> String {
    text.lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .map(|line| format!("{line}\n"))
        .collect()
}

/// Every path that follows `root` in `text`, trees of `use` taken apart.
pub(crate) fn paths(text: &str, root: &str) -> Vec<String> {
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
pub(crate) fn words(text: &str, words: &[&str]) -> Vec<String> {
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

/// The same, in pieces.
pub(crate) fn branches_of(text: &str, root: &str) -> Vec<Vec<String>> {
    let split = |path: String| path.split("::").map(str::to_owned).collect();
    paths(text, root).into_iter().map(split).collect()
}
