//! `calc-ipc recommend`: which transport, and how it is used.

mod answer;
mod facts;
mod figures;
mod kind;
mod lines;
mod source;
mod text;
mod tree;

use crate::cli::RecommendArgs;
use crate::exit::{Exit, Failure};
use answer::Answer;
use std::io::Write;

/// Asks, measures, decides and tells.
pub(crate) fn run(args: &RecommendArgs) -> Result<Exit, Failure> {
    let facts = facts::gather(args)?;
    let report = source::report(args, facts.system)?;
    let answer = Answer::new(args, facts, report)?;
    let mut output = std::io::stdout().lock();
    match args.json {
        true => {
            serde_json::to_writer(&mut output, &answer).map_err(std::io::Error::from)?;
            writeln!(output)?;
        }
        false => text::print(&mut output, &answer)?,
    }
    Ok(Exit::Success)
}
