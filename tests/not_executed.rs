//! What a failed call knows of its request: over every transport, by a handler that counts what it
//! was given.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;
#[path = "support/tally.rs"]
mod tally;

use calc_ipc::error::{Error, Status};
use calc_ipc::service::Server;
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::thread;
use support::{Address, Transport, add, over_each, within};
use tally::{Tally, ask};

/// A message that no kernel holds between two processes.
const HUGE: usize = 32 << 20;

/// The failure of a call that has to fail, and whether it says that its request was not executed.
fn failed(result: Result<(), Error>) -> (Status, bool) {
    let error = result.expect_err("a failure");
    assert!(!error.context().is_empty());
    (error.status(), error.is_not_executed())
}

fn limited<T: Default>(set: impl FnOnce(&mut T)) -> T {
    let mut options = T::default();
    set(&mut options);
    options
}

/// A server whose handler counts, with room for large messages.
fn serve(transport: &Transport, address: &Address, tally: &'static Tally) -> Server {
    let options = limited(|options: &mut ServerOptions| options.max_message = 64 << 20);
    transport.serve(address, tally.echo(), &options)
}

/// A client of large messages that waits so many milliseconds.
fn large_within(milliseconds: u64) -> ClientOptions {
    ClientOptions {
        max_message: 64 << 20,
        ..within(milliseconds)
    }
}

#[test]
fn what_never_leaves_the_client_is_not_executed() {
    over_each(|transport, address| {
        let tally = Tally::new();
        let _server = serve(transport, address, tally);
        let client = transport.client(address);
        thread::scope(|scope| {
            let shut = tally.shut();
            scope.spawn(|| ask(&client, b"first").unwrap());
            tally.await_given(1);
            assert_eq!(failed(ask(&client, b"second")), (Status::Busy, true));
            drop(shut);
        });
        let too_large = vec![0; 65_537];
        assert_eq!(failed(ask(&client, &too_large)), (Status::TooLarge, true));
        ask(&client, b"last").unwrap();
        assert_eq!(tally.given(), 2, "{}", transport.name);
    });
}

#[test]
fn whom_a_full_server_refuses_it_does_not_serve() {
    over_each(|transport, address| {
        let tally = Tally::new();
        let options = limited(|options: &mut ServerOptions| options.max_clients = Some(1));
        let _server = transport.serve(address, tally.echo(), &options);
        let first = transport.client(address);
        ask(&first, b"first").unwrap();
        let second = transport.client(address);
        for _ in 0..2 {
            assert_eq!(failed(ask(&second, b"second")), (Status::Refused, true));
        }
        ask(&first, b"last").unwrap();
        assert_eq!(tally.given(), 2, "{}", transport.name);
    });
}

#[test]
fn what_is_over_the_servers_limit_is_not_executed() {
    over_each(|transport, address| {
        let tally = Tally::new();
        let options = limited(|options: &mut ServerOptions| options.max_message = 1000);
        let _server = transport.serve(address, tally.echo(), &options);
        for size in [1001, 100_000, 8 << 20] {
            let client = transport.client_with(address, &large_within(60_000));
            let failure = failed(ask(&client, &vec![0; size]));
            assert_eq!(failure, (Status::TooLarge, true), "{}", transport.name);
        }
        ask(&transport.client(address), b"last").unwrap();
        assert_eq!(tally.given(), 1, "{}", transport.name);
    });
}

#[test]
fn what_was_answered_may_have_been_executed() {
    over_each(|transport, address| {
        let tally = Tally::new();
        let _server = serve(transport, address, tally);
        let client = transport.client_with(
            address,
            &limited(|options: &mut ClientOptions| options.max_message = 1000),
        );
        let name = transport.name;
        let failure = failed(ask(&client, b"fail"));
        assert_eq!(failure, (Status::HandlerFailed, false), "{name}");
        let failure = failed(ask(&client, b"long"));
        assert_eq!(failure, (Status::TooLarge, false), "{name}");
        let failure = failed(client.call(&add(1, 2)).map(drop));
        assert_eq!(failure, (Status::Malformed, false), "{name}");
        let failure = failed(client.call_many(&[add(1, 2), add(3, 4)], |_| ()));
        assert_eq!(failure, (Status::Malformed, false), "{name}");
        assert_eq!(tally.given(), 5, "{name}");
    });
}

#[test]
fn a_call_that_runs_out_of_time_says_whether_it_had_sent_its_request() {
    over_each(|transport, address| {
        let tally = Tally::new();
        let _server = serve(transport, address, tally);
        let client = transport.client_with(address, &within(50));
        while ask(&client, b"until the server knows it").is_err() {}
        let before = tally.given();
        let shut = tally.shut();
        let name = transport.name;
        let failure = failed(ask(&client, b"first"));
        assert_eq!(failure, (Status::TimedOut, false), "{name}");
        tally.await_given(before + 1);
        // While the answer to the first is awaited, no other request is sent.
        for _ in 0..2 {
            let failure = failed(ask(&client, b"second"));
            assert_eq!(failure, (Status::TimedOut, true), "{name}");
            let failure = failed(client.call_many(&[add(1, 2)], |_| ()));
            assert_eq!(failure, (Status::TimedOut, true), "{name}");
        }
        drop(shut);
        ask(&transport.client(address), b"last").unwrap();
        assert_eq!(tally.given(), before + 2, "{name}");
    });
}

#[test]
fn half_a_request_is_not_executed() {
    over_each(|transport, address| {
        let tally = Tally::new();
        let _server = serve(transport, address, tally);
        let holder = transport.client_with(address, &large_within(60_000));
        let client = transport.client_with(address, &large_within(300));
        while ask(&client, b"until the server knows it").is_err() {}
        let before = tally.given();
        thread::scope(|scope| {
            let shut = tally.shut();
            scope.spawn(|| ask(&holder, b"held").unwrap());
            tally.await_given(before + 1);
            let failure = failed(ask(&client, &vec![7; HUGE]));
            assert_eq!(failure, (Status::TimedOut, true), "{}", transport.name);
            if transport.name != "shm" {
                // What comes after half a frame would be taken for its rest.
                let failure = failed(ask(&client, b"after"));
                assert_eq!(failure, (Status::Closed, true), "{}", transport.name);
            }
            drop(shut);
        });
        drop(client);
        ask(&holder, b"last").unwrap();
        assert_eq!(tally.given(), before + 2, "{}", transport.name);
    });
}

#[test]
fn a_server_that_does_not_serve_yet_may_find_the_request_later() {
    over_each(|transport, address| {
        let tally = Tally::new();
        let endpoint = (transport.bind)(address, &ServerOptions::default()).unwrap();
        let server = Server::new(endpoint, tally.echo()).unwrap();
        let client = transport.client_with(address, &within(50));
        let (status, is_not_executed) = failed(ask(&client, b"early"));
        assert_eq!(status, Status::TimedOut);
        // These two wait for the server's welcome first.
        let waits = matches!(transport.name, "fifo" | "shm");
        assert_eq!(is_not_executed, waits, "{}", transport.name);
        if waits {
            let failure = failed(client.call_many(&[add(1, 2)], |_| ()));
            assert_eq!(failure, (Status::TimedOut, true), "{}", transport.name);
        }
        server.start().unwrap();
        tally.await_given(u32::from(!waits));
        drop(client);
        ask(&transport.client(address), b"last").unwrap();
        assert_eq!(tally.given(), 1 + u32::from(!waits), "{}", transport.name);
    });
}

#[test]
fn a_server_that_has_gone_is_found_before_sending_where_a_write_fails_at_once() {
    over_each(|transport, address| {
        let tally = Tally::new();
        let server = serve(transport, address, tally);
        let client = transport.client(address);
        ask(&client, b"first").unwrap();
        server.stop().unwrap();
        let (status, is_not_executed) = failed(ask(&client, b"second"));
        assert_eq!(status, Status::Closed, "{}", transport.name);
        // Elsewhere nothing has looked at the connection since.
        let is_found = matches!(transport.name, "uds" | "seqpacket" | "npipe");
        assert_eq!(is_not_executed, is_found, "{}", transport.name);
        // Its end is remembered, and no call after it sends anything.
        assert_eq!(failed(ask(&client, b"third")), (Status::Closed, true));
        let many = failed(client.call_many(&[add(1, 2)], |_| ()));
        assert_eq!(many, (Status::Closed, true));
        assert_eq!(tally.given(), 1, "{}", transport.name);
    });
}

/// What processes that fork, and children that serve pipes, make of it.
#[cfg(unix)]
mod forked {
    use super::*;
    use crate::support::Process;
    use crate::support::processes::send;
    use calc_ipc::service::{Client, pipe};
    use std::time::Duration;

    #[test]
    fn what_a_forked_child_asks_over_its_parents_connection_is_not_executed() {
        over_each(|transport, address| {
            let tally = Tally::new();
            let _server = serve(transport, address, tally);
            let client = transport.client(address);
            ask(&client, b"first").unwrap();
            let child = Process::fork(|| {
                assert_eq!(failed(ask(&client, b"forked")), (Status::Forked, true));
            });
            assert!(child.succeeded());
            ask(&client, b"last").unwrap();
            assert_eq!(tally.given(), 2, "{}", transport.name);
        });
    }

    /// A child that serves a pipe, and what its handler counts.
    fn child(milliseconds: u64) -> (Client, &'static Tally) {
        let tally = Tally::new();
        let client = pipe::create(tally.echo(), &large_within(milliseconds)).unwrap();
        while ask(&client, b"until the child runs").is_err() {}
        (client, tally)
    }

    #[test]
    fn a_pipe_knows_as_much() {
        let (client, tally) = child(50);
        let before = tally.given();
        assert_eq!(
            failed(ask(&client, b"fail")),
            (Status::HandlerFailed, false)
        );
        let shut = tally.shut();
        assert_eq!(failed(ask(&client, b"first")), (Status::TimedOut, false));
        tally.await_given(before + 2);
        assert_eq!(failed(ask(&client, b"second")), (Status::TimedOut, true));
        drop(shut);
        while ask(&client, b"last").is_err() {}
        assert_eq!(
            failed(ask(&client, &vec![0; 65 << 20])),
            (Status::TooLarge, true)
        );
    }

    #[test]
    fn half_a_request_in_a_pipe_is_not_executed() {
        let (client, tally) = child(300);
        let before = tally.given();
        send(tally.process(), libc::SIGSTOP);
        let failure = failed(ask(&client, &vec![7; HUGE]));
        assert_eq!(failure, (Status::TimedOut, true));
        send(tally.process(), libc::SIGCONT);
        assert_eq!(failed(ask(&client, b"after")), (Status::Closed, true));
        drop(client); // which waits for the child's end
        assert_eq!(tally.given(), before);
    }

    #[test]
    fn a_child_that_has_gone_is_found_when_its_pipe_is_read() {
        let (client, tally) = child(60_000);
        let before = tally.given();
        send(tally.process(), libc::SIGKILL);
        thread::sleep(Duration::from_millis(20)); // Or it dies in flight, which looks the same.
        let (status, is_not_executed) = failed(ask(&client, b"second"));
        assert!(
            matches!(status, Status::Closed | Status::PeerDied),
            "{status}"
        );
        assert!(!is_not_executed);
        let (_, is_not_executed) = failed(ask(&client, b"third"));
        assert!(is_not_executed);
        drop(client);
        assert_eq!(tally.given(), before);
    }
}
