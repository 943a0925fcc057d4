//! Where the two sides meet on Unix: at sockets, FIFOs and a port.

use super::super::stream::Stream;
use super::super::{Name, beside, epoll, seqpacket};
use super::{message, work};
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

/// What a server makes in the file system.
pub(in crate::contestant) fn names(args: &ContestantArgs) -> Vec<PathBuf> {
    match args.name {
        Name::RawFifo => (0..args.clients).flat_map(|n| pair(args, n)).collect(),
        Name::RawUnix | Name::RawEpoll | Name::RawSeqpacket => vec![socket(args)],
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
pub(in crate::contestant) fn listen(args: &ContestantArgs) -> io::Result<Option<u16>> {
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
        Name::RawEpoll => {
            let listener = UnixListener::bind(socket(args))?;
            thread::Builder::new().spawn(move || epoll::serve(&listener))?;
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
pub(in crate::contestant) fn dial(
    args: &ContestantArgs,
    port: Option<u16>,
    client: u32,
) -> io::Result<Stream> {
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
        Name::RawUnix | Name::RawEpoll => {
            over(args.name, UnixStream::connect(socket(args))?.into(), budget)
        }
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}
