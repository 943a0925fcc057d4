//! Names that other programs use: they are left alone, and whoever wants one is told so.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::error::Status;
use calc_ipc::transport::ServerOptions;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use support::{
    Address, Process, TRANSPORTS, Transport, WITH_FILES, eventually, make_fifo, serve_in_process,
    stay,
};

fn options() -> ServerOptions {
    ServerOptions::default()
}

/// A server of any kind with this address cannot be made, and says that the name is in use.
fn is_refused(transport: &Transport, address: &Address) {
    let error = (transport.bind)(address, &options()).err().unwrap();
    assert_eq!(error.status(), Status::AddressInUse, "{error}");
    assert!(error.context().contains("choose another"), "{error}");
}

#[test]
fn a_daemon_that_forked_after_listening_keeps_its_socket() {
    for transport in [&TRANSPORTS[0], &TRANSPORTS[2]] {
        let address = Address::new();
        let path = transport.main_file(&address);
        let (let_go, hold) = std::io::pipe().unwrap();
        // Whoever called listen has ended, and its child serves on, as daemons do.
        let parent = Process::fork(|| {
            let listener = UnixListener::bind(&path).unwrap();
            // SAFETY: the child makes system calls only.
            unsafe { libc::close(std::os::fd::AsRawFd::as_raw_fd(&hold)) };
            std::mem::forget(Process::fork(|| {
                let (_listener, _) = (&listener, (&let_go).read(&mut [0]));
            }));
        });
        assert!(parent.succeeded());
        let before = std::fs::metadata(&path).unwrap().ino();
        is_refused(transport, &address);
        assert_eq!(std::fs::metadata(&path).unwrap().ino(), before);
        assert!(UnixStream::connect(&path).is_ok(), "it serves on");
        drop(hold);
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_daemon_hears_nothing_of_whoever_wants_its_name() {
    for transport in [&TRANSPORTS[0], &TRANSPORTS[2]] {
        let address = Address::new();
        let path = transport.main_file(&address);
        let daemon = UnixListener::bind(&path).unwrap();
        daemon.set_nonblocking(true).unwrap();
        let error = (transport.bind)(&address, &options()).err().unwrap();
        assert_eq!(error.status(), Status::AddressInUse, "{error}");
        let context = error.context();
        assert!(context.contains("another program, process "), "{error}");
        // One that came and went would be greeted with a SIGPIPE.
        assert_eq!(daemon.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_fifo_that_a_foreign_program_holds_open_is_left_alone() {
    const NAMES: [&str; 3] = ["q", "a", "q.hello"];
    for name in NAMES {
        let address = Address::new();
        let path = address.path(name);
        for each in NAMES {
            make_fifo(&address.path(each));
        }
        let mut foreign = std::fs::OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(&path)
            .unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        is_refused(&TRANSPORTS[1], &address);
        let about = std::fs::metadata(&path).unwrap();
        assert_eq!(about.permissions().mode() & 0o777, 0o644);
        for other in NAMES {
            let is_there = std::fs::exists(address.path(other)).unwrap();
            assert!(is_there, "{other} went with {name}");
        }
        // Nobody came and went: whoever reads would have seen an end that is none.
        let mut writer = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        writer.write_all(b"x").unwrap();
        assert_eq!(foreign.read(&mut [0; 8]).unwrap(), 1);
        drop((foreign, writer));
        // What nobody uses is a dead server's, and taken over. Children that other tests fork have copies.
        eventually("nobody uses it", || {
            (TRANSPORTS[1].bind)(&address, &options()).is_ok()
        });
    }
}

/// Holds a FIFO open as few readers do, both ways.
fn hold(path: &str) -> std::fs::File {
    let mut both = std::fs::OpenOptions::new();
    both.read(true).write(true).open(path).unwrap()
}

#[test]
fn whoever_has_a_fifo_open_is_named() {
    for name in ["q", "a", "q.hello"] {
        let address = Address::new();
        make_fifo(&address.path(name));
        let foreign = Process::fork_until_ready(|say_so| {
            let _held = hold(&address.path(name));
            say_so();
            stay()
        });
        let error = (TRANSPORTS[1].bind)(&address, &options()).err().unwrap();
        let who = format!("process {}", foreign.number());
        assert!(error.context().contains(&who), "{error}");
        assert_eq!(address.leftovers(), [name], "nothing is left beside it");
        drop(foreign);
        (TRANSPORTS[1].bind)(&address, &options()).unwrap();
    }
}

#[test]
fn whoever_only_writes_to_the_hello_fifo_waits_for_a_server_and_is_in_nobodys_way() {
    let address = Address::new();
    let path = address.path("q.hello");
    make_fifo(&path);
    let reader = hold(&path);
    let _client = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    is_refused(&TRANSPORTS[1], &address);
    drop(reader);
    eventually("no forked child has a copy of the reader", || {
        (TRANSPORTS[1].bind)(&address, &options()).is_ok()
    });
}

#[test]
fn a_lock_file_that_another_program_writes_is_left_alone() {
    for transport in &TRANSPORTS[..WITH_FILES] {
        let address = Address::new();
        for lock in (transport.locks)(&address) {
            // As many a daemon has it: with its process's number, and without a lock that shows.
            std::fs::write(&lock, "4242\n").unwrap();
            is_refused(transport, &address);
            assert_eq!(std::fs::read_to_string(&lock).unwrap(), "4242\n");
            std::fs::remove_file(&lock).unwrap();
            assert_eq!(address.leftovers(), [""; 0], "{}", transport.name);
        }
    }
}

#[test]
fn a_lock_file_that_was_there_stays_where_nothing_comes_of_the_server() {
    for transport in [&TRANSPORTS[0], &TRANSPORTS[2]] {
        let address = Address::new();
        let _foreign = UnixListener::bind(transport.main_file(&address)).unwrap();
        let lock = (transport.locks)(&address).remove(0);
        std::fs::write(&lock, "").unwrap();
        let before = std::fs::metadata(&lock).unwrap().ino();
        is_refused(transport, &address);
        assert_eq!(std::fs::metadata(&lock).unwrap().ino(), before);
    }
}

#[test]
fn what_another_program_made_where_a_dead_servers_file_was_is_its_own() {
    for transport in &TRANSPORTS[..WITH_FILES] {
        let address = Address::new();
        serve_in_process(transport, &address, &options(), || ()).kill();
        // Its number is often that of the file that was just removed.
        let name = transport.main_file(&address);
        std::fs::remove_file(&name).unwrap();
        let _foreign: Box<dyn std::any::Any> = if transport.name == "fifo" {
            make_fifo(&name);
            Box::new(hold(&name))
        } else {
            Box::new(UnixListener::bind(&name).unwrap())
        };
        let before = std::fs::symlink_metadata(&name).unwrap().ino();
        is_refused(transport, &address);
        assert_eq!(std::fs::symlink_metadata(&name).unwrap().ino(), before);
    }
}
