//! Every limit of every option: the last value inside is taken by every transport, the first one outside
//! is refused by all, and the text says which option, what it was and what it may be.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use calc_ipc::error::{Error, Result, Status};
use calc_ipc::service::pipe;
use calc_ipc::transport::{self, Address as At, ClientOptions, ServerOptions};
use std::time::Duration;
use support::{Address, TRANSPORTS};

const LONGEST_WAIT: Duration = Duration::from_secs(u32::MAX as u64);
const MOMENT: Duration = Duration::from_nanos(1);

/// What an option is set to, and the words of the text if that is refused.
type Case<T> = (fn(&mut T), &'static [&'static str]);

/// The words of one that is taken.
const TAKEN: &[&str] = &[];

const SERVERS: &[Case<ServerOptions>] = &[
    (|o| o.max_clients = None, TAKEN),
    (|o| o.max_clients = Some(0), &["max_clients", "0"]),
    (|o| o.max_clients = Some(1), TAKEN),
    (|o| o.max_clients = Some(u32::MAX), TAKEN),
    (
        |o| o.max_message = 0,
        &["max_message", "0", "259", "67108864"],
    ),
    (
        |o| o.max_message = 258,
        &["max_message", "258", "259", "67108864"],
    ),
    (|o| o.max_message = 259, TAKEN),
    (|o| o.max_message = 67_108_864, TAKEN),
    (
        |o| o.max_message = 67_108_865,
        &["max_message", "67108865", "259"],
    ),
    (
        |o| o.max_message = u32::MAX,
        &["max_message", "4294967295", "259"],
    ),
    (|o| o.workers = 0, TAKEN),
    (|o| o.workers = 1024, TAKEN),
    (|o| o.workers = 1025, &["workers", "1025", "0", "1024"]),
    (
        |o| o.workers = u32::MAX,
        &["workers", "4294967295", "0", "1024"],
    ),
    (|o| o.mode = 0, &["mode", "0000", "0001", "0777"]),
    (|o| o.mode = 0o777, TAKEN),
    (|o| o.mode = 0o1000, &["mode", "1000", "0001", "0777"]),
    (
        |o| o.mode = u32::MAX,
        &["mode", "37777777777", "0001", "0777"],
    ),
    (|o| o.in_place = true, TAKEN),
    (
        |o| (o.in_place, o.mode) = (true, 0o601),
        &["in_place", "0600", "0601"],
    ),
    (|o| o.spin = Duration::ZERO, TAKEN),
    (|o| o.spin = Duration::from_millis(1), TAKEN),
    (
        |o| o.spin = Duration::from_millis(1) + MOMENT,
        &["spin_us", "1001", "0", "1000"],
    ),
    (
        |o| o.spin = Duration::MAX,
        &["spin_us", "4294967295", "0", "1000"],
    ),
    (|o| o.idle_timeout = Duration::ZERO, TAKEN),
    (|o| o.idle_timeout = LONGEST_WAIT, TAKEN),
    (
        |o| o.idle_timeout = LONGEST_WAIT + MOMENT,
        &["idle_timeout", "4294967295s"],
    ),
    (
        |o| o.idle_timeout = Duration::MAX,
        &["idle_timeout", "4294967295s"],
    ),
    (
        |o| o.stall_timeout = Duration::ZERO,
        &["stall_timeout", "0s"],
    ),
    (|o| o.stall_timeout = MOMENT, TAKEN),
    (|o| o.stall_timeout = LONGEST_WAIT, TAKEN),
    (
        |o| o.stall_timeout = LONGEST_WAIT + MOMENT,
        &["stall_timeout", "4294967295s"],
    ),
];

const CLIENTS: &[Case<ClientOptions>] = &[
    (|o| o.connect_timeout = None, TAKEN),
    (|o| o.connect_timeout = Some(Duration::MAX), TAKEN),
    (|o| o.call_timeout = None, TAKEN),
    (|o| o.call_timeout = Some(Duration::ZERO), TAKEN),
    (|o| o.call_timeout = Some(Duration::MAX), TAKEN),
    (
        |o| o.max_message = 258,
        &["max_message", "258", "259", "67108864"],
    ),
    (|o| o.max_message = 259, TAKEN),
    (|o| o.max_message = 67_108_864, TAKEN),
    (
        |o| o.max_message = 67_108_865,
        &["max_message", "67108865", "259"],
    ),
    (|o| o.spin = Duration::ZERO, TAKEN),
    (|o| o.spin = Duration::from_millis(1), TAKEN),
    (
        |o| o.spin = Duration::from_millis(1) + MOMENT,
        &["spin_us", "1001", "0", "1000"],
    ),
];

fn check<T>(name: &str, result: Result<T>, words: &[&str]) {
    match result {
        Ok(_) => assert!(words.is_empty(), "{name} took what should say {words:?}"),
        Err(error) => check_text(name, &error, words),
    }
}

fn check_text(name: &str, error: &Error, words: &[&str]) {
    assert!(!words.is_empty(), "{name}: {error}");
    assert_eq!(error.status(), Status::InvalidArgument, "{name}: {error}");
    for word in words {
        assert!(error.context().contains(word), "{name}: {error}, no {word}");
    }
}

#[test]
fn servers_take_what_is_inside_and_nothing_outside() {
    for (set, words) in SERVERS {
        let mut options = ServerOptions::default();
        set(&mut options);
        for transport in &TRANSPORTS {
            // FIFOs have a limit of their own.
            if transport.name == "fifo" && words.is_empty() && options.mode & 0o077 != 0 {
                continue;
            }
            let address = Address::new();
            check(transport.name, (transport.bind)(&address, &options), words);
        }
        let address = Address::new();
        let url = At::unix(address.path("sock"));
        check("url", transport::bind(&url, &options), words);
        check("stdio:", transport::bind(&At::Stdio, &options), words);
    }
}

#[test]
fn clients_take_what_is_inside_and_nothing_outside() {
    for (set, words) in CLIENTS {
        let mut options = ClientOptions::default();
        set(&mut options);
        for transport in &TRANSPORTS {
            let address = Address::new();
            let _server = (transport.bind)(&address, &ServerOptions::default()).unwrap();
            let connected = (transport.connect)(&address, &options);
            check(transport.name, connected, words);
        }
        let exec = At::exec("/bin/cat");
        check("exec", transport::connect(&exec, &options), words);
        check("spawn", pipe::spawn(&[c"/bin/cat"], &options), words);
    }
}
