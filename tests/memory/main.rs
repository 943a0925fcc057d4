//! Memory that a peer, an option or a message sizes: what is not there costs one connection, or is an error.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod processes;
mod role;
#[path = "../support/mod.rs"]
mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Handler, Server};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::io::Write;
use std::os::unix::net::UnixStream;
use support::processes::rights::limit;
use support::processes::state::status_number;
use support::raw::high_water_kib;
use support::{Address, PATIENCE, Process, TRANSPORTS, Transport};
use support::{echo, eventually, status, within};

/// The longest message that there can be.
const LONGEST: u32 = 64 << 20;

/// One of which a process with 64 MiB can keep one or two.
const LARGE: u32 = 8 << 20;

/// Bounds what this process may have beyond what it has (setrlimit(2)); it has to be a forked one, which
/// has what the test's other threads reserved.
fn limit_memory(mebibytes: libc::rlim_t) {
    let now = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: libc::rlim_t = now.split_whitespace().next().unwrap().parse().unwrap();
    let bytes = pages * 4096 + (mebibytes << 20);
    limit(libc::RLIMIT_AS, bytes);
}

/// A server of echoes in a process of its own that may have so much memory.
fn serve(
    transport: &Transport,
    address: &Address,
    mebibytes: libc::rlim_t,
    max_message: u32,
) -> Process {
    Process::fork_until_ready(|say_so| {
        limit_memory(mebibytes);
        let options = ServerOptions {
            max_message,
            max_clients: Some(300),
            ..ServerOptions::default()
        };
        let endpoint = (transport.bind)(address, &options).unwrap();
        let server = Server::new(endpoint, echo()).unwrap();
        say_so();
        server.run().unwrap();
    })
}

fn patient() -> ClientOptions {
    ClientOptions {
        max_message: LONGEST,
        ..within(60_000)
    }
}

/// What a client that sent next to nothing costs, at most: its first room, and what the server knows of it.
const CLIENT_KIB: u64 = 2;
/// What the allocator takes from the system at once.
const ANYWAY_KIB: u64 = 2 << 10;

/// What a process has reserved for its data, used or not (proc(5), VmData).
fn reserved_kib(process: &str) -> u64 {
    status_number(process, "VmData")
}

fn is_served(transport: &Transport, address: &Address) {
    let client = transport.client_with(address, &patient());
    let mut answer = [0; 5];
    assert_eq!(
        client.call_bytes(b"hello", &mut answer).unwrap(),
        5,
        "{}",
        transport.name
    );
    assert_eq!(&answer, b"hello");
}

#[test]
fn a_server_without_memory_for_its_answers_says_so_when_it_starts() {
    let says_so = Process::fork(|| {
        // Once: a process without the right to it cannot raise its limit again (setrlimit(2)).
        limit_memory(32);
        for transport in &TRANSPORTS {
            let address = Address::new();
            let options = ServerOptions {
                max_message: LONGEST,
                ..ServerOptions::default()
            };
            let endpoint = (transport.bind)(&address, &options).unwrap();
            let server = Server::new(endpoint, Handler::bytes(|_, _| Some(0))).unwrap();
            for error in [server.start(), server.run()].map(Result::unwrap_err) {
                assert_eq!(error.status(), Status::System, "{error}");
                let says = "room for answers of 67108864 bytes (max_message): no memory for";
                assert!(error.context().contains(says), "{error}");
            }
        }
    });
    assert!(says_so.succeeded());
}

#[test]
fn a_length_alone_takes_no_memory() {
    let address = Address::new();
    let server = serve(&TRANSPORTS[0], &address, 2000, LONGEST);
    is_served(&TRANSPORTS[0], &address);
    let process = server.number().to_string();
    let before = (high_water_kib(&process), reserved_kib(&process));
    let crowd: Vec<_> = (0..200)
        .map(|_| {
            let mut stream = UnixStream::connect(address.path("sock")).unwrap();
            stream.write_all(&LONGEST.to_le_bytes()).unwrap();
            stream.write_all(b"xy").unwrap();
            stream
        })
        .collect();
    is_served(&TRANSPORTS[0], &address);
    // Room for the start of a message each, not for the 12.5 GiB that were announced: used, and reserved.
    let used = high_water_kib(&process).saturating_sub(before.0);
    let reserved = reserved_kib(&process).saturating_sub(before.1);
    let bound = CLIENT_KIB * crowd.len() as u64 + ANYWAY_KIB;
    assert!(
        used < bound && reserved < bound,
        "{used} and {reserved} KiB of {bound}"
    );
}

#[test]
fn room_that_is_kept_for_the_next_message_is_given_up_for_a_longer_one() {
    for transport in TRANSPORTS
        .iter()
        .filter(|transport| transport.name != "shm")
    {
        let address = Address::new();
        // Room for an answer of the longest, and for one of the two requests as it grows.
        let _server = serve(transport, &address, 64 + 130, LONGEST);
        for length in [40 << 20, 41 << 20] {
            let client = transport.client_with(&address, &patient());
            let mut answer = vec![0; length];
            let count = client.call_bytes(&vec![7; length], &mut answer);
            assert_eq!(count.unwrap(), length, "{}", transport.name);
        }
    }
}

#[test]
fn messages_for_which_there_is_no_memory_cost_their_connections_alone() {
    let address = Address::new();
    let _server = serve(&TRANSPORTS[0], &address, 400, LONGEST);
    let crowd: Vec<_> = (0..20)
        .map(|_| {
            let mut stream = UnixStream::connect(address.path("sock")).unwrap();
            stream.set_write_timeout(Some(PATIENCE)).unwrap();
            let part = vec![b'x'; 1 << 20];
            let mut result = stream.write_all(&LONGEST.to_le_bytes());
            // All but the end, so that everybody's has to be kept.
            for _ in 0..63 {
                result = result.and_then(|()| stream.write_all(&part));
            }
            (stream, result)
        })
        .collect();
    let ended = crowd.iter().filter(|(_, result)| result.is_err()).count();
    assert!(ended > 0, "there was memory for all");
    drop(crowd);
    // Whoever asks while the crowd's memory is not back yet is told that there is none.
    eventually("its memory comes back", || {
        let client = TRANSPORTS[0].client_with(&address, &patient());
        let result = client.call_bytes(b"hello", &mut [0; 5]);
        let known = [Status::Ok, Status::HandlerFailed, Status::Closed];
        assert!(known.contains(&status(result.clone())), "{result:?}");
        result.is_ok()
    });
}

#[test]
fn at_no_limit_does_a_server_or_a_client_abort() {
    let steps: Vec<_> = match std::env::var_os("CALC_IPC_FAULTS_ALL") {
        Some(_) => (16..=128).collect(),
        None => (16..=128).step_by(16).collect(),
    };
    for transport in &TRANSPORTS {
        for &mebibytes in &steps {
            let address = Address::new();
            let server = serve(transport, &address, mebibytes, LARGE);
            let client = Process::fork(|| {
                limit_memory(mebibytes);
                let message = match std::panic::catch_unwind(|| vec![7; LARGE as usize]) {
                    Ok(message) => message,
                    Err(_) => return,
                };
                let client = match (transport.connect)(&address, &patient()) {
                    Ok(channel) => calc_ipc::service::Client::new(channel, &patient()),
                    Err(error) => return assert_eq!(error.status(), Status::System, "{error}"),
                };
                let result = client.call_bytes(&message, &mut []);
                let known = [
                    Status::Ok,
                    Status::System,
                    Status::Closed,
                    Status::PeerDied,
                    Status::HandlerFailed,
                ];
                let what = format!("{result:?}");
                assert!(known.contains(&status(result)), "{what}");
            });
            assert!(client.succeeded(), "{} {mebibytes} MiB", transport.name);
            is_served(transport, &address);
            drop(server);
        }
    }
}
