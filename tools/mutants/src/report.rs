//! Which survivors are known, and which are not.

use std::collections::BTreeSet;

use crate::list::Mutant;
use crate::run::Fate;

/// The mutants of a list whose lines are "- `FILE: change`: why".
pub fn known(list: &str) -> BTreeSet<&str> {
    let entries = list
        .lines()
        .filter_map(|line| line.strip_prefix("- `")?.split_once("`: "));
    entries.map(|(name, _)| name).collect()
}

/// What is wrong: survivors that are not `known`, what is and is noticed, and what is not among `all` that cargo-mutants lists.
pub fn wrong(known: &BTreeSet<&str>, fates: &[(Fate, &Mutant)], all: &[Mutant]) -> Vec<String> {
    let names = |survives: bool| -> BTreeSet<String> {
        let chosen = fates.iter().filter(|(fate, _)| fate.survives() == survives);
        chosen.map(|(_, mutant)| mutant.lasting_name()).collect()
    };
    let (alive, dead) = (names(true), names(false));
    let listed: BTreeSet<String> = all.iter().map(Mutant::lasting_name).collect();
    let unknown = fates.iter().filter(|(fate, mutant)| {
        fate.survives() && !known.contains(mutant.lasting_name().as_str())
    });
    let unknown = unknown.map(|(fate, mutant)| format!("{fate}: {}", mutant.name));
    // Of several with one name, some may survive.
    let caught = known
        .iter()
        .filter(|name| dead.contains(**name) && !alive.contains(**name));
    let caught = caught.map(|name| format!("docs/mutants.md lists what a test notices: {name}"));
    let gone = known.iter().filter(|name| !listed.contains(**name));
    let gone = gone.map(|name| format!("docs/mutants.md lists what is no mutant: {name}"));
    unknown.chain(caught).chain(gone).collect()
}
