//! Servers that their host drives: what it watches tells of all that there is to do, and of nothing else.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

#[path = "support/driving.rs"]
mod driving;
mod support;

use calc_ipc::error::Status;
use calc_ipc::service::Handler;
use calc_ipc::transport::ServerOptions;
use driving::{
    Asker, FOREVER, LOOK, await_readable, create, create_with, drive, drive_until, is_readable,
};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use support::raw::Random;
use support::{Address, PATIENCE, TRANSPORTS, Transport, add, echo, eventually, over_each};

#[test]
fn what_is_watched_tells_of_all_there_is_to_do() {
    over_each(|transport, address| {
        for seed in 1..=6 {
            let server = create(transport, address, echo());
            let mut random = Random::new(seed);
            let mut askers: Vec<Asker> = Vec::new();
            for step in 0..600 {
                match random.below(8) {
                    0 if askers.len() < 6 => askers.push(Asker::new(transport, address)),
                    1 if !askers.is_empty() && random.below(4) == 0 => {
                        let place = random.below(askers.len());
                        askers.swap_remove(place);
                    }
                    2..=4 if !askers.is_empty() => {
                        let place = random.below(askers.len());
                        let length = match random.below(8) {
                            0 => random.below(65_000),
                            _ => random.below(60),
                        };
                        let message = random.bytes(length);
                        askers[place].ask(message);
                    }
                    5 | 6 if !askers.is_empty() => {
                        let place = random.below(askers.len());
                        askers[place].take();
                    }
                    _ => _ = server.dispatch(LOOK).unwrap(),
                }
                // Over TCP, what was sent arrives when the kernel comes to it.
                let is_told = is_readable(&server) || transport.name == "tcp";
                let had_to = server.dispatch(LOOK).unwrap();
                let name = transport.name;
                assert!(is_told || !had_to, "{name}, {seed}, {step}: not told");
                if transport.name != "tcp" && !had_to {
                    assert!(!is_readable(&server), "{name}, {seed}, {step}: not quiet");
                }
            }
            drive_until(&server, || {
                askers.iter_mut().for_each(Asker::take);
                askers.iter().all(|asker| asker.owed.is_empty())
            });
            server.stop().unwrap();
        }
    });
}

#[test]
fn an_idle_server_is_quiet() {
    over_each(|transport, address| {
        let server = create(transport, address, echo());
        assert!(!server.dispatch(LOOK).unwrap());
        assert!(!is_readable(&server));
        let mut asker = Asker::new(transport, address);
        asker.ask(b"hello".to_vec());
        drive_until(&server, || {
            asker.take();
            asker.owed.is_empty()
        });
        for _ in 0..100 {
            assert!(!is_readable(&server), "{}", transport.name);
            assert!(!server.dispatch(LOOK).unwrap(), "{}", transport.name);
        }
        // One that waits waits as long as it was told to.
        assert!(!server.dispatch(Some(Duration::from_millis(20))).unwrap());
        drop(asker);
        await_readable(&server);
        assert!(drive(&server) > 0, "it sees that the client has gone");
        assert!(!is_readable(&server), "{}", transport.name);
        assert_eq!(server.stats().unwrap().clients, 0);
    });
}

/// Clients that call, each in a thread of its own; how many have not finished.
fn callers<'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    transport: &'scope Transport,
    address: &'scope Address,
    unfinished: &'scope AtomicUsize,
) {
    for number in 0..3 {
        unfinished.fetch_add(1, Ordering::SeqCst);
        scope.spawn(move || {
            for round in 0..3 {
                let client = transport.client(address);
                for call in 0..40 {
                    let sum = client.call(&add(number, call)).unwrap();
                    assert_eq!(sum, Ok(number + call), "{round}");
                }
                let requests: Vec<_> = (0..500).map(|call| add(number, call)).collect();
                let mut answered = 0;
                client.call_many(&requests, |_| answered += 1).unwrap();
                assert_eq!(answered, 500);
            }
            unfinished.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

#[test]
fn one_thread_drives_servers_over_every_transport_in_one_loop() {
    for edge in [0, libc::EPOLLET] {
        let addresses = [(); TRANSPORTS.len()].map(|()| Address::new());
        let servers: Vec<_> = TRANSPORTS
            .iter()
            .zip(&addresses)
            .map(|(transport, address)| create(transport, address, Handler::Calculator))
            .collect();
        // SAFETY: takes no pointer.
        let epoll = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        for (place, server) in (0..).zip(&servers) {
            let mut event = libc::epoll_event {
                events: (libc::EPOLLIN | edge).cast_unsigned(),
                u64: place,
            };
            let fd = server.source().unwrap().as_raw_fd();
            // SAFETY: both are open, and the event is a local.
            let added = unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, fd, &raw mut event) };
            assert_eq!(added, 0);
        }
        let unfinished = AtomicUsize::new(0);
        thread::scope(|scope| {
            for (transport, address) in TRANSPORTS.iter().zip(&addresses) {
                callers(scope, transport, address, &unfinished);
            }
            while unfinished.load(Ordering::SeqCst) > 0 {
                let mut events = [libc::epoll_event { events: 0, u64: 0 }; 2];
                // SAFETY: room for two events.
                let count = unsafe { libc::epoll_wait(epoll, events.as_mut_ptr(), 2, 100) };
                for event in &events[..usize::try_from(count).unwrap()] {
                    let server = &servers[usize::try_from(event.u64).unwrap()];
                    match edge {
                        0 => _ = server.dispatch(LOOK).unwrap(),
                        _ => _ = drive(server),
                    }
                }
            }
        });
        for server in &servers {
            assert_eq!(server.stats().unwrap().requests, 3 * 3 * 540);
        }
        // SAFETY: it is open, and not used again.
        unsafe { libc::close(epoll) };
    }
}

#[test]
fn one_that_waits_is_woken_by_whoever_asks() {
    over_each(|transport, address| {
        let server = create(transport, address, Handler::Calculator);
        let unfinished = AtomicUsize::new(0);
        thread::scope(|scope| {
            callers(scope, transport, address, &unfinished);
            scope.spawn(|| {
                eventually("all are answered", || {
                    unfinished.load(Ordering::SeqCst) == 0
                });
                server.request_stop();
            });
            let end = loop {
                match server.dispatch(None) {
                    Ok(done) => assert!(done, "it waits without limit"),
                    Err(error) => break error,
                }
            };
            assert_eq!(end.status(), Status::Stopped);
        });
        assert_eq!(server.stats().unwrap().requests, 3 * 3 * 540);
    });
}

#[test]
fn handlers_run_in_the_thread_that_drives() {
    over_each(|transport, address| {
        let (tell, told) = mpsc::channel();
        let handler = Handler::new(move |_| {
            tell.send(thread::current().id()).unwrap();
            Ok(0)
        });
        let server = create(transport, address, handler);
        let client = transport.client(address);
        let _ = client.submit_request(FOREVER, &add(1, 2), 0).unwrap();
        // What is not sent yet goes with the look for answers.
        drive_until(&server, || client.next(LOOK, &mut [0; 300]).is_ok());
        assert_eq!(told.recv().unwrap(), thread::current().id());
    });
}

#[test]
fn times_that_pass_are_told() {
    over_each(|transport, address| {
        let options = ServerOptions {
            idle_timeout: Duration::from_millis(20),
            ..ServerOptions::default()
        };
        let server = create_with(transport, address, echo(), &options);
        let mut asker = Asker::new(transport, address);
        asker.ask(b"hello".to_vec());
        drive_until(&server, || {
            asker.take();
            asker.owed.is_empty()
        });
        let mut looks = 0;
        while server.stats().unwrap().dropped == 0 {
            await_readable(&server);
            drive(&server);
            looks += 1;
            assert!(looks < 100, "{}: it is told in vain", transport.name);
        }
        assert!(!is_readable(&server), "{}", transport.name);
    });
}

#[test]
fn half_a_message_is_timed_though_nothing_else_happens() {
    let (transport, address) = (Transport::named("uds"), Address::new());
    let options = ServerOptions {
        stall_timeout: Duration::from_millis(20),
        ..ServerOptions::default()
    };
    let server = create_with(transport, &address, echo(), &options);
    let mut socket = UnixStream::connect(address.path("sock")).unwrap();
    socket.write_all(&[5, 0]).unwrap();
    await_readable(&server);
    assert!(drive(&server) > 0 && !is_readable(&server));
    while server.stats().unwrap().dropped == 0 {
        await_readable(&server);
        drive(&server);
    }
    assert!(!is_readable(&server));
}

#[test]
fn a_crowd_that_comes_at_once_is_let_in() {
    over_each(|transport, address| {
        let server = create(transport, address, echo());
        let mut askers: Vec<_> = (0..40).map(|_| Asker::new(transport, address)).collect();
        for asker in &mut askers {
            asker.ask(b"hello".to_vec());
        }
        eventually("all are answered", || {
            // One turn for each time that it is readable.
            while is_readable(&server) {
                server.dispatch(LOOK).unwrap();
            }
            askers.iter_mut().for_each(Asker::take);
            askers.iter().all(|asker| asker.owed.is_empty())
        });
        assert!(!is_readable(&server));
        assert_eq!(server.stats().unwrap().came, 40);
    });
}

#[test]
fn four_loops_may_lie_above_one_another() {
    over_each(|transport, address| {
        let server = create(transport, address, echo());
        let mut below = server.source().unwrap().as_raw_fd();
        let mut loops = Vec::new();
        for _ in 0..4 {
            // SAFETY: takes no pointer.
            let epoll = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
            let mut event = libc::epoll_event {
                events: libc::EPOLLIN.cast_unsigned(),
                u64: 0,
            };
            // SAFETY: both are open, and the event is a local.
            let added =
                unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, below, &raw mut event) };
            assert_eq!(added, 0, "{}", transport.name);
            loops.push(epoll);
            below = epoll;
        }
        let patience = i32::try_from(PATIENCE.as_millis()).unwrap();
        let is_told = |milliseconds| {
            let mut event = libc::epoll_event { events: 0, u64: 0 };
            // SAFETY: room for one event.
            unsafe { libc::epoll_wait(below, &raw mut event, 1, milliseconds) == 1 }
        };
        assert!(!is_told(0));
        let mut asker = Asker::new(transport, address);
        asker.ask(b"hello".to_vec());
        assert!(is_told(patience), "{}", transport.name);
        drive_until(&server, || {
            asker.take();
            asker.owed.is_empty()
        });
        assert!(!is_told(0), "{}", transport.name);
        for epoll in loops {
            // SAFETY: it is open, and not used again.
            unsafe { libc::close(epoll) };
        }
    });
}
