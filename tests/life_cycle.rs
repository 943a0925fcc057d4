//! The life of a server with a name, over every transport: when it is live, and how it ends.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Handler, Server};
use calc_ipc::transport::ServerOptions;
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread;
use std::time::Instant;
use support::{Address, PATIENCE, TRANSPORTS, add, handles, over_each, patient, status, within};

#[test]
fn a_client_may_come_before_serving_begins() {
    over_each(|transport, address| {
        let endpoint = (transport.bind)(address, &ServerOptions::default()).unwrap();
        let server = Server::new(endpoint, Handler::Calculator).unwrap();
        let early = transport.client_with(address, &within(20));
        assert_eq!(status(early.call(&add(1, 2))), Status::TimedOut);
        server.start().unwrap();
        let client = transport.client(address);
        assert_eq!(client.call(&add(3, 4)).unwrap(), Ok(7));
        let again = (0..100).map(|_| early.call(&add(5, 6))).find(Result::is_ok);
        assert_eq!(again.unwrap().unwrap(), Ok(11), "{}", transport.name);
    });
}

#[test]
fn without_a_server_there_is_no_connection() {
    over_each(|transport, address| {
        assert_eq!(
            status((transport.connect)(address, &patient())),
            Status::NotConnected
        );
        let server = transport.serve(address, Handler::Calculator, &ServerOptions::default());
        server.stop().unwrap();
        assert_eq!(
            status((transport.connect)(address, &patient())),
            Status::NotConnected
        );
    });
}

#[test]
fn a_live_server_keeps_its_address() {
    over_each(|transport, address| {
        let endpoint = (transport.bind)(address, &ServerOptions::default()).unwrap();
        assert_eq!(
            status((transport.bind)(address, &ServerOptions::default())),
            Status::AddressInUse
        );
        drop(endpoint);
        let server = transport.serve(address, Handler::Calculator, &ServerOptions::default());
        assert_eq!(
            status((transport.bind)(address, &ServerOptions::default())),
            Status::AddressInUse
        );
        assert_eq!(transport.client(address).call(&add(1, 1)).unwrap(), Ok(2));
        drop(server);
    });
}

#[test]
fn stop_ends_connected_clients() {
    over_each(|transport, address| {
        let server = transport.serve(address, Handler::Calculator, &ServerOptions::default());
        let idle = transport.client(address);
        assert_eq!(idle.call(&add(1, 1)).unwrap(), Ok(2));
        let never_called = transport.client(address);
        let began = Instant::now();
        server.stop().unwrap();
        assert!(began.elapsed() < PATIENCE, "{}", transport.name);
        server.stop().unwrap();
        assert_eq!(status(server.run()), Status::Stopped);
        for _ in 0..3 {
            assert_eq!(
                status(idle.call(&add(1, 1))),
                Status::Closed,
                "{}",
                transport.name
            );
            assert_eq!(
                status(never_called.call(&add(1, 1))),
                Status::Closed,
                "{}",
                transport.name
            );
        }
    });
}

#[test]
fn stop_before_any_client_and_before_serving() {
    over_each(|transport, address| {
        transport
            .serve(address, Handler::Calculator, &ServerOptions::default())
            .stop()
            .unwrap();
        let endpoint = (transport.bind)(address, &ServerOptions::default()).unwrap();
        let server = Server::new(endpoint, Handler::Calculator).unwrap();
        server.stop().unwrap();
        assert_eq!(status(server.start()), Status::Stopped);
        let endpoint = (transport.bind)(address, &ServerOptions::default()).unwrap();
        let server = Server::new(endpoint, Handler::Calculator).unwrap();
        server.request_stop();
        server.run().unwrap();
    });
}

#[test]
fn serving_ends_when_idle_and_may_go_on() {
    over_each(|transport, address| {
        let options = ServerOptions {
            stop_when_idle: true,
            ..ServerOptions::default()
        };
        let endpoint = (transport.bind)(address, &options).unwrap();
        let server = Server::new(endpoint, Handler::Calculator).unwrap();
        for round in 0..3 {
            thread::scope(|scope| {
                let running = scope.spawn(|| server.run());
                let clients = [transport.client(address), transport.client(address)];
                for client in clients {
                    assert_eq!(client.call(&add(round, 1)).unwrap(), Ok(round + 1));
                }
                running.join().unwrap().unwrap();
            });
        }
    });
}

#[test]
fn a_handler_cannot_stop_its_own_server() {
    over_each(|transport, address| {
        let (give, take) = mpsc::channel::<Arc<Server>>();
        let take = Mutex::new(take);
        let handler = Handler::new(move |_| {
            let server = take.lock().unwrap().recv().unwrap();
            assert!(server.is_serving_here());
            Ok(i64::from(server.stop().unwrap_err().status() as i32))
        });
        let server = Arc::new(transport.serve(address, handler, &ServerOptions::default()));
        give.send(server.clone()).unwrap();
        let answer = transport.client(address).call(&add(0, 0)).unwrap();
        assert_eq!(answer, Ok(i64::from(Status::Busy as i32)));
    });
}

#[test]
fn a_handler_cannot_stop_the_server_whose_handler_runs_its_own() {
    let (outer_address, inner_address) = (Address::new(), Address::new());
    let options = ServerOptions {
        stop_when_idle: true,
        ..ServerOptions::default()
    };
    let outer = Arc::new(OnceLock::<Server>::new());
    let stop_outer = {
        let outer = Arc::downgrade(&outer);
        Handler::new(move |_| {
            let stopped = outer.upgrade().unwrap().get().unwrap().stop();
            Ok(i64::from(status(stopped) as i32))
        })
    };
    let inner = (TRANSPORTS[0].bind)(&inner_address, &options).unwrap();
    let inner = Server::new(inner, stop_outer).unwrap();
    let run_inner = Handler::new(move |_| Ok(i64::from(status(inner.run()) as i32)));
    let endpoint = (TRANSPORTS[0].bind)(&outer_address, &ServerOptions::default()).unwrap();
    let outer = outer.get_or_init(|| Server::new(endpoint, run_inner).unwrap());
    outer.start().unwrap();
    std::thread::scope(|scope| {
        let client = TRANSPORTS[0].client(&outer_address);
        let call = scope.spawn(move || client.call(&add(1, 1)));
        let client = TRANSPORTS[0].client_with(&inner_address, &within(60_000));
        let busy = i64::from(Status::Busy as i32);
        assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(busy));
        drop(client);
        assert_eq!(call.join().unwrap().unwrap(), Ok(0));
    });
    outer.stop().unwrap();
}

#[test]
fn an_address_can_be_used_again_and_again() {
    over_each(|transport, address| {
        let round = || {
            let server = transport.serve(address, Handler::Calculator, &ServerOptions::default());
            let client = transport.client(address);
            assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(2));
            drop(transport.client(address));
            server.stop().unwrap();
        };
        (0..50).for_each(|_| round());
        // Other tests of this program open some, too, but not hundreds.
        let count = handles::own();
        assert!(
            count < 400,
            "{}: {count} descriptors or handles",
            transport.name
        );
    });
}

#[test]
fn run_and_stop_may_race() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        for _ in 0..100 {
            let endpoint = (transport.bind)(&address, &ServerOptions::default()).unwrap();
            let server = Server::new(endpoint, Handler::Calculator).unwrap();
            std::thread::scope(|scope| {
                scope.spawn(|| server.run());
                scope.spawn(|| server.start());
                let client = transport.client(&address);
                scope.spawn(move || client.call(&add(1, 1)));
                server.stop().unwrap();
            });
        }
        assert_eq!(address.leftovers(), [""; 0], "{}", transport.name);
    }
}
