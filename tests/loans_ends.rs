//! Loans whose server, or whose client, is killed or stopped at some point of theirs.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::error::{Result, Status};
use calc_ipc::service::{Client, Handler, Limit, Place};
use calc_ipc::transport::{InPlace, ServerOptions, ServerUser};
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::thread;
use std::time::Duration;
use support::{
    Address, Process, TRANSPORTS, Transport, eventually, handle_in_process, patient, status, stay,
};

/// Runs a test over each transport. What a killed server could not remove goes with the address.
fn over_all(test: fn(&Transport, &Address)) {
    for transport in &TRANSPORTS {
        test(transport, &Address::new());
    }
}

/// Longer than a line of shared memory holds, and than a pipe.
const LENGTH: usize = 60_000;

/// The first byte of a message that its handler never answers.
const NEVER: u8 = 1;

/// Writes a message to a loan, all of it this byte.
fn fill(loan: Place, byte: u8) {
    // SAFETY: the loan is as long as that, and no call uses it.
    unsafe { loan.as_ptr().write_bytes(byte, LENGTH) };
}

fn call(client: &Client, loan: Place) -> Result<InPlace> {
    client.call_loaned(Limit::Usual, loan, LENGTH)
}

/// Whether all of an answer is this byte.
fn is_all(answer: InPlace, byte: u8) -> bool {
    // SAFETY: the answer is there until the next call with its loan.
    let bytes = unsafe { std::slice::from_raw_parts(answer.place.as_ptr(), answer.length) };
    bytes.len() == LENGTH && bytes.iter().all(|found| *found == byte)
}

/// A handler that says that it has a message, and gives it back, unless it is never to be answered.
fn telling(told: PipeWriter) -> Handler {
    Handler::bytes(move |message, room| {
        (&told).write_all(&[0]).unwrap();
        if message.first() == Some(&NEVER) {
            stay();
        }
        room[..message.len()].copy_from_slice(message);
        Some(message.len())
    })
}

/// A server in a process of its own, and what its handler tells.
fn server(transport: &Transport, address: &Address) -> (Process, PipeReader) {
    let (heard, told) = std::io::pipe().unwrap();
    let options = ServerOptions::default();
    let process = handle_in_process(transport, address, &options, telling(told));
    (process, heard)
}

fn hear(mut from: &PipeReader) {
    from.read_exact(&mut [0]).unwrap();
}

fn is_end(status: Status) -> bool {
    matches!(status, Status::Closed | Status::PeerDied)
}

#[test]
fn a_server_killed_before_a_call_ends_it_and_the_memory_stays() {
    over_all(|transport, address| {
        let (mut server, _heard) = server(transport, address);
        let client = transport.client_with(address, &patient());
        let loan = client.loan(LENGTH).unwrap();
        fill(loan, 7);
        server.kill();
        assert!(is_end(status(call(&client, loan))), "{}", transport.name);
        // SAFETY: the memory is there until it is given back, and nobody else is.
        assert_eq!(unsafe { loan.as_ptr().add(LENGTH - 1).read() }, 7);
        client.give_back(loan);
        assert!(is_end(status(client.loan(1))), "{}", transport.name);
    });
}

#[test]
fn a_server_killed_inside_of_its_handler_spends_the_loan() {
    over_all(|transport, address| {
        let (mut server, heard) = server(transport, address);
        let client = transport.client_with(address, &patient());
        let loan = client.loan(LENGTH).unwrap();
        fill(loan, NEVER);
        thread::scope(|scope| {
            let calling = scope.spawn(|| status(call(&client, loan)));
            hear(&heard);
            server.kill();
            assert!(is_end(calling.join().unwrap()), "{}", transport.name);
        });
        assert_eq!(status(call(&client, loan)), Status::InvalidArgument);
        client.give_back(loan);
    });
}

#[test]
fn an_answer_outlives_its_server_until_the_loan_is_given_back() {
    over_all(|transport, address| {
        let (mut server, _heard) = server(transport, address);
        for server_user in [ServerUser::Own, ServerUser::Any] {
            let options = calc_ipc::transport::ClientOptions {
                server_user,
                ..patient()
            };
            let client = transport.client_with(address, &options);
            let loan = client.loan(LENGTH).unwrap();
            fill(loan, 9);
            let answer = call(&client, loan).unwrap();
            if server_user == ServerUser::Any {
                server.kill();
            }
            fill(loan, 3);
            assert!(is_all(answer, 9), "{}", transport.name);
            client.give_back(loan);
        }
    });
}

#[test]
fn a_stopped_server_spends_the_loan_and_once_woken_goes_on() {
    over_all(|transport, address| {
        let (server, heard) = server(transport, address);
        let client = transport.client_with(address, &patient());
        let loan = client.loan(LENGTH).unwrap();
        fill(loan, 4);
        call(&client, loan).unwrap();
        hear(&heard);
        server.signal(libc::SIGSTOP);
        let short = Limit::Own(Some(Duration::from_millis(5)));
        let late = client.call_loaned(short, loan, LENGTH);
        assert_eq!(status(late), Status::TimedOut, "{}", transport.name);
        client.give_back(loan);
        server.signal(libc::SIGCONT);
        // Over a stream not all of it may have been sent: then the connection is over.
        let Ok(loan) = client.loan(LENGTH) else {
            return assert_ne!(transport.name, "shm");
        };
        fill(loan, 5);
        assert!(is_all(call(&client, loan).unwrap(), 5), "not the late one");
        client.give_back(loan);
    });
}

/// How far a client is when it is killed.
#[derive(Clone, Copy, Debug)]
enum Point {
    Filled,
    Calling,
    Answered,
}

#[test]
fn a_client_killed_with_a_loan_out_keeps_nobody() {
    over_all(|transport, address| {
        let (heard, told) = std::io::pipe().unwrap();
        let server = transport.serve(address, telling(told), &ServerOptions::default());
        for point in [Point::Filled, Point::Calling, Point::Answered] {
            let mut client = Process::fork_until_ready(|say_so| {
                let client = transport.client_with(address, &patient());
                let loan = client.loan(LENGTH).unwrap();
                fill(loan, 6);
                match point {
                    Point::Filled => say_so(),
                    // The handler cannot tell before the call is there.
                    Point::Calling => {
                        say_so();
                        let _ = call(&client, loan);
                    }
                    Point::Answered => {
                        call(&client, loan).unwrap();
                        say_so();
                    }
                }
                stay();
            });
            if !matches!(point, Point::Filled) {
                hear(&heard);
            }
            client.kill();
            let bystander = transport.client_with(address, &patient());
            let loan = bystander.loan(LENGTH).unwrap();
            fill(loan, 8);
            assert!(is_all(call(&bystander, loan).unwrap(), 8), "{point:?}");
            hear(&heard);
            drop(bystander);
            let gone = || server.stats().unwrap().clients == 0;
            eventually("the server has let go of the client", gone);
        }
        server.stop().unwrap();
    });
}

#[test]
fn a_forked_child_has_no_loan_and_leaves_its_parent_what_it_has() {
    over_all(|transport, address| {
        let (heard, told) = std::io::pipe().unwrap();
        let server = transport.serve(address, telling(told), &ServerOptions::default());
        let client = transport.client_with(address, &patient());
        let loan = client.loan(LENGTH).unwrap();
        fill(loan, 9);
        let answer = call(&client, loan).unwrap();
        let child = Process::fork(|| {
            assert_eq!(status(call(&client, loan)), Status::Forked);
            assert_eq!(status(client.loan(1)), Status::Forked);
            client.give_back(loan);
            // SAFETY: the child has its own of everything, and ends without using this one again.
            drop(unsafe { std::ptr::read(&raw const client) });
        });
        assert!(child.succeeded(), "{}", transport.name);
        assert!(is_all(answer, 9), "{}", transport.name);
        fill(loan, 8);
        assert!(
            is_all(call(&client, loan).unwrap(), 8),
            "{}",
            transport.name
        );
        client.give_back(loan);
        drop(client);
        hear(&heard);
        hear(&heard);
        server.stop().unwrap();
    });
}
