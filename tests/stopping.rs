//! Clients that are stopped: every call of theirs ends.

#![allow(clippy::unwrap_used, reason = "this is a test")]

#[path = "support/shared_client.rs"]
mod shared_client;
mod support;

use calc_ipc::error::Status;
#[cfg(unix)]
use calc_ipc::service::Client;
use calc_ipc::service::Next;
use calc_ipc::transport::ServerOptions;
#[cfg(unix)]
use calc_ipc::transport::{Address as Place, ClientOptions};
use shared_client::{Gate, LOOK, SLOW, ask, connect, gated, next, submit, workers};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
#[cfg(unix)]
use support::add;
use support::{over_each, status};

#[test]
fn a_stop_ends_calls_of_every_kind() {
    over_each(|transport, address| {
        for connections in [0, 1, 2] {
            let gate = Arc::new(Gate::default());
            let _server = transport.serve(address, gated(&gate), &workers(2));
            let client = connect(transport, address, connections);
            thread::scope(|scope| {
                let call = scope.spawn(|| status(ask(&client, SLOW)));
                let waiting = (connections == 1).then(|| scope.spawn(|| status(ask(&client, 1))));
                gate.await_held(1);
                client.request_stop();
                assert_eq!(
                    call.join().unwrap(),
                    Status::Cancelled,
                    "{}",
                    transport.name
                );
                let waited = waiting.map(|waiting| waiting.join().unwrap());
                assert!(matches!(
                    waited,
                    None | Some(Status::Cancelled | Status::Ok)
                ));
            });
            let error = ask(&client, 1).unwrap_err();
            assert_eq!(error.status(), Status::Cancelled);
            assert!(error.is_not_executed());
            assert_eq!(status(submit(&client, 1)), Status::Cancelled);
            assert_eq!(status(client.next(None, &mut [])), Status::Cancelled);
            gate.open();
        }
    });
}

#[test]
fn a_stop_completes_all_that_was_submitted_and_wakes_who_waits() {
    over_each(|transport, address| {
        let gate = Arc::new(Gate::default());
        let _server = transport.serve(address, gated(&gate), &ServerOptions::default());
        for connections in [0, 3] {
            let client = connect(transport, address, connections);
            let told = AtomicU64::new(0);
            thread::scope(|scope| {
                for _ in 0..10 {
                    submit(&client, SLOW).unwrap();
                }
                for _ in 0..3 {
                    scope.spawn(|| {
                        loop {
                            match client.next(None, &mut [0; 8]) {
                                Ok(Next::Completion(completion)) => {
                                    let status = completion.outcome.unwrap_err().status();
                                    assert_eq!(status, Status::Cancelled);
                                    told.fetch_add(1, Ordering::Relaxed);
                                }
                                Ok(Next::NoRoom(length)) => panic!("{length}"),
                                Err(error) => {
                                    assert_eq!(error.status(), Status::Cancelled);
                                    break;
                                }
                            }
                        }
                    });
                }
                client.request_stop();
            });
            assert_eq!(told.into_inner(), 10, "{}", transport.name);
        }
        gate.open();
    });
}

#[test]
fn after_a_stop_all_completions_are_given_before_it_is_said() {
    over_each(|transport, address| {
        let gate = Arc::new(Gate::default());
        let _server = transport.serve(address, gated(&gate), &ServerOptions::default());
        for connections in [0, 4] {
            let client = connect(transport, address, connections);
            let ids = [(); 3].map(|()| submit(&client, SLOW).unwrap());
            client.request_stop();
            let mut told = [(); 3].map(|()| next(&client).0.id);
            told.sort_unstable();
            assert_eq!(told, ids, "{}", transport.name);
            assert_eq!(status(client.next(LOOK, &mut [])), Status::Cancelled);
        }
        gate.open();
    });
}

#[test]
#[cfg(unix)]
fn a_stop_ends_a_call_of_a_child() {
    let options = ClientOptions::default();
    let client = Client::connect(&Place::exec("/bin/cat"), &options).unwrap();
    // What it gives back is no answer, but it gives back nothing as long as nothing is sent.
    let stopping = &client;
    thread::scope(|scope| {
        let never = ClientOptions::default();
        let sleeper = Place::Exec {
            program: "/bin/sleep".into(),
            arguments: vec!["1000".into()],
        };
        let sleeper = Client::connect(&sleeper, &never).unwrap();
        let sleeper = Arc::new(sleeper);
        let asked = Arc::clone(&sleeper);
        let call = scope.spawn(move || status(asked.call(&add(1, 2))));
        sleeper.request_stop();
        assert_eq!(call.join().unwrap(), Status::Cancelled);
    });
    stopping.request_stop();
    assert_eq!(status(stopping.call(&add(1, 2))), Status::Cancelled);
}
