//! `calc-ipc ls`: the endpoints of this machine that have names.

#[cfg(unix)]
mod files;
#[cfg(windows)]
mod pipes;

use crate::cli::LsArgs;
use crate::colour::{Colour, Paint};
use crate::exit::{Exit, Failure};
#[cfg(unix)]
use crate::stats::Counters;
#[cfg(unix)]
use files::find;
#[cfg(windows)]
use pipes::find;
use serde::Serialize;
use std::io::{self, Write};

const HEAD: &str = "STATE      KIND           PID  CLIENTS     CALLS  URL";

/// An endpoint, as `--json` prints it.
#[derive(Debug, PartialEq, Serialize)]
struct Endpoint {
    state: &'static str,
    kind: &'static str,
    url: Option<String>,
    path: Option<String>,
    pid: Option<u32>,
    /// Of those that offer them.
    #[cfg(unix)]
    #[serde(skip_serializing_if = "Option::is_none")]
    stats: Option<Counters>,
}

/// Lists what is found.
pub(crate) fn run(args: &LsArgs) -> Result<Exit, Failure> {
    let endpoints = find(&args.folders)?;
    match args.json {
        true => print_json(&endpoints)?,
        false => print_table(&endpoints)?,
    }
    Ok(Exit::Success)
}

impl Endpoint {
    /// Its URL; the path of what has none.
    fn name(&self) -> &str {
        self.url
            .as_ref()
            .or(self.path.as_ref())
            .map_or("-", |name| name)
    }

    /// How many clients it has, and how many calls it had, if that is known.
    fn counts(&self) -> [Option<u64>; 2] {
        #[cfg(unix)]
        if let Some(stats) = &self.stats {
            return [Some(stats.clients), Some(stats.requests)];
        }
        [None; 2]
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
    let paint = Paint::of(&output);
    writeln!(output, "{}", paint.paint(HEAD, Colour::Head))?;
    for endpoint in endpoints {
        let shown = |number: Option<u64>| number.map_or("-".into(), |number| number.to_string());
        let pid = shown(endpoint.pid.map(u64::from));
        let [clients, calls] = endpoint.counts().map(shown);
        let colour = match endpoint.state {
            "alive" => Colour::Good,
            _ => Colour::Faint,
        };
        let state = paint.paint(&format!("{:<9}", endpoint.state), colour);
        writeln!(
            output,
            "{state}  {:<9}  {pid:>7}  {clients:>7}  {calls:>8}  {}",
            endpoint.kind,
            endpoint.name()
        )?;
    }
    Ok(())
}
