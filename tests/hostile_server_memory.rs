//! Servers of shared memory that lie to their clients: in the records that they send, with the descriptors that come
//! with them, and in the memory while it is in use.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Client, Handler};
use calc_ipc::transport::ServerOptions;
use std::io::Read;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::{UnixListener, UnixStream};
use support::processes::rights::allow_descriptors;
use support::processes::state;
use support::raw::{Random, high_water_kib, send_with};
use support::{Address, Process, TRANSPORTS, add, status, within};

fn descriptors() -> usize {
    state::descriptors("self")
}

/// A server of shared memory that says `records`, each with as many descriptors.
fn shares(address: &Address, records: &[(&[u8], usize)], ask: &dyn Fn(&Client)) {
    let listener = UnixListener::bind(format!("/dev/shm/{}", address.word)).unwrap();
    let client = TRANSPORTS[2].client_with(address, &within(1000));
    let (stream, _) = listener.accept().unwrap();
    let file = OwnedFd::from(std::fs::File::open("/dev/null").unwrap());
    for (record, count) in records {
        let fds = vec![file.as_raw_fd(); *count];
        send_with(stream.as_raw_fd(), record, &fds);
    }
    drop(file);
    ask(&client);
    drop(client);
    drop(stream);
    drop(listener);
    std::fs::remove_file(format!("/dev/shm/{}", address.word)).unwrap();
}

/// The record of a server that lets a client in, as the layout's documentation has it.
fn welcome(address: &Address) -> [u8; 24] {
    let _server = TRANSPORTS[2].serve(address, Handler::Calculator, &ServerOptions::default());
    let mut control = UnixStream::connect(format!("/dev/shm/{}", address.word)).unwrap();
    let mut record = [0; 24];
    control.read_exact(&mut record).unwrap();
    record
}

#[test]
fn a_client_keeps_no_descriptor_that_a_server_should_not_have_sent() {
    let ok = Process::fork(|| {
        let address = Address::new();
        let good = welcome(&address);
        let mut random = Random::new(7);
        let before = descriptors();
        for count in [0, 1, 2, 3, 4, 5, 6, 16, 253] {
            let nonsense = random.bytes(24);
            for record in [&good[..], &nonsense, &good[..7]] {
                shares(&address, &[(record, count)], &|client| {
                    for _ in 0..3 {
                        let given = status(client.call(&add(10, 20)));
                        assert_ne!(given, Status::Ok, "{count}");
                        assert_ne!(given, Status::Internal, "{count}");
                    }
                });
                assert_eq!(descriptors(), before, "{count} descriptors, {record:?}");
            }
        }
    })
    .succeeded();
    assert!(ok);
}

#[test]
fn a_client_without_room_for_what_is_shared_keeps_nothing_of_it() {
    let ok = Process::fork(|| {
        let address = Address::new();
        let good = welcome(&address);
        for room in 0..3 {
            shares(&address, &[(&good, 3)], &|client| {
                let mut spare: Vec<_> = std::iter::from_fn(|| limited(room)).collect();
                let before = state::open_below(MANY);
                assert_eq!(status(client.call(&add(10, 20))), Status::System, "{room}");
                assert_eq!(state::open_below(MANY), before, "{room}");
                spare.clear();
                allow_descriptors(1024);
            });
        }
    })
    .succeeded();
    assert!(ok);
}

/// The numbers below which descriptors of the test lie.
const MANY: RawFd = 256;

/// Fills numbers until only `room` are left below the limit, which it sets.
fn limited(room: u64) -> Option<std::fs::File> {
    allow_descriptors(64);
    let file = std::fs::File::open("/dev/null").ok()?;
    let next = u64::try_from(file.as_raw_fd()).unwrap();
    (next + room < 64).then_some(file)
}

#[test]
fn memory_that_a_server_scribbles_in_ends_in_errors_or_answers() {
    for seed in 1..=3 {
        let ok = Process::fork(|| scribble(seed)).succeeded();
        assert!(ok, "seed {seed}");
    }
}

/// Whether the scribbling is over.
#[derive(Default)]
struct Over(std::sync::atomic::AtomicBool);

/// Ends the scribbling, of a test that fails, too.
struct EndsIt<'a>(&'a Over);

impl Drop for EndsIt<'_> {
    fn drop(&mut self) {
        self.0.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

/// A man in the middle: what a real server shares with it, it shares with its victim.
fn scribble(seed: u64) {
    let (address, hostile) = (Address::new(), Address::new());
    let _server = TRANSPORTS[2].serve(&address, Handler::Calculator, &ServerOptions::default());
    let shared = support::raw::Shared::take(&format!("/dev/shm/{}", address.word));
    let listener = UnixListener::bind(format!("/dev/shm/{}", hostile.word)).unwrap();
    let client = TRANSPORTS[2].client_with(&hostile, &within(5));
    let (control, _) = listener.accept().unwrap();
    assert_eq!(
        send_with(control.as_raw_fd(), &shared.record, &shared.fds()),
        24
    );
    let is_over = Over::default();
    let relaxed = std::sync::atomic::Ordering::Relaxed;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut random = Random::new(seed);
            while !is_over.0.load(relaxed) {
                let word = u32::try_from(random.number() >> 33).unwrap();
                // Often small, so that it is the number that the client waits for, or a length.
                let word = if random.below(2) == 0 {
                    word % 512
                } else {
                    word
                };
                shared.word(16 + random.below(16)).store(word, relaxed);
            }
        });
        let is_over = EndsIt(&is_over);
        let before = high_water_kib("self");
        for number in 0..100 {
            let given = status(client.call(&add(number, 1)));
            assert_ne!(given, Status::Internal, "seed {seed}");
        }
        let grown = high_water_kib("self").saturating_sub(before);
        assert!(grown < 1024, "seed {seed}: {grown} KiB");
        drop(is_over);
    });
}
