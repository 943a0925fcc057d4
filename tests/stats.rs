//! What a server says that it did, in numbers.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

#[path = "support/ear.rs"]
mod ear;
mod support;

use calc_ipc::error::Status;
use calc_ipc::ffi::{stats::*, status::*};
use calc_ipc::service::{Handler, Server, Stats};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use ear::{Ear, no_stats};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use support::wire::connect_control;
use support::{Address, TRANSPORTS, Transport, add, eventually, over_each, status};

#[test]
fn what_clients_were_answered_is_counted() {
    over_each(|transport, address| {
        for workers in [1, 3] {
            let ear = Ear::new();
            let server = ear.serve(transport, address, |options| options.workers = workers);
            thread::scope(|scope| {
                for number in 1..=4 {
                    let server = &server;
                    scope.spawn(move || {
                        let client = server.client();
                        for length in 0..50 {
                            let message = vec![7; length];
                            let mut answer = [0; 50];
                            let answered = client.call_bytes(&message, &mut answer).unwrap();
                            assert_eq!(answered, length);
                        }
                        for _ in 0..number {
                            let failed = client.call_bytes(b"fail: no", &mut []);
                            assert_eq!(status(failed), Status::HandlerFailed);
                        }
                    });
                }
            });
            let (requests, failed, bytes) = (4 * 50 + 10, 10, 4 * (49 * 50 / 2));
            let stats = server.stats();
            assert_eq!([stats.requests, stats.failed], [requests, failed]);
            assert_eq!(stats.bytes_in, bytes + failed * 8, "{}", transport.name);
            assert_eq!(stats.bytes_out, bytes, "{}", transport.name);
            assert_eq!([stats.came, stats.refused, stats.dropped], [4, 0, 0]);
            eventually("all have left", || server.stats().clients == 0);
            let _stays = server.client();
            let _ = _stays.call_bytes(b"1", &mut [0; 1]).unwrap();
            assert_eq!([server.stats().clients, server.stats().came], [1, 5]);
            server.stop();
            let stats = server.stats();
            assert_eq!([stats.clients, stats.requests], [0, requests + 1]);
        }
    });
}

#[test]
fn batches_are_counted_request_by_request() {
    over_each(|transport, address| {
        let endpoint = (transport.bind)(address, &ServerOptions::default()).unwrap();
        let server = Server::new(endpoint, Handler::Calculator).unwrap();
        server.start().unwrap();
        let client = transport.client(address);
        let requests: Vec<_> = (0..1000).map(|number| add(number, 1)).collect();
        let mut answered = 0;
        client.call_many(&requests, |_| answered += 1).unwrap();
        assert_eq!(answered, 1000);
        let Stats {
            requests, bytes_in, ..
        } = server.stats().unwrap();
        assert_eq!(requests, 1000, "{}", transport.name);
        let bytes: usize = (0..1000)
            .map(|number| format!("ADD {number} 1").len())
            .sum();
        assert_eq!(bytes_in, bytes as u64);
    });
}

#[test]
fn what_is_refused_or_dropped_is_counted_and_is_no_request() {
    over_each(|transport, address| {
        let ear = Ear::new();
        let server = ear.serve(transport, address, |options| {
            options.max_clients = 1;
            options.max_message = 300;
        });
        let options = ClientOptions {
            max_message: 400,
            ..ClientOptions::default()
        };
        let client = server.try_client(&options).unwrap();
        let _ = client.call_bytes(b"1", &mut [0; 1]).unwrap();
        for _ in 0..3 {
            let second = server.try_client(&options);
            let refused = second.and_then(|client| client.call_bytes(b"2", &mut [0; 1]));
            assert_eq!(status(refused), Status::Refused);
        }
        assert_eq!(
            status(client.call_bytes(&[0; 400], &mut [])),
            Status::TooLarge
        );
        eventually("it is dropped", || server.stats().dropped == 1);
        let stats = server.stats();
        assert_eq!([stats.came, stats.refused, stats.clients], [1, 3, 0]);
        assert_eq!([stats.requests, stats.bytes_in, stats.bytes_out], [1; 3]);
    });
}

#[test]
fn they_go_on_when_a_server_runs_again() {
    let (transport, address) = (&TRANSPORTS[0], Address::new());
    let options = ServerOptions {
        stop_when_idle: true,
        workers: 2,
        ..ServerOptions::default()
    };
    let endpoint = (transport.bind)(&address, &options).unwrap();
    let server = Server::new(endpoint, Handler::Calculator).unwrap();
    assert_eq!(server.stats().unwrap(), Stats::default());
    for run in 1..=3 {
        thread::scope(|scope| {
            let running = scope.spawn(|| server.run());
            let client = transport.client(&address);
            assert_eq!(client.call(&add(1, 2)).unwrap(), Ok(3));
            drop(client);
            running.join().unwrap().unwrap();
        });
        let stats = server.stats().unwrap();
        let told = [stats.requests, stats.came, stats.bytes_in, stats.bytes_out];
        assert_eq!(told, [run, run, 7 * run, 4 * run]);
    }
}

#[test]
fn anybody_may_ask_at_any_time() {
    let (ear, address) = (Ear::new(), Address::new());
    let server = ear.serve(Transport::named("shm"), &address, |_| ());
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut last = 0;
            while !is_over.load(Ordering::Relaxed) {
                let requests = server.stats().requests;
                assert!(requests >= last, "{requests} after {last}");
                last = requests;
            }
        });
        let client = server.client();
        for number in 1..=1000 {
            let _ = client.call_bytes(b"1", &mut [0; 1]).unwrap();
            assert_eq!(
                server.stats().requests,
                number,
                "an answer is counted before it is sent"
            );
        }
        is_over.store(true, Ordering::Relaxed);
    });
}

#[test]
fn as_many_bytes_are_written_as_there_are() {
    let (ear, address) = (Ear::new(), Address::new());
    let server = ear.serve(&TRANSPORTS[0], &address, |_| ());
    let _ = server.client().call_bytes(b"1", &mut [0; 1]).unwrap();
    let mut room = [no_stats(), no_stats()];
    for (size, expected) in [
        (71, CALC_IPC_STATUS_INVALID_ARGUMENT),
        (4097, CALC_IPC_STATUS_INVALID_ARGUMENT),
        (80, CALC_IPC_STATUS_OK),
    ] {
        room[0].size = size;
        room[1].size = 9;
        room[1].came = 9;
        // SAFETY: a live handle and a local, larger than the size where it is taken.
        let status = unsafe { calc_ipc_server_stats(server.0, room.as_mut_ptr()) };
        assert_eq!(status, expected);
    }
    assert_eq!((room[0].size, room[0].requests), (80, 1));
    assert_eq!((room[1].size, room[1].came), (0, 9));
}

#[test]
fn who_has_gone_before_the_server_looks_was_not_refused() {
    let (transport, address) = (Transport::named("shm"), Address::new());
    let endpoint = (transport.bind)(&address, &ServerOptions::default()).unwrap();
    let server = Server::new(endpoint, Handler::Calculator).unwrap();
    for _ in 0..3 {
        drop(connect_control(&address));
    }
    server.start().unwrap();
    let client = transport.client(&address);
    client.call(&add(1, 2)).unwrap().unwrap();
    let stats = server.stats().unwrap();
    assert_eq!([stats.refused, stats.dropped], [0, 0]);
    assert_eq!(stats.requests, 1);
}
