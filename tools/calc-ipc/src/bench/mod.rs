//! `calc-ipc bench`: every transport on this machine, beside its raw limit.

mod asynchronous;
mod crowd;
mod found;
mod goal;
mod goals;
pub(crate) mod html;
mod machine;
mod pair;
mod plan;
mod processors;
mod program;
mod progress;
mod promises;
pub(crate) mod report;
mod rivals;
mod session;
mod spec;
mod stats;
mod survey;
mod table;
mod trouble;
mod turns;
mod wake_ups;

use crate::cli::BenchArgs;
use crate::exit::{Exit, Failure};
use serde::Serialize;
use session::Session;
use std::io::{self, Write};
use trouble::Trouble;

/// Measures, and prints what was found.
pub(crate) fn run(args: &BenchArgs) -> Result<Exit, Failure> {
    let mut session = Session::new()?;
    let mut are_promises_kept = true;
    if args.goals {
        goals::run(&mut session, args)?;
    } else if args.crowd {
        crowd::run(&mut session, args)?;
    } else if args.asynchronous {
        asynchronous::run(&mut session, args)?;
    } else if args.promises {
        are_promises_kept = promises::run(&mut session, args)?;
    } else {
        survey(&mut session, args)?;
    }
    let is_broken = args.strict && !are_promises_kept;
    Ok(exit(session.has_failures, is_broken))
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
        crate::report::check_page(path)?;
    }
    let rivals = rivals::find(session, args.rivals.as_deref())?;
    let report = survey::run(session, args.quick, &args.transports, &rivals)?;
    match args.json {
        true => print_json(&report)?,
        false => io::stdout()
            .write_all(table::render(&report).as_bytes())
            .map_err(Failure::from)?,
    }
    // Last, so that a path that cannot be written to any more costs no measurement.
    if let Some(path) = &args.report {
        crate::report::write_page(&report, Some(path))?;
    }
    Ok(())
}

fn print_json(what: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(what).map_err(io::Error::from)?;
    Ok(writeln!(io::stdout(), "{text}")?)
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
