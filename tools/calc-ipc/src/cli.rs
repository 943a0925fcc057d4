//! The command line, defined once: parsing, help, man pages and completions come from here.

use crate::bench::report::Transport;
use crate::contestant::Name;
use crate::values;
use calc_ipc::transport::url::Url;
use calc_ipc::transport::{ClientOptions, ServerOptions, ServerUser};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use std::path::PathBuf;
use std::time::Duration;

/// Its lines are short enough for a man page on 80 columns.
const URLS: &str = "\
URLs:
  unix:///path          a Unix socket
  shm://name            shared memory
  fifo:///path          the FIFOs path.request and path.response
  tcp://host:port       TCP; for servers, port 0 is any that is free
  exec:///path/program  clients: a program that serves on its stdio
  stdio:                servers: this command's own stdin and stdout

Exit status:
  0  all is well
  1  the server answered a request with an error
  2  the command line, or a line of the input, makes no sense
  3  a server could not be reached, or input or output failed";

/// Serves, asks, lists and examines calc_ipc endpoints.
#[derive(Debug, Parser)]
#[command(name = "calc-ipc", version, after_help = URLS, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Serve(ServeArgs),
    Call(CallArgs),
    Ls(LsArgs),
    Doctor(DoctorArgs),
    Bench(BenchArgs),
    #[command(hide = true)]
    Contestant(ContestantArgs),
    Man(ManArgs),
    Completions(CompletionsArgs),
}

/// Serve the calculator, at one or several addresses at once.
///
/// Prints the URL of each address, as bound, on standard output, one a line, once clients can
/// connect (on standard error with stdio:, whose standard output is the connection). If one
/// address cannot be had, none is served. SIGINT, SIGTERM and SIGHUP end it with exit status 0, and so
/// does the end of standard input with stdio:; nothing is left behind.
#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    /// Where to serve.
    #[arg(value_name = "URL", required = true, value_parser = Url::parse, value_hint = ValueHint::Url)]
    pub(crate) urls: Vec<Url>,
    /// Log every request and its answer, and a sum at the end, on standard error.
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// Clients at once; further ones are refused [default: what suits the transport].
    #[arg(long, value_name = "N")]
    max_clients: Option<u32>,
    /// The longest message taken, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = ServerOptions::default().max_message)]
    max_message: u32,
    /// Threads that serve each address; 0 lets the library choose.
    #[arg(long, value_name = "N", default_value_t = 0)]
    workers: u32,
    /// Permission bits of what is made in the file system; any beyond 0700 let other users in.
    #[arg(long, value_name = "OCTAL", default_value = "0600", value_parser = values::mode)]
    mode: u32,
    /// Drop a client that asks nothing for this long; 0: never.
    #[arg(long, value_name = "DURATION", default_value = "0", value_parser = values::duration)]
    idle_timeout: Duration,
    /// How long to look for work before sleeping in the kernel; 0: not at all.
    #[arg(long, value_name = "DURATION", default_value = "50us", value_parser = values::duration)]
    spin: Duration,
    /// Allow addresses that other machines can reach.
    #[arg(long)]
    allow_remote: bool,
}

impl ServeArgs {
    /// The library's options.
    pub(crate) fn options(&self) -> ServerOptions {
        ServerOptions {
            max_clients: self.max_clients,
            max_message: self.max_message,
            workers: self.workers,
            mode: self.mode,
            idle_timeout: self.idle_timeout,
            spin: self.spin,
            stop_when_idle: false,
            allow_remote: self.allow_remote,
        }
    }
}

/// Ask a server: one expression, or every line of standard input.
///
/// With '-', expressions are read from standard input, one a line, and sent on as many at once as
/// are there; the answers come in the same order, one a line, as soon as they are known. Empty lines are
/// passed over. A line that is no expression is reported on standard error with its number; the
/// others are answered all the same, and the exit status tells.
#[derive(Args, Debug)]
pub(crate) struct CallArgs {
    /// The server.
    #[arg(value_parser = Url::parse, value_hint = ValueHint::Url)]
    pub(crate) url: Url,
    /// ADD, SUB, MUL or DIV and two numbers, or '-' for the lines of standard input.
    #[arg(required = true, num_args = 1..=3, allow_negative_numbers = true)]
    pub(crate) expression: Vec<String>,
    /// Print one JSON object per answer: its input line's number (with '-'), "request", and "result"
    /// or "error".
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

/// How to treat the server.
#[derive(Args, Debug)]
pub(crate) struct ClientArgs {
    /// How long an answer may take; 0: without limit.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = values::duration)]
    timeout: Duration,
    /// How long the server may take to accept; 0: without limit.
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = values::duration)]
    connect_timeout: Duration,
    /// Whose server it has to be: 'own' (this user's or root's), 'any', or the number of a user.
    #[arg(long, value_name = "USER", default_value = "own", value_parser = values::server_user)]
    server_user: ServerUser,
}

impl ClientArgs {
    /// The library's options.
    pub(crate) fn options(&self) -> ClientOptions {
        let limit = |duration: Duration| (!duration.is_zero()).then_some(duration);
        ClientOptions {
            connect_timeout: limit(self.connect_timeout),
            call_timeout: limit(self.timeout),
            server_user: self.server_user,
            ..ClientOptions::default()
        }
    }
}

/// List this user's endpoints: alive, or left over by servers that were killed.
///
/// Looks in /dev/shm, $XDG_RUNTIME_DIR and /tmp for what has a lock of this library's beside it. Connects
/// to nothing and changes nothing. What is left over needs no care: the next server takes it over.
#[derive(Args, Debug)]
pub(crate) struct LsArgs {
    /// Further folders to look into.
    #[arg(value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(crate) folders: Vec<PathBuf>,
    /// Print one JSON object per endpoint: "state", "kind", "url", "path" and "pid".
    #[arg(long)]
    pub(crate) json: bool,
}

/// Explain why a server cannot be reached, or measure its round trip.
///
/// Connects as any client would and asks a few hundred requests; a program named by exec: is executed.
/// Changes nothing. Exit status 0 says that all is well, 3 that it is not.
#[derive(Args, Debug)]
pub(crate) struct DoctorArgs {
    /// The server.
    #[arg(value_parser = Url::parse, value_hint = ValueHint::Url)]
    pub(crate) url: Url,
    /// Print one JSON object: "url", "verdict", "explanation", and what else is known.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

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

/// Print the man page, or write one for each command.
#[derive(Args, Debug)]
pub(crate) struct ManArgs {
    /// Write calc-ipc.1, calc-ipc-serve.1 and so on into this folder.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) out: Option<PathBuf>,
}

/// Print completions for a shell.
#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    pub(crate) shell: Shell,
}
