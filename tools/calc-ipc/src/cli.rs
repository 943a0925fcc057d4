//! The command line, defined once: parsing, help, man pages and completions come from here.

mod bench;
mod contestant;
mod serve;
mod top;

pub(crate) use bench::BenchArgs;
pub(crate) use contestant::{
    Answering, Asking, ContestantArgs, ContestantManner, ContestantSettings, Passing, Role,
    Touching,
};
pub(crate) use serve::ServeArgs;
pub(crate) use top::TopArgs;

use crate::values;
use calc_ipc::transport::{Address, CONNECTIONS_RANGE, ClientOptions, ServerUser};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use serde::Serialize;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Its lines are short enough for a man page on 80 columns.
const URLS: &str = "\
URLs:
  unix:///path          a Unix socket
  seqpacket:///path     one that keeps records apart
  shm://name            shared memory
  shm:///path           the same, met at a path in place of /dev/shm
  fifo:///path          the FIFOs path.request and path.response
  tcp://host:port       TCP; for servers, port 0 is any that is free
  npipe://name          a named pipe of Windows
  exec:///path/program  clients: a program that serves on its stdio
  stdio:                servers: this command's own stdin and stdout
  systemd:              servers: the socket that systemd passed
  systemd:NAME          servers: of several, the one of this name

Exit status:
  0  all is well
  1  the server answered a request with an error
  2  the command line, or a line of the input, makes no sense
  3  a server could not be reached, or input or output failed";

/// Serves, asks, lists, examines, measures and recommends calc_ipc endpoints.
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
    Top(TopArgs),
    Doctor(DoctorArgs),
    Bench(BenchArgs),
    Recommend(RecommendArgs),
    Report(ReportArgs),
    Gateway(GatewayArgs),
    #[command(hide = true)]
    Contestant(ContestantArgs),
    Man(ManArgs),
    Completions(CompletionsArgs),
}

/// Let clients of gRPC ask servers of calc_ipc, by calc-ipc-gateway.
///
/// Executes calc-ipc-gateway, which is installed by itself, with all arguments; `calc-ipc gateway --help` is its help.
#[derive(Args, Debug)]
#[command(disable_help_flag = true)]
pub(crate) struct GatewayArgs {
    /// What calc-ipc-gateway is told.
    #[arg(
        value_name = "ARGUMENT",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    #[cfg_attr(not(unix), allow(dead_code, reason = "the gateway is for Linux"))]
    pub(crate) args: Vec<OsString>,
}

/// Ask a server: one expression, every line of standard input, or a message of your own.
///
/// A message by --bytes, --hex or --file is for a server of messages of its own. Its answer is printed as it is, and after
/// --hex in hexadecimal digits; at a terminal, what it could take for orders is escaped. Where the server's handler
/// fails, the exit status is 1.
///
/// With '-', expressions are read from standard input, one a line, and sent on as many at once as
/// are there; the answers come in the same order, one a line, as soon as they are known. Empty lines are
/// passed over. A line that is no expression is reported on standard error with its number; the
/// others are answered all the same, and the exit status tells.
#[derive(Args, Debug)]
pub(crate) struct CallArgs {
    /// The server.
    #[arg(value_parser = values::client_url, value_hint = ValueHint::Url)]
    pub(crate) url: Address,
    /// ADD, SUB, MUL or DIV and two numbers, or '-' for the lines of standard input.
    #[arg(required_unless_present = "message", conflicts_with = "message", num_args = 1..=3, allow_negative_numbers = true)]
    pub(crate) expression: Vec<String>,
    #[command(flatten)]
    pub(crate) message: MessageArgs,
    /// Print one JSON object per answer: its input line's number (with '-'), "request", and "result"
    /// or "error"; of a message's, "length", "text" (null where it is none) and "hex".
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

/// A message of one's own.
#[derive(Args, Debug)]
#[group(id = "message", multiple = false)]
pub(crate) struct MessageArgs {
    /// Ask with this text.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) bytes: Option<String>,
    /// Ask with these bytes, two hexadecimal digits each, which may have spaces between them.
    #[arg(long, value_name = "HEX", value_parser = values::hex)]
    pub(crate) hex: Option<values::Bytes>,
    /// Ask with what is in this file; '-' is standard input.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
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
/// Looks in /dev/shm, $XDG_RUNTIME_DIR and /tmp, on Windows among all pipes, for what has a lock of this
/// library's beside it, and asks each 'calc-ipc serve' of this user's session for its servers, those of TCP too, and what they did
/// so far. Connects to no endpoint and changes nothing. What is left over needs no care: the next server takes it over.
#[derive(Args, Debug)]
pub(crate) struct LsArgs {
    /// Further folders to look into.
    #[arg(value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(crate) folders: Vec<PathBuf>,
    /// Print one JSON object per endpoint: "state", "kind", "url", "path", "pid", and of 'calc-ipc serve' "stats".
    #[arg(long)]
    pub(crate) json: bool,
}

/// Explain why a server cannot be reached, or measure its round trip.
///
/// Connects as any client would and asks a few hundred times ADD 10 20; a program named by exec: is executed.
/// A server of messages of its own that answers, or whose handler refuses that, is healthy, too.
/// Changes nothing. Exit status 0 says that all is well, 3 that it is not.
#[derive(Args, Debug)]
pub(crate) struct DoctorArgs {
    /// The server.
    #[arg(value_parser = values::client_url, value_hint = ValueHint::Url)]
    pub(crate) url: Address,
    /// Ask this message, which the server's handler has to know.
    #[arg(long, value_name = "TEXT")]
    pub(crate) message: Option<String>,
    /// Print one JSON object: "url", "verdict", "explanation", and what else is known.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

/// Recommend a transport for what you have in mind, with this machine's figures behind it.
///
/// Asks for what the options do not say, if there is a terminal to ask at; elsewhere, what is not said is
/// what it says below. Prints the URL to use, lines to paste for server and client, reasons, and what
/// the second best would cost. Figures are measured now, which takes some seconds, unless a report has them.
#[derive(Args, Debug)]
pub(crate) struct RecommendArgs {
    /// How the processes come to life [default: not known yet].
    #[arg(long, value_name = "RELATION", value_enum)]
    pub(crate) relation: Option<Relation>,
    /// Clients of the server at once [default: 1].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) clients: Option<u32>,
    /// A large, but usual message, 64MiB at most [default: 64].
    #[arg(long, value_name = "SIZE", value_parser = values::usual_size)]
    pub(crate) message_size: Option<u32>,
    /// Nothing counts as much as the time of a call [default: false].
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) fastest: Option<bool>,
    /// Processes of other users take part [default: false].
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) other_users: Option<bool>,
    /// Processes on other machines take part, now or later [default: false].
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) other_machines: Option<bool>,
    /// Either side runs in an event loop of its own, which nothing may hold up [default: false].
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) event_loop: Option<bool>,
    /// Threads that share one client [default: 1].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(*CONNECTIONS_RANGE.end())))]
    pub(crate) threads: Option<u32>,
    /// Answers come later than handlers return, as when something happens [default: false].
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) late_answers: Option<bool>,
    /// The system that it is for [default: this one].
    #[arg(long, value_name = "SYSTEM", value_enum)]
    pub(crate) system: Option<System>,
    /// Ask nothing, also at a terminal.
    #[arg(long)]
    pub(crate) no_input: bool,
    /// What the service is to be called, in its URL.
    #[arg(long, default_value = "calc", value_parser = values::service_name)]
    pub(crate) name: String,
    /// Take the figures from a report that 'calc-ipc bench --json' wrote.
    #[arg(long, value_name = "REPORT", value_hint = ValueHint::FilePath, conflicts_with = "no_measure")]
    pub(crate) from: Option<PathBuf>,
    /// Recommend without figures.
    #[arg(long)]
    pub(crate) no_measure: bool,
    /// Print also how it is decided: every question, and what follows from it.
    #[arg(long)]
    pub(crate) explain: bool,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How the two processes come to life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Relation {
    /// One starts the other.
    ParentChild,
    /// Each is started on its own.
    Independent,
}

/// A system that the library is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum System {
    /// Linux, and its Unix sockets and FIFOs.
    Linux,
    /// Windows, and its named pipes.
    Windows,
}

impl System {
    /// The one that this program runs on.
    pub(crate) const HERE: Self = if cfg!(windows) {
        Self::Windows
    } else {
        Self::Linux
    };
}

/// Make a page with plots out of a report that 'calc-ipc bench --json' wrote.
///
/// One HTML file, which needs neither a network nor another file.
#[derive(Args, Debug)]
pub(crate) struct ReportArgs {
    /// The report.
    #[arg(value_hint = ValueHint::FilePath)]
    pub(crate) report: PathBuf,
    /// The page to write; without it, it goes to standard output.
    #[arg(long, value_name = "PAGE", value_hint = ValueHint::FilePath)]
    pub(crate) out: Option<PathBuf>,
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
