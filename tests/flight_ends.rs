//! Calls that nobody waits for, and that are not answered: each is told of once, with the reason.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

#[path = "support/in_flight.rs"]
mod in_flight;
mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Client, Handler, IN_FLIGHT_MAX, Limit, Server};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use in_flight::{FOREVER, gated, has_none, next};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use support::{
    Address, PATIENCE, TRANSPORTS, echo, eventually, handle_in_process, over_each, status, within,
};

#[test]
fn a_child_that_dies_is_noticed_though_its_own_child_keeps_the_pipes() {
    let address = Address::new();
    let note = address.path("child");
    let script = format!("sleep 1000 & echo $! > {note}; read -r line; exit 3");
    let place = calc_ipc::transport::Address::Exec {
        program: "/bin/sh".into(),
        arguments: ["-c", &script].map(Into::into).into(),
    };
    let client = Client::connect(&place, &ClientOptions::default()).unwrap();
    client.submit(FOREVER, b"\n", 7).unwrap();
    let (completion, _) = next(&client);
    let error = completion.outcome.unwrap_err();
    assert!(
        matches!(error.status(), Status::Closed | Status::PeerDied),
        "{error}"
    );
    let left: i32 = std::fs::read_to_string(&note)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    // SAFETY: it takes numbers; the process is the script's, which has noted it.
    assert_eq!(unsafe { libc::kill(left, libc::SIGKILL) }, 0);
}

#[test]
fn a_call_ends_when_its_time_is_over_and_its_answer_is_nobodys() {
    over_each(|transport, address| {
        let gate = Arc::default();
        let _server = transport.serve(address, gated(&gate), &ServerOptions::default());
        let client = transport.client_with(address, &within(20));
        let slow = client.submit(Limit::Usual, b"slow", 1).unwrap();
        let patient = client.submit(FOREVER, b"patient", 2).unwrap();
        let (completion, _) = next(&client);
        assert_eq!(completion.id, slow);
        assert_eq!(completion.outcome.unwrap_err().status(), Status::TimedOut);
        gate.open();
        let (completion, answer) = next(&client);
        assert_eq!((completion.id, answer), (patient, b"patient".to_vec()));
        // What is owed to calls that are over is awaited by one that waits.
        let mut answer = [0; 5];
        let limit = Limit::Own(Some(PATIENCE));
        assert_eq!(
            client
                .call_bytes_within(limit, b"other", &mut answer)
                .unwrap(),
            5
        );
        assert_eq!(&answer, b"other");
    });
}

#[test]
fn what_was_answered_before_a_stop_is_there_after_it() {
    over_each(|transport, address| {
        let server = transport.serve(address, echo(), &ServerOptions::default());
        let client = transport.client(address);
        assert_eq!(client.call_bytes(b"let me in", &mut [0; 9]).unwrap(), 9);
        let id = client.submit(FOREVER, b"answered", 1).unwrap();
        eventually("it is answered", || server.stats().unwrap().requests == 2);
        server.stop().unwrap();
        let (completion, answer) = next(&client);
        assert_eq!((completion.id, completion.outcome.unwrap()), (id, 8));
        assert_eq!(answer, b"answered");
        client.submit(FOREVER, b"too late", 2).unwrap();
        let (completion, _) = next(&client);
        assert_eq!(completion.outcome.unwrap_err().status(), Status::Closed);
    });
}

#[test]
fn one_that_is_cancelled_is_told_of_once() {
    over_each(|transport, address| {
        let gate = Arc::default();
        let _server = transport.serve(address, gated(&gate), &ServerOptions::default());
        let client = transport.client(address);
        assert_eq!(status(client.cancel(0)), Status::InvalidArgument);
        assert_eq!(status(client.cancel(1)), Status::InvalidArgument);
        let first = client.submit(FOREVER, b"slow", 1).unwrap();
        let second = client.submit(FOREVER, b"next", 2).unwrap();
        for _ in 0..2 {
            client.cancel(first).unwrap();
        }
        let (completion, _) = next(&client);
        assert_eq!(completion.id, first);
        assert_eq!(completion.outcome.unwrap_err().status(), Status::Cancelled);
        client.cancel(first).unwrap();
        gate.open();
        assert_eq!(next(&client).0.id, second);
        assert!(has_none(&client));
        client.cancel(second).unwrap();
        assert!(has_none(&client));
        assert_eq!(client.call_bytes(b"other", &mut [0; 5]).unwrap(), 5);
    });
}

#[test]
fn the_end_of_the_server_is_that_of_every_call() {
    for transport in &TRANSPORTS {
        let address = &Address::new();
        let stuck = Handler::bytes(|_, _| {
            loop {
                thread::park();
            }
        });
        let mut process = handle_in_process(transport, address, &ServerOptions::default(), stuck);
        let client = transport.client(address);
        for tag in 0..IN_FLIGHT_MAX as u64 {
            client.submit(FOREVER, b"hello", tag).unwrap();
        }
        assert!(has_none(&client));
        process.kill();
        for tag in 0..IN_FLIGHT_MAX as u64 {
            let (completion, _) = next(&client);
            assert_eq!(completion.tag, tag);
            let error = completion.outcome.unwrap_err();
            let ended = [Status::Closed, Status::PeerDied];
            assert!(
                ended.contains(&error.status()),
                "{}: {error}",
                transport.name
            );
        }
        assert!(has_none(&client));
        let error = client.submit(FOREVER, b"hello", 0).unwrap_err();
        assert!(error.is_not_executed(), "{error}");
        assert!(client.call_bytes(b"hello", &mut []).is_err());
    }
}

#[test]
fn nothing_is_submitted_after_a_call_that_was_cut() {
    over_each(|transport, address| {
        let options = ServerOptions {
            max_message: 64 << 20,
            ..ServerOptions::default()
        };
        let endpoint = (transport.bind)(address, &options).unwrap();
        let server = Server::new(endpoint, echo()).unwrap();
        let client = transport.client_with(
            address,
            &ClientOptions {
                max_message: 64 << 20,
                ..within(20)
            },
        );
        let large = vec![7; 32 << 20];
        assert_eq!(status(client.call_bytes(&large, &mut [])), Status::TimedOut);
        match client.submit(FOREVER, b"hello", 1) {
            Err(error) => {
                assert_eq!(error.status(), Status::Closed, "{}", transport.name);
                assert!(error.is_not_executed());
            }
            // Nothing of it was sent, where the server has to be there first.
            Ok(_) => {
                server.start().unwrap();
                assert_eq!(next(&client).1, b"hello");
            }
        }
    });
}

#[test]
fn one_who_only_looks_learns_that_the_server_died() {
    for transport in &TRANSPORTS {
        let address = &Address::new();
        let stuck = Handler::bytes(|_, _| {
            loop {
                thread::park();
            }
        });
        let mut process = handle_in_process(transport, address, &ServerOptions::default(), stuck);
        let client = transport.client(address);
        client.submit(FOREVER, b"hello", 1).unwrap();
        assert!(has_none(&client));
        process.kill();
        eventually("its end is told", || !has_none(&client));
        assert!(has_none(&client), "once");
    }
}

#[test]
fn a_call_that_waits_has_no_more_time_for_what_is_owed() {
    over_each(|transport, address| {
        let gate = Arc::default();
        let _server = transport.serve(address, gated(&gate), &ServerOptions::default());
        let client = transport.client(address);
        // Once it is connected, what is submitted is sent at once.
        assert_eq!(client.call_bytes(b"quick", &mut [0; 5]).unwrap(), 5);
        let id = client.submit(FOREVER, b"slow", 1).unwrap();
        client.cancel(id).unwrap();
        assert_eq!(next(&client).0.id, id);
        let limit = Limit::Own(Some(Duration::from_millis(20)));
        let error = client
            .call_bytes_within(limit, b"quick", &mut [])
            .unwrap_err();
        assert_eq!(error.status(), Status::TimedOut, "{error}");
        gate.open();
        assert_eq!(client.call_bytes(b"quick", &mut [0; 5]).unwrap(), 5);
    });
}

#[test]
fn failures_of_one_leave_the_others_alone() {
    over_each(|transport, address| {
        let choosy = Handler::bytes(|request, room| {
            room.get_mut(..request.len())?.copy_from_slice(request);
            (request != b"bad").then_some(request.len())
        });
        let options = ServerOptions {
            max_message: 1000,
            ..ServerOptions::default()
        };
        let _server = transport.serve(address, choosy, &options);
        let client = transport.client(address);
        for message in [&b"good"[..], b"bad", b"good", b"bad", b"good"] {
            client.submit(FOREVER, message, 0).unwrap();
        }
        for expected in [
            Status::Ok,
            Status::HandlerFailed,
            Status::Ok,
            Status::HandlerFailed,
            Status::Ok,
        ] {
            assert_eq!(
                status(next(&client).0.outcome),
                expected,
                "{}",
                transport.name
            );
        }
        let error = client.submit(FOREVER, &[0; 70_000], 0).unwrap_err();
        assert_eq!(
            (error.status(), error.is_not_executed()),
            (Status::TooLarge, true)
        );
        client.submit(FOREVER, b"good", 0).unwrap();
        client.submit(FOREVER, &[0; 2000], 0).unwrap();
        assert_eq!(status(next(&client).0.outcome), Status::Ok);
        let error = next(&client).0.outcome.unwrap_err();
        assert_eq!(
            (error.status(), error.is_not_executed()),
            (Status::TooLarge, true)
        );
    });
}

/// One thread waits for what is owed to a call that is over, and another takes it.
#[test]
fn who_waits_for_what_is_owed_is_woken_though_another_takes_it() {
    over_each(|transport, address| {
        let _server = transport.serve(address, echo(), &ServerOptions::default());
        let client = transport.client(address);
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    let next = client.next(Some(Duration::from_micros(300)), &mut [0; 9]);
                    assert!([Status::Ok, Status::TimedOut].contains(&status(next)));
                }
            });
            for _ in 0..1000 {
                let id = client.submit(FOREVER, b"given up", 1).unwrap();
                client.cancel(id).unwrap();
                let limit = Limit::Own(Some(PATIENCE));
                let mut called = Status::Busy;
                while called == Status::Busy {
                    called = status(client.call_bytes_within(limit, b"call", &mut [0; 4]));
                }
                let is_late = called != Status::Ok;
                is_over.fetch_or(is_late, Ordering::SeqCst);
                assert!(!is_late, "{called:?}");
            }
            is_over.store(true, Ordering::SeqCst);
        });
    });
}
