//! The tests that documents name, as `file::test` between backticks.

use std::path::Path;

/// The text of a file of the repository.
pub(crate) fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()
}

/// What stands between backticks and names a file of tests, or a test in it.
pub(crate) fn named_tests(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|word| {
        let is_test = word.starts_with("tests/") || word.starts_with("cpp_tests/");
        (is_test || word.starts_with("src/") && word.contains("::")) && !word.ends_with('/')
    })
}

/// Whether there is such a file and, where a test in it is named, such a test.
pub(crate) fn exists(name: &str) -> bool {
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

/// The names of tests that are not there.
pub(crate) fn missing(document: &str) -> Vec<String> {
    let text = read(document).expect("the document");
    let names = named_tests(&text).filter(|name| !exists(name));
    names.map(str::to_owned).collect()
}
