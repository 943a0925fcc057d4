//! `calc-ipc ls`: the endpoints of this machine that have names.

#[cfg(unix)]
mod files;
#[cfg(windows)]
mod pipes;

use crate::cli::LsArgs;
use crate::exit::{Exit, Failure};
#[cfg(unix)]
use files::find;
#[cfg(windows)]
use pipes::find;
use serde::Serialize;
use std::io::{self, Write};

/// An endpoint, as `--json` prints it.
#[derive(Debug, PartialEq, Serialize)]
struct Endpoint {
    state: &'static str,
    kind: &'static str,
    url: Option<String>,
    path: String,
    pid: Option<u32>,
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
        writeln!(
            output,
            "{:<9}  {:<4}  {pid:>7}  {}",
            endpoint.state,
            endpoint.kind,
            endpoint.name()
        )?;
    }
    Ok(())
}
