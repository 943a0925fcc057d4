//! Clients of shared memory that ask without pause: everybody has a turn, and memory has a bound.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::Handler;
use calc_ipc::transport::ServerOptions;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use support::raw::{Buffer, Shared, high_water_kib};
use support::{Address, TRANSPORTS, echo, handle_in_process, status, within};

const SHM: usize = 2;
/// The kind of a line with many frames in the buffer.
const BATCH: u16 = 1;
/// The half of a buffer for bodies of up to 64 KiB.
const HALF: usize = 64 << 10;

fn intruder(address: &Address) -> Shared {
    Shared::take(&format!("/dev/shm/{}", address.word))
}

/// Publishes as many empty requests at once as a buffer holds.
fn publish_bomb(shared: &mut Shared) -> Buffer {
    let buffer = shared.buffer(HALF);
    buffer.ask(&[0; HALF]);
    shared.publish(BATCH, &u32::try_from(HALF).unwrap().to_le_bytes(), 0);
    shared.ring();
    buffer
}

#[test]
fn a_batch_is_bounded_by_the_bytes_of_its_answers() {
    let address = Address::new();
    let handler = Handler::bytes(|_, room| {
        room.fill(b'x');
        Some(room.len())
    });
    let options = ServerOptions::default();
    let server = handle_in_process(&TRANSPORTS[SHM], &address, &options, handler);
    let client = TRANSPORTS[SHM].client(&address);
    let mut room = vec![0; HALF];
    assert_eq!(client.call_bytes(b"q", &mut room).unwrap(), HALF);
    let before = high_water_kib(&server.number().to_string());
    for _ in 0..8 {
        let mut shared = intruder(&address);
        let _buffer = publish_bomb(&mut shared);
        assert!(
            shared.is_thrown_out(),
            "16384 answers of 64 KiB fit nowhere"
        );
    }
    assert_eq!(client.call_bytes(b"q", &mut room).unwrap(), HALF);
    let grown = high_water_kib(&server.number().to_string()).saturating_sub(before);
    // Its copy, its buffer, and an answer on top of those that are about to be put there.
    assert!(grown < 1024, "{grown} KiB more");
}

#[test]
fn a_batch_may_fill_its_half_of_the_buffer_and_so_may_its_answers() {
    let address = Address::new();
    let _server = TRANSPORTS[SHM].serve(&address, echo(), &ServerOptions::default());
    for (batch, is_taken) in [(HALF - 1, true), (HALF, true), (HALF + 1, false)] {
        let mut shared = intruder(&address);
        let buffer = shared.buffer(HALF);
        // One request that fills it to the end, as far as there is one.
        let length = u32::try_from(batch.min(HALF) - 4).unwrap();
        buffer.ask(&length.to_le_bytes());
        let batch = u32::try_from(batch).unwrap();
        shared.publish(BATCH, &batch.to_le_bytes(), 0);
        shared.ring();
        if is_taken {
            support::eventually("answered", || shared.answered() == 1);
            assert_eq!(shared.word(18).load(Ordering::SeqCst), batch);
        } else {
            assert!(shared.is_thrown_out());
            assert_eq!(shared.answered(), 0);
        }
    }
}

#[test]
fn a_batch_of_slow_requests_gives_others_their_turn_after_one() {
    let address = Address::new();
    let (entered, has_entered) = mpsc::channel();
    let (go, may_go) = mpsc::channel::<()>();
    let (entered, may_go) = (Mutex::new(entered), Mutex::new(may_go));
    let handler = Handler::bytes(move |request, _| {
        entered.lock().unwrap().send(request.len()).unwrap();
        // The test says when a request is done; once it has ended, all are.
        let _ = may_go.lock().unwrap().recv();
        // No turn that a clock ends is shorter than this.
        let began = std::time::Instant::now();
        while began.elapsed() < std::time::Duration::from_micros(200) {}
        Some(0)
    });
    let server = TRANSPORTS[SHM].serve(&address, handler, &ServerOptions::default());
    let go = go; // Dropped before the server, whatever happens: requests wait for it.
    let mut greedy = intruder(&address);
    let polite = intruder(&address);
    let _buffer = publish_bomb(&mut greedy);
    // The batch is in its first request, and the polite one asks.
    assert_eq!(has_entered.recv().unwrap(), 0);
    polite.publish(0, &[1, 0, 0, 0, b'p'], 0);
    polite.ring();
    let mut before = 1;
    loop {
        go.send(()).unwrap();
        if has_entered.recv().unwrap() == 1 {
            break;
        }
        before += 1;
    }
    assert!(before <= 2, "{before} requests of the batch came first");
    drop(go);
    server.stop().unwrap();
}

/// A client that asks as soon as it is answered.
struct Asker {
    shared: Shared,
    published: AtomicU32,
}

#[test]
fn nobody_who_asks_is_passed_over_more_than_twice_in_a_row() {
    const CLIENTS: usize = 64;
    const CALLS: usize = 200 * CLIENTS;
    let address = Address::new();
    let options = ServerOptions {
        workers: 1,
        ..ServerOptions::default()
    };
    let askers: Arc<OnceLock<Vec<Asker>>> = Arc::default();
    let (done, is_done) = mpsc::channel();
    // Of each client that waits, how often each other one was served meanwhile.
    let passed = Mutex::new(vec![[0_u32; CLIENTS]; CLIENTS]);
    let (served, most) = (AtomicUsize::new(0), Arc::new(AtomicU32::new(0)));
    let handler = {
        let (askers, most, done) = (Arc::clone(&askers), Arc::clone(&most), Mutex::new(done));
        Handler::bytes(move |request, _| {
            let now = usize::from(request[0]);
            let askers = askers.wait();
            let mut passed = passed.lock().unwrap();
            passed[now] = [0; CLIENTS];
            for (index, asker) in askers.iter().enumerate() {
                let published = asker.published.load(Ordering::Relaxed);
                if index == now {
                    continue;
                }
                if asker.shared.answered() < published {
                    passed[index][now] += 1;
                    most.fetch_max(passed[index][now], Ordering::Relaxed);
                } else {
                    asker.ask(index);
                }
            }
            if served.fetch_add(1, Ordering::Relaxed) + 1 == CALLS {
                done.lock().unwrap().send(()).unwrap();
            }
            Some(0)
        })
    };
    let server = TRANSPORTS[SHM].serve(&address, handler, &options);
    let all = (0..CLIENTS).map(|_| Asker {
        shared: intruder(&address),
        published: AtomicU32::new(0),
    });
    let mut all: Vec<_> = all.collect();
    for (index, asker) in all.iter_mut().enumerate() {
        asker.ask(index);
        asker.shared.ring();
    }
    assert!(askers.set(all).is_ok());
    is_done.recv().unwrap();
    let _ = server.stop();
    let most = most.load(Ordering::Relaxed);
    assert!(
        most <= 2,
        "somebody was passed over {most} times by another"
    );
}

impl Asker {
    /// Asks with the client's number.
    fn ask(&self, index: usize) {
        let last = self.published.fetch_add(1, Ordering::Relaxed);
        let body = [1, 0, 0, 0, u8::try_from(index).unwrap()];
        self.shared.publish(0, &body, last);
    }
}

#[test]
fn a_batch_that_is_half_answered_ends_with_the_server() {
    let address = Address::new();
    let (entered, has_entered) = mpsc::channel();
    let entered = Mutex::new(entered);
    let handler = Handler::new(move |request| {
        let _ = entered.lock().unwrap().send(());
        std::thread::sleep(std::time::Duration::from_millis(1));
        calc_ipc::calculator::execute(request)
    });
    let server = TRANSPORTS[SHM].serve(&address, handler, &ServerOptions::default());
    let client = TRANSPORTS[SHM].client_with(&address, &within(60_000));
    let requests: Vec<_> = (0..100_000).map(|number| support::add(number, 1)).collect();
    std::thread::scope(|scope| {
        let batch = scope.spawn(|| status(client.call_many(&requests, |_| ())));
        has_entered.recv().unwrap();
        server.stop().unwrap();
        assert_eq!(batch.join().unwrap(), Status::Closed);
    });
}
