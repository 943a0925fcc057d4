//! What a host may forbid, and what is its own: limits, descriptors, the mask of modes.
//!
//! Limits are set in processes forked for that, never in the test's own.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Handler, Server, pipe};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::collections::BTreeSet;
use std::os::fd::AsRawFd;
use support::processes::rights::{allow_descriptors, limit};
use support::processes::state::open_below;
use support::{Address, Process, SOMEBODY_ELSE, TRANSPORTS, add, forbid_with, status, within};

/// Memory that is shared is a file to the kernel, so RLIMIT_FSIZE bounds it, with SIGXFSZ.
#[test]
fn without_room_for_memory_there_is_an_error_and_no_signal() {
    let transport = &TRANSPORTS[2];
    for pages in [0, 1] {
        let address = Address::new();
        let child = Process::fork(|| {
            limit(libc::RLIMIT_FSIZE, pages * 4096);
            let bound = (transport.bind)(&address, &ServerOptions::default());
            if pages == 0 {
                assert_eq!(status(bound), Status::System);
                assert_eq!(address.leftovers(), [""; 0]);
                return;
            }
            let server = Server::new(bound.unwrap(), Handler::Calculator).unwrap();
            server.start().unwrap();
            let client = transport.client_with(&address, &within(60_000));
            assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(2));
            // There is no room for a buffer: this client is let go of, and the next is served.
            assert_ne!(
                status(client.call_bytes(&[b'x'; 5000], &mut [])),
                Status::Ok
            );
            let client = transport.client_with(&address, &within(60_000));
            assert_eq!(client.call(&add(2, 2)).unwrap(), Ok(4));
        });
        assert!(child.succeeded(), "{pages} pages");
        assert_eq!(address.leftovers(), [""; 0]);
    }
}

/// Where there is room for a message each way, and not for more of them behind it, they go one after the other through that.
#[test]
fn with_room_for_one_long_message_many_are_served() {
    const LENGTH: usize = 65536;
    let transport = &TRANSPORTS[2];
    let address = Address::new();
    let child = Process::fork(|| {
        limit(libc::RLIMIT_FSIZE, LENGTH.try_into().unwrap());
        let bound = (transport.bind)(&address, &ServerOptions::default());
        let echo = Handler::bytes(|request, room| {
            room.get_mut(..request.len())?.copy_from_slice(request);
            Some(request.len())
        });
        let server = Server::new(bound.unwrap(), echo).unwrap();
        server.start().unwrap();
        let client = transport.client_with(&address, &within(60_000));
        for number in 0..100 {
            let (message, mut answer) = ([number; LENGTH], [0; LENGTH]);
            let length = client.call_bytes(&message, &mut answer).unwrap();
            assert!(length == LENGTH && answer == message, "{number}");
        }
    });
    assert!(child.succeeded());
    assert_eq!(address.leftovers(), [""; 0]);
}

/// RLIMIT_NPROC binds users, not root (setrlimit(2)), so root becomes somebody else.
#[test]
fn a_thread_that_cannot_be_made_is_an_error() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        address.give_to_somebody_else();
        let child = Process::fork(|| {
            // SAFETY: changes only this forked process.
            unsafe {
                if libc::geteuid() == 0 {
                    assert_eq!(libc::setgid(SOMEBODY_ELSE) + libc::setuid(SOMEBODY_ELSE), 0);
                }
            }
            let endpoint = (transport.bind)(&address, &ServerOptions::default()).unwrap();
            let server = Server::new(endpoint, Handler::Calculator).unwrap();
            limit(libc::RLIMIT_NPROC, 1);
            assert_eq!(status(server.start()), Status::System);
            let child = pipe::create(Handler::Calculator, &ClientOptions::default());
            assert_eq!(status(child), Status::System);
        });
        assert!(child.succeeded(), "{}", transport.name);
        assert_eq!(address.leftovers(), [""; 0], "{}", transport.name);
    }
}

/// Those that nobody asked for are done without.
#[test]
fn threads_that_were_asked_for_are_had_or_it_is_an_error() {
    for transport in &TRANSPORTS {
        for (workers, expected) in [(0, Status::Ok), (1, Status::Ok), (2, Status::System)] {
            let address = Address::new();
            let child = Process::fork(|| {
                let options = ServerOptions {
                    workers,
                    ..ServerOptions::default()
                };
                let endpoint = (transport.bind)(&address, &options).unwrap();
                let server = Server::new(endpoint, Handler::Calculator).unwrap();
                forbid_with(libc::SYS_clone3, libc::EAGAIN);
                forbid_with(libc::SYS_clone, libc::EAGAIN);
                server.request_stop(); // It serves all the same, and then ends at once.
                assert_eq!(status(server.run()), expected);
            });
            assert!(child.succeeded(), "{}, {workers} workers", transport.name);
        }
    }
}

fn descriptors() -> BTreeSet<i32> {
    open_below(1024)
}

#[test]
fn every_descriptor_is_closed_by_exec() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let child = Process::fork(|| {
            let before = descriptors();
            let _server = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
            let client = transport.client(&address);
            assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(2));
            let _pipe = pipe::create(Handler::Calculator, &ClientOptions::default()).unwrap();
            let now = descriptors();
            assert!(now.len() > before.len() + 3);
            for fd in now.difference(&before) {
                // SAFETY: takes no pointer.
                let flags = unsafe { libc::fcntl(*fd, libc::F_GETFD) };
                assert_eq!(flags & libc::FD_CLOEXEC, libc::FD_CLOEXEC, "{fd}");
            }
        });
        assert!(child.succeeded(), "{}", transport.name);
    }
}

/// After each close of the library's, the host opens something at that number; a second close would
/// take it away.
#[test]
fn stopping_and_destroying_close_nothing_of_the_hosts() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let child = Process::fork(|| {
            let server = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
            let client = transport.client(&address);
            assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(2));
            server.stop().unwrap();
            let mut of_host: Vec<_> = open_many();
            server.stop().unwrap();
            drop(server);
            of_host.extend(open_many());
            assert_ne!(status(client.call(&add(1, 1))), Status::Ok);
            drop(client);
            of_host.extend(open_many());
            let open = descriptors();
            assert!(of_host.iter().all(|file| open.contains(&file.as_raw_fd())));
        });
        assert!(child.succeeded(), "{}", transport.name);
    }
}

/// More than the library ever has.
fn open_many() -> Vec<std::fs::File> {
    (0..40)
        .map(|_| std::fs::File::open("/dev/null").unwrap())
        .collect()
}

#[test]
fn start_that_cannot_serve_says_so() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let ok = Process::fork(|| {
            let endpoint = (transport.bind)(&address, &ServerOptions::default()).unwrap();
            let server = Server::new(endpoint, Handler::Calculator).unwrap();
            let before = allow_descriptors(3); // The next is one too many.
            assert_eq!(status(server.start()), Status::System);
            allow_descriptors(before);
            server.start().unwrap();
            assert_eq!(transport.client(&address).call(&add(1, 1)).unwrap(), Ok(2));
            server.stop().unwrap();
        })
        .succeeded();
        assert!(ok, "{}", transport.name);
    }
}
