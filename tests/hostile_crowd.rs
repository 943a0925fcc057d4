//! Crowds of hostile clients against a server in a process of its own: it takes no more memory and
//! descriptors than is documented (SECURITY.md), and a client that behaves gets right answers meanwhile.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use calc_ipc::service::Client;
use calc_ipc::transport::ServerOptions;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use support::raw::{Random, Shared, connect_unix, high_water_kib};
use support::{
    Address, PORT, Process, TRANSPORTS, Transport, add, eventually, serve_in_process, within,
};

const CLIENTS: u32 = 32;

/// What a client may make a server keep, in KiB: a request of the longest and as much again that came
/// with it, answers that wait for it, and what the allocator rounds them up to. Over shared memory:
/// its buffer, and a copy of what is in it.
const KIB_A_CLIENT: u64 = 4 * 64;

/// What the process needs anyway once it serves: stacks, the allocator's arenas.
const KIB_ANYWAY: u64 = 4 << 10;

fn options() -> ServerOptions {
    ServerOptions {
        max_clients: Some(CLIENTS),
        ..ServerOptions::default()
    }
}

/// Connects, says something wrong, and goes or stays.
fn attack(transport: &Transport, address: &Address, random: &mut Random) -> Option<Box<dyn Keep>> {
    let what: Vec<u8> = match random.below(6) {
        0 => Vec::new(),
        1 => {
            let count = 1 + random.below(5000);
            random.bytes(count)
        }
        2 => b"\x00\x00\x01\x00half of the longest".to_vec(),
        3 => b"\x09\0\0\0ADD".to_vec(),
        4 => b"\x09\0\0\0ADD 10 20".repeat(4000), // whose answers nobody reads
        _ => [&60_000_u32.to_le_bytes()[..], &[b'x'; 60_000], b"\x09"].concat(),
    };
    match transport.name {
        "uds" | "seqpacket" => {
            let mut stream = connect_unix(transport.name, &address.path("sock")).ok()?;
            stream.set_nonblocking(true).ok()?;
            let _ = stream.write(&what);
            Some(Box::new(stream))
        }
        "tcp" => {
            let mut stream = TcpStream::connect((address.host.as_str(), PORT)).ok()?;
            stream.set_nonblocking(true).ok()?;
            let _ = stream.write(&what);
            Some(Box::new(stream))
        }
        "fifo" => {
            // Announcements of nobody, nonsense, and whole clients that never call.
            let mut open = std::fs::OpenOptions::new();
            let mut hello = open.write(true).open(address.path("q.hello")).ok()?;
            let mut record = [0_u8; 64];
            let id = random.bytes(16);
            let known = [b"calcfifo", &1_u32.to_le_bytes()[..], &id].concat();
            record
                .iter_mut()
                .zip(known)
                .for_each(|(to, from)| *to = from);
            let _ = hello.write(&record);
            let _ = hello.write(what.get(..what.len().min(4096)).unwrap());
            let channel = (transport.connect)(address, &within(10)).ok()?;
            Some(Box::new(Client::new(channel, &within(10))))
        }
        _ => {
            let name = format!("/dev/shm/{}", address.word);
            if random.below(2) == 0 {
                let mut stream = UnixStream::connect(name).ok()?;
                let _ = stream.write(what.get(..1).unwrap_or(b"B"));
                return Some(Box::new(stream));
            }
            // A full server says so in place of what it shares.
            let shared = Shared::try_take(&name)?;
            for index in 0..32 {
                let word = u32::try_from(random.number() >> 40).unwrap();
                shared.word(index).store(word, Ordering::SeqCst);
            }
            let number = 2 * u32::from(random.byte() % 2);
            shared.word(0).store(number, Ordering::SeqCst);
            shared.ring();
            Some(Box::new(shared))
        }
    }
}

/// Something whose end ends a connection.
trait Keep: Send {}
impl<T: Send> Keep for T {}

/// As many connections at least are made by each attacker.
const ATTACKS: u32 = 300;

#[test]
fn a_crowd_that_misbehaves_harms_only_itself() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let server = serve_in_process(transport, &address, &options(), || ());
        let client = transport.client_with(&address, &within(60_000));
        assert_eq!(client.call(&add(0, 1)).unwrap(), Ok(1));
        let memory = high_water_kib(&server.number().to_string());
        let descriptors = server.descriptors();
        let (done, is_over) = (AtomicU32::new(0), AtomicBool::new(false));
        std::thread::scope(|scope| {
            for seed in 1..=2 {
                let (address, done, is_over) = (&address, &done, &is_over);
                scope.spawn(move || {
                    let mut random = Random::new(seed);
                    let mut kept = std::collections::VecDeque::new();
                    while !is_over.load(Ordering::Relaxed) {
                        kept.extend(attack(transport, address, &mut random));
                        kept.truncate(24);
                        if random.below(8) == 0 {
                            kept.clear();
                        }
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            let mut number = 0;
            while done.load(Ordering::Relaxed) < 2 * ATTACKS {
                assert_eq!(client.call(&add(number, 1)).unwrap(), Ok(number + 1));
                number += 1;
            }
            is_over.store(true, Ordering::Relaxed);
        });
        let grown = high_water_kib(&server.number().to_string()).saturating_sub(memory);
        let bound = KIB_ANYWAY + u64::from(CLIENTS) * KIB_A_CLIENT;
        assert!(grown < bound, "{}: {grown} of {bound} KiB", transport.name);
        // Newcomers are let in again, and what the crowd had comes back.
        eventually("a newcomer is let in again", || {
            let channel = (transport.connect)(&address, &within(60_000)).ok();
            let newcomer = channel.map(|channel| Client::new(channel, &within(60_000)));
            let answer = newcomer.and_then(|newcomer| newcomer.call(&add(1, 1)).ok());
            assert!(
                answer.is_none_or(|answer| answer == Ok(2)),
                "{}",
                transport.name
            );
            answer.is_some()
        });
        eventually("the crowd's descriptors come back", || {
            assert_eq!(client.call(&add(7, 1)).unwrap(), Ok(8));
            server.descriptors() <= descriptors
        });
    }
}

#[test]
fn connections_that_come_and_go_leave_no_memory() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let server = serve_in_process(transport, &address, &options(), || ());
        let process = server.number().to_string();
        let come_and_go = |count| {
            for _ in 0..count {
                let client = transport.client_with(&address, &within(60_000));
                // The server hears of the last ones' end in its own time.
                match client.call(&add(1, 1)) {
                    Ok(answer) => assert_eq!(answer, Ok(2)),
                    Err(error) => assert_eq!(
                        error.status(),
                        calc_ipc::error::Status::Refused,
                        "{} {error}",
                        transport.name
                    ),
                }
            }
        };
        come_and_go(100);
        let before = high_water_kib(&process);
        come_and_go(3000);
        let grown = high_water_kib(&process).saturating_sub(before);
        // 3000 that were kept would take a kilobyte each for their inbox alone.
        assert!(grown < 1500, "{}: {grown} KiB", transport.name);
    }
}

#[test]
fn a_silent_crowd_that_fills_the_server_is_refused_and_no_more() {
    let transport = &TRANSPORTS[0];
    let address = Address::new();
    let server: Process = serve_in_process(transport, &address, &options(), || ());
    let client = transport.client(&address);
    assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(2));
    let crowd: Vec<_> = (0..200)
        .map(|_| UnixStream::connect(address.path("sock")).unwrap())
        .collect();
    let mut refused = 0;
    for mut stream in crowd.iter().skip(CLIENTS as usize) {
        let mut notice = [0; 4];
        stream.read_exact(&mut notice).unwrap();
        assert_eq!(notice, 0xFFFF_FF03_u32.to_le_bytes());
        refused += 1;
        assert_eq!(client.call(&add(refused, 1)).unwrap(), Ok(refused + 1));
    }
    drop(crowd);
    drop(server);
}
