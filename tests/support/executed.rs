//! Processes of the test program, executed again, which serve or call; and the tests that execute them.
//!
//! Such a program has no test harness, since it speaks through its standard output. The first argument says what it is to be.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "these are tests, each of which uses its part"
)]

use crate::support::{Address, PATIENCE, PORT, TRANSPORTS, Transport, add, eventually, run_tests};
use calc_ipc::error::{Error, Result, Status};
use calc_ipc::service::{Client, Handler, Server};
use calc_ipc::transport::{self, Address as Place, ClientOptions, ServerOptions, Side};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, process, thread};

/// What is asked for to be answered late, and never.
pub(crate) const LATE: i64 = 1;
pub(crate) const NEVER: i64 = 2;

/// A test over the transport that a URL is of.
pub(crate) type Test = fn(&str);

/// Plays the part that the first argument says, or runs the tests, each with its name.
pub(crate) fn main(tests: &[(&str, Test)]) {
    let arguments: Vec<String> = env::args().collect();
    let words: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
    match words[..] {
        ["serve", url] => serve(url, 0),
        ["serve", url, code] => serve(url, code.parse().unwrap()),
        ["call", url, how] => call(url, how.parse().unwrap()),
        ["count", url, calls] => count(url, calls.parse().unwrap()),
        ["own", url, sign, end] => own(url, sign, end),
        _ => run_tests(tests.iter().flat_map(|named| over_each(*named))),
    }
}

/// Over each transport but TCP of Windows: Wine may keep a socket of a killed process open that had an operation in flight, and nobody
/// learns of its end.
fn over_each((name, test): (&str, Test)) -> impl Iterator<Item = (String, Box<dyn Fn()>)> {
    let transports = TRANSPORTS.iter();
    let transports = transports.filter(|transport| cfg!(unix) || transport.name != "tcp");
    transports.map(move |transport| {
        let run = move || {
            let address = Address::new();
            test(&url_of(transport, &address));
        };
        let run: Box<dyn Fn()> = Box::new(run);
        (format!("{name}_{}", transport.name), run)
    })
}

/// An address that servers and clients of other processes know.
fn url_of(transport: &Transport, address: &Address) -> String {
    match transport.name {
        "tcp" => format!("tcp://{}:{PORT}", address.host),
        _ => (transport.url)(address),
    }
}

fn handler() -> Handler {
    Handler::new(|request| {
        match request.arg2 {
            LATE => thread::sleep(Duration::from_millis(50)),
            NEVER => loop {
                thread::park();
            },
            _ => {}
        }
        Ok(request.arg1)
    })
}

pub(crate) fn bind(url: &str) -> Result<Server> {
    let address = Place::parse(url, Side::Server)?;
    let options = ServerOptions {
        workers: 2,
        ..ServerOptions::default()
    };
    Server::new(transport::bind(&address, &options)?.endpoint, handler())
}

/// Serves until its input ends, and ends with this code, the server and all.
fn serve(url: &str, code: i32) {
    let server = bind(url).unwrap();
    server.start().unwrap();
    say("serving");
    await_end_of_input();
    process::exit(code);
}

/// Becomes the server at this address, among others who want to, and puts up a sign, which nobody else may have up. Then it ends: it
/// stops the server, or only exits.
fn own(url: &str, sign: &str, end: &str) {
    say("wants to");
    let mut server = None;
    eventually("it is the server", || {
        server = match bind(url) {
            Err(error) => {
                assert_eq!(error.status(), Status::AddressInUse, "{error}");
                None
            }
            Ok(server) => Some(server),
        };
        server.is_some()
    });
    File::create_new(sign).expect("no other server");
    let server = server.unwrap();
    server.start().unwrap();
    assert_eq!(connect(url).unwrap().call(&add(7, 0)).unwrap(), Ok(7));
    std::fs::remove_file(sign).unwrap();
    match end {
        "stops" => server.stop().unwrap(),
        _ => process::exit(0),
    }
}

fn await_end_of_input() {
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

/// Calls without end.
fn call(url: &str, how: i64) {
    let client = connect(url).unwrap();
    assert_eq!(client.call(&add(7, 0)).unwrap(), Ok(7));
    say("calling");
    for number in 0.. {
        assert_eq!(client.call(&add(number, how)).unwrap(), Ok(number));
    }
}

/// Makes so many calls once its input has ended, then says that it has made them.
fn count(url: &str, calls: i64) {
    let client = connect(url).unwrap();
    say("connected");
    await_end_of_input();
    for number in 0..calls {
        assert_eq!(client.call(&add(number, 0)).unwrap(), Ok(number));
    }
    say("done");
}

fn say(word: &str) {
    println!("{word}");
    std::io::stdout().flush().unwrap();
}

pub(crate) fn connect(url: &str) -> Result<Client> {
    connect_within(url, PATIENCE)
}

pub(crate) fn connect_within(url: &str, call_timeout: Duration) -> Result<Client> {
    let options = ClientOptions {
        call_timeout: Some(call_timeout),
        ..ClientOptions::default()
    };
    Client::connect(&Place::parse(url, Side::Client)?, &options)
}

/// A process of this program, killed once it is dropped.
pub(crate) struct Actor {
    child: Child,
    says: BufReader<ChildStdout>,
}

impl Actor {
    /// Returns once it has said its first word.
    pub(crate) fn new(words: &[&str]) -> Self {
        let mut child = spawn(words).unwrap();
        let says = BufReader::new(child.stdout.take().unwrap());
        let mut actor = Self { child, says };
        assert_ne!(actor.next_word(), "", "{words:?} ended");
        actor
    }

    /// Ends its input.
    pub(crate) fn let_go(&mut self) {
        drop(self.child.stdin.take());
    }

    /// What it says next; nothing once it has ended.
    pub(crate) fn next_word(&mut self) -> String {
        let mut word = String::new();
        self.says.read_line(&mut word).unwrap();
        word.trim_end().to_owned()
    }

    pub(crate) fn serving(url: &str) -> Self {
        Self::new(&["serve", url])
    }

    pub(crate) fn calling(url: &str, how: i64) -> Self {
        Self::new(&["call", url, &how.to_string()])
    }

    /// Ends its input; what it then ends with.
    pub(crate) fn code(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// It runs no more, until it is to.
    #[cfg(unix)]
    pub(crate) fn stop(&self, stops: bool) {
        let signal = if stops { libc::SIGSTOP } else { libc::SIGCONT };
        // SAFETY: it takes numbers; the process is this one's child, which was not waited for.
        let status = unsafe { libc::kill(self.child.id().cast_signed(), signal) };
        assert_eq!(status, 0);
    }

    /// It runs no more, until it is to.
    #[cfg(windows)]
    pub(crate) fn stop(&self, stops: bool) {
        use std::os::windows::io::AsRawHandle as _;
        #[link(name = "ntdll")]
        unsafe extern "system" {
            fn NtSuspendProcess(process: *mut std::ffi::c_void) -> i32;
            fn NtResumeProcess(process: *mut std::ffi::c_void) -> i32;
        }
        let process = self.child.as_raw_handle();
        // SAFETY: the handle is open, and allows anything.
        let status = unsafe {
            match stops {
                true => NtSuspendProcess(process),
                false => NtResumeProcess(process),
            }
        };
        assert_eq!(status, 0);
    }
}

/// Executes this program. Wine may not be able to while the machine is busy, which it calls an internal error.
fn spawn(words: &[&str]) -> std::io::Result<Child> {
    const INTERNAL_ERROR: i32 = 1359;
    let began = Instant::now();
    loop {
        let spawned = Command::new(env::current_exe().unwrap())
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        match spawned {
            Err(error)
                if cfg!(windows)
                    && error.raw_os_error() == Some(INTERNAL_ERROR)
                    && began.elapsed() < PATIENCE =>
            {
                thread::sleep(Duration::from_millis(10));
            }
            spawned => return spawned,
        }
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Fails unless that is what a call over this URL is told of a server whose process was killed, or ended with another code than 0.
#[track_caller]
pub(crate) fn assert_died(error: &Error) {
    let status = error.status();
    // Windows tells of each process how it has ended; over sockets and FIFOs, Linux does not tell whether one has.
    let is_told = match cfg!(windows) {
        true => status == Status::PeerDied,
        false => matches!(status, Status::Closed | Status::PeerDied),
    };
    assert!(is_told, "{error}");
}
