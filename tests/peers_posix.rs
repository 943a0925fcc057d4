//! Who asks, where processes fork and are served at descriptors.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use calc_ipc::service::{Client, Handler, current_peer, pipe};
use calc_ipc::transport::{ClientOptions, Credentials, ServerOptions, Visitor};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::thread;
use support::wire::{framed, receive};
use support::{Process, add, over_each};

/// What the kernel says of a process of this user's.
fn of_process(pid: u32) -> Credentials {
    Credentials {
        pid: Some(pid),
        ..support::own_user()
    }
}

#[test]
fn a_child_is_told_from_its_parent() {
    over_each(|transport, address| {
        let told = Arc::new(Mutex::new(Vec::new()));
        let ear = Arc::clone(&told);
        let handler = Handler::new(move |_| {
            ear.lock().unwrap().push(current_peer().unwrap());
            Ok(0)
        });
        let server = transport.serve(address, handler, &ServerOptions::default());
        let ask = || {
            let client = transport.client(address);
            assert_eq!(client.call(&add(1, 2)).unwrap(), Ok(0));
        };
        ask();
        let child = Process::fork(ask);
        let theirs = of_process(u32::try_from(child.number()).unwrap());
        assert!(child.succeeded());
        server.stop().unwrap();
        let told = told.lock().unwrap();
        let [own, child] = told[..] else { panic!() };
        assert_ne!(own.connection, child.connection);
        if !["tcp", "fifo"].contains(&transport.name) {
            assert_eq!(own.credentials, of_process(std::process::id()));
            assert_eq!(child.credentials, theirs, "{}", transport.name);
        }
    });
}

/// A handler that gives one of the numbers that it is told, by its place.
fn tells_number() -> Handler {
    Handler::new(|request| {
        let Visitor {
            connection,
            credentials,
        } = current_peer().unwrap();
        let Credentials { uid, gid, pid } = credentials;
        let id = |id: Option<u32>| id.map_or(-1, i64::from);
        Ok(match request.arg1 {
            0 => id(uid),
            1 => id(gid),
            2 => id(pid),
            _ => i64::try_from(connection).unwrap(),
        })
    })
}

fn told_numbers(client: &Client) -> [i64; 4] {
    [0, 1, 2, 3].map(|place| client.call(&add(place, 0)).unwrap().unwrap())
}

#[test]
fn a_forked_child_knows_its_parent() {
    let client = pipe::create(tells_number(), &ClientOptions::default()).unwrap();
    let Credentials { uid, gid, pid } = of_process(std::process::id());
    let expected = [uid, gid, pid, Some(1)].map(|id| i64::from(id.unwrap()));
    assert_eq!(told_numbers(&client), expected);
}

/// The same, asked by frames.
fn told_over(mut requests: impl std::io::Write, mut answers: impl std::io::Read) -> [String; 4] {
    [0, 1, 2, 3].map(|place| {
        let body = format!("ADD {place} 0");
        requests.write_all(&framed(body.as_bytes())).unwrap();
        String::from_utf8(receive(&mut answers)).unwrap()
    })
}

#[test]
fn of_descriptors_only_sockets_tell_who_is_there() {
    let options = ServerOptions::default();
    let (own, theirs) = UnixStream::pair().unwrap();
    let told = thread::scope(|scope| {
        scope.spawn(|| {
            let served = pipe::serve(theirs.as_fd(), theirs.as_fd(), tells_number(), &options);
            served.unwrap();
        });
        let told = told_over(&own, &own);
        drop(own);
        told
    });
    let Credentials { uid, gid, pid } = of_process(std::process::id());
    let expected = [uid, gid, pid, Some(1)].map(|id| format!("OK {}", id.unwrap()));
    assert_eq!(told, expected);

    let (requests, to_server) = std::io::pipe().unwrap();
    let (from_server, answers) = std::io::pipe().unwrap();
    let told = thread::scope(|scope| {
        scope.spawn(|| {
            let served = pipe::serve(requests.as_fd(), answers.as_fd(), tells_number(), &options);
            served.unwrap();
        });
        told_over(to_server, from_server)
    });
    assert_eq!(told, ["OK -1", "OK -1", "OK -1", "OK 1"]);
}
