//! A program that is measured: one side of a conversation between two processes, over this library or over a
//! bare primitive of the system.
//!
//! `calc-ipc contestant` is started by `calc-ipc bench` alone. What it is told and what it says is the same
//! for the programs of other libraries, see `docs/performance.md`.

mod body;
mod calculator;
mod crowd;
mod deferred;
#[cfg(unix)]
mod driven;
mod echo;
#[cfg(unix)]
mod epoll;
mod filled;
mod flight;
mod job;
mod obey;
mod ours;
mod paced;
mod raw_memory;
mod raw_place;
mod raw_stream;
#[cfg(unix)]
mod seqpacket;
mod stream;

#[cfg(unix)]
pub(crate) use filled::{fill, sum as sum_of_body};
#[cfg(unix)]
pub(crate) use job::{is_sum, slow, sum};
#[cfg(unix)]
pub(crate) use ours::{open, spawn_within, url_of};

use crate::bench::report::Transport;
use crate::cli::{ContestantArgs, Passing, Role};
use crate::exit::{Exit, Failure};
use calc_ipc::calculator::{Request, Response};
use clap::ValueEnum;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What can be measured.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Name {
    Shm,
    Pipe,
    Fifo,
    Unix,
    Seqpacket,
    Tcp,
    Npipe,
    RawFutex,
    RawSpin,
    RawPipe,
    RawFifo,
    RawUnix,
    RawEpoll,
    RawSeqpacket,
    RawTcp,
    RawNpipe,
}

impl Name {
    /// What it is measured over.
    fn transport(self) -> Transport {
        match self {
            Self::Shm | Self::RawFutex | Self::RawSpin => Transport::Shm,
            Self::Pipe | Self::RawPipe => Transport::Pipe,
            Self::Fifo | Self::RawFifo => Transport::Fifo,
            Self::Unix | Self::RawUnix | Self::RawEpoll => Transport::Unix,
            Self::Seqpacket | Self::RawSeqpacket => Transport::Seqpacket,
            Self::Tcp | Self::RawTcp => Transport::Tcp,
            Self::Npipe | Self::RawNpipe => Transport::Npipe,
        }
    }

    /// As it is written on the command line.
    pub(crate) fn text(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// One connection to a server.
trait Caller: Send {
    /// Makes ready for messages of so many bytes (0: the calculator's), so many at a time.
    fn prepare(&mut self, size: usize, batch: usize) -> Result<(), Failure>;

    /// Makes ready for frames of so many bytes, which go this way.
    fn prepare_frames(&mut self, _: usize, _: Passing) -> Result<(), Failure> {
        Err(Failure::Usage("it has no frames".to_owned()))
    }

    /// Asks once, and checks the answer, which depends on the number of the call.
    fn round_trip(&mut self, number: u64) -> Result<(), Failure>;

    /// Asks the calculator.
    fn calculate(&mut self, _: &Request) -> Result<Response, Failure> {
        Err(Failure::Usage("it calculates nothing".to_owned()))
    }
}

/// Makes one more connection.
type Connect = dyn Fn() -> Result<Box<dyn Caller>, Failure>;

/// Connections, and the server's process if it is this process's child.
struct Callers {
    callers: Vec<Box<dyn Caller>>,
    server: Option<u32>,
    /// `None`: there are no more than those.
    more: Option<Box<Connect>>,
}

impl Callers {
    /// As many connections as `args` want to a server that is nobody's child; each is told its number.
    fn connect<C: Caller + 'static>(
        args: &ContestantArgs,
        connect: impl Fn(u32) -> Result<C, Failure> + 'static,
    ) -> Result<Self, Failure> {
        let connect = move |number| Ok(Box::new(connect(number)?) as Box<dyn Caller>);
        let next = args.settings.first + args.clients;
        let callers = (args.settings.first..next).map(&connect);
        Ok(Self {
            callers: callers.collect::<Result<_, Failure>>()?,
            server: None,
            more: Some(Box::new(move || connect(next))),
        })
    }

    /// The one connection to a server that is this process's child.
    fn only(caller: impl Caller + 'static, server: Option<u32>) -> Self {
        Self {
            callers: vec![Box::new(caller)],
            server,
            more: None,
        }
    }
}

/// Serves, or asks, as the driver says.
pub(crate) fn run(args: &ContestantArgs) -> Result<Exit, Failure> {
    if !args.name.transport().is_here() {
        return Err(Failure::Usage("it is not on this system".to_owned()));
    }
    match args.role {
        Role::Server => serve(args)?,
        Role::Stdio => serve_stdio(args)?,
        Role::Client => obey::obey(connect(args)?)?,
    }
    Ok(Exit::Success)
}

fn serve(args: &ContestantArgs) -> Result<(), Failure> {
    match args.name {
        Name::Shm | Name::Fifo | Name::Unix | Name::Seqpacket | Name::Tcp | Name::Npipe => {
            ours::serve(args)
        }
        Name::RawFutex | Name::RawSpin => raw_memory::serve(args),
        Name::RawFifo
        | Name::RawUnix
        | Name::RawEpoll
        | Name::RawSeqpacket
        | Name::RawTcp
        | Name::RawNpipe => raw_stream::serve(args),
        Name::Pipe | Name::RawPipe => Err(Failure::Usage(
            "an anonymous pipe has no server with an address".to_owned(),
        )),
    }
}

fn serve_stdio(args: &ContestantArgs) -> Result<(), Failure> {
    match args.name {
        Name::Pipe => ours::serve_stdio(args),
        Name::RawPipe => raw_stream::serve_stdio(args),
        _ => Err(Failure::Usage(
            "only pipes are served over standard input and output".to_owned(),
        )),
    }
}

fn connect(args: &ContestantArgs) -> Result<Callers, Failure> {
    match args.name {
        Name::Pipe => ours::spawn(args),
        Name::Shm | Name::Fifo | Name::Unix | Name::Seqpacket | Name::Tcp | Name::Npipe => {
            ours::connect(args)
        }
        Name::RawFutex | Name::RawSpin => raw_memory::connect(args),
        Name::RawPipe => raw_stream::spawn(args),
        Name::RawFifo
        | Name::RawUnix
        | Name::RawEpoll
        | Name::RawSeqpacket
        | Name::RawTcp
        | Name::RawNpipe => raw_stream::connect(args),
    }
}

/// Says that clients can connect.
fn say_ready() -> Result<(), Failure> {
    let mut output = io::stdout();
    output.write_all(b"ready\n")?;
    Ok(output.flush()?)
}

/// Says that clients can connect, and waits for the end of standard input.
fn await_end() -> Result<(), Failure> {
    say_ready()?;
    let failure = |error| Failure::io("standard input", &error);
    io::stdin()
        .read_to_end(&mut Vec::new())
        .map(drop)
        .map_err(failure)
}

/// `ADDRESS.extension`.
fn beside(address: &Path, extension: &str) -> PathBuf {
    let mut path = address.as_os_str().to_owned();
    path.push(".");
    path.push(extension);
    path.into()
}

/// Tells clients the port, in one step, so that nobody reads half of it.
fn write_port(address: &Path, port: u16) -> Result<(), Failure> {
    let path = beside(address, "port");
    let draft = beside(address, "port.new");
    fs::write(&draft, port.to_string())
        .and_then(|()| fs::rename(&draft, &path))
        .map_err(|error| Failure::io(path.display(), &error))
}

fn read_port(address: &Path) -> Result<u16, Failure> {
    let path = beside(address, "port");
    let text = fs::read_to_string(&path).map_err(|error| Failure::io(path.display(), &error))?;
    let port = text.trim().parse();
    port.map_err(|error| Failure::Transport(format!("{}: {error}", path.display())))
}

/// The arguments with which this program serves over its standard input and output.
fn stdio_arguments(args: &ContestantArgs) -> Vec<String> {
    let mut arguments = vec![
        "contestant".to_owned(),
        args.name.text(),
        "stdio".to_owned(),
    ];
    arguments.push(args.address.display().to_string());
    arguments.extend(args.settings.arguments());
    arguments
}

fn own_program() -> Result<PathBuf, Failure> {
    std::env::current_exe().map_err(|error| Failure::io("find this program", &error))
}

/// Starts this program as the server of an anonymous pipe.
fn spawn_stdio(args: &ContestantArgs, input: Stdio, output: Stdio) -> Result<Child, Failure> {
    Command::new(own_program()?)
        .args(stdio_arguments(args))
        .stdin(input)
        .stdout(output)
        .spawn()
        .map_err(|error| Failure::io("start a server", &error))
}
