//! TCP between two machines, which two networks of the kernel stand in for (network_namespaces(7)): the link goes down
//! during a call, and comes back.
//!
//! That needs root and iproute2. Without them the test says so, and asks over loopback alone. The networks have no names
//! and need no cleaning up: they end with the thread and the process that are in them.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use calc_ipc::calculator::execute;
use calc_ipc::error::{Result, Status};
use calc_ipc::service::{Client, Handler, Server};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::io::{self, PipeReader, PipeWriter, Read, Write, pipe};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use support::typed::tcp;
use support::{Address, PORT, Process, add};

/// The two machines.
const CLIENT: &str = "10.99.0.1";
const SERVER: &str = "10.99.0.2";

/// How long a call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a machine that vanished may be taken for one that is there.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);

/// The request whose handler waits until it is told to go on.
const HELD_NUMBER: i64 = 4711;

/// What the two processes tell each other.
mod word {
    /// The server's process is in a network of its own.
    pub(crate) const ENTERED: u8 = b'e';
    /// There is a link to it.
    pub(crate) const LINKED: u8 = b'l';
    /// Clients may connect.
    pub(crate) const BOUND: u8 = b'b';
    /// Serve, until the last client is gone.
    pub(crate) const SERVE: u8 = b's';
    /// The handler waits.
    pub(crate) const HELD: u8 = b'h';
    /// It may go on.
    pub(crate) const GO_ON: u8 = b'g';
    /// The last client is gone.
    pub(crate) const IDLE: u8 = b'i';
}

/// One end of the conversation between the two processes, which nothing else depends on.
struct Peer {
    hear: PipeReader,
    say: PipeWriter,
}

impl Peer {
    fn pair() -> (Self, Self) {
        let ((here, to_here), (there, to_there)) = (pipe().unwrap(), pipe().unwrap());
        let end = |hear, say| Self { hear, say };
        (end(here, to_there), end(there, to_here))
    }

    fn say(&mut self, word: u8) {
        self.say.write_all(&[word]).unwrap();
    }

    fn wait_for(&mut self, word: u8) {
        let mut heard = [0];
        self.hear.read_exact(&mut heard).unwrap();
        assert_eq!(char::from(heard[0]), char::from(word));
    }
}

/// Puts this thread into a network of its own, with nothing in it.
fn enter_network() -> bool {
    // SAFETY: it changes where this thread finds the network, and nothing else.
    unsafe { libc::unshare(libc::CLONE_NEWNET) == 0 }
}

/// Runs ip(8) in this thread's network.
fn ip(arguments: &str) -> bool {
    let status = Command::new("ip").args(arguments.split(' ')).status();
    status.is_ok_and(|status| status.success())
}

/// Whether this test may make networks, and links between them.
fn has_networks() -> bool {
    let try_it = || enter_network() && ip("link add calc0 type veth peer name calc1");
    thread::spawn(try_it).join().unwrap()
}

/// The server's process: serves until the last client is gone, twice.
fn serve(host: &str, is_remote: bool, mut test: Peer) {
    if is_remote {
        assert!(enter_network());
        test.say(word::ENTERED);
        test.wait_for(word::LINKED);
        assert!(ip(&format!("addr add {SERVER}/24 dev calc")) && ip("link set calc up"));
    }
    let options = ServerOptions {
        allow_remote: is_remote,
        stop_when_idle: true,
        max_clients: Some(1),
        ..ServerOptions::default()
    };
    let endpoint = tcp::bind(host, PORT, &options).unwrap();
    let test = Arc::new(Mutex::new(test));
    let handlers_test = Arc::clone(&test);
    let handler = Handler::new(move |request| {
        if request.arg1 == HELD_NUMBER {
            let mut test = handlers_test.lock().unwrap();
            test.say(word::HELD);
            test.wait_for(word::GO_ON);
        }
        execute(request)
    });
    let server = Server::new(endpoint, handler).unwrap();
    test.lock().unwrap().say(word::BOUND);
    for _ in 0..2 {
        test.lock().unwrap().wait_for(word::SERVE);
        server.run().unwrap();
        test.lock().unwrap().say(word::IDLE);
    }
}

/// Links this thread's network to that of the server's process.
fn link(process: &Process, server: &mut Peer) {
    server.wait_for(word::ENTERED);
    let number = process.number();
    assert!(ip(&format!(
        "link add calc type veth peer name calc netns {number}"
    )));
    assert!(ip(&format!("addr add {CLIENT}/24 dev calc")) && ip("link set calc up"));
    server.say(word::LINKED);
}

fn connect(host: &str) -> Client {
    let options = ClientOptions {
        call_timeout: Some(CALL_TIMEOUT),
        ..ClientOptions::default()
    };
    Client::new(tcp::connect(host, PORT, &options).unwrap(), &options)
}

fn status<T>(result: Result<T>) -> Status {
    result.err().map_or(Status::Ok, |error| error.status())
}

/// Takes the link down during a call, and expects that each side finds out.
fn vanish(client: &Client, server: &mut Peer) {
    let asked = Instant::now();
    let (answer, down) = thread::scope(|scope| {
        let call = scope.spawn(|| client.call(&add(HELD_NUMBER, 1)));
        server.wait_for(word::HELD);
        assert!(ip("link set calc down"));
        (call.join().unwrap(), Instant::now())
    });
    assert_eq!(status(answer), Status::TimedOut);
    assert!(asked.elapsed() >= CALL_TIMEOUT, "{:?}", asked.elapsed());
    // From here on the server has an answer that nobody acknowledges.
    server.say(word::GO_ON);
    let mut end = Status::TimedOut;
    while end == Status::TimedOut && down.elapsed() < FORGOTTEN_AFTER {
        end = status(client.call(&add(1, 1)));
    }
    assert!(matches!(end, Status::Closed | Status::PeerDied), "{end:?}");
    server.wait_for(word::IDLE);
    assert!(down.elapsed() < FORGOTTEN_AFTER, "{:?}", down.elapsed());
}

fn ask_across(host: &str, is_remote: bool) {
    let (mut server, there) = Peer::pair();
    if is_remote {
        assert!(enter_network());
    }
    let process = Process::fork(|| serve(host, is_remote, there));
    if is_remote {
        link(&process, &mut server);
    }
    server.wait_for(word::BOUND);
    let before = process.descriptors();

    server.say(word::SERVE);
    let client = connect(host);
    assert_eq!(client.call(&add(1, 2)).unwrap(), Ok(3));
    assert!(process.descriptors() > before);
    if is_remote {
        vanish(&client, &mut server);
    } else {
        drop(client);
        server.wait_for(word::IDLE);
    }
    assert_eq!(
        process.descriptors(),
        before,
        "nothing of the client is left"
    );

    assert!(!is_remote || ip("link set calc up"));
    server.say(word::SERVE);
    let client = connect(host);
    assert_eq!(client.call(&add(20, 22)).unwrap(), Ok(42));
    drop(client);
    server.wait_for(word::IDLE);
    assert!(process.succeeded());
}

#[test]
fn a_machine_that_vanishes_is_forgotten_and_may_come_back() {
    if has_networks() {
        // A thread of its own, since the network is the thread's.
        thread::spawn(|| ask_across(SERVER, true)).join().unwrap();
    } else {
        // Past the test harness, which keeps what a successful test prints to itself.
        let excuse = "remote.rs: without root and iproute2 there is no link to take down; over loopback alone\n";
        io::stderr().write_all(excuse.as_bytes()).unwrap();
        ask_across(&Address::new().host, false);
    }
}
