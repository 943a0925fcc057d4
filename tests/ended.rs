//! Processes that are killed and stopped while they serve or call, on every system: this one, executed again.
//!
//! It has no test harness, since it speaks through its standard output. The first argument says what it is to be.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "this is a test"
)]

use calc_ipc::calculator::{Operation, Request};
use calc_ipc::error::{Result, Status};
use calc_ipc::service::{Client, Handler, Server};
use calc_ipc::transport::{self, Address, ClientOptions, ServerOptions, Side};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{env, thread};

/// A wait that ends only where something is wrong.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is asked for to be answered late, and never.
const LATE: i64 = 1;
const NEVER: i64 = 2;

fn main() {
    let arguments: Vec<String> = env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some("serve") => serve(&arguments[2]),
        Some("call") => call(&arguments[2], arguments[3].parse().unwrap()),
        _ => run_tests(&arguments),
    }
}

/// A test over the transport that a URL is of.
type Test = fn(&str);

/// Each test, and its name.
const TESTS: [(&str, Test); 6] = [
    (
        "who_waits_for_a_server_that_is_killed_learns_of_it",
        who_waits_for_a_server_that_is_killed_learns_of_it,
    ),
    (
        "a_name_is_free_once_its_server_was_killed",
        a_name_is_free_once_its_server_was_killed,
    ),
    (
        "a_server_that_was_stopped_goes_on",
        a_server_that_was_stopped_goes_on,
    ),
    (
        "a_server_lets_go_of_clients_that_are_killed",
        a_server_lets_go_of_clients_that_are_killed,
    ),
    (
        "a_client_that_is_stopped_keeps_nobody",
        a_client_that_is_stopped_keeps_nobody,
    ),
    (
        "servers_killed_at_any_moment_end_calls_and_make_none_wrong",
        servers_killed_at_any_moment_end_calls_and_make_none_wrong,
    ),
];

/// As the usual harness does it, as far as names go: those that contain the first argument without a dash.
fn run_tests(arguments: &[String]) {
    let words = || arguments.iter().skip(1).map(String::as_str);
    let wanted = words().find(|word| !word.starts_with('-'));
    if words().any(|word| word == "--ignored") {
        return;
    }
    for (name, test) in TESTS {
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
    use std::sync::atomic::AtomicU32;
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

// What the program is when it is executed.

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

fn bind(url: &str) -> Result<Server> {
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

fn call(url: &str, how: i64) {
    let client = connect(url).unwrap();
    assert_eq!(client.call(&ask(7, 0)).unwrap(), Ok(7));
    say("calling");
    for number in 0.. {
        assert_eq!(client.call(&ask(number, how)).unwrap(), Ok(number));
    }
}

fn say(word: &str) {
    println!("{word}");
    std::io::stdout().flush().unwrap();
}

// What the tests do.

fn ask(arg1: i64, arg2: i64) -> Request {
    Request {
        operation: Operation::Add,
        arg1,
        arg2,
    }
}

fn connect(url: &str) -> Result<Client> {
    connect_within(url, PATIENCE)
}

fn connect_within(url: &str, call_timeout: Duration) -> Result<Client> {
    let options = ClientOptions {
        call_timeout: Some(call_timeout),
        ..ClientOptions::default()
    };
    Client::connect(&place(url, Side::Client)?, &options)
}

/// A process of this program, killed once it is dropped.
struct Actor(Child);

impl Actor {
    /// Returns once it has said its first word.
    fn new(words: &[&str]) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(words)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut word = String::new();
        let said = BufReader::new(child.stdout.take().unwrap()).read_line(&mut word);
        assert!(said.unwrap() > 0, "{words:?} ended");
        Self(child)
    }

    fn serving(url: &str) -> Self {
        Self::new(&["serve", url])
    }

    fn calling(url: &str, how: i64) -> Self {
        Self::new(&["call", url, &how.to_string()])
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// It runs no more, until it is to.
    #[cfg(unix)]
    fn stop(&self, stops: bool) {
        let signal = if stops { libc::SIGSTOP } else { libc::SIGCONT };
        // SAFETY: it takes numbers; the process is this one's child, which was not waited for.
        assert_eq!(unsafe { libc::kill(self.0.id().cast_signed(), signal) }, 0);
    }

    /// It runs no more, until it is to.
    #[cfg(windows)]
    fn stop(&self, stops: bool) {
        use std::os::windows::io::AsRawHandle as _;
        #[link(name = "ntdll")]
        unsafe extern "system" {
            fn NtSuspendProcess(process: *mut std::ffi::c_void) -> i32;
            fn NtResumeProcess(process: *mut std::ffi::c_void) -> i32;
        }
        let process = self.0.as_raw_handle();
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

impl Drop for Actor {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(1));
    }
}

// The tests.

fn who_waits_for_a_server_that_is_killed_learns_of_it(url: &str) {
    let mut server = Actor::serving(url);
    let client = connect(url).unwrap();
    assert_eq!(client.call(&ask(1, 0)).unwrap(), Ok(1));
    thread::scope(|scope| {
        let waiter = scope.spawn(|| client.call(&ask(1, NEVER)).unwrap_err().status());
        thread::sleep(Duration::from_millis(20));
        server.kill();
        let status = waiter.join().unwrap();
        assert!(
            matches!(status, Status::Closed | Status::PeerDied),
            "{status}"
        );
    });
    let status = client.call(&ask(1, 0)).unwrap_err().status();
    assert!(
        matches!(status, Status::Closed | Status::PeerDied),
        "{status}"
    );
}

fn a_name_is_free_once_its_server_was_killed(url: &str) {
    let mut server = Actor::serving(url);
    let idle = connect(url).unwrap();
    assert_eq!(idle.call(&ask(1, 0)).unwrap(), Ok(1));
    for _ in 0..3 {
        server.kill();
        let error = connect(url)
            .and_then(|client| client.call(&ask(1, 0)))
            .unwrap_err();
        assert_eq!(error.status(), Status::NotConnected, "{error}");
        server = Actor::serving(url); // Clients of the dead one do not hinder it.
        assert_eq!(connect(url).unwrap().call(&ask(2, 0)).unwrap(), Ok(2));
    }
}

fn a_server_that_was_stopped_goes_on(url: &str) {
    let server = Actor::serving(url);
    let client = connect_within(url, Duration::from_millis(30)).unwrap();
    eventually("it is slow", || client.call(&ask(0, 0)).is_ok());
    server.stop(true);
    for number in 1..4 {
        // It is stopped a moment after it was told to.
        let mut error = None;
        eventually("it is not stopped", || {
            error = client.call(&ask(number, 0)).err();
            error.is_some()
        });
        assert_eq!(error.unwrap().status(), Status::TimedOut);
    }
    server.stop(false);
    let mut answer = None;
    eventually("it does not go on", || {
        answer = client.call(&ask(9, 0)).ok();
        answer.is_some()
    });
    assert_eq!(answer, Some(Ok(9)), "late answers are dropped");
}

fn a_server_lets_go_of_clients_that_are_killed(url: &str) {
    let server = bind(url).unwrap();
    server.start().unwrap();
    for how in [0, LATE, NEVER] {
        let mut client = Actor::calling(url, how);
        assert_eq!(server.stats().unwrap().clients, 1);
        thread::sleep(Duration::from_millis(5));
        client.kill();
        // A handler that never returns keeps its thread and its client.
        if how != NEVER {
            eventually("the client is still there", || {
                server.stats().unwrap().clients == 0
            });
        }
    }
    let client = connect(url).unwrap();
    assert_eq!(client.call(&ask(3, 0)).unwrap(), Ok(3));
    // The other thread hangs in its handler, so that stopping would wait for it.
    std::mem::forget(server);
}

fn a_client_that_is_stopped_keeps_nobody(url: &str) {
    let server = bind(url).unwrap();
    server.start().unwrap();
    let stopped = Actor::calling(url, 0);
    stopped.stop(true);
    let client = connect(url).unwrap();
    for number in 0..100 {
        assert_eq!(client.call(&ask(number, 0)).unwrap(), Ok(number));
    }
    let requests = || server.stats().unwrap().requests;
    let before = requests();
    stopped.stop(false);
    eventually("it does not call on", || requests() > before + 100);
    drop(stopped);
    drop(client);
    eventually("clients are still there", || {
        server.stats().unwrap().clients == 0
    });
    server.stop().unwrap();
}

fn servers_killed_at_any_moment_end_calls_and_make_none_wrong(url: &str) {
    for round in 0..6_u64 {
        let mut server = Actor::serving(url);
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            for caller in 0..3 {
                let is_over = &is_over;
                scope.spawn(move || {
                    while !is_over.load(Ordering::Relaxed) {
                        let Ok(client) = connect(url) else {
                            continue;
                        };
                        let answers =
                            (caller..).map(|number| (number, client.call(&ask(number, 0))));
                        for (number, answer) in answers {
                            match answer {
                                Ok(answer) => assert_eq!(answer, Ok(number)),
                                Err(error) => {
                                    let status = error.status();
                                    let expected =
                                        [Status::Closed, Status::PeerDied, Status::NotConnected];
                                    assert!(expected.contains(&status), "{error}");
                                    break;
                                }
                            }
                        }
                    }
                });
            }
            thread::sleep(Duration::from_micros(10_000 + round * 1337));
            server.kill();
            is_over.store(true, Ordering::Relaxed);
        });
    }
}
