//! Answers that come later, of servers that their host drives, and what is told and counted of them.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "support/deferring.rs"]
mod deferring;
mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Client, Event, Handler, Limit, Next, Server, current_peer};
use calc_ipc::transport::ServerOptions;
use deferring::{Kept, LATER, NOW, handler, message};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use support::{Address, PATIENCE, Transport, eventually, is_readable_within, over_each, status};

const LOOK: Option<Duration> = Some(Duration::ZERO);

/// A server that the test drives, and what its handler keeps.
fn driven(transport: &Transport, address: &Address) -> (Server, Receiver<Kept>) {
    let (keep, kept) = channel();
    let endpoint = (transport.bind)(address, &ServerOptions::default()).unwrap();
    let server = Server::new(endpoint, handler(keep)).unwrap();
    server.source().unwrap();
    (server, kept)
}

/// Drives it until something is so, which is asked whenever there is nothing to do.
fn drive_until(server: &Server, what: &str, mut is_so: impl FnMut() -> bool) {
    eventually(what, || {
        is_readable_within(&server.source().unwrap(), Duration::from_millis(1));
        while server.dispatch(LOOK).unwrap() {}
        is_so()
    });
}

fn submit(client: &Client, kind: u8, rest: &[u8]) {
    client
        .submit(Limit::Usual, &message(kind, rest), 0)
        .unwrap();
}

/// The answer to what was submitted, if it has come.
fn look(client: &Client) -> Option<Vec<u8>> {
    let mut answer = [0; 9];
    match client.next(LOOK, &mut answer) {
        Ok(Next::Completion(completion)) => {
            let length = completion.outcome.unwrap();
            Some(answer.get(..length).unwrap().to_vec())
        }
        other => {
            assert_eq!(status(other), Status::TimedOut);
            None
        }
    }
}

#[test]
fn an_answer_shows_to_the_hosts_loop() {
    over_each(|transport, address| {
        let (server, kept) = driven(transport, address);
        let client = transport.client(address);
        for _ in 0..3 {
            submit(&client, LATER, b"later");
            let mut out = None;
            drive_until(&server, "it is asked", || {
                assert_eq!(look(&client), None);
                out = kept.try_recv().ok();
                out.is_some()
            });
            while server.dispatch(LOOK).unwrap() {}
            assert!(
                !is_readable_within(&server.source().unwrap(), Duration::ZERO),
                "{}: parked",
                transport.name
            );
            let (reply, rest) = out.unwrap();
            thread::spawn(move || reply.send(&rest).unwrap())
                .join()
                .unwrap();
            assert!(
                is_readable_within(&server.source().unwrap(), Duration::ZERO),
                "{}: its answer is there",
                transport.name
            );
            drive_until(&server, "it is answered", || {
                look(&client).is_some_and(|answer| answer == b"later")
            });
            submit(&client, NOW, b"now");
            drive_until(&server, "it is answered at once", || {
                look(&client).is_some_and(|answer| answer == b"now")
            });
        }
    });
}

#[test]
fn a_driven_server_stops_though_replies_are_out() {
    over_each(|transport, address| {
        let (server, kept) = driven(transport, address);
        let client = transport.client(address);
        let asking = thread::spawn(move || client.call_bytes(&message(LATER, b""), &mut []));
        let mut out = None;
        drive_until(&server, "it is asked", || {
            out = kept.try_recv().ok();
            out.is_some()
        });
        server.stop().unwrap();
        assert_eq!(
            status(asking.join().unwrap()),
            Status::Closed,
            "{}",
            transport.name
        );
        let (reply, _) = out.unwrap();
        assert_eq!(status(reply.check()), Status::Stopped);
        assert_eq!(status(reply.send(b"late")), Status::Stopped);
    });
}

#[test]
fn a_request_is_counted_and_told_of_when_it_is_answered() {
    over_each(|transport, address| {
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        let observer = move |event: &Event<'_>| {
            if let Event::HandlerFailed(visitor, text) = event {
                heard
                    .lock()
                    .unwrap()
                    .push((*visitor, text.as_str().to_owned()));
            }
        };
        let (keep, kept) = channel();
        let asked = Handler::deferred(move |reply, request| {
            keep.send((reply, request.to_vec(), current_peer().unwrap()))
                .unwrap();
        });
        let endpoint = (transport.bind)(address, &ServerOptions::default()).unwrap();
        let server = Server::observed(endpoint, asked, Box::new(observer)).unwrap();
        server.start().unwrap();
        let client = transport.client(address);
        let asking = thread::spawn(move || {
            let answered = client.call_bytes(b"first", &mut [0; 9]);
            (
                answered.unwrap(),
                status(client.call_bytes(b"second", &mut [])),
            )
        });
        let (reply, ..) = kept.recv_timeout(PATIENCE).unwrap();
        let stats = server.stats().unwrap();
        assert_eq!([stats.requests, stats.bytes_in, stats.bytes_out], [0; 3]);
        reply.send(b"answer").unwrap();
        let (reply, _, visitor) = kept.recv_timeout(PATIENCE).unwrap();
        let stats = server.stats().unwrap();
        assert_eq!([stats.requests, stats.bytes_in, stats.bytes_out], [1, 5, 6]);
        assert_eq!((visitor.connection, stats.failed), (1, 0));
        reply.fail(b"no cat");
        assert_eq!(asking.join().unwrap(), (6, Status::HandlerFailed));
        let stats = server.stats().unwrap();
        let counts = [
            stats.requests,
            stats.bytes_in,
            stats.bytes_out,
            stats.failed,
        ];
        assert_eq!(counts, [2, 11, 6, 1], "{}", transport.name);
        assert_eq!(*told.lock().unwrap(), [(visitor, "no cat".to_owned())]);
    });
}
