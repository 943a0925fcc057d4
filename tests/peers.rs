//! Who asks: what a handler is told of the client whose request it answers.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use calc_ipc::error::Status;
use calc_ipc::ffi::peer::{CALC_IPC_PEER_UNKNOWN, calc_ipc_current_peer, calc_ipc_peer};
use calc_ipc::ffi::status::{CALC_IPC_STATUS_INVALID_ARGUMENT, CALC_IPC_STATUS_OK};
use calc_ipc::service::{Client, Handler, Server, current_peer};
use calc_ipc::transport::{Credentials, ServerOptions, Visitor};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::thread;
use support::{Address, TRANSPORTS, Transport, add, over_each, status};

/// Notes who asks.
#[derive(Clone, Default)]
struct Guests(Arc<Mutex<Vec<Visitor>>>);

impl Guests {
    fn handler(&self) -> Handler {
        let guests = self.clone();
        Handler::new(move |_| {
            guests.0.lock().unwrap().push(current_peer().unwrap());
            Ok(0)
        })
    }

    fn take(&self) -> Vec<Visitor> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// What the kernel says of this process.
fn own() -> Credentials {
    Credentials {
        pid: Some(std::process::id()),
        ..support::own_user()
    }
}

/// As much of it as a server over this transport can know.
fn known(transport: &str, all: Credentials) -> Credentials {
    match transport {
        "tcp" => Credentials::UNKNOWN,
        "fifo" => Credentials {
            uid: all.uid,
            ..Credentials::UNKNOWN
        },
        _ => all,
    }
}

fn ask(client: &Client) {
    assert_eq!(client.call(&add(1, 2)).unwrap(), Ok(0));
}

fn serve(transport: &Transport, address: &Address, handler: Handler, workers: u32) -> Server {
    let options = ServerOptions {
        workers,
        ..ServerOptions::default()
    };
    transport.serve(address, handler, &options)
}

#[test]
fn a_handler_knows_the_process_that_asks_and_its_connection() {
    over_each(|transport, address| {
        for workers in [1, 3] {
            let guests = Guests::default();
            let server = serve(transport, address, guests.handler(), workers);
            let own = known(transport.name, own());
            let mut numbers = BTreeSet::new();
            let clients = [(); 3].map(|()| transport.client(address));
            for client in &clients {
                (0..3).for_each(|_| ask(client));
                let told = guests.take();
                let [first, ..] = told[..] else { panic!() };
                assert_eq!(first.credentials, own, "{}", transport.name);
                assert_eq!(told, [first; 3], "{}", transport.name);
                assert!(numbers.insert(first.connection));
            }
            // A later one has the number of none before.
            drop(clients);
            ask(&transport.client(address));
            let told = guests.take();
            let [later] = told[..] else { panic!() };
            assert_eq!(later.credentials, own, "{}", transport.name);
            assert!(numbers.insert(later.connection));
            server.stop().unwrap();
        }
    });
}

#[test]
fn numbers_go_on_when_a_server_runs_again() {
    over_each(|transport, address| {
        let guests = Guests::default();
        let options = ServerOptions {
            stop_when_idle: true,
            ..ServerOptions::default()
        };
        let endpoint = (transport.bind)(address, &options).unwrap();
        let server = Server::new(endpoint, guests.handler()).unwrap();
        let mut numbers = BTreeSet::new();
        for _ in 0..3 {
            thread::scope(|scope| {
                let running = scope.spawn(|| server.run());
                ask(&transport.client(address));
                running.join().unwrap().unwrap();
            });
            let told = guests.take();
            assert!(numbers.insert(told[0].connection), "{}", transport.name);
        }
    });
}

#[test]
fn a_handler_inside_of_another_is_asked_by_its_own_client() {
    let (inner, outer) = (Address::new(), Address::new());
    let transport = &TRANSPORTS[0];
    let guests = Guests::default();
    let options = ServerOptions {
        stop_when_idle: true,
        ..ServerOptions::default()
    };
    let endpoint = (transport.bind)(&inner, &options).unwrap();
    let nested = Server::new(endpoint, guests.handler()).unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let ear = Arc::clone(&told);
    let handler = Handler::new(move |_| {
        let before = current_peer().unwrap();
        nested.run().unwrap();
        ear.lock().unwrap().push((before, current_peer().unwrap()));
        Ok(0)
    });
    let _server = transport.serve(&outer, handler, &ServerOptions::default());
    let [first, second] = [(); 2].map(|()| transport.client(&outer));
    for (client, number) in [(&first, 1), (&second, 2)] {
        thread::scope(|scope| {
            scope.spawn(|| {
                let own = transport.client(&inner);
                (0..5).for_each(|_| ask(&own));
            });
            ask(client);
        });
        let (before, after) = told.lock().unwrap().pop().unwrap();
        assert_eq!(before, after);
        assert_eq!(before.connection, number);
        assert!(guests.take().iter().all(|guest| guest.connection == number));
    }
}

const PEER: calc_ipc_peer = calc_ipc_peer {
    size: 0,
    uid: 5,
    gid: 5,
    pid: 5,
    connection: 5,
};

#[test]
fn outside_of_a_handler_nobody_asks() {
    assert_eq!(status(current_peer()), Status::InvalidArgument);
    let mut peer = calc_ipc_peer { size: 24, ..PEER };
    // SAFETY: a local of the size that it says.
    let told = unsafe { calc_ipc_current_peer(&raw mut peer) };
    assert_eq!(told, CALC_IPC_STATUS_INVALID_ARGUMENT);
    assert_eq!(peer.pid, 5, "untouched");
}

#[test]
fn as_many_bytes_are_written_as_there_are() {
    #[repr(C)]
    struct Later {
        peer: calc_ipc_peer,
        more: [u8; 16],
    }
    let seen = Arc::new(Mutex::new(Vec::new()));
    let ear = Arc::clone(&seen);
    let handler = Handler::new(move |_| {
        for size in [0, 23, 24, 32, 4097] {
            let mut later = Later {
                peer: calc_ipc_peer { size, ..PEER },
                more: [5; 16],
            };
            // SAFETY: a local; sizes beyond it are refused.
            let status = unsafe { calc_ipc_current_peer((&raw mut later).cast()) };
            ear.lock().unwrap().push((size, status, later));
        }
        Ok(0)
    });
    let (transport, address) = (Transport::named("tcp"), Address::new());
    let server = transport.serve(&address, handler, &ServerOptions::default());
    ask(&transport.client(&address));
    server.stop().unwrap();
    for (size, status, Later { peer, more }) in seen.lock().unwrap().drain(..) {
        assert_eq!(peer.size, size);
        let told = [peer.uid, peer.gid, peer.pid];
        if !(24..4096).contains(&size) {
            assert_eq!(status, CALC_IPC_STATUS_INVALID_ARGUMENT, "{size}");
            assert_eq!(told, [5; 3]);
            continue;
        }
        assert_eq!(status, CALC_IPC_STATUS_OK);
        assert_eq!((told, peer.connection), ([CALC_IPC_PEER_UNKNOWN; 3], 1));
        let zeros = more.iter().take_while(|byte| **byte == 0).count();
        assert_eq!(zeros + 24, size as usize);
    }
}
