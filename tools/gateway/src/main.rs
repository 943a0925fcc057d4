//! `calc-ipc-gateway`: see the library part for how, `README.md` for what.
#![forbid(unsafe_code)]

use calc_ipc_gateway::cli::Cli;
use calc_ipc_gateway::{run, trace};
use clap::Parser as _;
use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    trace::init();
    match run::run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // If nobody can hear it, there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "calc-ipc-gateway: {failure}");
            failure.exit()
        }
    }
}
