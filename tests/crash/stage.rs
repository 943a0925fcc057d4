//! A server and a client in processes of their own, at one address, and what is known of them.

use crate::actor::{Actor, await_state, eventually, send};
use crate::census::{Census, children};
use crate::message::{MAX_MESSAGE, PLAIN, SMALL, message};
use crate::role::{PIPE, named, say_of};
use crate::support::{Address, Transport};
use calc_ipc::service::Client;
use calc_ipc::transport::ClientOptions;
use std::time::Duration;

/// One of the two processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Server,
    Client,
}

/// The two processes. Over the pipe, the server is a child of the client's.
pub(crate) struct Stage {
    /// `None` is the pipe.
    transport: Option<&'static Transport>,
    pub(crate) address: Address,
    server: Option<Server>,
    pub(crate) client: Option<Actor>,
    /// How long the client's calls may take, in milliseconds.
    pub(crate) timeout: u64,
    number: u64,
}

/// A server that lives, and a client of it that nobody does anything to.
struct Server {
    actor: Actor,
    bystander: Client,
    /// What it had before anybody but the bystander came.
    census: Census,
}

/// What a held message's handler said of itself.
pub(crate) struct Held {
    process: u32,
    thread: String,
}

impl Stage {
    pub(crate) fn new(transport: &str) -> Self {
        Self {
            transport: (transport != PIPE).then(|| named(transport)),
            address: Address::new(),
            server: None,
            client: None,
            timeout: 0,
            number: 0,
        }
    }

    pub(crate) fn is_pipe(&self) -> bool {
        self.transport.is_none()
    }

    fn role(&self, role: &str) -> String {
        let name = self.transport.map_or(PIPE, |transport| transport.name);
        format!("{role} {name} {}", self.address.tell())
    }

    /// Sees to it that both processes are there. A server that is new takes the address as its
    /// predecessor left it.
    pub(crate) fn set(&mut self) {
        if let Some(transport) = self.transport
            && self.server.is_none()
        {
            let mut actor = Actor::start(&self.role("server"));
            assert_eq!(actor.hear(), "bound");
            actor.say("serve");
            assert_eq!(actor.hear(), "serving");
            let options = ClientOptions {
                max_message: MAX_MESSAGE,
                ..ClientOptions::default()
            };
            let bystander = transport.client_with(&self.address, &options);
            assert_eq!(say(&bystander, &mut self.number), "right");
            let census = Census::of(actor.pid());
            self.server = Some(Server {
                actor,
                bystander,
                census,
            });
        }
        if self.client.is_none() {
            self.client = Some(Actor::start(&self.role("client")));
        }
    }

    pub(crate) fn client(&mut self) -> &mut Actor {
        self.client.as_mut().unwrap()
    }

    /// Lets the client connect; gives what it says of that.
    pub(crate) fn connect(&mut self) -> String {
        let line = format!("connect {}", self.timeout);
        self.client().say(&line);
        self.client().hear()
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

    /// Waits until a handler holds the client's message.
    pub(crate) fn await_held(&mut self) -> Held {
        let speaker = match &mut self.server {
            Some(server) => &mut server.actor,
            None => self.client.as_mut().unwrap(),
        };
        let line = speaker.hear();
        let words: Vec<_> = line.split(' ').collect();
        let ["held", process, thread] = words[..] else {
            panic!("{line}");
        };
        Held {
            process: process.parse().unwrap(),
            thread: thread.to_owned(),
        }
    }

    /// Lets the handler that holds a message go on.
    pub(crate) fn let_go(&mut self) {
        match &mut self.server {
            Some(server) => server.actor.say("go"),
            None => self.client().say(""),
        }
    }

    /// The process that serves; over the pipe, none before the client has connected.
    pub(crate) fn server_process(&self) -> Option<u32> {
        match &self.server {
            Some(server) => Some(server.actor.pid()),
            None => only_child(self.client.as_ref()?.pid()),
        }
    }

    pub(crate) fn signal(&self, side: Side, signal: i32) {
        let process = match side {
            Side::Server => self.server_process(),
            Side::Client => self.client.as_ref().map(Actor::pid),
        };
        send(process.unwrap(), signal);
        if signal == libc::SIGSTOP {
            let process = process.unwrap();
            await_state(process, &process.to_string(), 'T');
        }
    }

    /// Kills one side, and returns when it is gone.
    pub(crate) fn kill(&mut self, side: Side) {
        match (side, self.server.take()) {
            (Side::Server, Some(server)) => {
                server.actor.kill();
                let said = say(&server.bystander, &mut self.number);
                assert!(is_end(&said), "the bystander of a killed server: {said}");
            }
            (Side::Server, None) => {
                let process = only_child(self.client().pid()).unwrap();
                send(process, libc::SIGKILL);
                await_state(process, &process.to_string(), 'Z');
            }
            (Side::Client, server) => {
                let child = only_child(self.client().pid());
                self.client.take().unwrap().kill();
                if let (None, Some(child)) = (&server, child) {
                    reap_orphan(child);
                }
                self.server = server;
            }
        }
    }

    /// Tells the server to stop in order, and does not wait for that.
    pub(crate) fn order_stop(&mut self) {
        self.server.as_mut().unwrap().actor.say("stop");
    }

    /// The server has been stopped in order: its end is that of its orders.
    pub(crate) fn server_has_stopped(&mut self) {
        let Server {
            mut actor,
            bystander,
            ..
        } = self.server.take().unwrap();
        assert_eq!(actor.hear(), "stopped");
        assert_eq!(say(&bystander, &mut self.number), "Closed");
        actor.kill();
    }

    /// What the bystander sees while the server lives.
    pub(crate) fn bystander(&mut self) -> String {
        match &self.server {
            Some(server) => say(&server.bystander, &mut self.number),
            None => "right".to_owned(),
        }
    }

    /// The server gives back what it had for clients that are gone.
    pub(crate) fn expect_no_leak(&self) {
        let Some(server) = &self.server else {
            return;
        };
        let pid = server.actor.pid();
        eventually(&format!("the server has {:?} again", server.census), || {
            Census::of(pid) == server.census
        });
    }

    /// Ends both processes in order; nothing of them is left.
    pub(crate) fn strike(&mut self) {
        self.client = None;
        if !self.is_pipe() {
            self.set();
            // What a client killed before it was taken in left, the next server sweeps.
            self.kill(Side::Server);
            self.set();
            self.client = None;
            self.order_stop();
            self.server_has_stopped();
        }
        assert_eq!(self.address.leftovers(), [""; 0]);
    }
}

impl Held {
    /// Waits until the thread whose handler held the message sleeps again: it has answered, or waits
    /// for room to.
    pub(crate) fn await_answer(&self) {
        await_state(self.process, &self.thread, 'S');
    }
}

fn say(client: &Client, number: &mut u64) -> String {
    *number += 1;
    let begin = std::time::Instant::now();
    let said = say_of(client, &message(PLAIN, SMALL, *number), &mut [0; SMALL]);
    assert!(
        begin.elapsed() < Duration::from_secs(60),
        "the bystander hung"
    );
    said
}

/// Whether this is what is said of a server that has gone.
pub(crate) fn is_end(said: &str) -> bool {
    matches!(said, "Closed" | "PeerDied")
}

/// Waits for the end of a server at a pipe whose parent was killed: nobody tells it but the pipe.
fn reap_orphan(process: u32) {
    send(process, libc::SIGCONT); // Stopped processes see nothing.
    let mut reaped = 0;
    eventually("the child of a killed parent ends", || {
        // SAFETY: it came to this process when its parent was killed; nothing is written.
        reaped =
            unsafe { libc::waitpid(process.cast_signed(), std::ptr::null_mut(), libc::WNOHANG) };
        reaped != 0
    });
    assert_eq!(reaped, process.cast_signed());
}

fn only_child(process: u32) -> Option<u32> {
    let children = children(process);
    assert!(children.len() < 2, "one child at most");
    children.first().copied()
}
