//! Servers that their host drives: what it watches tells of all that there is to do, and of nothing else.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Client, Event, Handler, Limit, Next, Server};
use calc_ipc::transport::{self, ServerOptions, Visit};
use std::collections::VecDeque;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;
use support::raw::Random;
use support::{
    Address, PATIENCE, Process, TRANSPORTS, Transport, add, echo, eventually, is_readable_within,
    over_each, status,
};

const LOOK: Option<Duration> = Some(Duration::ZERO);
const FOREVER: Limit = Limit::Own(None);

fn create(transport: &Transport, address: &Address, handler: Handler) -> Server {
    create_with(transport, address, handler, &ServerOptions::default())
}

fn create_with(
    transport: &Transport,
    address: &Address,
    handler: Handler,
    options: &ServerOptions,
) -> Server {
    Server::new((transport.bind)(address, options).unwrap(), handler).unwrap()
}

fn is_readable(server: &Server) -> bool {
    is_readable_within(&server.source().unwrap(), Duration::ZERO)
}

fn await_readable(server: &Server) {
    let is_told = is_readable_within(&server.source().unwrap(), PATIENCE);
    assert!(is_told, "it is never told");
}

/// Drives it until there is nothing to do; how many turns did something.
fn drive(server: &Server) -> usize {
    let mut turns = 0;
    while server.dispatch(LOOK).unwrap() {
        turns += 1;
        assert!(turns < 1_000_000, "it never rests");
    }
    turns
}

/// Drives it, as a loop of the host's does, until so; `is_so` is asked whenever there is nothing to do.
fn drive_until(server: &Server, mut is_so: impl FnMut() -> bool) {
    eventually("what it is driven for", || {
        is_readable_within(&server.source().unwrap(), Duration::from_millis(1));
        drive(server);
        is_so()
    });
}

/// A client that waits for nothing, and what it is owed.
struct Asker {
    client: Client,
    owed: VecDeque<Vec<u8>>,
}

impl Asker {
    fn new(transport: &Transport, address: &Address) -> Self {
        Self {
            client: transport.client(address),
            owed: VecDeque::new(),
        }
    }

    fn ask(&mut self, message: Vec<u8>) {
        match self.client.submit(FOREVER, &message, 0) {
            Ok(_) => self.owed.push_back(message),
            Err(error) => assert_eq!(error.status(), Status::Busy, "{error}"),
        }
    }

    /// Takes what answers there are.
    fn take(&mut self) {
        let mut answer = vec![0; 70_000];
        loop {
            match self.client.next(LOOK, &mut answer) {
                Ok(Next::Completion(completion)) => {
                    let length = completion.outcome.unwrap();
                    assert_eq!(self.owed.pop_front().unwrap(), answer[..length]);
                }
                Ok(Next::NoRoom(length)) => panic!("{length} bytes"),
                Err(error) => return assert_eq!(error.status(), Status::TimedOut, "{error}"),
            }
        }
    }
}

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

/// A client is connected, and was answered.
fn connected(transport: &Transport, address: &Address, server: &Server) -> Client {
    let mut asker = Asker::new(transport, address);
    asker.ask(b"hello".to_vec());
    drive_until(server, || {
        asker.take();
        asker.owed.is_empty()
    });
    asker.client
}

fn is_over(client: &Client) -> bool {
    let ended = status(client.call_bytes(b"1", &mut [0; 1]));
    matches!(ended, Status::Closed | Status::PeerDied)
}

#[test]
fn another_thread_may_stop_it_while_it_waits() {
    over_each(|transport, address| {
        let server = create(transport, address, echo());
        let client = connected(transport, address, &server);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| status(server.dispatch(None)));
            // Whether it waits already does not matter.
            server.stop().unwrap();
            assert_eq!(waiting.join().unwrap(), Status::Stopped);
        });
        assert!(is_over(&client), "{}", transport.name);
        assert_eq!(status(server.dispatch(LOOK)), Status::Stopped);
        assert!(is_readable(&server), "it stays so");
        assert_eq!(server.stats().unwrap().clients, 0);
        // The address is free.
        drop((transport.bind)(address, &ServerOptions::default()).unwrap());
    });
}

#[test]
fn one_that_was_asked_to_stop_ends_in_its_next_turn() {
    over_each(|transport, address| {
        let told = Arc::new(Mutex::new(Vec::new()));
        let ear = Arc::clone(&told);
        let observer = move |event: &Event<'_>| {
            if let Event::Visit(_, visit) = event {
                ear.lock().unwrap().push((*visit, thread::current().id()));
            }
        };
        let endpoint = (transport.bind)(address, &ServerOptions::default()).unwrap();
        let server = Server::observed(endpoint, echo(), Box::new(observer)).unwrap();
        let client = connected(transport, address, &server);
        server.request_stop();
        await_readable(&server);
        assert_eq!(status(server.dispatch(LOOK)), Status::Stopped);
        drop((transport.bind)(address, &ServerOptions::default()).unwrap());
        assert!(is_readable(&server) && is_over(&client));
        assert_eq!(status(server.dispatch(None)), Status::Stopped);
        server.stop().unwrap();
        let own = thread::current().id();
        let expected = [(Visit::Came, own), (Visit::Ended, own)];
        assert_eq!(*told.lock().unwrap(), expected, "{}", transport.name);
    });
}

#[test]
fn whoever_stops_it_tells_who_was_there() {
    let (transport, address) = (Transport::named("shm"), Address::new());
    let ended = Arc::new(Mutex::new(None));
    let ear = Arc::clone(&ended);
    let observer = move |event: &Event<'_>| {
        if let Event::Visit(_, Visit::Ended) = event {
            *ear.lock().unwrap() = Some(thread::current().id());
        }
    };
    let endpoint = (transport.bind)(&address, &ServerOptions::default()).unwrap();
    let server = Server::observed(endpoint, echo(), Box::new(observer)).unwrap();
    let client = connected(transport, &address, &server);
    let stopping = thread::scope(|scope| {
        let stopping = scope.spawn(|| {
            server.stop().unwrap();
            thread::current().id()
        });
        stopping.join().unwrap()
    });
    assert_eq!(*ended.lock().unwrap(), Some(stopping));
    assert!(is_over(&client));
}

#[test]
fn one_turn_at_a_time_and_neither_run_nor_start() {
    over_each(|transport, address| {
        let own: Arc<Mutex<Option<Arc<Server>>>> = Arc::default();
        let (tell, told) = mpsc::channel();
        let inside = Arc::clone(&own);
        let handler = Handler::new(move |_| {
            let server = inside.lock().unwrap().clone().unwrap();
            let other = thread::scope(|scope| {
                let other = scope.spawn(|| status(server.dispatch(LOOK)));
                other.join().unwrap()
            });
            let statuses = [
                status(server.dispatch(LOOK)),
                status(server.dispatch(None)),
                status(server.stop()),
                status(server.run()),
                status(server.start()),
                other,
            ];
            tell.send(statuses).unwrap();
            assert!(server.source().is_ok(), "the number is known");
            Ok(0)
        });
        let server = Arc::new(create(transport, address, handler));
        *own.lock().unwrap() = Some(Arc::clone(&server));
        thread::scope(|scope| {
            let calling = scope.spawn(|| transport.client(address).call(&add(1, 2)).unwrap());
            drive_until(&server, || calling.is_finished());
        });
        assert_eq!(told.recv().unwrap(), [Status::Busy; 6]);
        *own.lock().unwrap() = None;
        assert_eq!(
            [status(server.run()), status(server.start())],
            [Status::Busy; 2]
        );
        server.stop().unwrap();
        assert_eq!(
            [status(server.run()), status(server.start())],
            [Status::Stopped; 2]
        );
    });
}

#[test]
fn one_that_ran_is_not_driven() {
    let (transport, address) = (Transport::named("uds"), Address::new());
    let options = ServerOptions {
        stop_when_idle: true,
        ..ServerOptions::default()
    };
    let server = create_with(transport, &address, echo(), &options);
    thread::scope(|scope| {
        let running = scope.spawn(|| server.run());
        let client = transport.client(&address);
        assert_eq!(client.call_bytes(b"1", &mut [0; 1]).unwrap(), 1);
        assert_eq!(status(server.dispatch(LOOK)), Status::Busy);
        assert_eq!(status(server.source().map(|_| ())), Status::Busy);
        drop(client);
        running.join().unwrap().unwrap();
    });
    // It might run again.
    assert_eq!(status(server.dispatch(LOOK)), Status::Busy);
    assert_eq!(status(server.source().map(|_| ())), Status::Busy);
}

#[test]
fn only_one_thread_can_drive_and_being_idle_ends_nothing() {
    over_each(|transport, address| {
        let workers = |workers| ServerOptions {
            workers,
            stop_when_idle: true,
            ..ServerOptions::default()
        };
        let server = create_with(transport, address, echo(), &workers(2));
        for refused in [
            server.dispatch(LOOK).map(|_| ()),
            server.source().map(|_| ()),
        ] {
            assert_eq!(status(refused), Status::InvalidArgument);
        }
        server.start().unwrap();
        drop(server);
        let server = create_with(transport, address, Handler::Calculator, &workers(1));
        let client = transport.client(address);
        let _ = client.submit_request(FOREVER, &add(1, 2), 0).unwrap();
        drive_until(&server, || client.next(LOOK, &mut [0; 300]).is_ok());
        drop(client);
        drive_until(&server, || server.stats().unwrap().clients == 0);
        assert!(!server.dispatch(LOOK).unwrap());
    });
}

#[test]
fn a_forked_child_may_drive_what_nobody_has_driven() {
    over_each(|transport, address| {
        let server = create(transport, address, Handler::Calculator);
        let mut child = Process::fork(|| {
            while server.stats().unwrap().requests < 3 {
                server.dispatch(Some(PATIENCE)).unwrap();
            }
            // Until the client has looked.
            while server.stats().unwrap().clients > 0 {
                server.dispatch(Some(PATIENCE)).unwrap();
            }
            server.stop().unwrap();
        });
        let client = transport.client(address);
        for number in 0..3 {
            assert_eq!(client.call(&add(number, 1)).unwrap(), Ok(number + 1));
        }
        drop(client);
        assert_eq!(child.wait(), 0, "{}", transport.name);
    });
}

#[test]
fn a_forked_child_does_not_drive_what_its_parent_does() {
    over_each(|transport, address| {
        let server = create(transport, address, echo());
        let client = connected(transport, address, &server);
        let server = std::cell::Cell::new(Some(server));
        let child = Process::fork(|| {
            let server = server.take().unwrap();
            let source = server.source().map(|_| ());
            let statuses = [status(server.dispatch(LOOK)), status(source)];
            assert_eq!(statuses, [Status::Forked; 2]);
            drop(server);
        });
        assert!(child.succeeded(), "{}", transport.name);
        let server = server.take().unwrap();
        thread::scope(|scope| {
            let calling = scope.spawn(|| client.call_bytes(b"1", &mut [0; 1]).unwrap());
            drive_until(&server, || calling.is_finished());
        });
    });
}

#[test]
fn a_server_at_standard_input_is_not_driven() {
    let bound = transport::bind(&transport::Address::Stdio, &ServerOptions::default()).unwrap();
    let server = Server::new(bound.endpoint, echo()).unwrap();
    assert_eq!(status(server.dispatch(LOOK)), Status::Unsupported);
    assert_eq!(status(server.source().map(|_| ())), Status::Unsupported);
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
