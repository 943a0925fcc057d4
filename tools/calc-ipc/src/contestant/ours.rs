//! This library, as a program of its users would use it.

use super::body::{Bodies, wrong};
use super::{
    Caller, Callers, Name, await_end, beside, own_program, read_port, stdio_arguments, write_port,
};
use crate::cli::ContestantArgs;
use crate::exit::Failure;
use calc_ipc::error::Error;
use calc_ipc::protocol::{Operation, Request, Response};
use calc_ipc::service::{Client, Handler, Server, pipe};
use calc_ipc::transport::url::{self, Url};
use calc_ipc::transport::{ClientOptions, MAX_MESSAGE_RANGE, ServerOptions};
use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;

fn failure(error: &Error) -> Failure {
    Failure::Transport(error.to_string())
}

/// The calculator, or where bodies have a size, an echo of them.
fn handler(args: &ContestantArgs) -> Handler {
    match args.settings.echo {
        None => Handler::Calculator,
        Some(_) => Handler::bytes(|request, answer| {
            answer.get_mut(..request.len())?.copy_from_slice(request);
            Some(request.len())
        }),
    }
}

/// The default, or more where messages need more.
fn max_message(args: &ContestantArgs) -> u32 {
    let default = ServerOptions::default().max_message;
    let wanted = args.settings.echo.unwrap_or(0).max(default);
    wanted.clamp(*MAX_MESSAGE_RANGE.start(), *MAX_MESSAGE_RANGE.end())
}

fn server_options(args: &ContestantArgs) -> ServerOptions {
    ServerOptions {
        max_message: max_message(args),
        spin: args.settings.spin,
        ..ServerOptions::default()
    }
}

fn client_options(args: &ContestantArgs) -> ClientOptions {
    ClientOptions {
        max_message: max_message(args),
        spin: args.settings.spin,
        ..ClientOptions::default()
    }
}

fn address(args: &ContestantArgs, port: u16) -> Url {
    let address = args.address.display().to_string();
    match args.name {
        Name::Fifo => Url::Fifo(address),
        Name::Tcp => Url::Tcp {
            host: "127.0.0.1".to_owned(),
            port,
        },
        Name::Shm => {
            let name = args.address.file_name().unwrap_or_default();
            Url::Shm(name.to_string_lossy().into_owned())
        }
        _ => Url::Unix(format!("{address}.sock")),
    }
}

pub(super) fn serve(args: &ContestantArgs) -> Result<(), Failure> {
    let bound = url::bind(&address(args, 0), &server_options(args)).map_err(|e| failure(&e))?;
    let server = Server::new(bound.endpoint, handler(args)).map_err(|e| failure(&e))?;
    if let Url::Tcp { port, .. } = bound.url {
        write_port(&args.address, port)?;
    }
    server.start().map_err(|e| failure(&e))?;
    await_end()?;
    server.stop().map_err(|e| failure(&e))
}

/// Serves the parent process, to which it says who it is in a file: the library's client has no need to know.
pub(super) fn serve_stdio(args: &ContestantArgs) -> Result<(), Failure> {
    let path = beside(&args.address, "pid");
    fs::write(&path, std::process::id().to_string())
        .map_err(|error| Failure::io(path.display(), &error))?;
    let (input, output) = (io::stdin(), io::stdout());
    let options = server_options(args);
    pipe::serve(input.as_fd(), output.as_fd(), handler(args), &options).map_err(|e| failure(&e))
}

pub(super) fn connect(args: &ContestantArgs) -> Result<Callers, Failure> {
    let port = match args.name {
        Name::Tcp => read_port(&args.address)?,
        _ => 0,
    };
    let (url, options) = (address(args, port), client_options(args));
    Callers::connect(args.clients, || {
        let channel = url::connect(&url, &options).map_err(|e| failure(&e))?;
        Ours::greeted(Client::new(channel, &options), args)
    })
}

pub(super) fn spawn(args: &ContestantArgs) -> Result<Callers, Failure> {
    let program = own_program()?;
    let words = stdio_arguments(args);
    let words = [program.as_os_str().as_bytes()]
        .into_iter()
        .chain(words.iter().map(String::as_bytes));
    let words: Result<Vec<_>, _> = words.map(CString::new).collect();
    let words = words.map_err(|error| Failure::Usage(error.to_string()))?;
    let words: Vec<_> = words.iter().map(CString::as_c_str).collect();
    let client = pipe::spawn(&words, &client_options(args)).map_err(|e| failure(&e))?;
    let caller = Ours::greeted(client, args)?;
    let path = beside(&args.address, "pid");
    let process = fs::read_to_string(&path).map_err(|error| Failure::io(path.display(), &error))?;
    Ok(Callers {
        callers: vec![Box::new(caller)],
        server: process.trim().parse().ok(),
    })
}

/// A client, and what it asks.
struct Ours {
    client: Client,
    job: Job,
}

enum Job {
    Calculate,
    CalculateMany(Vec<Request>),
    Echo(Bodies),
}

impl Ours {
    /// A client that has asked once: some connections are finished by the first call.
    fn greeted(client: Client, args: &ContestantArgs) -> Result<Self, Failure> {
        let mut ours = Self {
            client,
            job: Job::Calculate,
        };
        ours.prepare(args.settings.echo.map_or(0, |_| 16), 1)?;
        ours.round_trip(0)?;
        Ok(ours)
    }
}

fn sum(number: i64) -> Request {
    Request {
        operation: Operation::Add,
        arg1: number,
        arg2: number + 1,
    }
}

fn is_sum(number: i64, response: &Response) -> bool {
    *response == Ok(number + number + 1)
}

impl Caller for Ours {
    fn prepare(&mut self, size: usize, batch: usize) -> Result<(), Failure> {
        self.job = match (size, batch) {
            (0, 1) => Job::Calculate,
            (0, _) => Job::CalculateMany(vec![sum(0); batch]),
            (_, 1) => Job::Echo(Bodies::new(size)),
            _ => return Err(Failure::Usage("batches are the calculator's".to_owned())),
        };
        Ok(())
    }

    fn round_trip(&mut self, number: u64) -> Result<(), Failure> {
        match &mut self.job {
            Job::Calculate => {
                let number = number.cast_signed();
                let response = self.client.call(&sum(number)).map_err(|e| failure(&e))?;
                is_sum(number, &response).then_some(()).ok_or_else(wrong)
            }
            Job::CalculateMany(requests) => ask_many(&self.client, requests, number.cast_signed()),
            Job::Echo(bodies) => {
                bodies.stamp(number);
                let Bodies { request, answer } = bodies;
                let length = self
                    .client
                    .call_bytes(request, answer)
                    .map_err(|e| failure(&e))?;
                bodies.check(length)
            }
        }
    }
}

fn ask_many(client: &Client, requests: &mut [Request], first: i64) -> Result<(), Failure> {
    for (request, number) in requests.iter_mut().zip(first..) {
        *request = sum(number);
    }
    let mut expected = first..;
    let mut right = 0;
    let result = client.call_many(requests, |response| {
        right += usize::from(
            expected
                .next()
                .is_some_and(|number| is_sum(number, &response)),
        );
    });
    result.map_err(|e| failure(&e))?;
    (right == requests.len()).then_some(()).ok_or_else(wrong)
}
