//! Drops the mutants that do not compile, and builds the tests with all others.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::list::Mutant;
use crate::plant::{Spot, Spots, plant};

#[derive(Deserialize)]
struct Line {
    reason: String,
    message: Option<Message>,
    profile: Option<Profile>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

#[derive(Deserialize)]
struct Message {
    level: String,
    message: String,
    rendered: Option<String>,
    code: Option<Code>,
    spans: Vec<Place>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Place {
    file_name: String,
    byte_start: usize,
    byte_end: usize,
    is_primary: bool,
}

/// Plants what compiles, and returns the numbers of that.
pub fn compile(
    root: &Path,
    tree: &Path,
    target: &Path,
    mutants: &[Mutant],
) -> Result<BTreeSet<usize>> {
    let mut dropped = BTreeSet::new();
    let mut kept_const = HashSet::new();
    loop {
        let spots = plant(root, tree, mutants, &dropped, &kept_const)?;
        let placed: BTreeSet<usize> = spots.values().flatten().map(|spot| spot.number).collect();
        let output = cargo(tree, target, &["check", "--tests", "--keep-going"])?;
        let errors = errors(&output)?;
        println!(
            "{} of {} mutants planted: {} errors",
            placed.len(),
            mutants.len(),
            errors.len()
        );
        if errors.is_empty() {
            ensure!(
                output.status.success(),
                "cargo check failed, and says no error"
            );
            return Ok(placed);
        }
        let before = (dropped.len(), kept_const.len());
        for error in &errors {
            match needed_const(error) {
                Some(name) => _ = kept_const.insert(name),
                None => dropped.extend(blamed(error, &spots)),
            }
        }
        if before == (dropped.len(), kept_const.len()) {
            bail!(
                "no mutant is to blame for this:\n{}",
                errors[0].rendered.as_deref().unwrap_or_default()
            );
        }
    }
}

/// The programs with tests, once all compiles.
pub fn build(tree: &Path, target: &Path) -> Result<Vec<PathBuf>> {
    let output = cargo(tree, target, &["test", "--no-run"])?;
    ensure!(output.status.success(), "cargo test --no-run failed");
    let tests = lines(&output)?
        .into_iter()
        .filter(|line| line.profile.as_ref().is_some_and(|profile| profile.test));
    Ok(tests.filter_map(|line| line.executable).collect())
}

fn cargo(tree: &Path, target: &Path, args: &[&str]) -> Result<Output> {
    Command::new("cargo")
        .args(args)
        .args(["--locked", "--message-format=json"])
        .current_dir(tree)
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("RUSTFLAGS", "--cap-lints=allow")
        .stderr(Stdio::inherit())
        .output()
        .context("cargo")
}

fn lines(output: &Output) -> Result<Vec<Line>> {
    let text = String::from_utf8_lossy(&output.stdout);
    let json = text.lines().filter(|line| line.starts_with('{'));
    json.map(|line| serde_json::from_str(line).with_context(|| line.to_owned()))
        .collect()
}

fn errors(output: &Output) -> Result<Vec<Message>> {
    let messages = lines(output)?
        .into_iter()
        .filter(|line| line.reason == "compiler-message");
    // Without a place: "aborting due to ...".
    let errors = messages
        .filter_map(|line| line.message)
        .filter(|message| message.level.starts_with("error"));
    Ok(errors.filter(|message| !message.spans.is_empty()).collect())
}

/// The function that has lost its `const`, and is called where the compiler needs its value.
fn needed_const(error: &Message) -> Option<String> {
    error.code.as_ref().filter(|code| code.code == "E0015")?;
    let path = error.message.split('`').nth(1)?;
    let path = path.split("::<").next()?;
    let name = path.rsplit("::").next()?.to_owned();
    (!path.contains("planted")).then_some(name)
}

/// The mutants that an error is about: from what is certain to what may be.
fn blamed(error: &Message, spots: &Spots) -> BTreeSet<usize> {
    let primary: Vec<&Place> = error
        .spans
        .iter()
        .filter(|place| place.is_primary)
        .collect();
    let all: Vec<&Place> = error.spans.iter().collect();
    let within_text = |spot: &Spot, place: &Place| contains(&spot.text, place);
    let about_text = |spot: &Spot, place: &Place| {
        place.byte_start <= spot.text.start
            && spot.text.end <= place.byte_end
            && contains(&spot.site, place)
    };
    let within_scope = |spot: &Spot, place: &Place| contains(&spot.scope, place);
    let around = |spot: &Spot, place: &Place| {
        place.byte_start <= spot.text.start && spot.text.end <= place.byte_end
    };
    let found = matching(&primary, spots, within_text)
        .or_else(|| matching(&all, spots, within_text))
        .or_else(|| matching(&primary, spots, about_text))
        .or_else(|| matching(&primary, spots, around))
        .or_else(|| innermost(&primary, spots, within_scope))
        .or_else(|| matching(&all, spots, around));
    found.unwrap_or_else(|| {
        println!(
            "unclear which mutant is to blame, so all of the file are: {}",
            error.rendered.as_deref().unwrap_or("")
        );
        matching(&primary, spots, |_, _| true).unwrap_or_default()
    })
}

fn contains(range: &Range<usize>, place: &Place) -> bool {
    range.start <= place.byte_start && place.byte_end <= range.end
}

fn matching(
    places: &[&Place],
    spots: &Spots,
    fits: impl Fn(&Spot, &Place) -> bool,
) -> Option<BTreeSet<usize>> {
    let pairs = places
        .iter()
        .flat_map(|place| of_file(place, spots).map(move |spot| (spot, *place)));
    let found: BTreeSet<usize> = pairs
        .filter(|(spot, place)| fits(spot, place))
        .map(|(spot, _)| spot.number)
        .collect();
    (!found.is_empty()).then_some(found)
}

/// Those of the smallest scope that fits.
fn innermost(
    places: &[&Place],
    spots: &Spots,
    fits: impl Fn(&Spot, &Place) -> bool,
) -> Option<BTreeSet<usize>> {
    let fitting = places
        .iter()
        .flat_map(|place| of_file(place, spots).filter(|spot| fits(spot, place)));
    let scope = fitting.min_by_key(|spot| spot.scope.len())?.scope.clone();
    matching(places, spots, |spot, place| {
        fits(spot, place) && spot.scope == scope
    })
}

fn of_file<'a>(place: &Place, spots: &'a Spots) -> impl Iterator<Item = &'a Spot> + use<'a> {
    spots.get(&place.file_name).into_iter().flatten()
}
