//! The bare pipe, FIFO, Unix socket and TCP socket: as many bytes to and fro, and nothing around them.

use super::body::Bodies;
use super::calculator::Asker;
use super::raw_place::{SMALL, attend, dial, listen, message, names};
use super::stream::Stream;
use super::{Caller, Callers, Name, await_end, read_port, spawn_stdio, write_port};
use crate::cli::ContestantArgs;
use crate::exit::Failure;
use std::fs;
use std::io;
use std::process::Child;

fn failure(error: &io::Error) -> Failure {
    Failure::io("raw", error)
}

/// Serves on threads that nobody waits for: they end with the process.
pub(super) fn serve(args: &ContestantArgs) -> Result<(), Failure> {
    let names = names(args);
    let result = listen(args).map_err(|error| failure(&error));
    let result =
        result.and_then(|port| port.map_or(Ok(()), |port| write_port(&args.address, port)));
    let result = result.and_then(|()| await_end());
    for name in names {
        let _ = fs::remove_file(name);
    }
    result
}

pub(super) fn serve_stdio(args: &ContestantArgs) -> Result<(), Failure> {
    let served = Stream::stdio(args.settings.spin).and_then(|stream| attend(stream, args));
    served.map_err(|error| failure(&error))
}

pub(super) fn connect(args: &ContestantArgs) -> Result<Callers, Failure> {
    let port = match args.name {
        Name::RawTcp => Some(read_port(&args.address)?),
        _ => None,
    };
    let own = args.clone();
    let dial = move |client| dial(&own, port, client).map_err(|error| failure(&error));
    if args.settings.calculate {
        return Callers::connect(args, move |client| Asker::greeted(dial(client)?));
    }
    let message = message(args);
    Callers::connect(args, move |client| {
        Raw::greeted(dial(client)?, None, message)
    })
}

pub(super) fn spawn(args: &ContestantArgs) -> Result<Callers, Failure> {
    let pipes = io::pipe().and_then(|requests| Ok((requests, io::pipe()?)));
    let ((requests, to_server), (from_server, answers)) = pipes.map_err(|error| failure(&error))?;
    let server = spawn_stdio(args, requests.into(), answers.into())?;
    let stream = Stream::over_pipes(from_server, to_server, args.settings.spin);
    let stream = stream.map_err(|error| failure(&error))?;
    stream.widen(message(args));
    let process = server.id();
    let caller = Raw::greeted(stream, Some(server), message(args))?;
    Ok(Callers::only(caller, Some(process)))
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
