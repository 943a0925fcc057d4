//! Man pages and completions, from the definition of the command line.

use crate::cli::{Cli, CompletionsArgs, ManArgs};
use crate::exit::{Exit, Failure};
use clap::CommandFactory;
use std::io::Write;

/// Prints the man page, or writes all of them into a folder.
pub(crate) fn man_pages(args: &ManArgs) -> Result<Exit, Failure> {
    // A page that says how to ask for help is no help.
    let command = Cli::command().disable_help_subcommand(true);
    match &args.out {
        None => clap_mangen::Man::new(command).render(&mut std::io::stdout())?,
        Some(folder) => clap_mangen::generate_to(command, folder)
            .map_err(|error| Failure::io(folder.display(), &error))?,
    }
    Ok(Exit::Success)
}

/// Prints completions for a shell.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<Exit, Failure> {
    // The generator panics where it cannot write, so it writes into memory.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "calc-ipc", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(Exit::Success)
}
