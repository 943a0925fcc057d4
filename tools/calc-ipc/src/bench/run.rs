//! The command, from its arguments to its exit status.

use super::session::Session;
use super::trouble::Trouble;
use super::{compare, rivals, spec, survey, table};
use crate::cli::BenchArgs;
use crate::exit::{Exit, Failure};
use crate::sys;
use serde::Serialize;
use std::io::{self, Write};
use std::path::Path;

/// Measures, and prints what was found.
pub(crate) fn run(args: &BenchArgs) -> Result<Exit, Failure> {
    if let Some(other) = args.transports.iter().find(|it| !it.is_here()) {
        let why = format!("{} is not on this system", spec::text(*other));
        return Err(Failure::Usage(why));
    }
    let mut session = Session::new()?;
    let is_beyond = args.goals || args.crowd || args.asynchronous || args.promises || args.frames;
    let are_promises_kept = match is_beyond {
        true => beyond(&mut session, args)?,
        false => survey(&mut session, args).map(|()| true)?,
    };
    let is_broken = args.strict && !are_promises_kept;
    Ok(exit(session.has_failures, is_broken))
}

/// What the survey does not measure; says whether promises are kept.
#[cfg(unix)]
fn beyond(session: &mut Session, args: &BenchArgs) -> Result<bool, Failure> {
    use super::{asynchronous, crowd, frames, goals, promises};
    if args.goals {
        goals::run(session, args)?;
    } else if args.crowd {
        crowd::run(session, args)?;
    } else if args.asynchronous {
        asynchronous::run(session, args)?;
    } else if args.frames {
        frames::run(session, args)?;
    } else {
        return Ok(promises::run(session, args)?);
    }
    Ok(true)
}

#[cfg(windows)]
fn beyond(_: &mut Session, _: &BenchArgs) -> Result<bool, Failure> {
    Err(Failure::Usage(
        "not supported here: --goals, --crowd, --async, --promises and --frames are for Linux"
            .to_owned(),
    ))
}

/// Whoever failed was told of; the rest was measured all the same.
fn exit(has_failures: bool, is_broken: bool) -> Exit {
    match (has_failures, is_broken) {
        (true, _) => Exit::Transport,
        (false, true) => Exit::Negative,
        (false, false) => Exit::Success,
    }
}

fn survey(session: &mut Session, args: &BenchArgs) -> Result<(), Trouble> {
    // First, so that minutes are not spent on what cannot be kept.
    if let Some(path) = &args.report {
        check_page(path)?;
    }
    let old = args
        .compare
        .as_deref()
        .map(crate::report::read)
        .transpose()?;
    let rivals = rivals::find(session, args.rivals.as_deref())?;
    let report = survey::run(session, args.quick, &args.transports, &rivals)?;
    print(&report, args.json, table::render)?;
    if let Some(old) = old {
        let text = compare::render(&old, &report);
        io::stdout()
            .write_all(text.as_bytes())
            .map_err(Failure::from)?;
    }
    // Last, so that a path that cannot be written to any more costs no measurement.
    if let Some(path) = &args.report {
        crate::report::write_page(&report, Some(path))?;
    }
    Ok(())
}

/// Prints what was found, for programs or for people.
pub(super) fn print<F: Serialize>(
    found: &F,
    is_json: bool,
    render: impl FnOnce(&F) -> String,
) -> Result<(), Failure> {
    match is_json {
        true => print_json(found),
        false => Ok(io::stdout().write_all(render(found).as_bytes())?),
    }
}

pub(super) fn print_json(what: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(what).map_err(io::Error::from)?;
    Ok(writeln!(io::stdout(), "{text}")?)
}

/// Says why no page could be written to `path`, which is left as it is.
fn check_page(path: &Path) -> Result<(), Failure> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let shown = folder.display();
    let why = if path.is_dir() {
        "it is a folder".to_owned()
    } else if !folder.exists() {
        format!("there is no folder {shown}")
    } else if !folder.is_dir() {
        format!("{shown} is no folder")
    } else if path.exists() && !sys::may_write(path) {
        "this user may not write to it".to_owned()
    } else if !path.exists() && !sys::may_write(folder) {
        format!("this user may not create files in {shown}")
    } else {
        return Ok(());
    };
    Err(Failure::Transport(format!(
        "the page {}: {why}",
        path.display()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_that_happened_is_told() {
        assert_eq!(exit(false, false), Exit::Success);
        assert_eq!(exit(false, true), Exit::Negative);
        assert_eq!(exit(true, true), Exit::Transport);
    }
}
