//! `calc-ipc`: calc_ipc endpoints for people. It serves them, asks them, lists them, explains
//! why one cannot be reached, and recommends one; `README.md` shows how.

mod bench;
mod call;
mod cli;
mod colour;
mod contestant;
mod doctor;
#[cfg(unix)]
mod endpoint;
mod exit;
#[cfg(unix)]
mod gateway;
mod generate;
mod ls;
#[cfg(windows)]
mod pipe;
mod recommend;
mod report;
mod serve;
#[cfg(unix)]
mod stats;
mod sys;
#[cfg(unix)]
mod top;
mod values;

use clap::Parser;
use cli::{Cli, Command};
use exit::{Exit, Failure};
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let exit = run(&Cli::parse().command).unwrap_or_else(|failure| {
        if failure.is_closed_output() {
            return Exit::Success;
        }
        complain(&failure);
        failure.exit()
    });
    exit.into()
}

fn run(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Serve(args) => serve::run(args),
        Command::Call(args) => call::run(args),
        Command::Ls(args) => ls::run(args),
        #[cfg(unix)]
        Command::Top(args) => top::run(args),
        #[cfg(not(unix))]
        Command::Top(_) => Err(Failure::Usage(
            "not supported here: servers offer no stats on this system".to_owned(),
        )),
        Command::Doctor(args) => doctor::run(args),
        Command::Recommend(args) => recommend::run(args),
        Command::Report(args) => report::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Contestant(args) => contestant::run(args),
        #[cfg(unix)]
        Command::Gateway(args) => gateway::run(args),
        #[cfg(not(unix))]
        Command::Gateway(_) => Err(Failure::Usage(
            "not supported here: the gateway is for Linux".to_owned(),
        )),
        Command::Man(args) => generate::man_pages(args),
        Command::Completions(args) => generate::completions(args),
    }
}

/// Says something on standard error. If nobody can hear it, there is nobody left to tell.
fn complain(what: &dyn std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "calc-ipc: {what}");
}
