//! A handler that takes long holds up nobody's requests as long as another thread is free.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::calculator::Request;
use calc_ipc::service::{Client, Handler, Server};
use calc_ipc::transport::ServerOptions;
use std::sync::{Arc, Condvar, Mutex};
use support::{Address, Transport, add, over_each, within};

/// An operand that makes the handler wait at the gate.
const LONG: i64 = 1 << 40;
/// Far more than anything here takes, even beside four busy loops: a hang.
const HANG: u64 = 60_000;

/// Where long handlers wait until the test lets them go.
#[derive(Default)]
struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: u32,
    is_open: bool,
}

impl Gate {
    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.waiting += 1;
        self.changed.notify_all();
        drop(
            self.changed
                .wait_while(state, |state| !state.is_open)
                .unwrap(),
        );
    }

    /// Waits until so many handlers have come to the gate.
    fn await_waiting(&self, count: u32) {
        let state = self.state.lock().unwrap();
        drop(
            self.changed
                .wait_while(state, |state| state.waiting < count)
                .unwrap(),
        );
    }

    fn open(&self) {
        self.state.lock().unwrap().is_open = true;
        self.changed.notify_all();
    }
}

/// Opens the gate whatever happens to the test, so that the server can stop.
struct Opens(Arc<Gate>);

impl Drop for Opens {
    fn drop(&mut self) {
        self.0.open();
    }
}

fn serve(transport: &Transport, address: &Address, workers: u32) -> (Server, Opens) {
    let gate = Arc::new(Gate::default());
    let opens = Opens(Arc::clone(&gate));
    let handler = Handler::new(move |request: &Request| {
        if request.arg1 >= LONG {
            gate.pass();
        }
        calc_ipc::calculator::execute(request)
    });
    let options = ServerOptions {
        workers,
        ..ServerOptions::default()
    };
    (transport.serve(address, handler, &options), opens)
}

fn clients(transport: &Transport, address: &Address, count: usize) -> Vec<Client> {
    let one = || transport.client_with(address, &within(HANG));
    std::iter::repeat_with(one).take(count).collect()
}

/// All of them are connected, on the threads that they will stay with.
fn greet(clients: &[Client]) {
    for client in clients {
        assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(2));
    }
}

fn all_are_answered(clients: &[Client], name: &str) {
    for turn in 0..20 {
        for client in clients {
            let answer = client.call(&add(turn, 1));
            assert_eq!(answer.unwrap(), Ok(turn + 1), "{name}");
        }
    }
}

#[test]
fn nobody_waits_for_a_long_handler_while_a_thread_is_free() {
    over_each(|transport, address| {
        let (server, opens) = serve(transport, address, 4);
        let polite = clients(transport, address, 8);
        let slow = clients(transport, address, 3);
        greet(&polite);
        greet(&slow);
        std::thread::scope(|scope| {
            let mut calls = Vec::new();
            for (number, client) in (1..).zip(&slow) {
                calls.push(scope.spawn(move || client.call(&add(LONG, 1))));
                opens.0.await_waiting(number);
                // One more thread is inside: the others look after its peers, and those of the last.
                all_are_answered(&polite, transport.name);
            }
            // A newcomer too, whichever thread lets it in.
            let newcomers = clients(transport, address, 4);
            all_are_answered(&newcomers, transport.name);
            opens.0.open();
            for call in calls {
                assert_eq!(call.join().unwrap().unwrap(), Ok(LONG + 1));
            }
            all_are_answered(&polite, transport.name);
        });
        drop(opens);
        server.stop().unwrap();
    });
}

#[test]
fn a_batch_inside_a_long_handler_holds_up_nobody() {
    over_each(|transport, address| {
        let (server, opens) = serve(transport, address, 2);
        let polite = clients(transport, address, 6);
        let slow = transport.client_with(address, &within(HANG));
        greet(&polite);
        let batch: Vec<_> = (0..50).map(|number| add(LONG + number, 1)).collect();
        std::thread::scope(|scope| {
            let call = scope.spawn(|| {
                let mut answers = Vec::new();
                slow.call_many(&batch, |answer| answers.push(answer))
                    .map(|()| answers)
            });
            opens.0.await_waiting(1);
            all_are_answered(&polite, transport.name);
            opens.0.open();
            let right: Vec<_> = (0..50).map(|number| Ok(LONG + number + 1)).collect();
            assert_eq!(call.join().unwrap().unwrap(), right, "{}", transport.name);
        });
        drop(opens);
        server.stop().unwrap();
    });
}

#[test]
fn requests_that_came_before_the_handler_was_long_are_answered_too() {
    over_each(|transport, address| {
        let (server, opens) = serve(transport, address, 2);
        let polite = clients(transport, address, 6);
        let slow = clients(transport, address, 1);
        greet(&polite);
        greet(&slow);
        std::thread::scope(|scope| {
            // All ask at once, again and again, while one of them goes into the long handler.
            let calls: Vec<_> = polite
                .iter()
                .map(|client| {
                    scope.spawn(|| {
                        (0..300).all(|turn| {
                            client
                                .call(&add(turn, 1))
                                .is_ok_and(|answer| answer == Ok(turn + 1))
                        })
                    })
                })
                .collect();
            let long = scope.spawn(|| slow[0].call(&add(LONG, 1)));
            opens.0.await_waiting(1);
            for call in calls {
                assert!(call.join().unwrap(), "{}", transport.name);
            }
            opens.0.open();
            assert_eq!(long.join().unwrap().unwrap(), Ok(LONG + 1));
        });
        drop(opens);
        server.stop().unwrap();
    });
}

#[test]
fn a_client_that_leaves_during_its_long_request_leaves_nothing() {
    over_each(|transport, address| {
        let (server, opens) = serve(transport, address, 2);
        let polite = clients(transport, address, 4);
        greet(&polite);
        // Long enough for the request to be sent, on a slow machine, too.
        let gone = transport.client_with(address, &within(300));
        assert!(gone.call(&add(LONG, 1)).is_err());
        opens.0.await_waiting(1);
        drop(gone);
        all_are_answered(&polite, transport.name);
        opens.0.open();
        all_are_answered(&polite, transport.name);
        drop(opens);
        server.stop().unwrap();
    });
}
