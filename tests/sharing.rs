//! Clients of several connections, which calls of every kind share.
#![cfg_attr(windows, allow(unused, reason = "some of these tests are for Unix"))]
#![allow(clippy::unwrap_used, reason = "this is a test")]

#[path = "support/shared_client.rs"]
mod shared_client;
mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Client, Limit, Next};
use calc_ipc::transport::ServerOptions;
use shared_client::{Gate, LOOK, SLOW, ask, connect, gated, next, only, submit, workers};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
#[cfg(unix)]
use support::handle_in_process;
use support::{
    Address, PATIENCE, Transport, echo, eventually, is_readable_within, over_each, status,
};

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

/// Removes what a killed server left, by being the next one.
fn clean(transport: &Transport, address: &Address) {
    drop(transport.serve(address, echo(), &ServerOptions::default()));
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
            gate.held() == 1
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
#[cfg(unix)]
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
            gate.held() == 1
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
