//! Where the two sides meet on Windows: at a named pipe, or a port.

use super::super::Name;
use super::super::stream::Stream;
use super::work;
use crate::cli::ContestantArgs;
use crate::sys;
use std::fs::{File, OpenOptions};
use std::io;
use std::mem;
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
        let path = pipe(args);
        // The first place is there before anybody is told.
        let mut place = sys::create_pipe(&path)?;
        thread::Builder::new().spawn(move || -> io::Result<()> {
            loop {
                sys::accept_pipe(&place)?;
                let client = mem::replace(&mut place, sys::create_pipe(&path)?);
                thread::Builder::new()
                    .spawn(move || work.attend(&mut Stream::over_file(client)?))?;
            }
        })?;
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

/// Opens a place; where another client has just taken the last one, the next.
fn open(path: &str) -> io::Result<File> {
    loop {
        match OpenOptions::new().read(true).write(true).open(path) {
            Err(error) if sys::is_pipe_busy(&error) => sys::await_pipe(path),
            opened => return opened,
        }
    }
}
