//! `calc-ipc bench`: every transport on this machine, beside its raw limit.

mod goals;
pub(crate) mod html;
mod machine;
mod pair;
mod plan;
mod processors;
mod program;
mod progress;
pub(crate) mod report;
mod rivals;
mod session;
mod spec;
mod stats;
mod survey;
mod table;
mod trouble;
mod turns;

use crate::cli::BenchArgs;
use crate::exit::{Exit, Failure};
use serde::Serialize;
use session::Session;
use std::io::{self, Write};
use trouble::Trouble;

/// Measures, and prints what was found.
pub(crate) fn run(args: &BenchArgs) -> Result<Exit, Failure> {
    let mut session = Session::new()?;
    match args.goals {
        true => goals::run(&mut session, args)?,
        false => survey(&mut session, args)?,
    }
    // Whoever failed was told of; the rest was measured all the same.
    Ok(match session.has_failures {
        true => Exit::Transport,
        false => Exit::Success,
    })
}

fn survey(session: &mut Session, args: &BenchArgs) -> Result<(), Trouble> {
    let rivals = rivals::find(session, args.rivals.as_deref())?;
    let report = survey::run(session, args.quick, &args.transports, &rivals)?;
    match args.json {
        true => print_json(&report)?,
        false => io::stdout()
            .write_all(table::render(&report).as_bytes())
            .map_err(Failure::from)?,
    }
    // Last, so that a path that cannot be written costs no measurement.
    if let Some(path) = &args.report {
        crate::report::write_page(&report, Some(path))?;
    }
    Ok(())
}

fn print_json(what: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(what).map_err(io::Error::from)?;
    Ok(writeln!(io::stdout(), "{text}")?)
}
