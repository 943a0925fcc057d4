//! What lock files are for: who is dead, what is a dead server's, and what becomes of names without them.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Handler, Server};
use calc_ipc::transport::{Endpoint, ServerOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use support::processes::rights::limit;
use support::processes::state;
use support::{
    Address, Process, TRANSPORTS, Transport, WITH_FILES, add, make_fifo, status, stay, within,
};

fn options() -> ServerOptions {
    ServerOptions::default()
}

fn refusal(result: calc_ipc::error::Result<Box<dyn Endpoint>>) -> String {
    let error = result.err().unwrap();
    assert_eq!(error.status(), Status::AddressInUse, "{error}");
    error.context().to_owned()
}

/// Removes what a cleaner of /tmp finds too old, by the ends of their names.
fn clean(address: &Address, wanted: fn(&str) -> bool) {
    for name in address.leftovers().into_iter().filter(|name| wanted(name)) {
        let _ = std::fs::remove_file(address.path(&name));
        let _ = std::fs::remove_file(format!("/dev/shm/{name}"));
    }
}

fn is_lock(name: &str) -> bool {
    name.ends_with(".lock")
}

#[test]
fn a_live_server_is_named() {
    for transport in &TRANSPORTS[..WITH_FILES] {
        let address = Address::new();
        let server = support::serve_in_process(transport, &address, &options(), || ());
        let who = format!("process {}", server.number());
        let says = refusal((transport.bind)(&address, &options()));
        assert!(says.contains(&who), "{says}");
        // Without its locks it is known by what it has open.
        clean(&address, is_lock);
        let says = refusal((transport.bind)(&address, &options()));
        assert!(says.contains(&who), "{says}");
    }
}

#[test]
fn a_live_server_whose_lock_file_was_cleaned_away_keeps_its_name() {
    for transport in &TRANSPORTS[..WITH_FILES] {
        let address = Address::new();
        let server = transport.serve(&address, Handler::Calculator, &options());
        let client = transport.client(&address);
        clean(&address, is_lock);
        refusal((transport.bind)(&address, &options()));
        assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(2));
        assert_eq!(transport.client(&address).call(&add(1, 2)).unwrap(), Ok(3));
        server.stop().unwrap();
        drop(client);
        assert_eq!(address.leftovers(), [""; 0], "{}", transport.name);
    }
}

#[test]
fn a_server_whose_files_were_all_cleaned_away_leaves_the_next_ones_alone() {
    for transport in &TRANSPORTS[..WITH_FILES] {
        let address = Address::new();
        let first = transport.serve(&address, Handler::Calculator, &options());
        let old = transport.client(&address);
        assert_eq!(old.call(&add(0, 1)).unwrap(), Ok(1));
        clean(&address, |_| true);
        let second = transport.serve(&address, Handler::new(|_| Ok(7)), &options());
        assert_eq!(old.call(&add(1, 1)).unwrap(), Ok(2));
        first.stop().unwrap();
        assert_eq!(
            transport.client(&address).call(&add(1, 1)).unwrap(),
            Ok(7),
            "{}",
            transport.name
        );
        refusal((transport.bind)(&address, &options()));
        drop((first, old, second));
        assert_eq!(address.leftovers(), [""; 0], "{}", transport.name);
    }
}

/// A process that makes a server, leaves a copy of all that it has to a child, serves and is killed; the child.
fn leave_an_heir(transport: &Transport, address: &Address) -> Heir {
    let (wait, hold) = std::io::pipe().unwrap();
    let mut server = Process::fork_until_ready(|say_so| {
        let endpoint = (transport.bind)(address, &options()).unwrap();
        let server = Server::new(endpoint, Handler::Calculator).unwrap();
        std::mem::forget(Process::fork(|| {
            // SAFETY: this process's copy of the end that the test holds.
            unsafe { libc::close(std::os::fd::AsRawFd::as_raw_fd(&hold)) };
            let _ = (&wait).read(&mut [0]);
        }));
        server.start().unwrap();
        say_so();
        stay()
    });
    assert_eq!(transport.client(address).call(&add(1, 1)).unwrap(), Ok(2));
    server.kill();
    Heir(hold)
}

/// It ends when this does.
struct Heir(#[expect(dead_code, reason = "closed when dropped")] std::io::PipeWriter);

#[test]
fn what_children_of_a_dead_server_have_open_is_taken_over() {
    for transport in &TRANSPORTS[..WITH_FILES] {
        let address = Address::new();
        let first = leave_an_heir(transport, &address);
        let second = leave_an_heir(transport, &address);
        let server = transport.serve(&address, Handler::Calculator, &options());
        let client = transport.client_with(&address, &within(60_000));
        assert_eq!(
            client.call(&add(1, 2)).unwrap(),
            Ok(3),
            "{}",
            transport.name
        );
        drop((client, server));
        assert_eq!(address.leftovers(), [""; 0], "{}", transport.name);
        drop((first, second));
    }
}

/// Whether making a server fails in a process that may have so many descriptors.
fn bind_without_descriptors(
    transport: &Transport,
    address: &Address,
    descriptors: libc::rlim_t,
) -> bool {
    Process::fork(|| {
        limit(libc::RLIMIT_NOFILE, descriptors);
        let made = (transport.bind)(address, &options());
        // SAFETY: ends this process, forked for it.
        unsafe { libc::_exit(-(status(made) as i32)) }
    })
    .code()
        == -(Status::System as i32)
}

#[test]
fn a_server_that_cannot_be_made_forgets_nothing_of_the_dead() {
    for transport in &TRANSPORTS[..WITH_FILES] {
        let address = Address::new();
        let heir = leave_an_heir(transport, &address);
        let open = state::descriptors("self");
        let failed = (3..libc::rlim_t::try_from(open).unwrap() + 8)
            .map(|descriptors| bind_without_descriptors(transport, &address, descriptors))
            .take_while(|has_failed| *has_failed)
            .count();
        // Without a lock file, and with one.
        assert!(failed >= 2, "{}: {failed}", transport.name);
        let server = transport.serve(&address, Handler::Calculator, &options());
        drop(server);
        assert_eq!(address.leftovers(), [""; 0], "{}", transport.name);
        drop(heir);
    }
}

/// Rounds in which the parent frees its server while a child adopts it.
const ROUNDS: u32 = 200;

#[test]
fn a_server_is_adopted_or_freed_but_never_half_of_both() {
    for transport in &TRANSPORTS[..WITH_FILES] {
        let address = Address::new();
        let ok = Process::fork(|| {
            for round in 0..ROUNDS {
                let endpoint = (transport.bind)(&address, &options()).unwrap();
                let server = Server::new(endpoint, Handler::Calculator).unwrap();
                let child = Process::fork(|| {
                    let seen = status(server.start());
                    if seen == Status::Ok {
                        let client = transport.client_with(&address, &within(60_000));
                        assert_eq!(client.call(&add(1, 2)).unwrap(), Ok(3), "{round}");
                        drop(client);
                        server.stop().unwrap();
                    } else {
                        let lost = [Status::Stopped, Status::AddressInUse];
                        assert!(lost.contains(&seen), "{round}: {seen:?}");
                    }
                });
                for _ in 0..round % 16 * 64 {
                    std::hint::spin_loop();
                }
                drop(server);
                assert!(child.succeeded(), "{} {round}", transport.name);
                assert_eq!(address.leftovers(), [""; 0], "{} {round}", transport.name);
            }
        });
        assert!(ok.succeeded(), "{}", transport.name);
    }
}

#[test]
fn a_client_that_waited_for_a_dead_fifo_server_sees_its_end_and_leaves_nothing() {
    let address = Address::new();
    let pair = |end: &str| address.path(&format!("q.{}.{end}", "5".repeat(32)));
    make_fifo(&pair("a"));
    let mut options_of_reader = std::fs::OpenOptions::new();
    let reader = options_of_reader
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(pair("a"))
        .unwrap();
    // Of another one only the requests are left, as where it went on behind a sweep and died.
    let rest = address.path(&format!("q.{}.q", "6".repeat(32)));
    make_fifo(&pair("q"));
    make_fifo(&rest);
    let _server = (TRANSPORTS[1].bind)(&address, &options()).unwrap();
    for gone in [pair("a"), pair("q"), rest] {
        assert!(!std::fs::exists(&gone).unwrap(), "{gone}");
    }
    let mut state = libc::pollfd {
        fd: std::os::fd::AsRawFd::as_raw_fd(&reader),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one live struct.
    assert_eq!(unsafe { libc::poll(&raw mut state, 1, 0) }, 1);
    assert_eq!(state.revents, libc::POLLHUP);
}

#[test]
fn a_killed_server_is_replaced_though_a_child_forked_before_it_served_lives_on() {
    for transport in &TRANSPORTS[..WITH_FILES] {
        let address = Address::new();
        // The grandchild lives until the test lets go of its end of this.
        let (let_go, hold) = std::io::pipe().unwrap();
        let mut server = Process::fork_until_ready(|say_so| {
            let endpoint = (transport.bind)(&address, &ServerOptions::default()).unwrap();
            let server = Server::new(endpoint, Handler::Calculator).unwrap();
            // SAFETY: this process's copy; the test keeps its own.
            unsafe { libc::close(std::os::fd::AsRawFd::as_raw_fd(&hold)) };
            std::mem::forget(Process::fork(|| {
                let _ = (&let_go).read(&mut [0]);
            }));
            server.start().unwrap();
            say_so();
            stay()
        });
        assert_eq!(transport.client(&address).call(&add(1, 1)).unwrap(), Ok(2));
        server.kill();
        let next = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
        assert_eq!(transport.client(&address).call(&add(2, 2)).unwrap(), Ok(4));
        drop((next, hold));
        assert_eq!(address.leftovers(), [""; 0], "{}", transport.name);
    }
}
