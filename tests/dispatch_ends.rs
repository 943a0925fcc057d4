//! Servers that their host drives: who may, and how that ends.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

#[path = "support/driving.rs"]
mod driving;
mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Client, Event, Handler, Server};
use calc_ipc::transport::{self, ServerOptions, Visit};
use driving::{
    FOREVER, LOOK, await_readable, connected, create, create_with, drive_until, is_readable,
};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use support::{Address, TRANSPORTS, Transport, add, echo, over_each, status};

fn is_over(client: &Client) -> bool {
    let ended = status(client.call_bytes(b"1", &mut [0; 1]));
    matches!(ended, Status::Closed | Status::PeerDied)
}

#[test]
fn another_thread_may_stop_it_while_it_waits() {
    over_each(|transport, address| {
        let server = create(transport, address, echo());
        let client = connected(transport, address, &server);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| status(server.dispatch(None)));
            // Whether it waits already does not matter.
            server.stop().unwrap();
            assert_eq!(waiting.join().unwrap(), Status::Stopped);
        });
        assert!(is_over(&client), "{}", transport.name);
        assert_eq!(status(server.dispatch(LOOK)), Status::Stopped);
        assert!(is_readable(&server), "it stays so");
        assert_eq!(server.stats().unwrap().clients, 0);
        // The address is free.
        drop((transport.bind)(address, &ServerOptions::default()).unwrap());
    });
}

#[test]
fn one_that_was_asked_to_stop_ends_in_its_next_turn() {
    over_each(|transport, address| {
        let told = Arc::new(Mutex::new(Vec::new()));
        let ear = Arc::clone(&told);
        let observer = move |event: &Event<'_>| {
            if let Event::Visit(_, visit) = event {
                ear.lock().unwrap().push((*visit, thread::current().id()));
            }
        };
        let endpoint = (transport.bind)(address, &ServerOptions::default()).unwrap();
        let server = Server::observed(endpoint, echo(), Box::new(observer)).unwrap();
        let client = connected(transport, address, &server);
        server.request_stop();
        await_readable(&server);
        assert_eq!(status(server.dispatch(LOOK)), Status::Stopped);
        drop((transport.bind)(address, &ServerOptions::default()).unwrap());
        assert!(is_readable(&server) && is_over(&client));
        assert_eq!(status(server.dispatch(None)), Status::Stopped);
        server.stop().unwrap();
        let own = thread::current().id();
        let expected = [(Visit::Came, own), (Visit::Ended, own)];
        assert_eq!(*told.lock().unwrap(), expected, "{}", transport.name);
    });
}

#[test]
fn whoever_stops_it_tells_who_was_there() {
    let (transport, address) = (Transport::named("shm"), Address::new());
    let ended = Arc::new(Mutex::new(None));
    let ear = Arc::clone(&ended);
    let observer = move |event: &Event<'_>| {
        if let Event::Visit(_, Visit::Ended) = event {
            *ear.lock().unwrap() = Some(thread::current().id());
        }
    };
    let endpoint = (transport.bind)(&address, &ServerOptions::default()).unwrap();
    let server = Server::observed(endpoint, echo(), Box::new(observer)).unwrap();
    let client = connected(transport, &address, &server);
    let stopping = thread::scope(|scope| {
        let stopping = scope.spawn(|| {
            server.stop().unwrap();
            thread::current().id()
        });
        stopping.join().unwrap()
    });
    assert_eq!(*ended.lock().unwrap(), Some(stopping));
    assert!(is_over(&client));
}

#[test]
fn one_turn_at_a_time_and_neither_run_nor_start() {
    over_each(|transport, address| {
        let own: Arc<Mutex<Option<Arc<Server>>>> = Arc::default();
        let (tell, told) = mpsc::channel();
        let inside = Arc::clone(&own);
        let handler = Handler::new(move |_| {
            let server = inside.lock().unwrap().clone().unwrap();
            let other = thread::scope(|scope| {
                let other = scope.spawn(|| status(server.dispatch(LOOK)));
                other.join().unwrap()
            });
            let statuses = [
                status(server.dispatch(LOOK)),
                status(server.dispatch(None)),
                status(server.stop()),
                status(server.run()),
                status(server.start()),
                other,
            ];
            tell.send(statuses).unwrap();
            assert!(server.source().is_ok(), "the number is known");
            Ok(0)
        });
        let server = Arc::new(create(transport, address, handler));
        *own.lock().unwrap() = Some(Arc::clone(&server));
        thread::scope(|scope| {
            let calling = scope.spawn(|| transport.client(address).call(&add(1, 2)).unwrap());
            drive_until(&server, || calling.is_finished());
        });
        assert_eq!(told.recv().unwrap(), [Status::Busy; 6]);
        *own.lock().unwrap() = None;
        assert_eq!(
            [status(server.run()), status(server.start())],
            [Status::Busy; 2]
        );
        server.stop().unwrap();
        assert_eq!(
            [status(server.run()), status(server.start())],
            [Status::Stopped; 2]
        );
    });
}

#[test]
fn one_that_ran_is_not_driven() {
    let (transport, address) = (&TRANSPORTS[0], Address::new());
    let options = ServerOptions {
        stop_when_idle: true,
        ..ServerOptions::default()
    };
    let server = create_with(transport, &address, echo(), &options);
    thread::scope(|scope| {
        let running = scope.spawn(|| server.run());
        let client = transport.client(&address);
        assert_eq!(client.call_bytes(b"1", &mut [0; 1]).unwrap(), 1);
        assert_eq!(status(server.dispatch(LOOK)), Status::Busy);
        assert_eq!(status(server.source().map(|_| ())), Status::Busy);
        drop(client);
        running.join().unwrap().unwrap();
    });
    // It might run again.
    assert_eq!(status(server.dispatch(LOOK)), Status::Busy);
    assert_eq!(status(server.source().map(|_| ())), Status::Busy);
}

#[test]
fn only_one_thread_can_drive_and_being_idle_ends_nothing() {
    over_each(|transport, address| {
        let workers = |workers| ServerOptions {
            workers,
            stop_when_idle: true,
            ..ServerOptions::default()
        };
        let server = create_with(transport, address, echo(), &workers(2));
        for refused in [
            server.dispatch(LOOK).map(|_| ()),
            server.source().map(|_| ()),
        ] {
            assert_eq!(status(refused), Status::InvalidArgument);
        }
        server.start().unwrap();
        drop(server);
        let server = create_with(transport, address, Handler::Calculator, &workers(1));
        let client = transport.client(address);
        let _ = client.submit_request(FOREVER, &add(1, 2), 0).unwrap();
        drive_until(&server, || client.next(LOOK, &mut [0; 300]).is_ok());
        drop(client);
        drive_until(&server, || server.stats().unwrap().clients == 0);
        assert!(!server.dispatch(LOOK).unwrap());
    });
}

#[test]
fn a_server_at_standard_input_is_not_driven() {
    let bound = transport::bind(&transport::Address::Stdio, &ServerOptions::default()).unwrap();
    let server = Server::new(bound.endpoint, echo()).unwrap();
    assert_eq!(status(server.dispatch(LOOK)), Status::Unsupported);
    assert_eq!(status(server.source().map(|_| ())), Status::Unsupported);
}
