//! Where the two sides meet on Windows: at a named pipe, or a port.

use super::super::Name;
use super::super::stream::Stream;
use super::work;
use crate::cli::ContestantArgs;
use crate::sys;
use std::fs::{File, OpenOptions};
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::thread;

/// Pipes go with their processes.
pub(in crate::contestant) fn names(_: &ContestantArgs) -> Vec<PathBuf> {
    vec![]
}

/// The pipe, whose name is as rare as that of the folder that the address is in.
fn pipe(args: &ContestantArgs) -> String {
    let name = args.address.file_name().unwrap_or_default();
    format!(r"\\.\pipe\{}", name.to_string_lossy())
}

/// Makes the address, and threads that serve there; gives the port, if there is one.
pub(in crate::contestant) fn listen(args: &ContestantArgs) -> io::Result<Option<u16>> {
    let work = work(args);
    if args.name == Name::RawNpipe {
        // One place for each client, all of which are there when they come.
        let path = pipe(args);
        for _ in 0..args.clients {
            let place = sys::create_pipe(&path)?;
            thread::Builder::new().spawn(move || -> io::Result<()> {
                sys::accept_pipe(&place)?;
                work.attend(&mut Stream::over_file(place)?)
            })?;
        }
        return Ok(None);
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    thread::Builder::new().spawn(move || -> io::Result<()> {
        loop {
            let (client, _) = listener.accept()?;
            thread::Builder::new().spawn(move || work.attend(&mut Stream::over_tcp(client)?))?;
        }
    })?;
    Ok(Some(port))
}

/// Connects a client.
pub(in crate::contestant) fn dial(
    args: &ContestantArgs,
    port: Option<u16>,
    _: u32,
) -> io::Result<Stream> {
    match port {
        Some(port) => Stream::over_tcp(TcpStream::connect((Ipv4Addr::LOCALHOST, port))?),
        None => Stream::over_file(open(&pipe(args))?),
    }
}

fn open(path: &str) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(path)
}
