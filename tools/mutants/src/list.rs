//! What cargo-mutants would change.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// One change, as `cargo mutants --list --json` says it.
#[derive(Clone, Debug, Deserialize)]
pub struct Mutant {
    /// File, line, column and change.
    pub name: String,
    pub file: String,
    pub genre: Genre,
    pub span: Span,
    pub replacement: String,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash)]
pub enum Genre {
    FnValue,
    BinaryOperator,
    UnaryOperator,
    MatchArm,
    MatchArmGuard,
    StructField,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Span {
    pub start: Position,
}

/// Both count from one.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

impl Mutant {
    /// The name without line and column, which outlives changes elsewhere in the file.
    pub fn lasting_name(&self) -> String {
        let place = format!(
            "{}:{}:{}:",
            self.file, self.span.start.line, self.span.start.column
        );
        match self.name.strip_prefix(&place) {
            Some(change) => format!("{}:{change}", self.file),
            None => self.name.clone(),
        }
    }
}

/// All mutants of the tree in `root`, whose `.cargo/mutants.toml` says of which files.
pub fn list(root: &Path) -> Result<Vec<Mutant>> {
    let output = Command::new("cargo")
        .args([
            "mutants",
            "--list",
            "--json",
            "--package",
            "calc_ipc",
            "--dir",
        ])
        .arg(root)
        .output()
        .context("cargo mutants: is it installed?")?;
    ensure!(
        output.status.success(),
        "cargo mutants: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).context("what cargo mutants lists")
}
