//! Who reads messages where they lie, and who is given copies.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

#[path = "support/loans.rs"]
mod lent;
mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Handler, Limit};
use calc_ipc::transport::ServerOptions;
use lent::{fill, read};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use support::{over_each, patient, status};

/// The longest message that a line of shared memory holds.
const LINE: usize = 52;

/// A handler that looks at the first byte of a message, lets the test go on, and once that has, answers with both what it saw
/// and what is there now.
fn looking_twice() -> (Handler, Receiver<()>, Sender<()>) {
    let (looked, has_looked) = channel();
    let (go_on, gate) = channel();
    let gate = Mutex::new(gate);
    let handler = Handler::InPlace(Box::new(move |message, room| {
        // SAFETY: the message is that long, and read as what may change.
        let look = || unsafe { message.place.as_ptr().cast_const().read_volatile() };
        room[0] = look();
        looked.send(()).unwrap();
        gate.lock().unwrap().recv().unwrap();
        room[1] = look();
        Some(2)
    }));
    (handler, has_looked, go_on)
}

#[test]
fn only_a_server_that_says_so_reads_what_may_change() {
    over_each(|transport, address| {
        for (in_place, length) in [(false, 5000), (true, 5000), (true, 10)] {
            let (handler, has_looked, go_on) = looking_twice();
            let options = ServerOptions {
                in_place,
                ..ServerOptions::default()
            };
            let server = transport.serve(address, handler, &options);
            let client = transport.client_with(address, &patient());
            let loan = client.loan(length).unwrap();
            fill(loan, &vec![1; length]);
            thread::scope(|scope| {
                let call = || read(client.call_loaned(Limit::Usual, loan, length).unwrap());
                let waiting = scope.spawn(call);
                has_looked.recv().unwrap();
                fill(loan, &[2]); // As no client may.
                go_on.send(()).unwrap();
                let is_seen = in_place && length > LINE && transport.name == "shm";
                let second = if is_seen { 2 } else { 1 };
                assert_eq!(waiting.join().unwrap(), [1, second], "{}", transport.name);
            });
            server.stop().unwrap();
        }
    });
}

#[test]
fn requests_are_read_in_place_for_one_user_alone() {
    over_each(|transport, address| {
        for mode in [0o600, 0o660, 0o606, 0o400] {
            let options = ServerOptions {
                in_place: true,
                mode,
                ..ServerOptions::default()
            };
            let bound = (transport.bind)(address, &options);
            let expected = if mode == 0o600 {
                Status::Ok
            } else {
                Status::InvalidArgument
            };
            assert_eq!(status(bound), expected, "{mode:o} over {}", transport.name);
        }
    });
}
