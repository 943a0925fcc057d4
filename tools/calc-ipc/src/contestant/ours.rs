//! This library, as a program of its users would use it.

use super::body::wrong;
#[cfg(unix)]
use super::driven::EventLoop;
use super::echo::{self, Echo};
use super::flight::Flight;
use super::job::{self, is_sum, sum};
use super::{
    Caller, Callers, Name, beside, own_program, read_port, say_ready, stdio_arguments, write_port,
};
use crate::cli::{Asking, ContestantArgs, ContestantManner, ContestantSettings, Passing};
use crate::exit::Failure;
use calc_ipc::calculator::{Request, Response};
use calc_ipc::error::Error;
#[cfg(unix)]
use calc_ipc::service::pipe;
use calc_ipc::service::{Client, Handler, Limit, Server};
use calc_ipc::transport::{self, Address, ClientOptions, MAX_MESSAGE_RANGE, ServerOptions};
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(super) fn failure(error: &Error) -> Failure {
    Failure::Transport(error.to_string())
}

/// The calculator, one that takes its time, or where bodies have a size, an echo of them.
fn handler(args: &ContestantArgs) -> Result<Handler, Failure> {
    let handler = match args.settings.echo {
        None if args.settings.is_slow => Handler::new(job::execute_slowly),
        None => Handler::Calculator,
        Some(_) => echo::handler(args.settings.manner)?,
    };
    Ok(handler)
}

/// The default, or more where messages need more.
fn max_message(args: &ContestantArgs) -> u32 {
    let default = ServerOptions::default().max_message;
    let wanted = args.settings.max_message.unwrap_or(default);
    let wanted = wanted.max(args.settings.echo.unwrap_or(0));
    wanted.clamp(*MAX_MESSAGE_RANGE.start(), *MAX_MESSAGE_RANGE.end())
}

fn server_options(args: &ContestantArgs) -> ServerOptions {
    ServerOptions {
        max_message: max_message(args),
        spin: args.settings.spin,
        workers: args.settings.workers,
        stall_timeout: args.settings.stall,
        max_clients: args.settings.max_clients,
        in_place: echo::is_in_place(args.settings.manner),
        ..ServerOptions::default()
    }
}

fn client_options(args: &ContestantArgs) -> ClientOptions {
    ClientOptions {
        max_message: max_message(args),
        spin: args.settings.spin,
        connections: args.settings.manner.connections,
        ..ClientOptions::default()
    }
}

/// Where clients find the server that these arguments serve.
pub(crate) fn url_of(args: &ContestantArgs) -> Result<Address, Failure> {
    let port = match args.name {
        Name::Tcp => read_port(&args.address)?,
        _ => 0,
    };
    Ok(address(args, port))
}

fn address(args: &ContestantArgs, port: u16) -> Address {
    let address = args.address.display().to_string();
    match args.name {
        Name::Fifo => Address::fifo_pair(&address),
        Name::Tcp => Address::Tcp {
            host: "127.0.0.1".to_owned(),
            port,
        },
        Name::Shm => {
            let name = args.address.file_name().unwrap_or_default();
            Address::Shm(name.to_string_lossy().into_owned())
        }
        Name::Seqpacket => Address::SeqPacket(format!("{address}.sock")),
        Name::Npipe => {
            let name = args.address.file_name().unwrap_or_default();
            Address::NamedPipe(name.to_string_lossy().into_owned())
        }
        _ => Address::Unix(format!("{address}.sock")),
    }
}

pub(super) fn serve(args: &ContestantArgs) -> Result<(), Failure> {
    let bound =
        transport::bind(&address(args, 0), &server_options(args)).map_err(|e| failure(&e))?;
    let server = Server::new(bound.endpoint, handler(args)?).map_err(|e| failure(&e))?;
    if let Address::Tcp { port, .. } = bound.address {
        write_port(&args.address, port)?;
    }
    if args.settings.manner.is_driven {
        drive(&server)?;
    } else {
        server.start().map_err(|e| failure(&e))?;
        say_ready()?;
    }
    let mut line = String::new();
    let failed = |error| Failure::io("standard input", &error);
    io::stdin().read_line(&mut line).map_err(failed)?;
    let before = Instant::now();
    server.stop().map_err(|e| failure(&e))?;
    if line == "stop\n" {
        // It was not the end: somebody wants to know how long it took.
        let took = u64::try_from(before.elapsed().as_nanos()).unwrap_or(u64::MAX);
        io::stdout().write_all(&took.to_ne_bytes())?;
    }
    Ok(())
}

/// Serves in an event loop of this program's, until there is something to read on standard input.
#[cfg(unix)]
fn drive(server: &Server) -> Result<(), Failure> {
    let event_loop = EventLoop::of(server)?;
    say_ready()?;
    event_loop.run()
}

#[cfg(windows)]
fn drive(_: &Server) -> Result<(), Failure> {
    Err(Failure::Usage("there is no epoll here".to_owned()))
}

/// Serves the parent process, to which it says who it is in a file: the library's client has no need to know.
pub(super) fn serve_stdio(args: &ContestantArgs) -> Result<(), Failure> {
    let path = beside(&args.address, "pid");
    fs::write(&path, std::process::id().to_string())
        .map_err(|error| Failure::io(path.display(), &error))?;
    serve_own_stdio(handler(args)?, &server_options(args)).map_err(|e| failure(&e))
}

#[cfg(unix)]
fn serve_own_stdio(handler: Handler, options: &ServerOptions) -> Result<(), Error> {
    use std::os::fd::AsFd;
    let (input, output) = (io::stdin(), io::stdout());
    pipe::serve(input.as_fd(), output.as_fd(), handler, options)
}

#[cfg(windows)]
fn serve_own_stdio(handler: Handler, options: &ServerOptions) -> Result<(), Error> {
    let bound = transport::bind(&Address::Stdio, options)?;
    Server::new(bound.endpoint, handler)?.run()
}

pub(super) fn connect(args: &ContestantArgs) -> Result<Callers, Failure> {
    let (url, options) = (url_of(args)?, client_options(args));
    let settings = args.settings.clone();
    let dial = move || dial(&url, &options).map(Arc::new);
    let shared = match settings.manner.connections {
        0 => None,
        _ => Some(dial()?),
    };
    Callers::connect(args, move |_| {
        let client = shared.as_ref().map(Arc::clone);
        Ours::greeted(client.map_or_else(&dial, Ok)?, &settings)
    })
}

fn dial(url: &Address, options: &ClientOptions) -> Result<Client, Failure> {
    Client::connect(url, options).map_err(|e| failure(&e))
}

pub(super) fn spawn(args: &ContestantArgs) -> Result<Callers, Failure> {
    let (client, process) = spawn_within(&[], args, &client_options(args))?;
    let caller = Ours::greeted(Arc::new(client), &args.settings)?;
    Ok(Callers::only(caller, Some(process.get())))
}

/// A client of the server that `args` serve, and the server's process where it is this process's child.
#[cfg(unix)]
pub(crate) fn open(
    args: &ContestantArgs,
    timeout: Duration,
) -> Result<(Client, Option<NonZeroU32>), Failure> {
    let options = ClientOptions {
        call_timeout: Some(timeout),
        ..client_options(args)
    };
    match args.name {
        Name::Pipe => {
            let (client, process) = spawn_within(&[], args, &options)?;
            Ok((client, Some(process)))
        }
        _ => Ok((dial(&url_of(args)?, &options)?, None)),
    }
}

/// How long a program may take to begin on a busy machine.
const BEGINNING: Duration = Duration::from_secs(60);

/// The client of a server that it executes by way of `wrapper`, a command that executes the arguments that follow it.
pub(crate) fn spawn_within(
    wrapper: &[&str],
    args: &ContestantArgs,
    options: &ClientOptions,
) -> Result<(Client, NonZeroU32), Failure> {
    let words = wrapper.iter().map(OsString::from);
    let words = words.chain([own_program()?.into()]);
    let mut words = words.chain(stdio_arguments(args).into_iter().map(OsString::from));
    let address = Address::Exec {
        program: words.next().unwrap_or_default(),
        arguments: words.collect(),
    };
    let path = beside(&args.address, "pid");
    // Nobody takes the process of the last one for this one's.
    let _ = fs::remove_file(&path);
    let client = dial(&address, options)?;
    // It has said who it is when it answers, for which it has time to begin, whatever the options say of calls.
    let limit = Limit::Own(Some(BEGINNING));
    let answered = match args.settings.echo {
        None => client.call_within(limit, &sum(0)).map(drop),
        Some(_) => {
            let answered = client.call_bytes_within(limit, &[0; 16], &mut [0; 16]);
            answered.map(drop)
        }
    };
    answered.map_err(|e| failure(&e))?;
    let process = fs::read_to_string(&path).map_err(|error| Failure::io(path.display(), &error))?;
    let process = process.trim().parse();
    let process =
        process.map_err(|error| Failure::Transport(format!("{}: {error}", path.display())))?;
    Ok((client, process))
}

/// A client, and what it asks.
struct Ours {
    client: Arc<Client>,
    manner: ContestantManner,
    /// How long an event loop looks before it sleeps.
    spin: Duration,
    job: Job,
}

enum Job {
    Calculate,
    CalculateMany(Vec<Request>),
    /// So many calls, one after the other.
    CalculateEach(usize),
    Submit(Flight),
    Echo(Echo),
}

impl Ours {
    /// A client that has asked once: some connections are finished by the first call.
    fn greeted(client: Arc<Client>, settings: &ContestantSettings) -> Result<Self, Failure> {
        let mut ours = Self {
            client,
            manner: settings.manner,
            spin: settings.spin,
            job: Job::Calculate,
        };
        let is_echo = settings.echo.is_some();
        ours.prepare(if is_echo { 16 } else { 0 }, 1)?;
        ours.round_trip(0)?;
        Ok(ours)
    }
}

impl Caller for Ours {
    fn prepare(&mut self, size: usize, batch: usize) -> Result<(), Failure> {
        // What is lent is given back before it is lent again.
        self.job = Job::Calculate;
        self.job = match (size, batch, self.manner.asking) {
            (0, _, Asking::Submit) => Job::Submit(Flight::new(batch)),
            (0, _, Asking::Watch) => {
                Job::Submit(Flight::new(batch).watching(&self.client, self.spin)?)
            }
            (0, 1, _) => Job::Calculate,
            (0, _, Asking::Call) => Job::CalculateMany(vec![sum(0); batch]),
            (0, _, Asking::CallEach) => Job::CalculateEach(batch),
            (_, 1, _) => Job::Echo(Echo::new(&self.client, size, self.manner)?),
            _ => return Err(Failure::Usage("batches are the calculator's".to_owned())),
        };
        Ok(())
    }

    fn prepare_frames(&mut self, size: usize, passing: Passing) -> Result<(), Failure> {
        self.manner.passing = passing;
        match &self.job {
            // Room that was written to once is there for good, as a camera's is.
            Job::Echo(echo) if echo.is_like(size, self.manner) => Ok(()),
            _ => self.prepare(size, 1),
        }
    }

    fn round_trip(&mut self, number: u64) -> Result<(), Failure> {
        match &mut self.job {
            Job::Calculate => ask(&self.client, number.cast_signed()),
            Job::CalculateEach(count) => {
                let mut numbers = (number.cast_signed()..).take(*count);
                numbers.try_for_each(|number| ask(&self.client, number))
            }
            Job::Submit(flight) => flight.round_trip(&self.client, number),
            Job::CalculateMany(requests) => ask_many(&self.client, requests, number.cast_signed()),
            Job::Echo(echo) => echo.round_trip(&self.client, number),
        }
    }

    fn calculate(&mut self, request: &Request) -> Result<Response, Failure> {
        self.client.call(request).map_err(|e| failure(&e))
    }
}

fn ask(client: &Client, number: i64) -> Result<(), Failure> {
    let response = client.call(&sum(number)).map_err(|e| failure(&e))?;
    is_sum(number, &response).then_some(()).ok_or_else(wrong)
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
