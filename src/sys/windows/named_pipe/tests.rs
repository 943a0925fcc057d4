//! Names and who has them. That a pipe of clients whose server died does not keep a name, Wine does not show.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;
use crate::sys::AsSource as _;
use crate::sys::{poll, socket};
use std::sync::atomic::{AtomicU32, Ordering};

fn name() -> String {
    static LAST: AtomicU32 = AtomicU32::new(0);
    let serial = LAST.fetch_add(1, Ordering::Relaxed);
    format!("calc_ipc-names-{}-{serial}", std::process::id())
}

fn minute() -> Deadline {
    Deadline::after(Some(Duration::from_mins(1)))
}

fn now() -> Deadline {
    Deadline::after(Some(Duration::ZERO))
}

fn accept(door: &Handle) -> Handle {
    loop {
        assert!(poll::wait_readable(door.as_source(), &minute()).unwrap());
        match socket::accept(door.as_source()) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            accepted => return accepted.unwrap(),
        }
    }
}

#[test]
fn a_name_has_one_owner_and_is_free_after_it() {
    let name = name();
    let door = listen(&name, false).unwrap();
    let taken = listen(&name, false).unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AddrInUse);
    let client = connect(&name, &now()).unwrap();
    drop(door);
    assert_eq!(socket::recv(client.as_source(), &mut [0]).unwrap(), 0);
    let nobody = connect(&name, &now()).unwrap_err();
    assert_eq!(nobody.kind(), ErrorKind::NotFound);
    let door = listen(&name, true).unwrap();
    connect(&name, &now()).unwrap();
    accept(&door);
}

#[test]
fn clients_are_let_in_as_many_as_come() {
    let name = name();
    let door = listen(&name, false).unwrap();
    socket::accept(door.as_source()).unwrap_err();
    let clients = 3 * BACKLOG;
    std::thread::scope(|scope| {
        let begin = || {
            let client = connect(&name, &minute()).unwrap();
            assert!(is_server_trusted(client.as_source()).unwrap());
            socket::send_now(client.as_source(), b"ask").unwrap();
            let mut answer = [0; 9];
            let count = socket::recv(client.as_source(), &mut answer).unwrap();
            assert_eq!(answer.get(..count), Some(&b"answer"[..]));
        };
        let clients: Vec<_> = (0..clients).map(|_| scope.spawn(begin)).collect();
        for _ in &clients {
            let server = accept(&door);
            assert_eq!(client(server.as_source()).unwrap(), std::process::id());
            assert_eq!(socket::recv(server.as_source(), &mut [0; 9]).unwrap(), 3);
            socket::send_now(server.as_source(), b"answer").unwrap();
            socket::recv(server.as_source(), &mut [0; 9]).unwrap();
        }
        clients
            .into_iter()
            .for_each(|client| client.join().unwrap());
    });
}

#[test]
fn clients_are_let_in_after_the_thread_that_began_to_listen_has_ended() {
    let name = name();
    let begin = || listen(&name, false).unwrap();
    let door = std::thread::scope(|scope| scope.spawn(begin).join().unwrap());
    let nobody = socket::accept(door.as_source()).unwrap_err();
    assert_eq!(nobody.kind(), ErrorKind::WouldBlock);
    std::thread::scope(|scope| {
        let ask = || {
            let client = connect(&name, &minute()).unwrap();
            socket::send_now(client.as_source(), b"ask").unwrap();
            assert_eq!(socket::recv(client.as_source(), &mut [0]).unwrap(), 1);
        };
        let client = scope.spawn(ask);
        let server = accept(&door);
        assert_eq!(socket::recv(server.as_source(), &mut [0; 9]).unwrap(), 3);
        socket::send_now(server.as_source(), b"x").unwrap();
        client.join().unwrap();
    });
}

#[test]
fn whoever_finds_no_instance_waits_for_one() {
    let name = name();
    let door = listen(&name, false).unwrap();
    let first: Vec<_> = (0..BACKLOG)
        .map(|_| connect(&name, &now()).unwrap())
        .collect();
    let late = connect(&name, &Deadline::after(Some(Duration::from_millis(20)))).unwrap_err();
    assert_eq!(late.kind(), ErrorKind::TimedOut);
    let _servers: Vec<_> = first.iter().map(|_| accept(&door)).collect();
    connect(&name, &minute()).unwrap();
}

#[test]
fn the_owner_of_a_pipe_is_known_or_nobody() {
    let name = name();
    let _door = listen(&name, false).unwrap();
    let client = connect(&name, &now()).unwrap();
    let about = About::of(Stream::of(client.as_source()).unwrap().raw()).unwrap();
    assert_ne!(
        about.is_trusted().unwrap(),
        Some(false),
        "{} {:?}",
        about.owner(),
        about.rights()
    );
}
