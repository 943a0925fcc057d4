//! The command line of the benchmark, and of what it starts.

use crate::bench::report::Transport;
use crate::contestant::Name;
use crate::values;
use clap::{Args, ValueEnum, ValueHint};
use std::path::PathBuf;
use std::time::Duration;

/// Measure every transport on this machine, beside its raw limit.
///
/// Each contestant is two processes: this library's with its default options and without spinning, the bare
/// primitive (pipe, socket, futex, one cache line), and other libraries as far as their programs are there. All take
/// turns, and what is called 'over raw' compares turns that were next to each other, since machines change their speed
/// while one watches. It takes a minute or two, during which the machine should have nothing else to do.
#[derive(Args, Debug)]
pub(crate) struct BenchArgs {
    /// Measure little, within seconds: enough to see that it works.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Only these transports, separated by commas.
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        conflicts_with = "goals"
    )]
    pub(crate) transports: Vec<Transport>,
    /// Print the whole report as one JSON object, and nothing else.
    #[arg(long)]
    pub(crate) json: bool,
    /// Write a page with plots.
    #[arg(long, value_name = "FILE.html", value_hint = ValueHint::FilePath, conflicts_with = "goals")]
    pub(crate) report: Option<PathBuf>,
    /// Where the programs calc-ipc-rival-* are [default: beside this program, or ../libexec/calc_ipc from there].
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "goals")]
    pub(crate) rivals: Option<PathBuf>,
    /// Measure just what the library's own goals need, and say which are met.
    #[arg(long)]
    pub(crate) goals: bool,
    /// How often to measure the goals; the median counts.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "goals", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) runs: u32,
}

/// One side of a measured conversation; `bench` starts it.
#[derive(Args, Debug)]
pub(crate) struct ContestantArgs {
    pub(crate) name: Name,
    pub(crate) role: Role,
    /// The prefix of a path.
    pub(crate) address: PathBuf,
    /// Connections.
    #[arg(default_value_t = 1)]
    pub(crate) clients: u32,
    #[command(flatten)]
    pub(crate) settings: ContestantSettings,
}

/// How both sides of a conversation are set up.
#[derive(Args, Clone, Debug)]
pub(crate) struct ContestantSettings {
    /// How long to look for work before sleeping.
    #[arg(long, default_value = "0", value_parser = values::duration)]
    pub(crate) spin: Duration,
    /// Echo bodies of up to so many bytes, instead of calculating.
    #[arg(long)]
    pub(crate) echo: Option<u32>,
}

impl ContestantSettings {
    /// The arguments that say so.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![format!("--spin={}us", self.spin.as_micros())];
        arguments.extend(self.echo.map(|size| format!("--echo={size}")));
        arguments
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Role {
    Server,
    Client,
    /// A server over its standard input and output.
    Stdio,
}
