//! calc-ipc-mutants ROOT WORK [PART/PARTS [NAME_PART...]]: which changes of the library no test notices.
//!
//! All mutants that cargo-mutants lists are built at once, each behind a switch that the environment turns on. Then each
//! test runs once to see which of them it reaches, and each mutant under the tests that reach it. An interrupted run goes
//! on where it was, unless a file has changed.

mod choice;
mod compile;
mod leftovers;
mod list;
mod measure;
mod one_test;
mod place;
mod plant;
mod report;
mod run;
mod side_by_side;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use anyhow::{Context, Result};

use crate::choice::Choice;
use crate::leftovers::Leftovers;
use crate::list::Mutant;
use crate::measure::Measured;
use crate::one_test::Place;
use crate::run::Fate;

fn main() -> Result<ExitCode> {
    let mut args = env::args().skip(1);
    let usage = "calc-ipc-mutants ROOT WORK [PART/PARTS [NAME_PART...]]";
    let root = PathBuf::from(args.next().context(usage)?).canonicalize()?;
    let work = PathBuf::from(args.next().context(usage)?);
    let choice = Choice::new(args.next().as_deref().unwrap_or("0/1"), args.collect())?;
    fs::create_dir_all(&work)?;
    let work = work.canonicalize()?;

    let mutants = list::list(&root)?;
    prepare(&root, &work, &mutants)?;
    let (tree, target) = (work.join("tree"), work.join("target"));
    let planted = compile::compile(&root, &tree, &target, &mutants)?;
    let programs = compile::build(&tree, &target)?;

    let leftovers = Leftovers::new();
    let fates = fates(&work, &programs, &mutants, &planted, &choice);
    leftovers.remove();
    let fates = fates?;
    count(&fates, choice.of(&mutants).len());
    Ok(verdict(&root, &fates, &mutants))
}

/// The copy of the tree; what is known of another state of it is forgotten.
fn prepare(root: &Path, work: &Path, mutants: &[Mutant]) -> Result<()> {
    let files = tree::tracked(root)?;
    let (now, known) = (tree::fingerprint(root, &files)?, work.join("fingerprint"));
    if !fs::read_to_string(&known).is_ok_and(|before| before == now) {
        _ = fs::remove_dir_all(work.join("tree"));
        _ = fs::remove_file(work.join("measured"));
        _ = fs::remove_file(work.join("results"));
    }
    tree::copy(root, &work.join("tree"), &files, mutants)?;
    tree::write(&known, now.as_bytes())
}

fn fates<'a>(
    work: &Path,
    programs: &[PathBuf],
    mutants: &'a [Mutant],
    planted: &BTreeSet<usize>,
    choice: &Choice,
) -> Result<Vec<(Fate, &'a Mutant)>> {
    let place = Place::new(&work.join("tree"))?;
    let tests = measured(&place, &work.join("measured"), programs, mutants.len())?;
    let chosen: Vec<_> = choice
        .of(mutants)
        .into_iter()
        .filter(|(number, _)| planted.contains(number))
        .collect();
    println!("{} mutants under {} tests", chosen.len(), tests.len());
    run::run(&place, &tests, &chosen, &work.join("results"))
}

/// As it was measured before, if it was.
fn measured(
    place: &Place,
    file: &Path,
    programs: &[PathBuf],
    mutants: usize,
) -> Result<Vec<Measured>> {
    if let Ok(text) = fs::read_to_string(file) {
        return serde_json::from_str(&text).context("what was measured before");
    }
    let measured = measure::measure(place, programs, mutants)?;
    tree::write(file, &serde_json::to_vec(&measured)?)?;
    Ok(measured)
}

fn count(fates: &[(Fate, &Mutant)], chosen: usize) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (fate, _) in fates {
        *counts.entry(fate.to_string()).or_default() += 1;
    }
    println!(
        "{counts:?}, and {} that do not compile, or stand in constants",
        chosen - fates.len()
    );
}

fn verdict(root: &Path, fates: &[(Fate, &Mutant)], mutants: &[Mutant]) -> ExitCode {
    let list = fs::read_to_string(root.join(tree::SURVIVORS)).unwrap_or_default();
    let wrong = report::wrong(&report::known(&list), fates, mutants);
    for line in &wrong {
        println!("{line}");
    }
    if wrong.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
