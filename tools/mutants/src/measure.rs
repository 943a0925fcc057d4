//! Which tests there are, how long each takes, and which mutants it reaches.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::one_test::{End, Place, Test};
use crate::side_by_side::side_by_side;

/// Tests that take longer are left out: the few of them take longer than the 440 others, for each survivor.
const LONGEST: Duration = Duration::from_secs(3);

/// A test that passes with all mutants switched off.
#[derive(Serialize, Deserialize)]
pub struct Measured {
    pub test: Test,
    pub taken: Duration,
    /// Numbers of mutants, in order.
    pub reached: Vec<usize>,
}

/// Runs all tests of `programs`, and says which fail.
pub fn measure(place: &Place, programs: &[PathBuf], mutants: usize) -> Result<Vec<Measured>> {
    let mut tests = Vec::new();
    for program in programs {
        tests.extend(names(program, &place.tree)?);
    }
    println!("measuring {} tests", tests.len());
    let measured = side_by_side(&tests, |test| one(place, test, mutants))?;
    Ok(measured.into_iter().flatten().collect())
}

fn names(program: &Path, tree: &Path) -> Result<Vec<Test>> {
    let output = Command::new(program)
        .args(["--list", "--format=terse"])
        .current_dir(tree)
        .output()?;
    ensure!(
        output.status.success(),
        "{} --list: {}",
        program.display(),
        output.status
    );
    let text = String::from_utf8(output.stdout)?;
    let names = text.lines().filter_map(|line| line.strip_suffix(": test"));
    Ok(names
        .map(|name| Test {
            program: program.to_owned(),
            name: name.to_owned(),
        })
        .collect())
}

fn one(place: &Place, test: &Test, mutants: usize) -> Result<Option<Measured>> {
    let file = tempfile(place, test, mutants)?;
    let (end, taken) = place.run(
        test,
        &[("CALC_IPC_MUTANT_REACHED", file.to_str().context("path")?)],
        LONGEST,
    )?;
    let marks = fs::read(&file)?;
    fs::remove_file(&file)?;
    if end != End::Passed {
        println!(
            "left out: {} of {}: {end:?} after {taken:?}",
            test.name,
            test.program.display()
        );
        return Ok(None);
    }
    let reached = marks
        .iter()
        .enumerate()
        .filter(|(_, mark)| **mark != 0)
        .map(|(number, _)| number)
        .collect();
    Ok(Some(Measured {
        test: test.clone(),
        taken,
        reached,
    }))
}

/// A byte for each mutant, which tests under another user may write, too.
fn tempfile(place: &Place, test: &Test, mutants: usize) -> Result<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let program = test
        .program
        .file_name()
        .unwrap_or_default()
        .display()
        .to_string();
    let file = place.file(&format!("{program}-{}", test.name.replace("::", "-")));
    fs::write(&file, vec![0; mutants + 1])?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666))?;
    Ok(file)
}
