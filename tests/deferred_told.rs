//! What is told and counted of requests whose answers come later: who asks, what fails, who comes and goes.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "support/deferring.rs"]
mod deferring;
mod support;

use calc_ipc::error::Status;
use calc_ipc::transport::{ServerOptions, Visit, Visitor};
use deferring::{Deferring, Event, FAIL, LATER, NOW, WHO, ask, ask_apart};
use std::collections::BTreeMap;
use std::thread;
use support::{eventually, over_each, status};

fn options(workers: u32) -> ServerOptions {
    ServerOptions {
        workers,
        ..ServerOptions::default()
    }
}

/// The one client that has come.
fn visitor(server: &Deferring) -> Visitor {
    match &server.told()[..] {
        [(Event::Visit(visitor, Visit::Came), _), ..] => *visitor,
        told => panic!("{told:?}"),
    }
}

#[test]
fn a_handler_that_answers_later_knows_who_asks() {
    over_each(|transport, address| {
        let server = Deferring::usual(transport, address);
        let client = transport.client(address);
        for _ in 0..2 {
            let who = String::from_utf8(ask(&client, WHO, b"").unwrap()).unwrap();
            assert_eq!(who, format!("{:?}", visitor(&server)), "{}", transport.name);
        }
    });
}

#[test]
fn a_request_counts_once_it_is_answered() {
    over_each(|transport, address| {
        for workers in [1, 3] {
            let server = Deferring::new(transport, address, &options(workers));
            let counted = || {
                let stats = server.server.stats().unwrap();
                [
                    stats.requests,
                    stats.failed,
                    stats.bytes_in,
                    stats.bytes_out,
                ]
            };
            let asking = ask_apart(transport, address, LATER, b"later");
            let (reply, _) = server.next_kept();
            assert_eq!(counted(), [0; 4], "{}", transport.name);
            reply.send(b"an answer").unwrap();
            assert!(asking.join().unwrap().is_ok());
            assert_eq!(counted(), [1, 0, 6, 9], "{}", transport.name);
            let client = transport.client(address);
            assert!(ask(&client, NOW, b"now").is_ok());
            assert_eq!(counted(), [2, 0, 10, 12]);
            assert_eq!(status(ask(&client, FAIL, b"")), Status::HandlerFailed);
            assert_eq!(counted(), [3, 1, 11, 12]);
            let asking = ask_apart(transport, address, LATER, b"");
            let (reply, _) = server.next_kept();
            assert_eq!(counted(), [3, 1, 11, 12]);
            reply.fail(b"no cat");
            assert_eq!(status(asking.join().unwrap()), Status::HandlerFailed);
            assert_eq!(counted(), [4, 2, 12, 12], "{}", transport.name);
        }
    });
}

#[test]
fn a_thread_that_serves_tells_why_and_on_whom_the_handler_failed() {
    over_each(|transport, address| {
        for workers in [1, 3] {
            let server = Deferring::new(transport, address, &options(workers));
            let client = transport.client(address);
            let mut expected = Vec::new();
            let mut is_told = |why: &str, answer| {
                assert_eq!(status(answer), Status::HandlerFailed);
                let failed = Event::HandlerFailed(visitor(&server), why.into());
                expected.push(failed);
                let told = server.told().into_iter().skip(1);
                let (told, threads): (Vec<_>, Vec<_>) = told.unzip();
                assert_eq!(told, expected, "{}", transport.name);
                assert!(!threads.contains(&thread::current().id()), "{why}");
            };
            is_told("no cat", ask(&client, FAIL, b"no cat"));
            let dropped = "the reply was dropped without an answer";
            is_told(dropped, ask(&client, b'!', b""));
            thread::scope(|scope| {
                let asking = scope.spawn(|| ask(&client, LATER, b""));
                server.next_kept().0.fail(b"no dog");
                is_told("no dog", asking.join().unwrap());
                let asking = scope.spawn(|| ask(&client, LATER, b""));
                drop(server.next_kept());
                is_told(dropped, asking.join().unwrap());
            });
        }
    });
}

#[test]
fn each_that_comes_leaves_once_though_it_is_parked() {
    over_each(|transport, address| {
        for workers in [1, 3] {
            let server = Deferring::new(transport, address, &options(workers));
            let mut parked: Vec<_> = (0..4)
                .map(|_| {
                    let client = transport.client(address);
                    let (reply, _) = server.park(&client, b"");
                    (client, reply)
                })
                .collect();
            for (client, reply) in parked.drain(..2) {
                drop(client);
                if transport.name == "tcp" {
                    reply.send(b"nobody reads this").unwrap();
                } else {
                    eventually("it shows", || status(reply.check()) == Status::Closed);
                }
            }
            eventually("two have left", || server.gone() == 2);
            server.server.stop().unwrap();
            let mut visits = BTreeMap::<u64, Vec<Visit>>::new();
            for (event, _) in server.told() {
                match event {
                    Event::Visit(from, visit) => {
                        visits.entry(from.connection).or_default().push(visit);
                    }
                    failed => panic!("{failed:?}"),
                }
            }
            let (left, ended) = ([Visit::Came, Visit::Left], [Visit::Came, Visit::Ended]);
            let expected = [left, left, ended, ended];
            let visits: Vec<_> = visits.into_values().collect();
            assert_eq!(visits, expected, "{}", transport.name);
            assert_eq!(server.server.stats().unwrap().clients, 0);
        }
    });
}
