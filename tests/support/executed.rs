//! Processes of the test program, executed again, which serve or call; and the tests that execute them.
//!
//! Such a program has no test harness, since it speaks through its standard output. The first argument says what it is to be.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "these are tests, each of which uses its part"
)]

use calc_ipc::calculator::{Operation, Request};
use calc_ipc::error::Result;
use calc_ipc::service::{Client, Handler, Server};
use calc_ipc::transport::{self, Address, ClientOptions, ServerOptions, Side};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{env, thread};

/// A wait that ends only where something is wrong.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

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
        ["serve", url] => serve(url),
        ["call", url, how] => call(url, how.parse().unwrap()),
        ["count", url, calls] => count(url, calls.parse().unwrap()),
        _ => run_tests(tests, &arguments),
    }
}

/// As the usual harness does it, as far as names go: those that contain the first argument without a dash.
fn run_tests(tests: &[(&str, Test)], arguments: &[String]) {
    let words = || arguments.iter().skip(1).map(String::as_str);
    let wanted = words().find(|word| !word.starts_with('-'));
    if words().any(|word| word == "--ignored") {
        return;
    }
    for (name, test) in tests {
        for transport in TRANSPORTS {
            let name = format!("{name}_{transport}");
            if wanted.is_some_and(|wanted| !name.contains(wanted)) {
                continue;
            }
            if words().any(|word| word == "--list") {
                println!("{name}: test");
                continue;
            }
            let (url, _folder) = url_of(transport);
            test(&url); // A panic ends the program, with a status of its own.
            println!("test {name} ... ok");
        }
    }
}

#[cfg(unix)]
const TRANSPORTS: [&str; 5] = ["unix", "seqpacket", "fifo", "shm", "tcp"];
/// Not TCP: Wine may keep a socket of a killed process open that had an operation in flight, and nobody learns of its end.
#[cfg(windows)]
const TRANSPORTS: [&str; 2] = ["npipe", "shm"];

/// What is gone once it is dropped.
struct Folder(std::path::PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An address that nobody else has, and the folder of its names.
fn url_of(transport: &str) -> (String, Folder) {
    static LAST: AtomicU32 = AtomicU32::new(0);
    let serial = LAST.fetch_add(1, Ordering::Relaxed);
    let word = format!("calc_ipc-ended-{}-{serial}", std::process::id());
    let folder = env::temp_dir().join(&word);
    std::fs::create_dir(&folder).unwrap();
    let folder = Folder(folder);
    let path = folder.0.join("name");
    let path = path.display();
    let url = match transport {
        "tcp" => format!("tcp://127.0.0.1:{}", free_port()),
        "fifo" => format!("fifo://{path}"),
        "shm" if cfg!(unix) => format!("shm://{path}"), // What is killed leaves its name behind, here in the folder.
        "shm" | "npipe" => format!("{transport}://{word}"),
        _ => format!("{transport}://{path}"),
    };
    (url, folder)
}

fn place(url: &str, side: Side) -> Result<Address> {
    match url.strip_prefix("npipe://") {
        Some(name) => Ok(Address::NamedPipe(name.into())),
        None => Address::parse(url, side),
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
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
    let address = place(url, Side::Server)?;
    let options = ServerOptions {
        workers: 2,
        ..ServerOptions::default()
    };
    Server::new(transport::bind(&address, &options)?.endpoint, handler())
}

fn serve(url: &str) {
    let server = bind(url).unwrap();
    server.start().unwrap();
    say("serving");
    thread::sleep(10 * PATIENCE);
}

/// Calls without end.
fn call(url: &str, how: i64) {
    let client = connect(url).unwrap();
    assert_eq!(client.call(&ask(7, 0)).unwrap(), Ok(7));
    say("calling");
    for number in 0.. {
        assert_eq!(client.call(&ask(number, how)).unwrap(), Ok(number));
    }
}

/// Makes so many calls once its input has ended, then says that it has made them.
fn count(url: &str, calls: i64) {
    let client = connect(url).unwrap();
    say("connected");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    for number in 0..calls {
        assert_eq!(client.call(&ask(number, 0)).unwrap(), Ok(number));
    }
    say("done");
}

fn say(word: &str) {
    println!("{word}");
    std::io::stdout().flush().unwrap();
}

pub(crate) fn ask(arg1: i64, arg2: i64) -> Request {
    Request {
        operation: Operation::Add,
        arg1,
        arg2,
    }
}

pub(crate) fn connect(url: &str) -> Result<Client> {
    connect_within(url, PATIENCE)
}

pub(crate) fn connect_within(url: &str, call_timeout: Duration) -> Result<Client> {
    let options = ClientOptions {
        call_timeout: Some(call_timeout),
        ..ClientOptions::default()
    };
    Client::connect(&place(url, Side::Client)?, &options)
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

    /// Whether it ends by itself, and well.
    pub(crate) fn has_succeeded(&mut self) -> bool {
        self.child.wait().unwrap().success()
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
    let mut attempts = 0..100;
    loop {
        let spawned = Command::new(env::current_exe().unwrap())
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        match spawned {
            Err(error) if cfg!(windows) && error.raw_os_error() == Some(INTERNAL_ERROR) => {
                attempts.next().ok_or(error)?;
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

pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(1));
    }
}
