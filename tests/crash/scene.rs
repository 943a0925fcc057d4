//! A server and a client on a stage, a bystander, and what is known of them.

use crate::message::{HELD, MAX_MESSAGE, PLAIN, SMALL, message};
use crate::role::{PIPE, role, say_of, start};
use crate::support::processes::state::{await_state, children};
use crate::support::processes::{Actor, Census, PATIENCE, Side, Stage, eventually, send};
use crate::support::{Address, Transport};
use calc_ipc::service::Client;
use calc_ipc::transport::ClientOptions;
use libc::pid_t;
use std::time::Instant;

/// The two processes. Over the pipe, the server is a child of the client's.
pub(crate) struct Scene {
    /// `None` is the pipe.
    transport: Option<&'static Transport>,
    stage: Stage,
    witness: Option<Witness>,
    /// How long the client's calls may take, in milliseconds.
    pub(crate) timeout: u64,
    number: u64,
}

/// What is known of a server that lives.
struct Witness {
    /// A client of it that nobody does anything to.
    bystander: Client,
    /// What it had before anybody but the bystander came.
    census: Census,
}

/// What a held message's handler said of itself.
pub(crate) struct Held {
    process: pid_t,
    thread: pid_t,
}

impl Scene {
    pub(crate) fn new(transport: &str) -> Self {
        Self {
            transport: (transport != PIPE).then(|| Transport::named(transport)),
            stage: Stage::new(),
            witness: None,
            timeout: 0,
            number: 0,
        }
    }

    pub(crate) fn is_pipe(&self) -> bool {
        self.transport.is_none()
    }

    /// Sees to it that both processes are there. A server that is new takes the address as its
    /// predecessor left it.
    pub(crate) fn set(&mut self) {
        if let Some(transport) = self.transport
            && !self.stage.has(Side::Server)
        {
            let server = serving(transport.name, &self.stage.address);
            let process = server.number();
            self.stage.enter(Side::Server, server);
            let options = ClientOptions {
                max_message: MAX_MESSAGE,
                ..ClientOptions::default()
            };
            let bystander = transport.client_with(&self.stage.address, &options);
            assert_eq!(say(&bystander, &mut self.number), "right");
            let census = Census::of(process);
            self.witness = Some(Witness { bystander, census });
        }
        if !self.stage.has(Side::Client) {
            let name = self.transport.map_or(PIPE, |transport| transport.name);
            let client = start(&role("client", name, &self.stage.address));
            self.stage.enter(Side::Client, client);
        }
    }

    pub(crate) fn client(&mut self) -> &mut Actor {
        self.stage.actor(Side::Client)
    }

    /// Lets the client connect; gives what it says of that.
    pub(crate) fn connect(&mut self) -> String {
        self.connect_with(0)
    }

    /// The same, of a client that may have so many connections.
    pub(crate) fn connect_with(&mut self, connections: u32) -> String {
        let line = format!("connect {} {connections}", self.timeout);
        self.client().say(&line);
        self.client().hear()
    }

    /// Lets the client submit so many calls, of messages that no other call has.
    pub(crate) fn submit(&mut self, length: usize, count: usize) {
        self.begin_submit(PLAIN, length, count);
        assert_eq!(self.client().hear(), "submitted");
    }

    /// The same, of which a handler holds the first.
    pub(crate) fn submit_held(&mut self, count: usize) -> Held {
        self.begin_submit(HELD, SMALL, count);
        // Over the pipe, the client says both, and which of them first is chance.
        let mut said = [self.client().hear(), self.speaker().hear()];
        said.sort();
        assert_eq!(said[1], "submitted");
        Held::told(&said[0])
    }

    /// All but the first are plain. It is one line: a handler over the pipe, once it holds a message, takes the next.
    fn begin_submit(&mut self, first: u8, length: usize, count: usize) {
        let (first, plain, nonce) = (char::from(first), char::from(PLAIN), self.number + 1);
        self.number += u64::try_from(count).unwrap();
        let line = format!("submit {first} {plain} {length} {nonce} {count}");
        self.client().say(&line);
    }

    /// Lets the client begin a call of a message that no other call has.
    pub(crate) fn begin_call(&mut self, kind: u8, length: usize) {
        self.number += 1;
        let line = format!("call {} {length} {}", char::from(kind), self.number);
        self.client().say(&line);
        assert_eq!(self.client().hear(), "calling");
    }

    /// Lets the client call once; gives what it says of that.
    pub(crate) fn call(&mut self) -> String {
        self.begin_call(PLAIN, SMALL);
        self.client().hear()
    }

    /// Lets the client call until something else comes of it than running out of time.
    pub(crate) fn call_until_it_is_answered(&mut self) -> String {
        let mut said = self.call();
        while said == "TimedOut" {
            said = self.call();
        }
        said
    }

    /// Whoever speaks for the server's handlers.
    fn speaker(&mut self) -> &mut Actor {
        let side = if self.is_pipe() {
            Side::Client
        } else {
            Side::Server
        };
        self.stage.actor(side)
    }

    /// Waits until a handler holds the client's message.
    pub(crate) fn await_held(&mut self) -> Held {
        Held::told(&self.speaker().hear())
    }

    /// Lets the handler that holds a message go on.
    pub(crate) fn let_go(&mut self) {
        let word = if self.is_pipe() { "" } else { "go" };
        self.speaker().say(word);
    }

    /// The process of a side; over the pipe, there is no server before the client has connected.
    fn process(&self, side: Side) -> Option<pid_t> {
        if side == Side::Server && self.is_pipe() {
            return only_child(self.process(Side::Client)?);
        }
        self.stage.get(side).map(Actor::number)
    }

    pub(crate) fn signal(&self, side: Side, signal: i32) {
        let process = self.process(side).unwrap();
        send(process, signal);
        if signal == libc::SIGSTOP {
            await_state(process, process, 'T');
        }
    }

    /// Kills one side, and returns when it is gone.
    pub(crate) fn kill(&mut self, side: Side) {
        let child = self.process(Side::Server).filter(|_| self.is_pipe());
        match side {
            Side::Server if self.is_pipe() => {
                let process = child.unwrap();
                send(process, libc::SIGKILL);
                await_state(process, process, 'Z');
            }
            Side::Server => {
                self.stage.leave(Side::Server).unwrap().kill();
                let said = self.last_of_bystander();
                assert!(is_end(&said), "the bystander of a killed server: {said}");
            }
            Side::Client => {
                self.stage.leave(Side::Client).unwrap().kill();
                child.into_iter().for_each(reap_orphan);
            }
        }
    }

    /// Tells the server to stop in order, and does not wait for that.
    pub(crate) fn order_stop(&mut self) {
        self.stage.actor(Side::Server).say("stop");
    }

    /// The server has been stopped in order: its end is that of its orders.
    pub(crate) fn server_has_stopped(&mut self) {
        let mut server = self.stage.leave(Side::Server).unwrap();
        assert_eq!(server.hear(), "stopped");
        assert_eq!(self.last_of_bystander(), "Closed");
        server.kill();
    }

    /// What the bystander sees while the server lives.
    pub(crate) fn bystander(&mut self) -> String {
        match &self.witness {
            Some(witness) => say(&witness.bystander, &mut self.number),
            None => "right".to_owned(),
        }
    }

    /// What the bystander of a server that is gone sees, before it goes, too.
    fn last_of_bystander(&mut self) -> String {
        let said = self.bystander();
        self.witness = None;
        said
    }

    /// The server gives back what it had for clients that are gone.
    pub(crate) fn expect_no_leak(&self) {
        let server = self.stage.get(Side::Server);
        if let (Some(server), Some(witness)) = (server, &self.witness) {
            witness.census.await_as_much_in(server.number());
        }
    }

    /// Ends both processes in order; nothing of them is left.
    pub(crate) fn strike(&mut self) {
        drop(self.stage.leave(Side::Client));
        if !self.is_pipe() {
            self.set();
            // What a client killed before it was taken in left, the next server sweeps.
            self.kill(Side::Server);
            self.set();
            drop(self.stage.leave(Side::Client));
            self.order_stop();
            self.server_has_stopped();
        }
        assert_eq!(self.stage.address.leftovers(), [""; 0]);
    }
}

impl Held {
    fn told(line: &str) -> Self {
        let words: Vec<_> = line.split(' ').collect();
        let ["held", process, thread] = words[..] else {
            panic!("{line}");
        };
        Self {
            process: process.parse().unwrap(),
            thread: thread.parse().unwrap(),
        }
    }

    /// Waits until the thread whose handler held the message sleeps again: it has answered, or waits
    /// for room to.
    pub(crate) fn await_answer(&self) {
        await_state(self.process, self.thread, 'S');
    }
}

fn say(client: &Client, number: &mut u64) -> String {
    *number += 1;
    let begin = Instant::now();
    let said = say_of(client, &message(PLAIN, SMALL, *number), &mut [0; SMALL]);
    assert!(begin.elapsed() < PATIENCE, "the bystander hung");
    said
}

/// Whether this is what is said of a server that has gone.
pub(crate) fn is_end(said: &str) -> bool {
    matches!(said, "Closed" | "PeerDied")
}

/// A server at an address, which serves.
pub(crate) fn serving(transport: &str, address: &Address) -> Actor {
    let mut server = start(&role("server", transport, address));
    assert_eq!(server.hear(), "bound");
    server.say("serve");
    assert_eq!(server.hear(), "serving");
    server
}

/// Waits for the end of a server at a pipe whose parent was killed: nobody tells it but the pipe.
fn reap_orphan(process: pid_t) {
    send(process, libc::SIGCONT); // Stopped processes see nothing.
    let mut reaped = 0;
    eventually("the child of a killed parent ends", || {
        // SAFETY: it came to this process when its parent was killed; nothing is written.
        reaped = unsafe { libc::waitpid(process, std::ptr::null_mut(), libc::WNOHANG) };
        reaped != 0
    });
    assert_eq!(reaped, process);
}

fn only_child(process: pid_t) -> Option<pid_t> {
    let children = children(process);
    assert!(children.len() < 2, "one child at most");
    children.first().copied()
}
