//! Servers that the test drives, and clients of theirs that wait for nothing.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "each test file uses its part"
)]

use crate::support::{
    Address, PATIENCE, TRANSPORTS, Transport, add, eventually, is_readable_within,
};
use calc_ipc::error::Status;
use calc_ipc::service::{Client, Handler, Limit, Next, Server};
use calc_ipc::transport::ServerOptions;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

pub(crate) const LOOK: Option<Duration> = Some(Duration::ZERO);
pub(crate) const FOREVER: Limit = Limit::Own(None);

pub(crate) fn create(transport: &Transport, address: &Address, handler: Handler) -> Server {
    create_with(transport, address, handler, &ServerOptions::default())
}

pub(crate) fn create_with(
    transport: &Transport,
    address: &Address,
    handler: Handler,
    options: &ServerOptions,
) -> Server {
    Server::new((transport.bind)(address, options).unwrap(), handler).unwrap()
}

pub(crate) fn is_readable(server: &Server) -> bool {
    is_readable_within(&server.source().unwrap(), Duration::ZERO)
}

pub(crate) fn await_readable(server: &Server) {
    let is_told = is_readable_within(&server.source().unwrap(), PATIENCE);
    assert!(is_told, "it is never told");
}

/// There is nothing to do, which what is watched says: on Windows once it was told of what its own operations came to.
pub(crate) fn assert_quiet(server: &Server, transport: &str) {
    if cfg!(unix) {
        assert!(!is_readable(server), "{transport}");
    }
    eventually("it is quiet", || {
        drive(server);
        !is_readable(server)
    });
}

/// Drives it until there is nothing to do; how many turns did something.
pub(crate) fn drive(server: &Server) -> usize {
    let mut turns = 0;
    while server.dispatch(LOOK).unwrap() {
        turns += 1;
        assert!(turns < 1_000_000, "it never rests");
    }
    turns
}

/// Drives it, as a loop of the host's does, until so; `is_so` is asked whenever there is nothing to do.
pub(crate) fn drive_until(server: &Server, mut is_so: impl FnMut() -> bool) {
    eventually("what it is driven for", || {
        is_readable_within(&server.source().unwrap(), Duration::from_millis(1));
        drive(server);
        is_so()
    });
}

/// Drives it, as a host does that comes only when it is told to, until so: what it is not told of is never done.
pub(crate) fn drive_when_told(server: &Server, mut is_so: impl FnMut() -> bool) {
    eventually("what it has to be told of", || {
        if is_readable(server) {
            server.dispatch(LOOK).unwrap();
        }
        is_so()
    });
}

/// Clients that call, each in a thread of its own; how many have not finished.
pub(crate) fn callers<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    transport: &'scope Transport,
    address: &'scope Address,
    unfinished: &'scope AtomicUsize,
) {
    for number in 0..3 {
        unfinished.fetch_add(1, Ordering::SeqCst);
        scope.spawn(move || {
            for round in 0..3 {
                let client = transport.client(address);
                for call in 0..40 {
                    let sum = client.call(&add(number, call)).unwrap();
                    assert_eq!(sum, Ok(number + call), "{round}");
                }
                let requests: Vec<_> = (0..500).map(|call| add(number, call)).collect();
                let mut answered = 0;
                client.call_many(&requests, |_| answered += 1).unwrap();
                assert_eq!(answered, 500);
            }
            unfinished.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

/// A server over each transport, and its address.
pub(crate) fn one_over_each() -> (Vec<Address>, Vec<Server>) {
    let addresses: Vec<_> = TRANSPORTS.iter().map(|_| Address::new()).collect();
    let pairs = TRANSPORTS.iter().zip(&addresses);
    let servers = pairs.map(|(transport, address)| create(transport, address, Handler::Calculator));
    let servers = servers.collect();
    (addresses, servers)
}

/// A client that waits for nothing, and what it is owed.
pub(crate) struct Asker {
    pub(crate) client: Client,
    pub(crate) owed: VecDeque<Vec<u8>>,
}

impl Asker {
    pub(crate) fn new(transport: &Transport, address: &Address) -> Self {
        Self {
            client: transport.client(address),
            owed: VecDeque::new(),
        }
    }

    pub(crate) fn ask(&mut self, message: Vec<u8>) {
        match self.client.submit(FOREVER, &message, 0) {
            Ok(_) => self.owed.push_back(message),
            Err(error) => assert_eq!(error.status(), Status::Busy, "{error}"),
        }
    }

    /// Takes what answers there are.
    pub(crate) fn take(&mut self) {
        let mut answer = vec![0; 70_000];
        loop {
            match self.client.next(LOOK, &mut answer) {
                Ok(Next::Completion(completion)) => {
                    let length = completion.outcome.unwrap();
                    assert_eq!(self.owed.pop_front().unwrap(), answer[..length]);
                }
                Ok(Next::NoRoom(length)) => panic!("{length} bytes"),
                Err(error) => return assert_eq!(error.status(), Status::TimedOut, "{error}"),
            }
        }
    }
}

/// A client is connected, and was answered.
pub(crate) fn connected(transport: &Transport, address: &Address, server: &Server) -> Client {
    let mut asker = Asker::new(transport, address);
    asker.ask(b"hello".to_vec());
    drive_until(server, || {
        asker.take();
        asker.owed.is_empty()
    });
    asker.client
}
