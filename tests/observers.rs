//! What the observer of a server is told of its clients: each that comes leaves or is dropped, exactly once.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

#[path = "support/ear.rs"]
mod ear;
mod support;

use calc_ipc::error::Status;
use calc_ipc::ffi::{observe::*, options::*, server::*, status::*};
use calc_ipc::service::{Event, Handler, Server};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use ear::{Ear, MUCH, Told};
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::Mutex;
use std::thread;
use support::wire::{connect, framed};
use support::{Address, TRANSPORTS, add, echo, eventually, over_each, status};

const CAME: i32 = CALC_IPC_EVENT_CAME;
const LEFT: i32 = CALC_IPC_EVENT_LEFT;
const DROPPED: i32 = CALC_IPC_EVENT_DROPPED;
const REFUSED: i32 = CALC_IPC_EVENT_REFUSED;
const FAILED: i32 = CALC_IPC_EVENT_HANDLER_FAILED;

fn kinds(told: &[Told]) -> Vec<i32> {
    told.iter().map(|told| told.kind).collect()
}

#[test]
fn each_that_comes_leaves_once() {
    over_each(|transport, address| {
        for workers in [1, 3] {
            let ear = Ear::new();
            let server = ear.serve(transport, address, |options| options.workers = workers);
            thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        for _ in 0..8 {
                            let client = server.client();
                            assert_eq!(client.call_bytes(b"hello", &mut [0; 5]).unwrap(), 5);
                        }
                    });
                }
            });
            eventually("all have left", || ear.count(LEFT) == 32);
            let stays = [(); 2].map(|()| server.client());
            for client in &stays {
                assert_eq!(client.call_bytes(b"hello", &mut [0; 5]).unwrap(), 5);
            }
            server.stop();
            let all = ear.take();
            for connection in all.iter().map(|told| told.connection) {
                let of_it = all.iter().filter(|told| told.connection == connection);
                let of_it: Vec<_> = of_it.cloned().collect();
                assert_eq!(kinds(&of_it), [CAME, LEFT], "{}", transport.name);
            }
            let ends = all.iter().filter(|told| told.kind == LEFT);
            let at_the_end = ends.filter(|told| told.status == CALC_IPC_STATUS_STOPPED);
            assert_eq!(at_the_end.count(), 2, "{}", transport.name);
        }
    });
}

#[test]
fn one_for_whom_there_is_no_place_is_refused_and_has_not_come() {
    over_each(|transport, address| {
        let ear = Ear::new();
        let server = ear.serve(transport, address, |options| options.max_clients = 1);
        let first = server.client();
        assert_eq!(first.call_bytes(b"1", &mut [0; 1]).unwrap(), 1);
        let second = server.try_client(&ClientOptions::default());
        let refused = second.and_then(|client| client.call_bytes(b"2", &mut [0; 1]));
        assert_eq!(status(refused), Status::Refused, "{}", transport.name);
        eventually("it is told", || ear.count(REFUSED) == 1);
        server.stop();
        let all = ear.take();
        assert_eq!(kinds(&all), [CAME, REFUSED, LEFT], "{}", transport.name);
        assert_eq!(all[1].status, CALC_IPC_STATUS_REFUSED);
        assert!(all[1].text.contains("max_clients"), "{}", all[1].text);
        assert_ne!(all[1].connection, all[0].connection);
    });
}

#[test]
fn one_that_asks_nothing_is_dropped_and_the_text_says_so() {
    over_each(|transport, address| {
        let ear = Ear::new();
        let server = ear.serve(transport, address, |options| options.idle_timeout_ms = 20);
        let client = server.client();
        assert_eq!(client.call_bytes(b"1", &mut [0; 1]).unwrap(), 1);
        eventually("it is dropped", || ear.count(DROPPED) == 1);
        server.stop();
        let all = ear.take();
        assert_eq!(kinds(&all), [CAME, DROPPED], "{}", transport.name);
        assert_eq!(all[1].status, CALC_IPC_STATUS_TIMED_OUT);
        assert!(all[1].text.contains("idle_timeout_ms"), "{}", all[1].text);
    });
}

#[test]
fn one_whose_message_is_too_large_is_dropped() {
    over_each(|transport, address| {
        let ear = Ear::new();
        let server = ear.serve(transport, address, |options| options.max_message = 300);
        let options = ClientOptions {
            max_message: 400,
            ..ClientOptions::default()
        };
        let client = server.try_client(&options).unwrap();
        let refused = client.call_bytes(&[0; 400], &mut []);
        assert_eq!(status(refused), Status::TooLarge, "{}", transport.name);
        eventually("it is dropped", || ear.count(DROPPED) == 1);
        server.stop();
        let all = ear.take();
        assert_eq!(kinds(&all), [CAME, DROPPED], "{}", transport.name);
        assert_eq!(all[1].status, CALC_IPC_STATUS_TOO_LARGE);
        assert!(all[1].text.contains("max_message"), "{}", all[1].text);
    });
}

/// What a server says of one that writes this, and then stays.
fn told_of(bytes: &[u8], set: impl FnOnce(&mut calc_ipc_server_options)) -> Told {
    let (address, ear) = (Address::new(), Ear::new());
    let server = ear.serve(&TRANSPORTS[0], &address, set);
    let mut peer = connect(&TRANSPORTS[0], &address);
    peer.write_all(bytes).unwrap();
    eventually("it is dropped", || ear.count(DROPPED) == 1);
    server.stop();
    let all = ear.take();
    assert_eq!(kinds(&all), [CAME, DROPPED]);
    all[1].clone()
}

#[test]
fn why_one_is_dropped_is_told() {
    let soon = |options: &mut calc_ipc_server_options| options.stall_timeout_ms = 20;
    let half = told_of(&[5, 0], soon);
    assert_eq!(half.status, CALC_IPC_STATUS_TIMED_OUT);
    assert!(half.text.contains("rest of its message"), "{}", half.text);

    let notice = told_of(&[2, 255, 255, 255], |_| ());
    assert_eq!(notice.status, CALC_IPC_STATUS_MALFORMED);
    assert!(notice.text.contains("protocol"), "{}", notice.text);

    let unread = told_of(&framed(MUCH.0), |options| {
        soon(options);
        options.max_message = 64 << 20;
    });
    assert_eq!(unread.status, CALC_IPC_STATUS_TIMED_OUT);
    assert!(unread.text.contains("its answers"), "{}", unread.text);
}

#[test]
fn a_handler_that_fails_is_told_of_with_what_it_said() {
    over_each(|transport, address| {
        let ear = Ear::new();
        let server = ear.serve(transport, address, |_| ());
        let client = server.client();
        let failed = client.call_bytes(b"fail: the file is gone", &mut []);
        assert_eq!(status(failed), Status::HandlerFailed);
        server.stop();
        let all = ear.take();
        assert_eq!(kinds(&all), [CAME, FAILED, LEFT], "{}", transport.name);
        assert_eq!(all[1].status, CALC_IPC_STATUS_HANDLER_FAILED);
        assert_eq!(all[1].text, "the file is gone");
        assert!(all.iter().all(|told| told.connection == all[0].connection));
    });
}

#[test]
fn a_calculators_handler_fails_if_it_says_so_or_panics() {
    let heard = std::sync::Arc::new(Mutex::new(Vec::new()));
    let ear = std::sync::Arc::clone(&heard);
    let observer = move |event: &Event<'_>| {
        if event.status() == Status::HandlerFailed {
            ear.lock().unwrap().push(event.text().to_owned());
        }
    };
    let handler = Handler::new(|request| {
        let sorry = || calc_ipc::calculator::ErrorText::from("sorry");
        match request.arg1 {
            0 => panic!("on purpose"),
            1 => calc_ipc::service::current_failure(b"no memory").map_err(|_| sorry())?,
            2 => {
                calc_ipc::service::current_failure(b"forgotten").map_err(|_| sorry())?;
                return Ok(0);
            }
            _ => {}
        }
        Err(sorry()) // An answer as any other, unless it said why before.
    });
    let (transport, address) = (&TRANSPORTS[0], Address::new());
    let endpoint = (transport.bind)(&address, &ServerOptions::default()).unwrap();
    let server = Server::observed(endpoint, handler, Box::new(observer)).unwrap();
    server.start().unwrap();
    let client = transport.client(&address);
    for number in [3, 2, 3, 1, 3, 0, 3] {
        let answer = client.call(&add(number, 0)).unwrap();
        assert_eq!(answer.is_ok(), number == 2);
    }
    let heard = heard.lock().unwrap();
    assert_eq!(*heard, ["no memory", "it did not say why"]);
}

#[test]
fn an_observer_may_ask_its_server_to_stop_and_no_more() {
    over_each(|transport, address| {
        let ear = Ear::new();
        let server = ear.serve(transport, address, |_| ());
        ear.meddle_with(&server);
        let client = server.client();
        // What comes of the call depends on how far the stop is.
        let _ = client.call_bytes(b"1", &mut [0; 1]);
        eventually("it is told", || ear.count(CAME) == 1);
        server.stop();
        assert_eq!(ear.meddled(), [CALC_IPC_STATUS_BUSY], "{}", transport.name);
    });
}

#[test]
fn an_observer_that_panics_ends_nothing() {
    over_each(|transport, address| {
        let endpoint = (transport.bind)(address, &ServerOptions::default()).unwrap();
        let observer = Box::new(|_: &Event<'_>| panic!("on purpose"));
        let server = Server::observed(endpoint, echo(), observer).unwrap();
        server.start().unwrap();
        for _ in 0..3 {
            let client = transport.client(address);
            assert_eq!(client.call_bytes(b"hello", &mut [0; 5]).unwrap(), 5);
        }
        server.stop().unwrap();
    });
}

#[test]
fn a_part_of_a_pointer_is_no_observer() {
    let (address, ear) = (Address::new(), Ear::new());
    let url = std::ffi::CString::new((TRANSPORTS[0].url)(&address)).unwrap();
    let whole = size_of::<calc_ipc_server_options>();
    let pointer = size_of::<*mut c_void>();
    for (size, observes) in [
        (whole - 2 * pointer, false),
        (whole - pointer - 1, false),
        (whole, true),
    ] {
        let options = ear.options(|options| options.size = size);
        let mut server = null_mut();
        // SAFETY: a string, locals, and a handler that needs no data.
        unsafe {
            let status = calc_ipc_server_create(
                url.as_ptr(),
                None,
                null_mut(),
                &raw const options,
                &raw mut server,
            );
            assert_eq!(status, CALC_IPC_STATUS_OK);
            assert_eq!(calc_ipc_server_start(server), CALC_IPC_STATUS_OK);
        }
        let client = TRANSPORTS[0].client(&address);
        assert_eq!(client.call(&add(1, 2)).unwrap(), Ok(3));
        // SAFETY: it is live, and not used again.
        unsafe { calc_ipc_server_destroy(server) };
        assert_eq!(ear.take().len(), if observes { 2 } else { 0 }, "{size}");
    }
}

#[test]
fn each_leaves_once_though_serving_ends_amid_long_handlers() {
    over_each(|transport, address| {
        for _ in 0..5 {
            let told = std::sync::Arc::new(Mutex::new(Vec::new()));
            let ear = std::sync::Arc::clone(&told);
            let observer = move |event: &Event<'_>| {
                let connection = event.visitor().connection;
                ear.lock()
                    .unwrap()
                    .push((connection, event.status(), event.text().to_owned()));
            };
            // Long enough for other threads to look after the clients of one that is inside.
            let handler = Handler::bytes(|_, _| {
                thread::sleep(std::time::Duration::from_millis(3));
                None
            });
            let options = ServerOptions {
                workers: 3,
                ..ServerOptions::default()
            };
            let endpoint = (transport.bind)(address, &options).unwrap();
            let server = Server::observed(endpoint, handler, Box::new(observer)).unwrap();
            server.start().unwrap();
            let clients: Vec<_> = (0..9).map(|_| transport.client(address)).collect();
            thread::scope(|scope| {
                for client in &clients {
                    scope.spawn(|| {
                        while status(client.call_bytes(b"1", &mut [])) == Status::HandlerFailed {}
                    });
                }
                eventually("all are inside", || server.stats().unwrap().failed > 20);
                server.stop().unwrap();
            });
            let told = told.lock().unwrap();
            for connection in told.iter().map(|(connection, ..)| *connection) {
                let mut of_it = told.iter().filter(|(other, ..)| *other == connection);
                assert_eq!(of_it.next().unwrap().2, "it came");
                assert_eq!(
                    of_it.next_back().unwrap().1,
                    Status::Stopped,
                    "{}",
                    transport.name
                );
                assert!(of_it.all(|(_, status, _)| *status == Status::HandlerFailed));
            }
        }
    });
}
