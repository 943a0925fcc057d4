//! `calc-ipc serve`: the calculator, or messages of one's own, at several addresses at once.

mod answers;
mod manager;
mod programs;
#[cfg(unix)]
mod telling;
#[cfg(not(unix))]
#[path = "untold.rs"]
mod telling;

use crate::cli::ServeArgs;
use crate::exit::{Exit, Failure};
use crate::sys::End;
use answers::Answering;
use calc_ipc::service::{self, Observer, Server};
use calc_ipc::transport::Visit;
use calc_ipc::transport::{self, Address, Bound};
use manager::Manager;
use std::io::{self, Write};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, Scope};
use telling::{Kept, Telling};

/// A server, and the URL that it is reached by.
struct Named {
    url: Address,
    server: Server,
    #[cfg_attr(not(unix), expect(dead_code, reason = "nobody is told"))]
    kept: Kept,
}

/// What happens while serving.
enum Event {
    /// The user asks it to end.
    Signal,
    /// One server has ended.
    Ended(Result<(), Failure>),
}

impl Named {
    fn run(&self) -> Result<(), Failure> {
        self.server
            .run()
            .map_err(|error| Failure::of(&self.url, &error))
    }
}

impl Event {
    fn failure(self) -> Option<Failure> {
        match self {
            Self::Ended(result) => result.err(),
            Self::Signal => None,
        }
    }
}

/// Serves until a signal comes, or one of the servers ends.
pub(crate) fn run(args: &ServeArgs) -> Result<Exit, Failure> {
    // Before anything is made that a signal could leave behind.
    let end = End::watch().map_err(|error| Failure::io("watch for signals", &error))?;
    let answering = Answering::new(args);
    let telling = Telling::prepare(&args.urls);
    let servers = bind_all(args, &answering, telling.is_on())?;
    announce(&servers).map_err(|error| Failure::io("announce the addresses", &error))?;
    let manager = Manager::find();
    manager.tell(format_args!(
        "READY=1\nSTATUS=serving {}",
        urls(&servers).join(" ")
    ));
    let result = serve(&servers, end, &telling, &|| {
        manager.tell("STOPPING=1");
        answering.end();
    });
    if args.verbose {
        log(format_args!("{} requests answered", answering.count()));
    }
    result.map(|()| Exit::Success)
}

/// All the servers, or none: those bound before one that cannot be are let go of again.
fn bind_all(
    args: &ServeArgs,
    answering: &Answering,
    is_watched: bool,
) -> Result<Vec<Named>, Failure> {
    let options = args.options();
    // Before a first address is taken for nothing.
    options
        .validate()
        .map_err(|error| Failure::Usage(error.to_string()))?;
    check_distinct(&args.urls)?;
    let bind = |url: &Address| -> calc_ipc::error::Result<Named> {
        let Bound {
            endpoint,
            address: url,
        } = transport::bind(url, &options)?;
        let kept = Kept::default();
        let handler = answering.handler(&url);
        let server = match args.verbose || is_watched {
            true => {
                let log = args.verbose.then(|| url.clone());
                Server::observed(endpoint, handler, observer(kept.clone(), log))?
            }
            false => Server::new(endpoint, handler)?,
        };
        Ok(Named { url, server, kept })
    };
    args.urls
        .iter()
        .map(|url| bind(url).map_err(|error| Failure::of(url, &error)))
        .collect()
}

/// Fails where two of the addresses are the same, of which the second could not be had. Of TCP, port 0 is another each time.
fn check_distinct(urls: &[Address]) -> Result<(), Failure> {
    let mut seen = Vec::new();
    for url in urls {
        let is_any = matches!(url, Address::Tcp { port: 0, .. });
        if !is_any && seen.contains(&url) {
            return Err(Failure::Usage(format!("{url} is there twice")));
        }
        seen.push(url);
    }
    Ok(())
}

/// Keeps who is there, and writes a line on standard error for every client that comes or goes, with the URL that is to
/// be in it, if there is one.
fn observer(kept: Kept, log: Option<Address>) -> Box<Observer> {
    Box::new(move |event| {
        kept.note(event);
        if let Some(url) = &log {
            log_event(url, event);
        }
    })
}

fn log_event(url: &Address, event: &service::Event<'_>) {
    let why = event.text();
    match event {
        service::Event::Visit(_, Visit::Came) => log(format_args!("{url} a client came")),
        service::Event::Visit(_, Visit::Left | Visit::Ended) => {
            log(format_args!("{url} a client left"));
        }
        service::Event::Visit(_, Visit::Dropped(_)) => {
            log(format_args!("{url} a client was dropped: {why}"));
        }
        service::Event::Visit(_, Visit::Refused(_)) => {
            log(format_args!("{url} a client was turned away: {why}"));
        }
        service::Event::HandlerFailed(..) => log(format_args!("{url} failed: {why}")),
    }
}

/// A log that nobody can read any more is no reason to stop serving.
fn log(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Where clients can connect.
fn urls(servers: &[Named]) -> Vec<String> {
    servers.iter().map(|named| named.url.to_string()).collect()
}

/// Says where clients can connect from now on: to whoever started this, who may wait for it.
fn announce(servers: &[Named]) -> io::Result<()> {
    let lines = urls(servers).join("\n") + "\n";
    if servers.iter().any(|named| named.url == Address::Stdio) {
        return io::stderr().write_all(lines.as_bytes());
    }
    let mut output = io::stdout();
    output.write_all(lines.as_bytes())?;
    output.flush()
}

/// Runs every server on a thread of its own. The first thing that happens ends them all: a signal,
/// the end of standard input (whose writer tells a program so that it is no longer needed), or a
/// failure; then it is told.
fn serve(
    servers: &[Named],
    mut end: End,
    telling: &Telling,
    tell: &dyn Fn(),
) -> Result<(), Failure> {
    let close = end.closer();
    thread::scope(|scope| {
        let told = telling.begin(scope, servers);
        let hush = told.map_err(|error| Failure::io("offer stats", &error))?;
        let (events, happened) = mpsc::channel();
        for named in servers {
            run_on_thread(scope, &events, || Event::Ended(named.run()));
        }
        run_on_thread(scope, &events, move || {
            end.wait();
            Event::Signal
        });
        drop(events);
        let first = happened.recv();
        tell();
        servers.iter().for_each(|named| named.server.request_stop());
        close();
        if let Some(hush) = hush {
            hush();
        }
        let mut all = first.into_iter().chain(happened);
        let failure = all.find_map(Event::failure);
        failure.map_or(Ok(()), Err)
    })
}

/// Runs `what` on a thread, and sends what comes of it, or that there is no thread.
fn run_on_thread<'scope>(
    scope: &'scope Scope<'scope, '_>,
    events: &Sender<Event>,
    what: impl FnOnce() -> Event + Send + 'scope,
) {
    let sender = events.clone();
    let started = thread::Builder::new().spawn_scoped(scope, move || {
        // After a failure, nobody listens any more.
        let _ = sender.send(what());
    });
    if let Err(error) = started {
        let _ = events.send(Event::Ended(Err(Failure::io("start a thread", &error))));
    }
}
