//! A server whose answers come later, as the test says.

#![allow(dead_code, reason = "each test file uses its part")]

use crate::support::{Address, PATIENCE, Transport, eventually, status};
use calc_ipc::error::{Result, Status};
use calc_ipc::service::{self, Client, Handler, Limit, Observer, Reply, Server, current_peer};
use calc_ipc::transport::{ServerOptions, Visit, Visitor};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

/// What a request asks for, by its first byte; the others are to be the answer.
pub(crate) const NOW: u8 = b'n';
pub(crate) const LATER: u8 = b'l';
pub(crate) const HOLD: u8 = b'h';
pub(crate) const RELEASE: u8 = b'r';
pub(crate) const FAIL: u8 = b'f';
pub(crate) const WHO: u8 = b'w';

pub(crate) type Kept = (Reply, Vec<u8>);

/// A server whose handler answers at once, keeps the reply for the test, or answers all that it kept before its own; or it
/// fails, or says who asks.
pub(crate) struct Deferring {
    pub(crate) server: Server,
    pub(crate) kept: Receiver<Kept>,
    /// What the observer was told, and on which thread.
    told: Told,
}

pub(crate) type Told = Arc<Mutex<Vec<(Event, ThreadId)>>>;

/// What an observer is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Visit(Visitor, Visit),
    HandlerFailed(Visitor, String),
}

/// An observer that keeps what it is told.
pub(crate) fn observer(told: &Told) -> Box<Observer> {
    let told = Arc::clone(told);
    Box::new(move |event| {
        let event = match event {
            service::Event::Visit(from, visit) => Event::Visit(*from, *visit),
            service::Event::HandlerFailed(from, why) => {
                Event::HandlerFailed(*from, why.as_str().to_owned())
            }
        };
        told.lock().unwrap().push((event, thread::current().id()));
    })
}

impl Deferring {
    pub(crate) fn new(transport: &Transport, address: &Address, options: &ServerOptions) -> Self {
        let deferring = Self::create(transport, address, options);
        deferring.server.start().unwrap();
        deferring
    }

    /// One that does not serve yet.
    pub(crate) fn create(
        transport: &Transport,
        address: &Address,
        options: &ServerOptions,
    ) -> Self {
        let (keep, kept) = channel();
        let told = Told::default();
        let endpoint = (transport.bind)(address, options).unwrap();
        let server = Server::observed(endpoint, handler(keep), observer(&told)).unwrap();
        Self { server, kept, told }
    }

    pub(crate) fn told(&self) -> Vec<(Event, ThreadId)> {
        self.told.lock().unwrap().clone()
    }

    /// How many clients have gone, or were dropped.
    pub(crate) fn gone(&self) -> usize {
        let told = self.told();
        let gone = told
            .iter()
            .filter(|(event, _)| matches!(event, Event::Visit(_, Visit::Left | Visit::Dropped(_))));
        gone.count()
    }

    pub(crate) fn usual(transport: &Transport, address: &Address) -> Self {
        Self::new(transport, address, &ServerOptions::default())
    }

    pub(crate) fn next_kept(&self) -> Kept {
        self.kept.recv_timeout(PATIENCE).unwrap()
    }

    /// Has the client parked, which does not wait for its answer.
    pub(crate) fn park(&self, client: &Client, rest: &[u8]) -> Kept {
        let message = message(LATER, rest);
        let _ = client.submit(Limit::Own(None), &message, 0).unwrap();
        let mut kept = None;
        eventually("its request is handed over", || {
            // What is not sent yet goes with the look for answers.
            let looked = client.next(Some(Duration::ZERO), &mut []);
            assert_eq!(status(looked), Status::TimedOut);
            kept = self.kept.try_recv().ok();
            kept.is_some()
        });
        kept.unwrap()
    }
}

pub(crate) fn handler(keep: Sender<Kept>) -> Handler {
    let held = Mutex::new(Vec::<Kept>::new());
    Handler::deferred(move |reply, request| {
        let (&kind, rest) = request.split_first().unwrap();
        match kind {
            NOW => reply.send(rest).unwrap(),
            FAIL => reply.fail(rest),
            WHO => {
                let peer = current_peer().unwrap();
                reply.send(format!("{peer:?}").as_bytes()).unwrap();
            }
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
