//! One peer, or one option, never keeps others, a stop or a deadline waiting.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Handler, Server};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};
use support::{Address, Process, TRANSPORTS, WITH_FILES, add, over_each, status, within};

/// Far more than anything here should take, far less than it took.
const SOON: Duration = Duration::from_millis(1200);

#[test]
fn a_client_that_sends_many_requests_at_once_holds_up_neither_stop_nor_others() {
    let address = Address::new();
    let (entered, has_entered) = mpsc::channel();
    let entered = Mutex::new(entered);
    let handler = Handler::new(move |request| {
        let _ = entered.lock().unwrap().send(());
        std::thread::sleep(Duration::from_millis(5));
        calc_ipc::protocol::execute(request)
    });
    let server = TRANSPORTS[0].serve(&address, handler, &ServerOptions::default());
    let mut greedy = UnixStream::connect(address.path("sock")).unwrap();
    // A long message makes the server's room for requests as large as it gets.
    let long = [&60_000_u32.to_le_bytes()[..], &[b'x'; 60_000]].concat();
    greedy.write_all(&long).unwrap();
    greedy.set_nonblocking(true).unwrap();
    assert!(greedy.write(&b"\x07\0\0\0ADD 1 2".repeat(4000)).unwrap() > 20_000);
    has_entered.recv().unwrap();

    let began = Instant::now();
    let other = TRANSPORTS[0].client(&address);
    assert_eq!(other.call(&add(1, 1)).unwrap(), Ok(2));
    assert!(
        began.elapsed() < SOON,
        "another client waited {:?}",
        began.elapsed()
    );
    let began = Instant::now();
    server.stop().unwrap();
    assert!(began.elapsed() < SOON, "stop took {:?}", began.elapsed());
}

#[test]
fn a_batch_does_not_hold_up_stop() {
    over_each(|transport, address| {
        let (entered, has_entered) = mpsc::channel();
        let entered = Mutex::new(entered);
        let handler = Handler::new(move |request| {
            let _ = entered.lock().unwrap().send(());
            std::thread::sleep(Duration::from_millis(20));
            calc_ipc::protocol::execute(request)
        });
        let server = transport.serve(address, handler, &ServerOptions::default());
        let client = transport.client(address);
        let requests: Vec<_> = (0..1000).map(|number| add(number, 1)).collect();
        std::thread::scope(|scope| {
            let batch = scope.spawn(|| status(client.call_many(&requests, |_| ())));
            has_entered.recv().unwrap();
            let began = Instant::now();
            server.stop().unwrap();
            assert!(
                began.elapsed() < SOON,
                "{} {:?}",
                transport.name,
                began.elapsed()
            );
            assert_eq!(batch.join().unwrap(), Status::Closed, "{}", transport.name);
        });
    });
}

#[test]
fn a_peer_that_floods_the_control_socket_of_shared_memory_is_thrown_out() {
    let address = Address::new();
    let _server = TRANSPORTS[2].serve(&address, Handler::Calculator, &ServerOptions::default());
    let mut flood = UnixStream::connect(format!("/dev/shm/{}", address.word)).unwrap();
    flood.read_exact(&mut [0; 24]).unwrap();
    let thrown_out = (0..1000).any(|_| flood.write_all(&[b'B'; 4096]).is_err());
    assert!(thrown_out);
    assert_eq!(
        TRANSPORTS[2].client(&address).call(&add(1, 1)).unwrap(),
        Ok(2)
    );
}

#[test]
fn spinning_outlasts_no_deadline_and_delays_nobody() {
    over_each(|transport, address| {
        let options = ServerOptions {
            spin: Duration::from_secs(3),
            ..ServerOptions::default()
        };
        let (go, may_go) = mpsc::channel::<()>();
        let may_go = Mutex::new(may_go);
        let handler = Handler::new(move |request| {
            if request.arg1 == 7 {
                let _ = may_go.lock().unwrap().recv();
            }
            calc_ipc::protocol::execute(request)
        });
        let server = transport.serve(address, handler, &options);
        let options = ClientOptions {
            spin: Duration::from_secs(3),
            ..within(200)
        };
        let client = transport.client_with(address, &options);
        for _ in 0..5 {
            assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(2));
        }
        let began = Instant::now();
        assert_eq!(transport.client(address).call(&add(1, 1)).unwrap(), Ok(2));
        assert!(
            began.elapsed() < SOON,
            "{}: another client waited",
            transport.name
        );
        let began = Instant::now();
        assert_eq!(status(client.call(&add(7, 1))), Status::TimedOut);
        assert!(
            began.elapsed() < SOON,
            "{}: the deadline passed",
            transport.name
        );
        go.send(()).unwrap();
        let began = Instant::now();
        server.stop().unwrap();
        assert!(began.elapsed() < SOON, "{}: stop waited", transport.name);
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
            let client = transport.client_with(address, &within(5000));
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
fn start_that_cannot_serve_says_so() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let ok = Process::fork(|| {
            let endpoint = (transport.bind)(&address, &ServerOptions::default()).unwrap();
            let server = Server::new(endpoint, Handler::Calculator).unwrap();
            // SAFETY: limits of this process only; the next descriptor is one too many.
            let limit = |count: u64| unsafe {
                let limits = libc::rlimit {
                    rlim_cur: count,
                    rlim_max: 4096,
                };
                assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limits), 0);
            };
            limit(3);
            assert_eq!(status(server.start()), Status::System);
            limit(4096);
            server.start().unwrap();
            assert_eq!(transport.client(&address).call(&add(1, 1)).unwrap(), Ok(2));
            server.stop().unwrap();
        })
        .succeeded();
        assert!(ok, "{}", transport.name);
    }
}

#[test]
fn a_client_dropped_for_being_idle_sees_closed() {
    over_each(|transport, address| {
        let options = ServerOptions {
            idle_timeout: Duration::from_millis(50),
            ..ServerOptions::default()
        };
        let _server = transport.serve(address, Handler::Calculator, &options);
        let client = transport.client(address);
        assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(2));
        // It is dropped some time after 50 ms: calls in between would keep it.
        let (_, wait) = mpsc::channel::<()>();
        let ended = (1..8).find_map(|turn: u32| {
            let _ = wait.recv_timeout(Duration::from_millis(100) * turn);
            std::thread::park_timeout(Duration::from_millis(100) * turn);
            client.call(&add(1, 1)).err()
        });
        assert_eq!(
            ended.unwrap().status(),
            Status::Closed,
            "{}",
            transport.name
        );
    });
}

#[test]
fn a_killed_server_is_replaced_though_a_child_forked_before_it_served_lives_on() {
    for transport in &TRANSPORTS[..WITH_FILES] {
        let address = Address::new();
        let (mut said, say) = std::io::pipe().unwrap();
        // The grandchild lives until the test lets go of its end of this.
        let (let_go, hold) = std::io::pipe().unwrap();
        let server = Process::fork(|| {
            let endpoint = (transport.bind)(&address, &ServerOptions::default()).unwrap();
            let server = Server::new(endpoint, Handler::Calculator).unwrap();
            // SAFETY: this process's copy; the test keeps its own.
            unsafe { libc::close(std::os::fd::AsRawFd::as_raw_fd(&hold)) };
            std::mem::forget(Process::fork(|| {
                let _ = (&let_go).read(&mut [0]);
            }));
            server.start().unwrap();
            (&say).write_all(b"L").unwrap();
            loop {
                std::thread::park();
            }
        });
        drop(say);
        said.read_exact(&mut [0]).unwrap();
        assert_eq!(transport.client(&address).call(&add(1, 1)).unwrap(), Ok(2));
        server.signal(libc::SIGKILL);
        assert!(!server.succeeded());
        let next = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
        assert_eq!(transport.client(&address).call(&add(2, 2)).unwrap(), Ok(4));
        drop((next, hold));
        assert_eq!(address.leftovers(), [""; 0], "{}", transport.name);
    }
}
