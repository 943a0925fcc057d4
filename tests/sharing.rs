//! Clients of several connections, which calls of every kind share; connections that are made anew; clients that are
//! stopped.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::error::{Result, Status};
use calc_ipc::service::{Client, Completion, Handler, Limit, Next, pipe};
use calc_ipc::transport::{Address as Place, ClientOptions, ServerOptions};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;
use support::{
    Address, PATIENCE, Transport, add, echo, eventually, handle_in_process, is_readable_within,
    over_each, status,
};

const FOREVER: Limit = Limit::Own(None);
const LOOK: Option<Duration> = Some(Duration::ZERO);

fn try_to_connect(
    transport: &Transport,
    address: &Address,
    connections: u32,
    reconnect: bool,
) -> Result<Client> {
    let options = ClientOptions {
        connections,
        reconnect,
        ..ClientOptions::default()
    };
    Client::connect(&transport.place(address), &options)
}

fn connect(transport: &Transport, address: &Address, connections: u32) -> Client {
    try_to_connect(transport, address, connections, false).unwrap()
}

fn workers(workers: u32) -> ServerOptions {
    ServerOptions {
        workers,
        ..ServerOptions::default()
    }
}

fn only(max_clients: u32) -> ServerOptions {
    ServerOptions {
        max_clients: Some(max_clients),
        ..ServerOptions::default()
    }
}

/// Asks with a message that has this number, which has to come back.
fn ask(client: &Client, number: u64) -> Result<()> {
    let mut answer = [0; 8];
    let length = client.call_bytes(&number.to_le_bytes(), &mut answer)?;
    assert_eq!((length, u64::from_le_bytes(answer)), (8, number));
    Ok(())
}

/// The completion that comes next, and the number that its answer has.
fn next(client: &Client) -> (Completion, Option<u64>) {
    let mut answer = [0; 8];
    match client.next(Some(PATIENCE), &mut answer) {
        Ok(Next::Completion(completion)) => {
            let number = completion
                .outcome
                .is_ok()
                .then(|| u64::from_le_bytes(answer));
            (completion, number)
        }
        other => panic!("no completion: {other:?}"),
    }
}

fn submit(client: &Client, number: u64) -> Result<u64> {
    client.submit(FOREVER, &number.to_le_bytes(), number)
}

/// Holds handlers up until it is opened, and counts those that it holds.
#[derive(Default)]
struct Gate(Mutex<(bool, u32)>, Condvar);

impl Gate {
    fn pass(&self) {
        let mut state = self.0.lock().unwrap();
        state.1 += 1;
        self.1.notify_all();
        drop(self.wait(state, |(is_open, _)| *is_open));
    }

    fn wait<'a>(
        &self,
        state: std::sync::MutexGuard<'a, (bool, u32)>,
        until: impl Fn(&(bool, u32)) -> bool,
    ) -> std::sync::MutexGuard<'a, (bool, u32)> {
        let waited = self
            .1
            .wait_timeout_while(state, PATIENCE, |state| !until(state));
        let (state, timeout) = waited.unwrap();
        assert!(!timeout.timed_out());
        state
    }

    fn await_held(&self, count: u32) {
        drop(self.wait(self.0.lock().unwrap(), |(_, held)| *held >= count));
    }

    fn open(&self) {
        self.0.lock().unwrap().0 = true;
        self.1.notify_all();
    }
}

/// A message of this number waits at the gate.
const SLOW: u64 = u64::MAX;

/// A handler that gives each message back.
fn gated(gate: &Arc<Gate>) -> Handler {
    let gate = Arc::clone(gate);
    Handler::bytes(move |request, room| {
        if request == SLOW.to_le_bytes() {
            gate.pass();
        }
        room.get_mut(..request.len())?.copy_from_slice(request);
        Some(request.len())
    })
}

#[test]
fn threads_share_a_client_and_get_their_own_answers() {
    over_each(|transport, address| {
        let _server = transport.serve(address, echo(), &ServerOptions::default());
        for connections in [1, 2, 5] {
            let client = connect(transport, address, connections);
            thread::scope(|scope| {
                for thread in 0..4 {
                    let client = &client;
                    scope.spawn(move || {
                        for number in 0..200 {
                            ask(client, thread << 32 | number).unwrap();
                        }
                    });
                }
            });
        }
    });
}

#[test]
fn connections_are_opened_when_they_are_needed_and_no_sooner() {
    over_each(|transport, address| {
        let gate = Arc::new(Gate::default());
        let _server = transport.serve(address, gated(&gate), &workers(3));
        let client = connect(transport, address, 3);
        for number in 0..100 {
            ask(&client, number).unwrap();
        }

        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| ask(&client, SLOW).unwrap());
            }
            gate.await_held(2);
            ask(&client, 7).unwrap();
            submit(&client, 8).unwrap();
            assert_eq!(next(&client).1, Some(8));
            gate.open();
        });
    });
}

#[test]
fn a_pool_has_as_many_connections_as_the_server_lets_in() {
    over_each(|transport, address| {
        let _server = transport.serve(address, echo(), &only(2));
        let client = connect(transport, address, 6);
        thread::scope(|scope| {
            for thread in 0..4 {
                let client = &client;
                scope.spawn(move || {
                    for number in 0..100 {
                        ask(client, thread << 32 | number).unwrap();
                    }
                });
            }
        });
        let submitting = connect_more(&client, 100);
        assert_eq!(submitting, (0..100).collect());
    });
}

/// Submits so many calls, and gives the numbers of the answers.
fn connect_more(client: &Client, count: u64) -> BTreeSet<u64> {
    for number in 0..count {
        submit(client, number).unwrap();
    }
    (0..count)
        .map(|_| {
            let (completion, number) = next(client);
            assert_eq!(Some(completion.tag), number, "{completion:?}");
            completion.tag
        })
        .collect()
}

#[test]
fn what_is_submitted_over_a_refused_connection_goes_over_another() {
    over_each(|transport, address| {
        let _server = transport.serve(address, echo(), &only(1));
        let client = connect(transport, address, 4);
        assert_eq!(
            connect_more(&client, 60),
            (0..60).collect(),
            "{}",
            transport.name
        );
        ask(&client, 5).unwrap();
    });
}

#[test]
fn a_client_whose_only_connection_is_refused_says_so() {
    over_each(|transport, address| {
        let _server = transport.serve(address, echo(), &only(1));
        let first = connect(transport, address, 2);
        ask(&first, 1).unwrap();
        let second = connect(transport, address, 2);
        assert_eq!(status(ask(&second, 1)), Status::Refused);
        assert_eq!(status(submit(&second, 1)), Status::Refused);
        let third = connect(transport, address, 2);
        let submitted = submit(&third, 3);
        let refused = match submitted {
            Ok(_) => next(&third).0.outcome.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(refused.status(), Status::Refused);
        assert!(refused.is_not_executed());
    });
}

#[test]
fn a_slow_call_delays_no_other_while_there_are_connections() {
    over_each(|transport, address| {
        let gate = Arc::new(Gate::default());
        let _server = transport.serve(address, gated(&gate), &workers(2));
        let client = connect(transport, address, 2);
        submit(&client, SLOW).unwrap();
        // What greets the server first is sent by `next`.
        eventually("it is held", || {
            assert_eq!(status(client.next(LOOK, &mut [])), Status::TimedOut);
            gate.0.lock().unwrap().1 == 1
        });
        for number in 0..50 {
            submit(&client, number).unwrap();
            assert_eq!(next(&client).1, Some(number), "{}", transport.name);
        }
        gate.open();
        assert_eq!(next(&client).1, Some(SLOW));
    });
}

#[test]
fn what_is_submitted_while_calls_have_all_connections_waits_for_one() {
    over_each(|transport, address| {
        let gate = Arc::new(Gate::default());
        let _server = transport.serve(address, gated(&gate), &workers(2));
        let client = connect(transport, address, 1);
        thread::scope(|scope| {
            scope.spawn(|| ask(&client, SLOW).unwrap());
            gate.await_held(1);
            let cancelled = submit(&client, 1).unwrap();
            submit(&client, 2).unwrap();
            client
                .submit(Limit::Own(Some(Duration::from_millis(1))), b"late", 3)
                .unwrap();
            client.cancel(cancelled).unwrap();
            let told = [next(&client).0, next(&client).0].map(|each| {
                let error = each.outcome.unwrap_err();
                assert!(error.is_not_executed());
                (each.tag, error.status())
            });
            assert_eq!(told, [(1, Status::Cancelled), (3, Status::TimedOut)]);
            gate.open();
            assert_eq!(next(&client).1, Some(2), "{}", transport.name);
        });
        ask(&client, 4).unwrap();
    });
}

#[test]
fn a_call_is_turned_away_where_only_untaken_submits_have_connections() {
    over_each(|transport, address| {
        let _server = transport.serve(address, echo(), &ServerOptions::default());
        let client = connect(transport, address, 1);
        submit(&client, 1).unwrap();
        assert_eq!(status(ask(&client, 2)), Status::Busy, "{}", transport.name);
        assert_eq!(next(&client).1, Some(1));
        ask(&client, 3).unwrap();
    });
}

#[test]
fn a_call_waits_for_a_connection_no_longer_than_its_time() {
    over_each(|transport, address| {
        let gate = Arc::new(Gate::default());
        let _server = transport.serve(address, gated(&gate), &ServerOptions::default());
        let client = connect(transport, address, 1);
        thread::scope(|scope| {
            scope.spawn(|| ask(&client, SLOW).unwrap());
            gate.await_held(1);
            let limit = Limit::Own(Some(Duration::from_millis(20)));
            let error = client.call_bytes_within(limit, b"", &mut []).unwrap_err();
            assert_eq!(error.status(), Status::TimedOut);
            assert!(error.is_not_executed());
            gate.open();
        });
    });
}

#[test]
fn a_lost_connection_leaves_the_others_and_the_last_one_says_why() {
    over_each(|transport, address| {
        let server = handle_in_process(transport, address, &workers(2), echo());
        let client = connect(transport, address, 3);
        assert_eq!(connect_more(&client, 9), (0..9).collect());
        for number in 0..9 {
            submit(&client, number).unwrap();
        }
        drop(server);
        let mut told = BTreeSet::new();
        for _ in 0..9 {
            let (completion, number) = next(&client);
            assert!(number.is_none_or(|number| number == completion.tag));
            assert!(told.insert(completion.tag));
        }
        assert_eq!(told, (0..9).collect());
        assert_eq!(status(client.next(LOOK, &mut [])), Status::TimedOut);
        eventually("every call says why", || {
            let status = status(ask(&client, 1));
            assert_ne!(status, Status::Ok);
            matches!(status, Status::Closed | Status::PeerDied)
        });
        assert!(!matches!(
            status(submit(&client, 1)),
            Status::Ok | Status::Busy
        ));
        clean(transport, address);
    });
}

/// Removes what a killed server left, by being the next one.
fn clean(transport: &Transport, address: &Address) {
    drop(transport.serve(address, echo(), &ServerOptions::default()));
}

#[test]
fn a_client_that_reconnects_needs_no_server_to_begin_with_and_outlives_many() {
    over_each(|transport, address| {
        for connections in [0, 1, 3] {
            let client = try_to_connect(transport, address, connections, true).unwrap();
            assert_eq!(
                status(ask(&client, 1)),
                Status::NotConnected,
                "{}",
                transport.name
            );
            let submitted = submit(&client, 1);
            let refused = match submitted {
                Ok(_) => next(&client).0.outcome.unwrap_err(),
                Err(error) => error,
            };
            assert_eq!(refused.status(), Status::NotConnected);
            assert!(refused.is_not_executed());
            for life in 0..3 {
                let server = transport.serve(address, echo(), &ServerOptions::default());
                // It is known to be dead only when it is next looked at.
                eventually("it reconnects", || ask(&client, 1).is_ok());
                ask(&client, 2).unwrap();
                eventually("it submits", || submit(&client, life).is_ok());
                let (completion, _) = next(&client);
                assert_eq!(completion.outcome.unwrap(), 8);
                server.stop().unwrap();
            }
        }
    });
}

#[test]
fn a_call_after_a_while_finds_that_the_server_is_another_one() {
    over_each(|transport, address| {
        let client = try_to_connect(transport, address, 0, true).unwrap();
        for number in 0..3 {
            let server = transport.serve(address, echo(), &ServerOptions::default());
            thread::sleep(Duration::from_millis(11)); // Long enough for the client to look.
            ask(&client, number).unwrap();
            server.stop().unwrap();
        }
    });
}

#[test]
fn what_cannot_be_reached_ever_is_refused_at_once() {
    let options = ClientOptions {
        reconnect: true,
        ..ClientOptions::default()
    };
    let long = format!("/{}", "x".repeat(200));
    let refused = [
        (Place::unix(long), Status::InvalidArgument),
        (Place::tcp("no such host", 1), Status::NotConnected),
        (Place::tcp("*", 1), Status::InvalidArgument),
        (Place::tcp("127.0.0.1", 0), Status::InvalidArgument),
        (Place::exec("/bin/true"), Status::Unsupported),
    ];
    for (place, expected) in refused {
        assert_eq!(
            status(Client::connect(&place, &options)),
            expected,
            "{place}"
        );
    }
    let options = ClientOptions {
        connections: 1025,
        ..ClientOptions::default()
    };
    let place = Place::unix("/none");
    assert_eq!(
        status(Client::connect(&place, &options)),
        Status::InvalidArgument
    );
}

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

#[test]
fn a_client_that_reconnects_to_a_full_server_is_told_so_and_let_in_later() {
    over_each(|transport, address| {
        let _server = transport.serve(address, echo(), &only(1));
        for connections in [0, 1, 3] {
            // The place of the last client may still be taken.
            let first = try_to_connect(transport, address, 0, true).unwrap();
            eventually("the first one is let in", || ask(&first, 1).is_ok());
            let client = try_to_connect(transport, address, connections, true).unwrap();
            for number in 0..3 {
                assert_eq!(
                    status(ask(&client, number)),
                    Status::Refused,
                    "{}",
                    transport.name
                );
                let refused = match submit(&client, number) {
                    Ok(_) => next(&client).0.outcome.unwrap_err(),
                    Err(error) => error,
                };
                assert_eq!(refused.status(), Status::Refused, "{}", transport.name);
            }
            drop(first);
            eventually("it is let in", || ask(&client, 1).is_ok());
        }
    });
}

#[test]
fn a_hosts_loop_is_woken_for_what_a_server_refused() {
    over_each(|transport, address| {
        let _server = transport.serve(address, echo(), &only(1));
        let first = connect(transport, address, 0);
        ask(&first, 1).unwrap();
        let client = connect(transport, address, 2);
        assert!(!is_readable_within(
            &client.source().unwrap(),
            Duration::ZERO
        ));
        if submit(&client, 1).is_ok() {
            // Each wake-up may be for a step on the way.
            let refused = loop {
                assert!(
                    is_readable_within(&client.source().unwrap(), PATIENCE),
                    "{}",
                    transport.name
                );
                match client.next(LOOK, &mut []) {
                    Ok(Next::Completion(completion)) => break completion.outcome.unwrap_err(),
                    other => assert_eq!(status(other), Status::TimedOut),
                }
            };
            assert_eq!(refused.status(), Status::Refused);
        }
    });
}

#[test]
fn a_call_has_the_first_connection_that_owes_nothing_any_more() {
    over_each(|transport, address| {
        let gate = Arc::new(Gate::default());
        let _server = transport.serve(address, gated(&gate), &workers(3));
        let client = connect(transport, address, 2);
        let slow = submit(&client, SLOW).unwrap();
        eventually("it is held", || {
            assert_eq!(status(client.next(LOOK, &mut [])), Status::TimedOut);
            gate.0.lock().unwrap().1 == 1
        });
        client.cancel(slow).unwrap();
        assert_eq!(
            next(&client).0.outcome.unwrap_err().status(),
            Status::Cancelled
        );
        // One connection still owes the answer, and the other one is there for this.
        for number in 0..20 {
            ask(&client, number).unwrap();
            submit(&client, number).unwrap();
            assert_eq!(next(&client).1, Some(number), "{}", transport.name);
        }
        gate.open();
    });
}

#[test]
fn what_is_submitted_after_a_while_finds_that_the_server_is_another_one() {
    over_each(|transport, address| {
        let client = try_to_connect(transport, address, 0, true).unwrap();
        for number in 0..3 {
            let server = transport.serve(address, echo(), &ServerOptions::default());
            thread::sleep(Duration::from_millis(11)); // Long enough for the client to look.
            submit(&client, number).unwrap();
            assert_eq!(next(&client).1, Some(number), "{}", transport.name);
            server.stop().unwrap();
        }
    });
}

#[test]
fn a_server_that_is_another_one_is_found_though_an_answer_was_owed() {
    over_each(|transport, address| {
        let client = try_to_connect(transport, address, 0, true).unwrap();
        let gate = Arc::new(Gate::default());
        let server = transport.serve(address, gated(&gate), &ServerOptions::default());
        let limit = Limit::Own(Some(Duration::from_millis(5)));
        let late = client.call_bytes_within(limit, &SLOW.to_le_bytes(), &mut []);
        assert_eq!(status(late), Status::TimedOut);
        gate.open();
        server.stop().unwrap();
        let _server = transport.serve(address, echo(), &ServerOptions::default());
        thread::sleep(Duration::from_millis(11));
        ask(&client, 1).unwrap();
    });
}

#[test]
fn children_are_not_made_anew_and_calls_wait_for_each_other() {
    let reconnects = ClientOptions {
        reconnect: true,
        ..ClientOptions::default()
    };
    let refused = pipe::create(echo(), &reconnects);
    assert_eq!(status(refused), Status::Unsupported);
    let waits = ClientOptions {
        connections: 3,
        ..ClientOptions::default()
    };
    let client = pipe::create(echo(), &waits).unwrap();
    thread::scope(|scope| {
        for thread in 0..3 {
            let client = &client;
            scope.spawn(move || {
                (0..50).for_each(|number| ask(client, thread << 32 | number).unwrap())
            });
        }
    });
}
