//! Servers that lost a name or a lock file to somebody else: what they may still remove, and what not.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Handler, Server};
use calc_ipc::transport::ServerOptions;
use support::processes::rights::allow_descriptors;
use support::{Address, Process, TRANSPORTS, Transport, WITH_FILES, status};

/// Runs each case in a process of its own: it counts the forks of its process.
fn over_each_with_files(case: fn(&Transport, &Address)) {
    for transport in &TRANSPORTS[..WITH_FILES] {
        let address = Address::new();
        let process = Process::fork(|| case(transport, &address));
        assert!(process.succeeded(), "{}", transport.name);
    }
}

fn make(transport: &Transport, address: &Address) -> Server {
    let endpoint = (transport.bind)(address, &ServerOptions::default()).unwrap();
    Server::new(endpoint, Handler::Calculator).unwrap()
}

/// Where a file with a name like this is.
fn path_of(address: &Address, name: &str) -> String {
    let path = address.path(name);
    if std::fs::exists(&path).unwrap() {
        path
    } else {
        format!("/dev/shm/{name}")
    }
}

/// Removes the names whose ends are wanted, and gives the others.
fn clean(address: &Address, is_wanted: fn(&str) -> bool) -> Vec<String> {
    let (wanted, others): (Vec<_>, Vec<_>) = address
        .leftovers()
        .into_iter()
        .partition(|name| is_wanted(name));
    assert!(!wanted.is_empty());
    for name in wanted {
        std::fs::remove_file(path_of(address, &name)).unwrap();
    }
    others
}

fn is_lock(name: &str) -> bool {
    name.ends_with(".lock")
}

#[test]
fn a_child_that_may_adopt_what_has_no_lock_file_keeps_it() {
    over_each_with_files(|transport, address| {
        let server = make(transport, address);
        let (wait, hold) = std::io::pipe().unwrap();
        let child = Process::fork(|| {
            drop(hold);
            let _ = std::io::Read::read(&mut &wait, &mut [0]);
        });
        let names = clean(address, is_lock);
        drop(server);
        assert_eq!(address.leftovers(), names);
        assert!(!names.is_empty());
        drop(child);
    });
}

#[test]
fn what_no_child_can_have_is_removed_without_a_lock_file_too() {
    over_each_with_files(|transport, address| {
        let server = make(transport, address);
        clean(address, is_lock);
        drop(server);
        assert_eq!(address.leftovers(), [""; 0]);
    });
}

#[test]
fn children_of_a_server_that_serves_do_not_keep_its_names() {
    over_each_with_files(|transport, address| {
        let server = make(transport, address);
        server.start().unwrap();
        assert!(Process::fork(|| ()).succeeded());
        clean(address, is_lock);
        server.stop().unwrap();
        drop(server);
        assert_eq!(address.leftovers(), [""; 0]);
    });
}

#[test]
fn who_cannot_lock_a_name_again_leaves_it() {
    over_each_with_files(|transport, address| {
        let server = make(transport, address);
        let names = clean(address, is_lock);
        let before = allow_descriptors(0);
        drop(server);
        allow_descriptors(before);
        assert_eq!(address.leftovers(), names);
    });
}

#[test]
fn a_server_whose_names_were_freed_before_it_serves_says_so() {
    over_each_with_files(|transport, address| {
        let server = make(transport, address);
        clean(address, |name| !is_lock(name));
        assert_eq!(status(server.start()), Status::Stopped);
    });
}

#[test]
fn a_fifo_server_whose_first_lock_somebody_else_made_removes_neither_name() {
    let address = Address::new();
    let process = Process::fork(|| {
        let server = make(&TRANSPORTS[1], &address);
        server.start().unwrap();
        let lock = address.path("q.lock");
        std::fs::remove_file(&lock).unwrap();
        std::fs::write(&lock, "").unwrap();
        let mut names = address.leftovers();
        server.stop().unwrap();
        drop(server);
        let mut left = address.leftovers();
        names.sort();
        left.sort();
        assert_eq!(left, names);
    });
    assert!(process.succeeded());
}
