//! Servers that their host drives: what it watches tells of all that there is to do, and of nothing else.
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
    Asker, FOREVER, LOOK, assert_quiet, await_readable, callers, create, create_with, drive,
    drive_until, drive_when_told, is_readable, one_over_each,
};
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use support::random::Random;
use support::wire::connect;
use support::{Address, MAY_WAIT, TRANSPORTS, add, echo, eventually, over_each, readable_among};

#[test]
fn what_is_watched_tells_of_all_there_is_to_do() {
    over_each(|transport, address| {
        for seed in 1..=6 {
            let server = create(transport, address, echo());
            let mut random = Random::new(seed);
            let mut askers: Vec<Asker> = Vec::new();
            for step in 0..600 {
                match random.below(8) {
                    0 if askers.len() < 6 => {
                        // Who is told of late might wait longer than there is room for newcomers.
                        if !transport.is_instant() {
                            let here = askers.len() as u64;
                            drive_when_told(&server, || server.stats().unwrap().clients == here);
                        }
                        askers.push(Asker::new(transport, address));
                    }
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
                    _ if transport.is_instant() => _ = server.dispatch(LOOK).unwrap(),
                    _ => {}
                }
                let is_told = is_readable(&server);
                // What comes later than it was sent may come after that look, so that nobody drives untold here.
                if is_told || transport.is_instant() {
                    let had_to = server.dispatch(LOOK).unwrap();
                    let name = transport.name;
                    assert!(is_told || !had_to, "{name}, {seed}, {step}: not told");
                    if transport.is_instant() && !had_to {
                        assert!(!is_readable(&server), "{name}, {seed}, {step}: not quiet");
                    }
                }
            }
            drive_when_told(&server, || {
                askers.iter_mut().for_each(Asker::take);
                askers.iter().all(|asker| asker.owed.is_empty())
            });
            drive(&server);
            assert_quiet(&server, transport.name);
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
        assert_quiet(&server, transport.name);
        assert_eq!(server.stats().unwrap().clients, 0);
    });
}

#[test]
fn one_thread_drives_servers_over_every_transport_in_one_loop() {
    let (addresses, servers) = one_over_each();
    let sources: Vec<_> = servers.iter().map(|one| one.source().unwrap()).collect();
    let sources: Vec<_> = sources.iter().collect();
    let unfinished = AtomicUsize::new(0);
    thread::scope(|scope| {
        for (transport, address) in TRANSPORTS.iter().zip(&addresses) {
            callers(scope, transport, address, &unfinished);
        }
        while unfinished.load(Ordering::SeqCst) > 0 {
            for place in readable_among(&sources, Duration::from_millis(100)) {
                servers[place].dispatch(LOOK).unwrap();
            }
        }
    });
    for server in &servers {
        assert_eq!(server.stats().unwrap().requests, 3 * 3 * 540);
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
        assert_quiet(&server, transport.name);
    });
}

#[test]
fn half_a_message_is_timed_though_nothing_else_happens() {
    let (transport, address) = (&TRANSPORTS[0], Address::new());
    let options = ServerOptions {
        stall_timeout: Duration::from_millis(20),
        ..ServerOptions::default()
    };
    let server = create_with(transport, &address, echo(), &options);
    let mut peer = connect(transport, &address);
    peer.write_all(&[5, 0]).unwrap();
    await_readable(&server);
    assert!(drive(&server) > 0);
    assert_quiet(&server, transport.name);
    while server.stats().unwrap().dropped == 0 {
        await_readable(&server);
        drive(&server);
    }
    assert_quiet(&server, transport.name);
}

#[test]
fn a_crowd_that_comes_at_once_is_let_in() {
    over_each(|transport, address| {
        let server = create(transport, address, echo());
        let mut askers: Vec<_> = (0..MAY_WAIT)
            .map(|_| Asker::new(transport, address))
            .collect();
        for asker in &mut askers {
            asker.ask(b"hello".to_vec());
        }
        drive_when_told(&server, || {
            askers.iter_mut().for_each(Asker::take);
            askers.iter().all(|asker| asker.owed.is_empty())
        });
        assert_quiet(&server, transport.name);
        assert_eq!(server.stats().unwrap().came, MAY_WAIT as u64);
    });
}
