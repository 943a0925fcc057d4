//! A loop of one thread that drives servers and clients over every transport: it is woken for nothing, and what becomes of
//! the processes at the other ends is nobody's but theirs.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

#[path = "support/deferring.rs"]
mod deferring;
mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Client, Completion, Limit, Next, Server};
use calc_ipc::transport::ServerOptions;
use deferring::{Kept, LATER, NOW, message};
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use support::{Address, TRANSPORTS, Transport, eventually, readable_among, status};

const LOOK: Option<Duration> = Some(Duration::ZERO);
const FOREVER: Limit = Limit::Own(None);

/// A server over each transport, and clients, in one loop.
struct Loop {
    servers: Vec<Server>,
    clients: Vec<Client>,
    /// What the clients were told, by client and tag.
    told: BTreeMap<(usize, u64), Vec<Status>>,
    /// How often something was found readable.
    dispatches: usize,
}

impl Loop {
    fn new(servers: Vec<Server>, clients: Vec<Client>) -> Self {
        Self {
            servers,
            clients,
            told: BTreeMap::new(),
            dispatches: 0,
        }
    }

    /// One round: waits so many milliseconds at most, and gives whatever is readable one turn.
    fn turn(&mut self, milliseconds: u64) {
        let servers = self.servers.iter().map(|one| one.source().unwrap());
        let clients = self.clients.iter().map(|one| one.source().unwrap());
        let sources: Vec<_> = servers.chain(clients).collect();
        let sources: Vec<_> = sources.iter().collect();
        for place in readable_among(&sources, Duration::from_millis(milliseconds)) {
            self.dispatches += 1;
            match self.servers.get(place) {
                Some(server) => _ = server.dispatch(LOOK).unwrap(),
                None => self.take(place - self.servers.len()),
            }
        }
    }

    /// Takes what there is for a client.
    fn take(&mut self, client: usize) {
        let mut answer = [0; 64];
        loop {
            match self.clients[client].next(LOOK, &mut answer) {
                Ok(Next::Completion(Completion { tag, outcome, .. })) => {
                    self.told
                        .entry((client, tag))
                        .or_default()
                        .push(status(outcome));
                }
                Ok(Next::NoRoom(length)) => panic!("{length} bytes"),
                Err(error) => return assert_eq!(error.status(), Status::TimedOut, "{error}"),
            }
        }
    }

    fn turn_until(&mut self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        eventually(what, || {
            self.turn(1);
            is_so(self)
        });
    }

    /// Submits so many calls, tagged from `first` on.
    fn submit(&self, client: usize, first: u64, count: usize, message: &[u8]) {
        for tag in (first..).take(count) {
            self.clients[client].submit(FOREVER, message, tag).unwrap();
        }
    }

    /// Nothing is asked of it any more: some rounds later, it sleeps for good.
    fn assert_it_idles(&mut self) {
        let mut before = usize::MAX;
        eventually("a round without a dispatch", || {
            let is_quiet = self.dispatches == before;
            before = self.dispatches;
            self.turn(1);
            is_quiet
        });
        before = self.dispatches;
        (0..200).for_each(|_| self.turn(1));
        assert_eq!(self.dispatches, before, "woken for nothing");
    }
}

fn addresses() -> [Address; TRANSPORTS.len()] {
    [(); TRANSPORTS.len()].map(|()| Address::new())
}

/// A server over each transport, whose answers come now or later.
fn servers(addresses: &[Address]) -> (Vec<Server>, Receiver<Kept>) {
    let (keep, kept) = channel();
    let bind = |(transport, address): (&Transport, &Address)| {
        let endpoint = (transport.bind)(address, &ServerOptions::default()).unwrap();
        Server::new(endpoint, deferring::handler(keep.clone())).unwrap()
    };
    (TRANSPORTS.iter().zip(addresses).map(bind).collect(), kept)
}

fn clients(addresses: &[Address]) -> Vec<Client> {
    let pairs = TRANSPORTS.iter().zip(addresses);
    pairs
        .map(|(transport, address)| transport.client(address))
        .collect()
}

#[test]
fn it_is_not_woken_while_nothing_happens() {
    let addresses = addresses();
    let (servers, kept) = servers(&addresses);
    let mut all = Loop::new(servers, clients(&addresses));
    all.assert_it_idles();
    let count = all.clients.len();
    for client in 0..count {
        all.submit(client, 0, 5, &message(NOW, b"now"));
        all.submit(client, 5, 1, &message(LATER, b"later"));
    }
    all.turn_until("what is there is answered", |all| {
        all.told.len() == 5 * count
    });
    let mut replies = Vec::new();
    all.turn_until("the replies are out", |_| {
        replies.extend(kept.try_iter());
        replies.len() == count
    });
    all.assert_it_idles();
    for (reply, rest) in replies {
        reply.send(&rest).unwrap();
    }
    all.turn_until("what came later is told", |all| all.told.len() == 6 * count);
    all.assert_it_idles();
    assert!(all.told.values().all(|told| *told == [Status::Ok]));
    all.clients.clear();
    all.turn_until("the clients have gone", |all| {
        let mut stats = all.servers.iter().map(|server| server.stats().unwrap());
        stats.all(|stats| stats.clients == 0)
    });
    all.assert_it_idles();
}

/// Other processes at the other ends, which are killed.
#[cfg(unix)]
mod killed {
    use super::*;
    use crate::support::{Process, handle_in_process};
    use calc_ipc::service::{Handler, IN_FLIGHT_MAX};
    use std::thread;

    /// A process that is a client over each transport, and waits for answers that do not come.
    fn asker(addresses: &[Address]) -> Process {
        Process::fork_until_ready(|say_so| {
            let clients = clients(addresses);
            for client in &clients {
                for tag in 0..10 {
                    client
                        .submit(FOREVER, &message(LATER, b"nobody's"), tag)
                        .unwrap();
                }
            }
            say_so();
            thread::scope(|scope| {
                for client in &clients {
                    scope.spawn(|| client.next(None, &mut []));
                }
            });
        })
    }

    /// Servers over each transport, in processes of their own that never answer.
    fn stuck_servers(addresses: &[Address]) -> Vec<Process> {
        let pairs = TRANSPORTS.iter().zip(addresses);
        let serve = |(transport, address)| {
            let stuck = Handler::bytes(|_, _| {
                loop {
                    thread::park();
                }
            });
            handle_in_process(transport, address, &ServerOptions::default(), stuck)
        };
        pairs.map(serve).collect()
    }

    #[test]
    fn servers_that_are_killed_end_their_own_calls_once_each() {
        let (near, far) = (addresses(), addresses());
        let mut processes = stuck_servers(&far);
        let (servers, _kept) = servers(&near);
        let clients = clients(&near).into_iter().chain(clients(&far)).collect();
        let mut all = Loop::new(servers, clients);
        let own = near.len();
        for client in 0..far.len() {
            all.submit(own + client, 0, IN_FLIGHT_MAX, b"for ever");
            all.submit(client, 0, 1, &message(NOW, b"before"));
        }
        all.turn_until("the own ones answer", |all| all.told.len() == own);
        processes.iter_mut().for_each(Process::kill);
        let expected = own + far.len() * IN_FLIGHT_MAX;
        all.turn_until("each call ends", |all| all.told.len() == expected);
        for client in 0..own {
            all.submit(client, 1, 1, &message(NOW, b"after"));
        }
        all.turn_until("the own ones answer on", |all| {
            all.told.len() == expected + own
        });
        all.assert_it_idles();
        for ((client, tag), told) in &all.told {
            let ends: &[Status] = match client {
                client if *client < own => &[Status::Ok],
                _ => &[Status::Closed, Status::PeerDied],
            };
            assert!(
                told.len() == 1 && ends.contains(&told[0]),
                "{client}, {tag}: {told:?}"
            );
        }
    }

    #[test]
    fn clients_that_are_killed_leave_the_others_served() {
        let addresses = addresses();
        let (servers, kept) = servers(&addresses);
        let mut process = asker(&addresses);
        let mut all = Loop::new(servers, clients(&addresses));
        let count = all.clients.len();
        let mut replies = Vec::new();
        all.turn_until("a reply is out over each", |_| {
            replies.extend(kept.try_iter());
            replies.len() == count
        });
        process.kill();
        for client in 0..count {
            all.submit(client, 0, IN_FLIGHT_MAX, &message(NOW, b"still"));
        }
        all.turn_until("the others are answered", |all| {
            all.told.len() == count * IN_FLIGHT_MAX
        });
        assert!(all.told.values().all(|told| *told == [Status::Ok]));
        drop(replies);
        all.turn_until("their places are free", |all| {
            let mut stats = all.servers.iter().map(|server| server.stats().unwrap());
            stats.all(|stats| stats.clients == 1)
        });
        all.assert_it_idles();
    }
}
