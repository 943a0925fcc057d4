//! Programs that measure other libraries as this one measures its own contestants.

use super::program::Program;
use super::report::Contestant;
use super::session::Session;
use super::spec::{self, Spec};
use super::trouble::Trouble;
use crate::cli::Passing;
use crate::exit::Failure;
use crate::sys;
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PREFIX: &str = "calc-ipc-rival-";

/// Those in the folder that the user names, which must be there, or else in those where they are installed. What
/// cannot run here is skipped.
pub(super) fn find(session: &mut Session, folder: Option<&Path>) -> Result<Vec<Spec>, Trouble> {
    let mut programs = match folder {
        Some(folder) => programs(folder)?,
        None => usual_folders()
            .iter()
            .filter_map(|folder| programs(folder).ok())
            .flatten()
            .collect(),
    };
    programs.sort();
    let mut rivals = Vec::new();
    for path in programs {
        let described = describe(session, &path);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if let Some(Description { contestant, frames }) = session.forgive(&name, described)? {
            rivals.push(spec::other(path, contestant, frames));
        }
    }
    Ok(rivals)
}

/// Beside this program, and where programs are that nobody calls by hand.
fn usual_folders() -> Vec<PathBuf> {
    let own = std::env::current_exe().unwrap_or_default();
    let beside = own.parent().unwrap_or(Path::new("/")).to_owned();
    let libexec = beside.join("../libexec/calc_ipc");
    vec![beside, libexec]
}

fn programs(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(folder).map_err(|error| Failure::io(folder.display(), &error))?;
    let entries = entries.flatten().filter(|entry| {
        entry.file_name().to_string_lossy().starts_with(PREFIX)
            && entry.path().is_file()
            && sys::may_execute(&entry.path())
    });
    Ok(entries.map(|entry| entry.path()).collect())
}

/// What a program says that it is.
#[derive(Deserialize)]
struct Description {
    #[serde(flatten)]
    contestant: Contestant,
    /// How its frames go, if it has any.
    #[serde(default)]
    frames: Vec<Passing>,
}

fn describe(session: &mut Session, path: &Path) -> Result<Description, Trouble> {
    let mut command = Command::new(path);
    command.arg("describe");
    let title = path.display().to_string();
    let log = session.address();
    let mut program = Program::start(command, title.clone(), log)?;
    let line = program.read_line(&session.interrupt)?;
    let described = serde_json::from_str(&line);
    described.map_err(|error| Trouble::Broken(format!("{title}: {error} in '{line}'")))
}
