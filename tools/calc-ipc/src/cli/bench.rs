//! The command line of the benchmark, and of what it starts.

use crate::bench::report::Transport;
use crate::values;
use clap::{ArgGroup, Args, ValueHint};
use std::path::PathBuf;
use std::time::Duration;

/// Measure every transport on this machine, beside its raw limit.
///
/// Each contestant is two processes: this library's with its default options and without spinning, the bare
/// primitive (pipe, socket, futex, one cache line), and other libraries as far as their programs are there. All take
/// turns, and what is called 'over raw' compares turns that were next to each other, since machines change their speed
/// while one watches. It takes a minute or two, during which the machine should have nothing else to do.
///
/// --crowd measures fairness instead: a client that asks once in 200 us beside greedy ones that send batch after batch,
/// and beside a handler that takes 100 ms; this library beside a raw server with a thread for each client that does the same work.
/// It takes about three minutes.
///
/// --async measures calls that nobody waits for, clients that threads share and answers that come later, each beside plain calls over
/// the same transport; and submitted calls beside other libraries' requests, as far as their programs are there. It takes about two
/// minutes.
///
/// --promises measures what is promised in time instead: how soon a client learns that its server was killed, a server
/// stops, a call ends at its deadline and so on, with a verdict for each. It takes about three minutes.
///
/// --frames measures the processor time that both sides take for frames of a camera, 6 MiB each, 60 in a second, which the client fills and
/// the server reads: copied, lent, and read where they lie; and by other libraries, as far as their programs know of frames. It takes about
/// half a minute.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("in_rounds").args(["crowd", "promises", "asynchronous", "frames"]))]
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
    /// Say what got slower since this report, which --json has printed: what is further from its raw limit by a tenth and more.
    #[arg(long, value_name = "OLD.json", value_hint = ValueHint::FilePath, conflicts_with_all = ["goals", "json", "crowd", "asynchronous", "promises", "frames"])]
    pub(crate) compare: Option<PathBuf>,
    /// Where the programs calc-ipc-rival-* are [default: beside this program, or ../libexec/calc_ipc from there].
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) rivals: Option<PathBuf>,
    /// Measure just what the library's own goals need, and say which are met.
    #[arg(long)]
    pub(crate) goals: bool,
    /// How often to measure the goals; the median counts.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "goals", conflicts_with = "in_rounds", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) runs: u32,
    /// Measure a client that asks now and then beside greedy ones that ask without a pause.
    #[arg(long, conflicts_with_all = ["goals", "report", "rivals"])]
    pub(crate) crowd: bool,
    /// Measure calls that nobody waits for, shared clients and deferred answers beside plain calls.
    #[arg(long = "async", conflicts_with_all = ["goals", "report"])]
    pub(crate) asynchronous: bool,
    /// Measure what is promised in time, and say of each promise whether it was kept.
    #[arg(long, conflicts_with_all = ["goals", "report", "rivals"])]
    pub(crate) promises: bool,
    /// Measure what frames of a camera take of the processors.
    #[arg(long, conflicts_with_all = ["goals", "report", "transports"])]
    pub(crate) frames: bool,
    /// End with exit status 1 if a promise was not kept.
    #[arg(long, requires = "promises", conflicts_with_all = ["goals", "crowd", "asynchronous", "frames"])]
    pub(crate) strict: bool,
    /// How many rounds to measure [default: 5 with --crowd, 10 with --frames, 20 with --async, 200 with --promises].
    #[arg(long, value_name = "N", requires = "in_rounds", conflicts_with = "goals", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) rounds: Option<u32>,
    #[command(flatten)]
    pub(crate) crowds: CrowdArgs,
}

/// Said beside `requires`, which clap forgets where something else excludes what is required.
const NO_CROWD: [&str; 4] = ["goals", "promises", "asynchronous", "frames"];

/// How `--crowd` measures.
#[derive(Args, Debug)]
pub(crate) struct CrowdArgs {
    /// How many greedy clients, separated by commas [default: 0,2,16,64].
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', requires = "crowd", conflicts_with_all = NO_CROWD, value_parser = clap::value_parser!(u32).range(..=96))]
    pub(crate) greedy: Vec<u32>,
    /// Requests that a greedy client sends at once.
    #[arg(long, value_name = "N", default_value_t = 512, requires = "crowd", conflicts_with_all = NO_CROWD, value_parser = clap::value_parser!(u32).range(1..=2048))]
    pub(crate) batch: u32,
    /// How long each contestant is measured in a round [default: 400ms].
    #[arg(long, value_name = "DURATION", requires = "crowd", conflicts_with_all = NO_CROWD, value_parser = values::duration)]
    pub(crate) turn: Option<Duration>,
}
