//! A server whose answers come later, as the test says.

#![allow(dead_code, reason = "each test file uses its part")]

use crate::support::{Address, PATIENCE, Transport};
use calc_ipc::error::Result;
use calc_ipc::service::{Client, Event, Handler, Reply, Server};
use calc_ipc::transport::{ServerOptions, Visit};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

/// What a request asks for, by its first byte; the others are to be the answer.
pub(crate) const NOW: u8 = b'n';
pub(crate) const LATER: u8 = b'l';
pub(crate) const HOLD: u8 = b'h';
pub(crate) const RELEASE: u8 = b'r';

pub(crate) type Kept = (Reply, Vec<u8>);

/// A server whose handler answers at once, keeps the reply for the test, or answers all that it kept before its own.
pub(crate) struct Deferring {
    pub(crate) server: Server,
    pub(crate) kept: Receiver<Kept>,
    /// How many clients have gone.
    left: Arc<AtomicUsize>,
}

impl Deferring {
    pub(crate) fn new(transport: &Transport, address: &Address, options: &ServerOptions) -> Self {
        let (keep, kept) = channel();
        let left = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&left);
        let observer = move |event: &Event<'_>| {
            if matches!(event, Event::Visit(_, Visit::Left | Visit::Dropped(_))) {
                count.fetch_add(1, Ordering::Relaxed);
            }
        };
        let endpoint = (transport.bind)(address, options).unwrap();
        let server = Server::observed(endpoint, handler(keep), Box::new(observer)).unwrap();
        server.start().unwrap();
        Self { server, kept, left }
    }

    pub(crate) fn left(&self) -> usize {
        self.left.load(Ordering::Relaxed)
    }

    pub(crate) fn usual(transport: &Transport, address: &Address) -> Self {
        Self::new(transport, address, &ServerOptions::default())
    }

    pub(crate) fn next_kept(&self) -> Kept {
        self.kept.recv_timeout(PATIENCE).unwrap()
    }
}

pub(crate) fn handler(keep: Sender<Kept>) -> Handler {
    let held = Mutex::new(Vec::<Kept>::new());
    Handler::deferred(move |reply, request| {
        let (&kind, rest) = request.split_first().unwrap();
        match kind {
            NOW => reply.send(rest).unwrap(),
            LATER => keep.send((reply, rest.to_vec())).unwrap(),
            RELEASE => {
                for (reply, rest) in held.lock().unwrap().drain(..) {
                    reply.send(&rest).unwrap();
                }
                reply.send(rest).unwrap();
            }
            HOLD => held.lock().unwrap().push((reply, rest.to_vec())),
            _ => panic!("the test asks for that"),
        }
    })
}

pub(crate) fn message(kind: u8, rest: &[u8]) -> Vec<u8> {
    [&[kind], rest].concat()
}

/// The answer to a message; none is longer.
pub(crate) fn ask(client: &Client, kind: u8, rest: &[u8]) -> Result<Vec<u8>> {
    let mut room = vec![0; 65_536];
    let length = client.call_bytes(&message(kind, rest), &mut room)?;
    room.truncate(length);
    Ok(room)
}

/// A client that asks in a thread of its own.
pub(crate) fn ask_apart(
    transport: &Transport,
    address: &Address,
    kind: u8,
    rest: &[u8],
) -> thread::JoinHandle<Result<Vec<u8>>> {
    let client = transport.client(address);
    let rest = rest.to_vec();
    thread::spawn(move || ask(&client, kind, &rest))
}
