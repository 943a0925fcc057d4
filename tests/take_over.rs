//! One live server at an address at a time, whatever six processes do to get it.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Client, Handler, Server};
use calc_ipc::transport::{Endpoint, ServerOptions};
use std::io::Read;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use support::processes::SharedValue;
use support::{Address, PATIENCE, Process, TRANSPORTS, Transport, WITH_FILES, add, within};

/// What the processes count, in memory that they share.
#[derive(Default)]
struct Counts {
    owners: AtomicU32,
    rounds: AtomicU32,
    two_at_once: AtomicU32,
    wrong_server: AtomicU32,
    failures: AtomicU32,
}

fn count(counter: &AtomicU32) {
    counter.fetch_add(1, Ordering::SeqCst);
}

/// Becomes the server, or finds that there is one; answers a call; ends in one of several ways.
fn one_round(transport: &Transport, address: &Address, counts: &Counts, seed: u32) {
    let endpoint = match (transport.bind)(address, &ServerOptions::default()) {
        Ok(endpoint) => endpoint,
        Err(error) if error.status() == Status::AddressInUse => return,
        Err(_) => return count(&counts.failures),
    };
    if counts.owners.fetch_add(1, Ordering::SeqCst) != 0 {
        count(&counts.two_at_once);
    }
    count(&counts.rounds);
    serve_once(transport, address, counts, seed, endpoint);
}

fn serve_once(
    transport: &Transport,
    address: &Address,
    counts: &Counts,
    seed: u32,
    endpoint: Box<dyn Endpoint>,
) {
    let number = || i64::from(std::process::id());
    let server = Server::new(endpoint, Handler::new(move |_| Ok(number()))).unwrap();
    let mut expected = number();
    let mut adopter = None;
    if seed.is_multiple_of(3) {
        let (wait, hold) = std::io::pipe().unwrap();
        let child = Process::fork_until_ready(|say_so| {
            // SAFETY: this process's copy of the end that its parent holds.
            unsafe { libc::close(std::os::fd::AsRawFd::as_raw_fd(&hold)) };
            if server.start().is_err() {
                count(&counts.failures);
            }
            say_so();
            let _ = (&wait).read(&mut [0]);
        });
        expected = i64::from(child.number());
        adopter = Some((child, hold));
    } else if server.start().is_err() {
        count(&counts.failures);
    }
    let options = within(60_000);
    let answer = (transport.connect)(address, &options)
        .and_then(|channel| Client::new(channel, &options).call(&add(1, 1)));
    match answer {
        Ok(Ok(process)) if process == expected => {}
        Ok(_) => count(&counts.wrong_server),
        Err(_) => count(&counts.failures),
    }
    counts.owners.fetch_sub(1, Ordering::SeqCst);
    match seed / 3 % 3 {
        // SAFETY: ends this process, which was forked for the round.
        0 => unsafe { libc::_exit(0) },
        1 => drop((server, adopter)),
        _ => drop((adopter, server)),
    }
}

/// Fewer do not meet each other.
const ROUNDS: u32 = 20;

#[test]
fn one_live_server_at_a_time() {
    for transport in &TRANSPORTS[..WITH_FILES] {
        let address = Address::new();
        let counts = SharedValue::forever(Counts::default());
        let until = Instant::now() + Duration::from_secs(1);
        let processes: Vec<_> = (0..6_u32)
            .map(|place| {
                Process::fork(|| {
                    let mut seed = place * 7919;
                    let are_few = || counts.rounds.load(Ordering::SeqCst) <= ROUNDS;
                    while Instant::now() < until || are_few() {
                        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        let round = seed >> 16;
                        Process::fork(|| one_round(transport, &address, counts, round)).succeeded();
                    }
                })
            })
            .collect();
        assert!(processes.into_iter().all(Process::succeeded));
        let get = |counter: &AtomicU32| counter.load(Ordering::SeqCst);
        assert!(
            get(&counts.rounds) > ROUNDS,
            "{}: {}",
            transport.name,
            get(&counts.rounds)
        );
        let wrong = [&counts.two_at_once, &counts.wrong_server, &counts.failures].map(get);
        assert_eq!(
            wrong, [0; 3],
            "{}: two at once, wrong server, failures",
            transport.name
        );
        // One that adopted the server of a process which ended is gone when it has noticed that.
        let patience = Instant::now() + PATIENCE;
        let last = loop {
            match (transport.bind)(&address, &ServerOptions::default()) {
                Err(error) if Instant::now() < patience => {
                    assert_eq!(error.status(), Status::AddressInUse, "{error}");
                    std::thread::yield_now();
                }
                last => break last,
            }
        };
        drop(last.unwrap());
        assert_eq!(address.leftovers(), [""; 0], "{}", transport.name);
    }
}
