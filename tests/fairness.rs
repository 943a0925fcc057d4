//! One peer, or one option, never keeps others, a stop or a deadline waiting.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Handler, Limit};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::io::ErrorKind;
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};
use support::wire::{connect, connect_control};
use support::{
    Address, TRANSPORTS, Transport, add, eventually, over_each, patient, status, within,
};

const LOOK: Option<Duration> = Some(Duration::ZERO);
const FOREVER: Limit = Limit::Own(None);

/// A handler that says that it was entered, and is done when it is told to, or when nobody is left who might.
fn held(go: Receiver<()>, entered: Sender<()>) -> Handler {
    let go = Mutex::new(go);
    Handler::new(move |request| {
        let _ = entered.send(());
        let _ = go.lock().unwrap().recv();
        calc_ipc::calculator::execute(request)
    })
}

#[test]
fn a_client_that_sends_many_requests_at_once_holds_up_neither_stop_nor_others() {
    let address = Address::new();
    let (entered, has_entered) = mpsc::channel();
    let (go, may_go) = mpsc::channel();
    let handler = held(may_go, entered);
    let server = TRANSPORTS[0].serve(&address, handler, &ServerOptions::default());
    let go = go; // Dropped before the server, whatever happens: requests wait for it.
    let mut greedy = connect(&TRANSPORTS[0], &address);
    // A long message makes the server's room for requests as large as it gets.
    let long = [&60_000_u32.to_le_bytes()[..], &[b'x'; 60_000]].concat();
    greedy.write_all(&long).unwrap();
    greedy
        .write_all(&b"\x07\0\0\0ADD 1 2".repeat(4000))
        .unwrap();
    has_entered.recv().unwrap();

    let other = TRANSPORTS[0].client(&address);
    let _ = other.submit_request(FOREVER, &add(1, 1), 0).unwrap();
    let served = (1..4000_usize).find(|_| {
        go.send(()).unwrap();
        has_entered.recv().unwrap();
        other.next(LOOK, &mut [0; 300]).is_ok()
    });
    assert!(served.is_some(), "another client waited for all");
    server.request_stop();
    drop(go);
    server.stop().unwrap();
    let after = has_entered.try_iter().count();
    assert!(served.unwrap() + after < 4000, "stop waited for all");
}

#[test]
fn who_asks_one_at_a_time_waits_for_a_turn_or_two_of_those_who_never_pause() {
    const GREEDY: u8 = b'g';
    const POLITE: u8 = b'p';
    let address = Address::new();
    let (entered, has_entered) = mpsc::channel();
    let (go, may_go) = mpsc::channel::<()>();
    let (entered, may_go) = (Mutex::new(entered), Mutex::new(may_go));
    let handler = Handler::bytes(move |request, _| {
        let _ = entered.lock().unwrap().send(request[0]);
        // The test says when a greedy one's request is done; once it has ended, all are. The other's is at once:
        // one who waits there for long has a handler that is slow.
        if request[0] == GREEDY && may_go.lock().unwrap().recv().is_ok() {
            // No turn that a clock ends is shorter than this.
            let began = Instant::now();
            while began.elapsed() < Duration::from_micros(200) {}
        }
        Some(0)
    });
    let server = TRANSPORTS[0].serve(&address, handler, &ServerOptions::default());
    let go = go; // Dropped before the server, whatever happens: requests wait for it.
    let connect = || connect(&TRANSPORTS[0], &address);
    let mut polite = connect();
    polite.write_all(&[1, 0, 0, 0, POLITE]).unwrap();
    let mut crowd: Vec<_> = (0..16).map(|_| connect()).collect();
    for greedy in &mut crowd {
        let many = [1, 0, 0, 0, GREEDY].repeat(1000);
        greedy.write_all(&many).unwrap();
    }
    let next = || {
        let kind = has_entered.recv().unwrap();
        if kind == GREEDY {
            go.send(()).unwrap();
        }
        kind
    };
    // Until it is known who asks much.
    let known: Vec<_> = (0..200).map(|_| next()).collect();
    assert!(known.contains(&POLITE));
    for _ in 0..20 {
        // One of the crowd is inside, and will be when this one has asked.
        assert_eq!(next(), GREEDY);
        assert_eq!(has_entered.recv().unwrap(), GREEDY);
        polite.write_all(&[1, 0, 0, 0, POLITE]).unwrap();
        go.send(()).unwrap();
        let before = (0..).take_while(|_| next() == GREEDY).count();
        assert!(before <= 4, "{before} came first");
    }
    drop(go);
    server.stop().unwrap();
}

#[test]
fn a_batch_does_not_hold_up_stop() {
    over_each(|transport, address| {
        let (entered, has_entered) = mpsc::channel();
        let (go, may_go) = mpsc::channel();
        let handler = held(may_go, entered);
        let server = transport.serve(address, handler, &ServerOptions::default());
        let client = transport.client(address);
        let requests: Vec<_> = (0..1000).map(|number| add(number, 1)).collect();
        std::thread::scope(|scope| {
            let batch = scope.spawn(|| status(client.call_many(&requests, |_| ())));
            has_entered.recv().unwrap();
            server.request_stop();
            drop(go);
            server.stop().unwrap();
            // It would be Ok if stop had waited for all.
            assert_eq!(batch.join().unwrap(), Status::Closed, "{}", transport.name);
        });
    });
}

#[test]
fn a_peer_that_floods_the_control_channel_of_shared_memory_is_thrown_out() {
    let address = Address::new();
    let transport = Transport::named("shm");
    let _server = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
    let mut flood = connect_control(&address);
    assert!(flood.read(&mut [0; 256]).unwrap() > 0, "what it shares");
    let end = (0..1000).find_map(|_| flood.write_all(&[b'B'; 4096]).err());
    let end = end.expect("it is thrown out").kind();
    assert_ne!(
        end,
        ErrorKind::TimedOut,
        "nobody takes it, nor throws it out"
    );
    assert_eq!(transport.client(&address).call(&add(1, 1)).unwrap(), Ok(2));
}

/// The longest that the options take.
const LONGEST_SPIN: Duration = Duration::from_millis(1);

#[test]
fn the_longest_spin_ends_by_a_deadline_for_another_client_and_by_a_stop() {
    over_each(|transport, address| {
        let options = ServerOptions {
            spin: LONGEST_SPIN,
            ..ServerOptions::default()
        };
        let (go, may_go) = mpsc::channel::<()>();
        let may_go = Mutex::new(may_go);
        let handler = Handler::new(move |request| {
            if request.arg1 == 7 {
                let _ = may_go.lock().unwrap().recv();
            }
            calc_ipc::calculator::execute(request)
        });
        let server = transport.serve(address, handler, &options);
        let options = ClientOptions {
            spin: LONGEST_SPIN,
            ..patient()
        };
        let client = transport.client_with(address, &options);
        for _ in 0..5 {
            assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(2));
        }
        assert_eq!(transport.client(address).call(&add(1, 1)).unwrap(), Ok(2));
        let limit = Limit::Own(Some(Duration::from_millis(200)));
        let held = client.call_within(limit, &add(7, 1));
        assert_eq!(status(held), Status::TimedOut);
        go.send(()).unwrap();
        server.stop().unwrap();
    });
}

#[test]
fn start_ignores_stop_when_idle() {
    over_each(|transport, address| {
        let options = ServerOptions {
            stop_when_idle: true,
            ..ServerOptions::default()
        };
        let server = transport.serve(address, Handler::Calculator, &options);
        for _ in 0..20 {
            let client = transport.client_with(address, &within(60_000));
            assert_eq!(
                client.call(&add(1, 2)).unwrap(),
                Ok(3),
                "{}",
                transport.name
            );
        }
        server.stop().unwrap();
    });
}

#[test]
fn a_client_dropped_for_being_idle_sees_closed() {
    over_each(|transport, address| {
        let options = ServerOptions {
            idle_timeout: Duration::from_millis(50),
            ..ServerOptions::default()
        };
        let server = transport.serve(address, Handler::Calculator, &options);
        let client = transport.client(address);
        assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(2));
        eventually("it is dropped", || server.stats().unwrap().dropped == 1);
        let ended = client.call(&add(1, 1));
        assert_eq!(status(ended), Status::Closed, "{}", transport.name);
    });
}
