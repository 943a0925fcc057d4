//! Where the two sides of a bare stream meet.

use super::stream::Stream;
use super::{Name, beside, calculator, seqpacket};
use crate::cli::ContestantArgs;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::fs::{File, OpenOptions};
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

/// The bytes that stand for a request of the calculator's, and for its answer.
pub(super) const SMALL: usize = 16;

/// The length of the messages that are served.
pub(super) fn message(args: &ContestantArgs) -> usize {
    let echo = args
        .settings
        .echo
        .map(|size| usize::try_from(size).unwrap_or(SMALL));
    echo.unwrap_or(SMALL).max(SMALL)
}

/// What a server does with what comes.
#[derive(Clone, Copy)]
enum Work {
    /// Gives back messages of this length.
    Echo(usize),
    Calculate {
        is_slow: bool,
    },
}

/// Serves one client to its end.
pub(super) fn attend(mut stream: Stream, args: &ContestantArgs) -> io::Result<()> {
    work(args).attend(&mut stream)
}

fn work(args: &ContestantArgs) -> Work {
    match args.settings.calculate {
        true => Work::Calculate {
            is_slow: args.settings.is_slow,
        },
        false => Work::Echo(message(args)),
    }
}

impl Work {
    fn attend(self, stream: &mut Stream) -> io::Result<()> {
        match self {
            Self::Echo(message) => stream.echo(message),
            Self::Calculate { is_slow } => calculator::serve(stream, is_slow),
        }
    }
}

/// What a server makes in the file system.
pub(super) fn names(args: &ContestantArgs) -> Vec<PathBuf> {
    match args.name {
        Name::RawFifo => (0..args.clients).flat_map(|n| pair(args, n)).collect(),
        Name::RawUnix | Name::RawSeqpacket => vec![socket(args)],
        _ => vec![],
    }
}

fn socket(args: &ContestantArgs) -> PathBuf {
    beside(&args.address, "sock")
}

/// The FIFOs of a client, for requests and for answers.
fn pair(args: &ContestantArgs, client: u32) -> [PathBuf; 2] {
    ["q", "a"].map(|way| beside(&args.address, &format!("{client}.{way}")))
}

/// Makes the address, and threads that serve there; gives the port, if there is one.
pub(super) fn listen(args: &ContestantArgs) -> io::Result<Option<u16>> {
    let (work, budget, name) = (work(args), args.settings.spin, args.name);
    let serve = move |fd: OwnedFd| {
        thread::Builder::new().spawn(move || work.attend(&mut over(name, fd, budget)?))
    };
    match args.name {
        Name::RawUnix | Name::RawSeqpacket => {
            let listener = match name {
                Name::RawUnix => UnixListener::bind(socket(args))?,
                _ => seqpacket::listen_at(&socket(args))?,
            };
            thread::Builder::new().spawn(move || -> io::Result<()> {
                loop {
                    serve(listener.accept()?.0.into())?;
                }
            })?;
        }
        Name::RawFifo => {
            for client in 0..args.clients {
                serve_pair(args, client)?;
            }
        }
        _ => {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            let port = listener.local_addr()?.port();
            thread::Builder::new().spawn(move || -> io::Result<()> {
                loop {
                    let (client, _) = listener.accept()?;
                    client.set_nodelay(true)?;
                    serve(client.into())?;
                }
            })?;
            return Ok(Some(port));
        }
    }
    Ok(None)
}

/// A stream over a socket; a record that is written has room in its buffer.
fn over(name: Name, socket: OwnedFd, budget: Duration) -> io::Result<Stream> {
    let stream = Stream::two_way(socket, budget)?;
    Ok(match name {
        Name::RawSeqpacket => stream.in_records_of(seqpacket::RECORD),
        _ => stream,
    })
}

/// Makes a pair of FIFOs, and a thread that serves whoever opens it.
fn serve_pair(args: &ContestantArgs, client: u32) -> io::Result<()> {
    let names = pair(args, client);
    for name in &names {
        mkfifo(name, Mode::S_IRUSR | Mode::S_IWUSR)?;
    }
    let (work, budget, message) = (work(args), args.settings.spin, message(args));
    let [requests, answers] = names;
    thread::Builder::new().spawn(move || -> io::Result<()> {
        let input = File::open(requests)?;
        let output = OpenOptions::new().write(true).open(answers)?;
        let mut stream = Stream::new(input.into(), output.into(), budget)?;
        stream.widen(message);
        work.attend(&mut stream)
    })?;
    Ok(())
}

/// Connects the client of this number.
pub(super) fn dial(args: &ContestantArgs, port: Option<u16>, client: u32) -> io::Result<Stream> {
    let budget = args.settings.spin;
    if let Some(port) = port {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        return Stream::two_way(stream.into(), budget);
    }
    match args.name {
        Name::RawFifo => {
            // The server opens them in this order, too.
            let [requests, answers] = pair(args, client);
            let output = OpenOptions::new().write(true).open(requests)?;
            let input = File::open(answers)?;
            Stream::new(input.into(), output.into(), budget)
        }
        Name::RawSeqpacket => over(args.name, seqpacket::connect_to(&socket(args))?, budget),
        Name::RawUnix => over(args.name, UnixStream::connect(socket(args))?.into(), budget),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}
