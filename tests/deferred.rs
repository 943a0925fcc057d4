//! Answers that come later, over every transport with named servers.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::error::{Result, Status};
use calc_ipc::service::{Client, Handler, Limit, Next, Reply, Server};
use calc_ipc::transport::ServerOptions;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;
use support::{Address, PATIENCE, TRANSPORTS, Transport, eventually, over_each, status, within};

/// What a request asks for, by its first byte; the others are to be the answer.
const NOW: u8 = b'n';
const LATER: u8 = b'l';
const RELEASE: u8 = b'r';

type Kept = (Reply, Vec<u8>);

/// A server whose handler answers at once, keeps the reply for the test, or answers all that it kept before its own.
struct Deferring {
    server: Server,
    kept: Receiver<Kept>,
}

impl Deferring {
    fn new(transport: &Transport, address: &Address, options: &ServerOptions) -> Self {
        let (keep, kept) = channel();
        let server = transport.serve(address, handler(keep), options);
        Self { server, kept }
    }

    fn usual(transport: &Transport, address: &Address) -> Self {
        Self::new(transport, address, &ServerOptions::default())
    }

    fn next_kept(&self) -> Kept {
        self.kept.recv_timeout(PATIENCE).unwrap()
    }
}

fn handler(keep: Sender<Kept>) -> Handler {
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
            _ => held.lock().unwrap().push((reply, rest.to_vec())),
        }
    })
}

fn message(kind: u8, rest: &[u8]) -> Vec<u8> {
    [&[kind], rest].concat()
}

/// The answer to a message; none is longer.
fn ask(client: &Client, kind: u8, rest: &[u8]) -> Result<Vec<u8>> {
    let mut room = vec![0; 65_536];
    let length = client.call_bytes(&message(kind, rest), &mut room)?;
    room.truncate(length);
    Ok(room)
}

/// A client that asks in a thread of its own.
fn ask_apart(
    transport: &Transport,
    address: &Address,
    kind: u8,
    rest: &[u8],
) -> thread::JoinHandle<Result<Vec<u8>>> {
    let client = transport.client(address);
    let rest = rest.to_vec();
    thread::spawn(move || ask(&client, kind, &rest))
}

#[test]
fn a_reply_may_be_ended_in_the_handler() {
    over_each(|transport, address| {
        let _server = Deferring::usual(transport, address);
        let client = transport.client(address);
        for length in [0, 1, 40, 100, 5000, 65_535] {
            let rest = vec![7; length];
            let answer = ask(&client, NOW, &rest).unwrap();
            assert!(answer == rest, "{}: {length}", transport.name);
        }
    });
}

#[test]
fn a_reply_may_be_ended_later_by_another_thread() {
    over_each(|transport, address| {
        let server = Deferring::usual(transport, address);
        for length in [0, 1, 40, 100, 5000, 65_535] {
            let rest = vec![7; length];
            let asking = ask_apart(transport, address, LATER, &rest);
            let (reply, kept) = server.next_kept();
            reply.check().unwrap();
            reply.send(&kept).unwrap();
            assert!(asking.join().unwrap().unwrap() == rest, "{}: {length}", transport.name);
        }
    });
}

#[test]
fn a_reply_may_be_ended_by_the_handler_of_another_call() {
    over_each(|transport, address| {
        let _server = Deferring::usual(transport, address);
        let asking = ask_apart(transport, address, b'h', b"held");
        let client = transport.client(address);
        eventually("what was kept is answered", || {
            assert_eq!(ask(&client, RELEASE, b"now").unwrap(), b"now");
            asking.is_finished()
        });
        assert_eq!(asking.join().unwrap().unwrap(), b"held");
    });
}
