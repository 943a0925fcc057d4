//! Names where somebody put something else: symbolic links, files of another user's, and what came in the
//! place of a server's own.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::Handler;
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, lchown, symlink};
use support::typed::fifo;
use support::{
    Address, Process, SOMEBODY_ELSE, TRANSPORTS, Transport, WITH_FILES, add, is_root, make_fifo,
    status, within,
};

const FIFO: &Transport = &TRANSPORTS[1];

/// One thread, which deals with one announcement after the other.
fn options() -> ServerOptions {
    ServerOptions {
        workers: 1,
        ..ServerOptions::default()
    }
}

#[test]
fn a_lock_file_that_is_a_symbolic_link_is_not_followed() {
    for transport in &TRANSPORTS[..WITH_FILES] {
        let address = Address::new();
        for lock in (transport.locks)(&address) {
            // As empty as the lock file of a dead server that made nothing.
            let target = address.path("elsewhere");
            std::fs::write(&target, "").unwrap();
            symlink(&target, &lock).unwrap();
            let refused = Process::fork(|| {
                // SAFETY: ends this forked process, should it never come back.
                unsafe { libc::alarm(60) };
                let bound = (transport.bind)(&address, &options());
                assert_eq!(status(bound), Status::AddressInUse);
            });
            assert!(refused.succeeded(), "{lock}");
            assert!(std::fs::symlink_metadata(&lock).unwrap().is_symlink());
            assert_eq!(std::fs::read(&target).unwrap(), b"");
            std::fs::remove_file(&lock).unwrap();
            std::fs::remove_file(&target).unwrap();
        }
    }
}

#[test]
fn a_client_follows_no_symbolic_link_to_the_hello_fifo() {
    let address = Address::new();
    let _server = FIFO.serve(&address, Handler::Calculator, &options());
    let connect = |request: &str| {
        let (request, response) = (address.path(request), address.path("a"));
        status(fifo::connect(
            &request,
            &response,
            &ClientOptions::default(),
        ))
    };
    assert_eq!(connect("q"), Status::Ok);
    symlink(address.path("q.hello"), address.path("r.hello")).unwrap();
    assert_eq!(connect("r"), Status::System);
}

/// What a client that announces itself by hand has: where its answers come out.
struct Stranger {
    answers: File,
}

impl Stranger {
    /// Announces the pair whose names have this number, and whose answers come out of the FIFO at this path.
    fn announce(address: &Address, number: u8, answers: &str) -> Self {
        let mut open = File::options();
        let nonblocking = open.read(true).custom_flags(libc::O_NONBLOCK);
        let answers = nonblocking.open(answers).unwrap();
        let record = [&b"calcfifo\x01\0\0\0"[..], &[number; 16], &[0; 36]].concat();
        let mut hello = File::options().write(true).open(address.path("q.hello"));
        hello.as_mut().unwrap().write_all(&record).unwrap();
        Self { answers }
    }

    /// Whether the server has let it in, once it has dealt with what was announced so far.
    fn is_let_in(&self, address: &Address) -> bool {
        let next = FIFO.client_with(address, &within(60_000));
        assert_eq!(next.call(&add(1, 1)).unwrap(), Ok(2));
        let mut welcome = [0; 4];
        (&self.answers)
            .read(&mut welcome)
            .is_ok_and(|count| count > 0)
    }
}

/// A name of the pair with this number.
fn of_pair(address: &Address, number: u8, end: &str) -> String {
    address.path(&format!("q.{}.{end}", format!("{number:02x}").repeat(16)))
}

#[test]
fn a_server_follows_no_symbolic_link_to_the_fifo_of_a_client() {
    let address = Address::new();
    let _server = FIFO.serve(&address, Handler::Calculator, &options());
    for (number, linked) in [(1, ""), (2, "a"), (3, "q")] {
        for end in ["a", "q"] {
            let name = of_pair(&address, number, end);
            if end == linked {
                make_fifo(&address.path(end.repeat(9).as_str()));
                symlink(address.path(end.repeat(9).as_str()), name).unwrap();
            } else {
                make_fifo(&name);
            }
        }
        let stranger = Stranger::announce(&address, number, &of_pair(&address, number, "a"));
        assert_eq!(stranger.is_let_in(&address), linked.is_empty(), "{linked}");
    }
}

#[test]
fn a_server_uses_no_fifo_of_another_users() {
    if !is_root() {
        return; // Nobody else can make files of another user's.
    }
    let address = Address::new();
    let _server = FIFO.serve(&address, Handler::Calculator, &options());
    for (number, planted) in [(1, ""), (2, "a"), (3, "q")] {
        for end in ["a", "q"] {
            let name = of_pair(&address, number, end);
            make_fifo(&name);
            if end == planted {
                lchown(&name, Some(SOMEBODY_ELSE), None).unwrap();
            }
        }
        let stranger = Stranger::announce(&address, number, &of_pair(&address, number, "a"));
        assert_eq!(
            stranger.is_let_in(&address),
            planted.is_empty(),
            "{planted}"
        );
    }
}

#[test]
fn a_client_announces_itself_to_no_fifo_of_another_users() {
    if !is_root() {
        return; // Nobody else can make files of another user's.
    }
    let address = Address::new();
    let hello = address.path("q.hello");
    make_fifo(&hello);
    let mut both = File::options();
    let mut reader = both.read(true).write(true).open(&hello).unwrap();
    let connect = || status((FIFO.connect)(&address, &ClientOptions::default()));
    assert_eq!(connect(), Status::Ok, "as its own");
    assert_eq!(reader.read(&mut [0; 128]).unwrap(), 64);
    lchown(&hello, Some(SOMEBODY_ELSE), None).unwrap();
    assert_ne!(connect(), Status::Ok);
    reader.write_all(b"x").unwrap();
    assert_eq!(reader.read(&mut [0; 128]).unwrap(), 1, "nothing else came");
}

#[test]
fn what_came_in_the_place_of_a_live_servers_name_stays_when_it_ends() {
    for transport in &TRANSPORTS[..WITH_FILES] {
        let address = Address::new();
        let names = (transport.files)(&address);
        for name in &names {
            let server = transport.serve(&address, Handler::Calculator, &options());
            std::fs::remove_file(name).unwrap();
            std::fs::write(name, "precious").unwrap();
            drop(server);
            assert_eq!(std::fs::read(name).unwrap(), b"precious", "{name}");
            assert_eq!(address.leftovers().len(), 1, "{name}");
            std::fs::remove_file(name).unwrap();
        }
    }
}
