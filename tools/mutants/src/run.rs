//! Each mutant under the tests that reach it, until one fails.

use std::collections::HashMap;
use std::fmt::{self, Display};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use crate::list::Mutant;
use crate::measure::Measured;
use crate::one_test::{End, Place};
use crate::side_by_side::side_by_side;

/// What became of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A test failed.
    Caught,
    /// A test did not end.
    Timeout,
    /// All tests passed that reach it.
    Missed,
    /// No test reaches it.
    Unreached,
}

impl Fate {
    pub fn survives(self) -> bool {
        matches!(self, Self::Missed | Self::Unreached)
    }

    fn from_word(word: &str) -> Option<Self> {
        let all = [Self::Caught, Self::Timeout, Self::Missed, Self::Unreached];
        all.into_iter().find(|fate| fate.to_string() == word)
    }
}

impl Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Caught => "caught",
            Self::Timeout => "timeout",
            Self::Missed => "missed",
            Self::Unreached => "unreached",
        })
    }
}

/// A file with a line for each mutant, so that what was interrupted goes on: fate, name, test, parted by tabs.
struct Results {
    known: HashMap<String, Fate>,
    file: Mutex<File>,
}

impl Results {
    fn open(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).unwrap_or_default();
        // A line that was cut has no end.
        let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
        if whole.len() < text.len() {
            fs::write(path, whole)?;
        }
        let known = whole.lines().filter_map(|line| {
            let mut parts = line.split('\t');
            let fate = Fate::from_word(parts.next()?)?;
            Some((parts.next()?.to_owned(), fate))
        });
        let known = known.collect();
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .context("the file of results")?;
        Ok(Self {
            known,
            file: Mutex::new(file),
        })
    }

    fn add(&self, fate: Fate, mutant: &str, test: &str) -> Result<()> {
        let mut file = self.file.lock().map_err(|_| anyhow!("a thread panicked"))?;
        println!("{fate}\t{mutant}\t{test}");
        Ok(file.write_all(format!("{fate}\t{mutant}\t{test}\n").as_bytes())?)
    }
}

/// The fates of `chosen`, mutants with their numbers.
pub fn run<'a>(
    place: &Place,
    tests: &[Measured],
    chosen: &[(usize, &'a Mutant)],
    results: &Path,
) -> Result<Vec<(Fate, &'a Mutant)>> {
    let results = Results::open(results)?;
    side_by_side(chosen, |(number, mutant)| {
        if let Some(fate) = results.known.get(&mutant.name) {
            return Ok((*fate, *mutant));
        }
        let (fate, test) = fate(place, tests, *number)?;
        results.add(fate, &mutant.name, &test)?;
        Ok((fate, *mutant))
    })
}

/// Also the test that decided it.
fn fate(place: &Place, tests: &[Measured], number: usize) -> Result<(Fate, String)> {
    let mut reaching: Vec<&Measured> = tests
        .iter()
        .filter(|test| test.reached.binary_search(&number).is_ok())
        .collect();
    reaching.sort_by_key(|test| test.taken);
    let switch = number.to_string();
    for measured in &reaching {
        let patience = Duration::from_secs(5) + measured.taken * 5;
        let fate = match place
            .run(&measured.test, &[("CALC_IPC_MUTANT", &switch)], patience)?
            .0
        {
            End::Passed => continue,
            End::Failed => Fate::Caught,
            End::TimedOut => Fate::Timeout,
        };
        return Ok((fate, measured.test.name.clone()));
    }
    let fate = if reaching.is_empty() {
        Fate::Unreached
    } else {
        Fate::Missed
    };
    Ok((fate, format!("{} tests", reaching.len())))
}
