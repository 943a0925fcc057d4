//! `calc-ipc report`: reports of the benchmark, read, and made into pages.

use crate::bench::html;
use crate::bench::report::{Report, SCHEMA};
use crate::cli::ReportArgs;
use crate::exit::{Exit, Failure};
use serde::Deserialize;
use std::fmt::Display;
use std::fs;
use std::io::Write;
use std::path::Path;

/// What every report has, whatever its schema.
#[derive(Deserialize)]
struct Head {
    schema: String,
}

/// Writes the page.
pub(crate) fn run(args: &ReportArgs) -> Result<Exit, Failure> {
    write_page(&read(&args.report)?, args.out.as_deref())?;
    Ok(Exit::Success)
}

/// Writes the page of a report to a file, or to standard output.
pub(crate) fn write_page(report: &Report, out: Option<&Path>) -> Result<(), Failure> {
    let page = html::render(report)
        .map_err(|error| Failure::Transport(format!("the page cannot be made: {error}")))?;
    match out {
        None => std::io::stdout().write_all(page.as_bytes())?,
        Some(path) => {
            fs::write(path, page).map_err(|error| Failure::io(path.display(), &error))?;
        }
    }
    Ok(())
}

/// The report in a file.
pub(crate) fn read(path: &Path) -> Result<Report, Failure> {
    let text = fs::read(path).map_err(|error| Failure::io(path.display(), &error))?;
    parse(&text).map_err(|why| Failure::Usage(format!("{}: {why}", path.display())))
}

/// The report that a text is, or why it is none.
pub(crate) fn parse(text: &[u8]) -> Result<Report, String> {
    let no_report = |error: &dyn Display| format!("no report of calc-ipc bench --json: {error}");
    // First, since all the rest may be another in another schema.
    let head: Head = serde_json::from_slice(text).map_err(|error| no_report(&error))?;
    if head.schema != SCHEMA {
        return Err(no_report(&format_args!(
            "its schema is '{}', not '{SCHEMA}'",
            head.schema.escape_debug()
        )));
    }
    serde_json::from_slice(text).map_err(|error| no_report(&error))
}
