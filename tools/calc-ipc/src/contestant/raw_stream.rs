//! The bare pipe, FIFO, Unix socket and TCP socket: as many bytes to and fro, and nothing around them.

use super::body::Bodies;
use super::stream::Stream;
use super::{Caller, Callers, Name, await_end, beside, read_port, spawn_stdio, write_port};
use crate::cli::ContestantArgs;
use crate::exit::Failure;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::thread;

/// The bytes that stand for a request of the calculator's, and for its answer.
pub(super) const SMALL: usize = 16;

fn failure(error: &io::Error) -> Failure {
    Failure::io("raw", error)
}

/// The length of the messages that are served.
pub(super) fn message(args: &ContestantArgs) -> usize {
    let echo = args
        .settings
        .echo
        .map(|size| usize::try_from(size).unwrap_or(SMALL));
    echo.unwrap_or(SMALL).max(SMALL)
}

/// Serves on threads that nobody waits for: they end with the process.
pub(super) fn serve(args: &ContestantArgs) -> Result<(), Failure> {
    let names = names(args);
    let result = listen(args, &names).map_err(|error| failure(&error));
    let result =
        result.and_then(|port| port.map_or(Ok(()), |port| write_port(&args.address, port)));
    let result = result.and_then(|()| await_end());
    for name in names {
        let _ = fs::remove_file(name);
    }
    result
}

/// What a server makes in the file system.
fn names(args: &ContestantArgs) -> Vec<PathBuf> {
    let name = |extension| beside(&args.address, extension);
    match args.name {
        Name::RawFifo => vec![name("q"), name("a")],
        Name::RawUnix => vec![name("sock")],
        _ => vec![],
    }
}

/// Makes the address, and a thread that serves there; gives the port, if there is one.
fn listen(args: &ContestantArgs, names: &[PathBuf]) -> io::Result<Option<u16>> {
    let (message, budget) = (message(args), args.settings.spin);
    let serve = move |fd: OwnedFd| {
        thread::Builder::new().spawn(move || Stream::two_way(fd, budget)?.echo(message))
    };
    match names {
        [path] => {
            let listener = UnixListener::bind(path)?;
            thread::Builder::new().spawn(move || -> io::Result<()> {
                loop {
                    serve(listener.accept()?.0.into())?;
                }
            })?;
            Ok(None)
        }
        [requests, answers] => {
            for name in names {
                mkfifo(name, Mode::S_IRUSR | Mode::S_IWUSR)?;
            }
            let (requests, answers) = (requests.clone(), answers.clone());
            thread::Builder::new().spawn(move || -> io::Result<()> {
                let input = File::open(requests)?;
                let output = OpenOptions::new().write(true).open(answers)?;
                let mut stream = Stream::new(input.into(), output.into(), budget)?;
                stream.widen(message);
                stream.echo(message)
            })?;
            Ok(None)
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
            Ok(Some(port))
        }
    }
}

pub(super) fn serve_stdio(args: &ContestantArgs) -> Result<(), Failure> {
    let own = || {
        let input = io::stdin().as_fd().try_clone_to_owned()?;
        let output = io::stdout().as_fd().try_clone_to_owned()?;
        Stream::new(input, output, args.settings.spin)?.echo(message(args))
    };
    own().map_err(|error| failure(&error))
}

pub(super) fn connect(args: &ContestantArgs) -> Result<Callers, Failure> {
    let port = match args.name {
        Name::RawTcp => Some(read_port(&args.address)?),
        _ => None,
    };
    Callers::connect(args.clients, || {
        let stream = dial(args, port).map_err(|error| failure(&error))?;
        Raw::greeted(stream, None, message(args))
    })
}

fn dial(args: &ContestantArgs, port: Option<u16>) -> io::Result<Stream> {
    let budget = args.settings.spin;
    if let Some(port) = port {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        return Stream::two_way(stream.into(), budget);
    }
    match names(args).as_slice() {
        [requests, answers] => {
            // The server opens them in this order, too.
            let output = OpenOptions::new().write(true).open(requests)?;
            let input = File::open(answers)?;
            Stream::new(input.into(), output.into(), budget)
        }
        [path] => Stream::two_way(UnixStream::connect(path)?.into(), budget),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}

pub(super) fn spawn(args: &ContestantArgs) -> Result<Callers, Failure> {
    let pipes = io::pipe().and_then(|requests| Ok((requests, io::pipe()?)));
    let ((requests, to_server), (from_server, answers)) = pipes.map_err(|error| failure(&error))?;
    let server = spawn_stdio(
        args,
        Stdio::from(OwnedFd::from(requests)),
        Stdio::from(OwnedFd::from(answers)),
    )?;
    let stream = Stream::new(from_server.into(), to_server.into(), args.settings.spin);
    let stream = stream.map_err(|error| failure(&error))?;
    stream.widen(message(args));
    let process = server.id();
    let caller = Raw::greeted(stream, Some(server), message(args))?;
    Ok(Callers {
        callers: vec![Box::new(caller)],
        server: Some(process),
    })
}

/// A connection without a protocol.
struct Raw {
    /// `None` once it is closed.
    stream: Option<Stream>,
    server: Option<Child>,
    bodies: Bodies,
}

impl Raw {
    /// One that has been used once, so that the server is known to be there.
    fn greeted(stream: Stream, server: Option<Child>, message: usize) -> Result<Self, Failure> {
        let mut raw = Self {
            stream: Some(stream),
            server,
            bodies: Bodies::new(message),
        };
        raw.round_trip(0)?;
        Ok(raw)
    }
}

impl Caller for Raw {
    fn prepare(&mut self, size: usize, batch: usize) -> Result<(), Failure> {
        self.bodies = Bodies::new(size.max(SMALL) * batch);
        Ok(())
    }

    fn round_trip(&mut self, number: u64) -> Result<(), Failure> {
        let Some(stream) = &mut self.stream else {
            return Err(failure(&io::ErrorKind::NotConnected.into()));
        };
        self.bodies.stamp(number);
        let exchanged = stream
            .write_all(&self.bodies.request)
            .and_then(|()| stream.read_all(&mut self.bodies.answer));
        exchanged.map_err(|error| failure(&error))?;
        self.bodies.check(self.bodies.answer.len())
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // The end of its input ends the child.
        self.stream = None;
        if let Some(server) = &mut self.server {
            let _ = server.wait();
        }
    }
}
