//! The copy of the tree.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::list::Mutant;

/// Where the library names its modules, and gets one more.
pub const LIBRARY: &str = "src/lib.rs";

/// The files that git knows.
pub fn tracked(root: &Path) -> Result<Vec<String>> {
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["ls-files", "-z"])
        .output()?;
    ensure!(
        output.status.success(),
        "git ls-files: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let names = String::from_utf8(output.stdout)?;
    Ok(names
        .split_terminator('\0')
        .filter(|name| root.join(name).is_file())
        .map(str::to_owned)
        .collect())
}

/// What is known of survivors. It changes while results are looked at, and changes none of them.
pub const SURVIVORS: &str = "docs/mutants.md";

/// Differs if a file differs, as it is now.
pub fn fingerprint(root: &Path, files: &[String]) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for name in files.iter().filter(|name| *name != SURVIVORS) {
        (name, fs::read(root.join(name))?).hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

/// Copies `files` as they are now, but those that `plant` writes.
pub fn copy(root: &Path, tree: &Path, files: &[String], mutants: &[Mutant]) -> Result<()> {
    for name in files {
        if name == LIBRARY || mutants.iter().any(|mutant| mutant.file == *name) {
            continue;
        }
        let (from, to) = (root.join(name), tree.join(name));
        write(&to, &fs::read(&from).with_context(|| name.to_owned())?)?;
        fs::set_permissions(&to, fs::metadata(&from)?.permissions())?;
    }
    Ok(())
}

/// Writes unless it is there already, since what is new is compiled again.
pub fn write(path: &Path, content: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(());
    }
    fs::create_dir_all(path.parent().context("no folder")?)?;
    fs::write(path, content).with_context(|| path.display().to_string())
}
