//! `calc-ipc ls`: this user's endpoints.

use crate::cli::LsArgs;
use crate::endpoint::{Kind, Life, Locks, Place, SHM_FOLDER};
use crate::exit::{Exit, Failure};
use serde::Serialize;
use std::io::{self, Write};
use std::path::{self, PathBuf};

/// An endpoint, as `--json` prints it.
#[derive(Serialize)]
struct Endpoint {
    state: &'static str,
    kind: Kind,
    url: Option<String>,
    path: String,
    pid: Option<u32>,
}

/// Lists what is found.
pub(crate) fn run(args: &LsArgs) -> Result<Exit, Failure> {
    let locks = Locks::read();
    let endpoints: Vec<_> = places(args)?
        .iter()
        .map(|place| Endpoint::new(place, &locks))
        .collect();
    match args.json {
        true => print_json(&endpoints)?,
        false => print_table(&endpoints)?,
    }
    Ok(Exit::Success)
}

/// The places in every folder. Those that were asked for have to be there.
fn places(args: &LsArgs) -> Result<Vec<Place>, Failure> {
    let mut places = Vec::new();
    let asked = args.folders.iter().map(|folder| (folder.clone(), true));
    let usual = usual_folders().map(|folder| (folder, false));
    let mut seen = Vec::new();
    for (folder, is_asked) in usual.chain(asked) {
        let folder =
            path::absolute(&folder).map_err(|error| Failure::io(folder.display(), &error))?;
        if seen.contains(&folder) {
            continue;
        }
        match Place::all_in(&folder) {
            Ok(found) => places.extend(found),
            Err(error) if is_asked => return Err(Failure::io(folder.display(), &error)),
            Err(_) => {}
        }
        seen.push(folder);
    }
    Ok(places)
}

fn usual_folders() -> impl Iterator<Item = PathBuf> {
    let of_session = std::env::var_os("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty());
    [Some(SHM_FOLDER.into()), of_session, Some("/tmp".into())]
        .into_iter()
        .flatten()
        .map(PathBuf::from)
}

impl Endpoint {
    fn new(place: &Place, locks: &Locks) -> Self {
        let (state, pid) = match place.life(locks) {
            Life::Alive(pid) => ("alive", pid),
            Life::LeftOver => ("left over", None),
        };
        Self {
            state,
            kind: place.kind,
            url: place.url().map(|url| url.to_string()),
            path: place.path.display().to_string(),
            pid,
        }
    }

    /// Its URL; the path of what has none.
    fn name(&self) -> &str {
        self.url.as_ref().unwrap_or(&self.path)
    }
}

fn print_json(endpoints: &[Endpoint]) -> io::Result<()> {
    let mut output = io::stdout().lock();
    for endpoint in endpoints {
        serde_json::to_writer(&mut output, endpoint)?;
        writeln!(output)?;
    }
    Ok(())
}

fn print_table(endpoints: &[Endpoint]) -> io::Result<()> {
    let mut output = io::stdout().lock();
    if endpoints.is_empty() {
        return Ok(());
    }
    writeln!(output, "STATE      KIND      PID  URL")?;
    for endpoint in endpoints {
        let pid = endpoint.pid.map_or("-".into(), |pid| pid.to_string());
        let kind = endpoint.kind.name();
        writeln!(
            output,
            "{:<9}  {kind:<4}  {pid:>7}  {}",
            endpoint.state,
            endpoint.name()
        )?;
    }
    Ok(())
}
