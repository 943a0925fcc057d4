//! Which mutants a run looks at.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};

use crate::list::Mutant;

/// One of several parts, and of that what has one of some words in its name.
pub struct Choice {
    part: usize,
    parts: usize,
    words: Vec<String>,
}

impl Choice {
    /// From "PART/PARTS", counted from 0.
    pub fn new(shard: &str, words: Vec<String>) -> Result<Self> {
        let (part, parts) = shard.split_once('/').context("PART/PARTS, such as 0/16")?;
        let (part, parts) = (part.parse()?, parts.parse()?);
        ensure!(part < parts, "parts count from 0");
        Ok(Self { part, parts, words })
    }

    /// Those with their numbers. All that differ in their lines alone are in the same part.
    pub fn of<'a>(&self, mutants: &'a [Mutant]) -> Vec<(usize, &'a Mutant)> {
        let names: BTreeSet<String> = mutants.iter().map(Mutant::lasting_name).collect();
        let part: BTreeSet<String> = names
            .into_iter()
            .skip(self.part)
            .step_by(self.parts)
            .collect();
        let chosen = (1..)
            .zip(mutants)
            .filter(|(_, mutant)| part.contains(&mutant.lasting_name()));
        chosen
            .filter(|(_, mutant)| self.has_word(&mutant.name))
            .collect()
    }

    fn has_word(&self, name: &str) -> bool {
        self.words.is_empty() || self.words.iter().any(|word| name.contains(word))
    }
}
