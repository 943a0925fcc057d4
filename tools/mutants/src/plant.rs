//! Writes the copy of the tree that holds all mutants, each behind a switch.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result};

use crate::list::Mutant;
use crate::place::{Kind, Site, place};
use crate::tree::{LIBRARY, write};

/// Where a mutant is in its planted file, in bytes: its own text, its site, and its site's scope.
#[derive(Debug, Clone)]
pub struct Spot {
    pub number: usize,
    pub text: Range<usize>,
    pub site: Range<usize>,
    pub scope: Range<usize>,
}

/// The spots of each planted file.
pub type Spots = BTreeMap<String, Vec<Spot>>;

/// Plants all mutants, numbered from one, but `dropped`.
pub fn plant(
    root: &Path,
    tree: &Path,
    mutants: &[Mutant],
    dropped: &BTreeSet<usize>,
    kept_const: &HashSet<String>,
) -> Result<Spots> {
    let mut files: BTreeMap<&str, Vec<(usize, &Mutant)>> = BTreeMap::new();
    for (number, mutant) in (1..).zip(mutants) {
        let file = files.entry(&mutant.file).or_default();
        if !dropped.contains(&number) {
            file.push((number, mutant));
        }
    }
    let mut spots = Spots::new();
    for (name, mutants) in files {
        let source = fs::read_to_string(root.join(name)).with_context(|| name.to_owned())?;
        let sites = place(&source, &mutants, kept_const).with_context(|| name.to_owned())?;
        let (planted, found) = render(&source, &sites);
        write(&tree.join(name), planted.as_bytes())?;
        spots.insert(name.to_owned(), found);
    }
    let library = fs::read_to_string(root.join(LIBRARY))?;
    write(
        &tree.join(LIBRARY),
        format!("{library}\nmod planted;\n").as_bytes(),
    )?;
    write(&tree.join("src/planted.rs"), include_bytes!("planted.rs"))?;
    Ok(spots)
}

/// `source` with its `sites`, as `place` gives them.
pub fn render(source: &str, sites: &[Site]) -> (String, Vec<Spot>) {
    let mut renderer = Renderer {
        source,
        sites,
        planted: String::new(),
        spots: Vec::new(),
        copied: Vec::new(),
    };
    renderer.part(0..source.len());
    for spot in &mut renderer.spots {
        spot.scope =
            moved(spot.scope.start, &renderer.copied)..moved(spot.scope.end, &renderer.copied);
    }
    (renderer.planted, renderer.spots)
}

/// Where byte `at` of the source is now.
fn moved(at: usize, copied: &[(usize, usize)]) -> usize {
    let last = copied
        .partition_point(|(from, _)| *from <= at)
        .saturating_sub(1);
    copied.get(last).map_or(at, |(from, to)| at - from + to)
}

struct Renderer<'a> {
    source: &'a str,
    /// Those that are still to come.
    sites: &'a [Site],
    planted: String,
    spots: Vec<Spot>,
    /// Where parts of the source begin there, and in what is planted.
    copied: Vec<(usize, usize)>,
}

impl<'a> Renderer<'a> {
    fn part(&mut self, range: Range<usize>) {
        let mut at = range.start;
        while let Some((site, rest)) = self.sites.split_first()
            && site.range.start < range.end
        {
            self.sites = rest;
            self.source(at..site.range.start);
            self.site(site);
            at = site.range.end;
        }
        self.source(at..range.end);
    }

    fn source(&mut self, range: Range<usize>) {
        let source: &'a str = self.source;
        self.copied.push((range.start, self.planted.len()));
        self.planted.push_str(source.get(range).unwrap_or_default());
    }

    fn site(&mut self, site: &Site) {
        let (start, first) = (self.planted.len(), self.spots.len());
        match site.kind {
            Kind::Return => self.texts(site, "if crate::planted::is(", ") { return ", "; } "),
            Kind::Guard => self.texts(site, " if !crate::planted::is(", "", ")"),
            Kind::Instead => self.instead(site),
            Kind::Gone => {}
        }
        let end = self.planted.len();
        for spot in self
            .spots
            .iter_mut()
            .skip(first)
            .filter(|spot| spot.site.is_empty())
        {
            spot.site = start..end;
        }
    }

    /// Only one of the texts runs, so none of them has mutants of its own: they stand in what `else` has.
    fn instead(&mut self, site: &Site) {
        self.planted.push('(');
        self.texts(site, "if crate::planted::is(", ") { ", " } else ");
        self.planted.push_str("{ ");
        self.part(site.range.clone());
        self.planted.push_str(" })");
    }

    fn texts(&mut self, site: &Site, before: &str, between: &str, after: &str) {
        for (number, text) in &site.texts {
            let start = self.planted.len();
            self.planted
                .push_str(&format!("{before}{number}{between}{text}{after}"));
            let text = start..self.planted.len();
            self.spots.push(Spot {
                number: *number,
                text,
                site: 0..0,
                scope: site.scope.clone(),
            });
        }
    }
}
