//! Listening and connecting.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::sys::ready::Want;
use crate::sys::{Event as Happening, Poller, socket};
use std::time::Duration;

fn local(port: u16) -> [SocketAddr; 1] {
    [SocketAddr::from((Ipv4Addr::LOCALHOST, port))]
}

fn minute() -> Deadline {
    Deadline::after(Some(Duration::from_mins(1)))
}

#[test]
fn whoever_connects_is_let_in_and_understood() {
    let (door, port) = listen(&local(0)).unwrap();
    let nobody = socket::accept(door.as_source()).unwrap_err();
    assert_eq!(nobody.kind(), ErrorKind::WouldBlock);
    let clients = [(); 3].map(|()| connect(&local(port), &minute()).unwrap());
    for client in clients {
        assert!(poll::wait_readable(door.as_source(), &minute()).unwrap());
        let server = socket::accept(door.as_source()).unwrap();
        socket::tune_tcp(server.as_source()).unwrap();
        socket::send_now(client.as_source(), b"ask").unwrap();
        let mut room = [0; 9];
        assert_eq!(socket::recv(server.as_source(), &mut room).unwrap(), 3);
        socket::send_two(server.as_source(), b"ans", b"wer").unwrap();
        assert_eq!(socket::recv(client.as_source(), &mut room).unwrap(), 6);
    }
    socket::accept(door.as_source()).unwrap_err();
    let now = Deadline::after(Some(Duration::ZERO));
    assert!(!poll::wait_readable(door.as_source(), &now).unwrap());
}

#[test]
fn a_door_is_watched_by_several_one_after_the_other() {
    let (door, port) = listen(&local(0)).unwrap();
    for _ in 0..2 {
        let pollers = [Poller::new().unwrap(), Poller::new().unwrap()];
        for poller in &pollers {
            let want = Want::READ | Want::SHARED;
            poller.add(door.as_source(), want, 5).unwrap();
        }
        let _client = connect(&local(port), &minute()).unwrap();
        for poller in &pollers {
            let mut events = [Happening::EMPTY; 2];
            assert_eq!(poller.wait(&mut events, None).unwrap(), 1);
        }
        socket::accept(door.as_source()).unwrap();
    }
}

#[test]
fn a_port_has_one_listener_and_is_free_after_it() {
    let (door, port) = listen(&local(0)).unwrap();
    let taken = listen(&local(port)).unwrap_err();
    let kinds = [ErrorKind::AddrInUse, ErrorKind::PermissionDenied];
    assert!(kinds.contains(&taken.kind()), "{taken}");
    drop(door);
    let nobody = connect(&local(port), &minute()).unwrap_err();
    assert_eq!(nobody.kind(), ErrorKind::ConnectionRefused);
    listen(&local(port)).unwrap();
}

#[test]
fn a_port_is_free_though_a_connection_of_its_last_listener_is_there() {
    let (door, port) = listen(&local(0)).unwrap();
    let client = connect(&local(port), &minute()).unwrap();
    assert!(poll::wait_readable(door.as_source(), &minute()).unwrap());
    let server = socket::accept(door.as_source()).unwrap();
    drop(door);
    let (_door, _) = listen(&local(port)).unwrap();
    socket::send_now(client.as_source(), b"x").unwrap();
    assert_eq!(socket::recv(server.as_source(), &mut [0; 2]).unwrap(), 1);
}

#[test]
fn connecting_in_two_steps_comes_to_the_same() {
    let (door, port) = listen(&local(0)).unwrap();
    let poller = Poller::new().unwrap();
    let client = begin(&local(port)[0]).unwrap();
    poller.add(client.as_source(), Want::WRITE, 1).unwrap();
    let mut events = [Happening::EMPTY; 2];
    assert_eq!(poller.wait(&mut events, None).unwrap(), 1);
    assert!(end(&client).unwrap());
    let server = loop {
        match socket::accept(door.as_source()) {
            Ok(server) => break server,
            Err(_) => poll::wait_readable(door.as_source(), &minute()).unwrap(),
        };
    };
    socket::send_now(server.as_source(), b"x").unwrap();
    assert_eq!(socket::recv(client.as_source(), &mut [0; 2]).unwrap(), 1);
    drop(door);
    let refused = begin(&local(port)[0]).and_then(|client| {
        poll::wait_writable(client.as_source(), &minute()).unwrap();
        end(&client)
    });
    let error = refused.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "{error}");
}
