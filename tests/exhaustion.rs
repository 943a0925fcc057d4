//! Servers and clients with too little of something: descriptors, memory; or with a lot.
//!
//! Limits are set in processes forked for that, never in the test's own.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Handler, Server, pipe};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::fs::File;
use std::time::Duration;
use support::processes::rights::limit;
use support::processes::state::{self, status_number};
use support::{Address, Process, TRANSPORTS, add, eventually, serve_in_process};

fn descriptors() -> libc::rlim_t {
    libc::rlim_t::try_from(state::descriptors("self")).unwrap()
}

/// Opens descriptors until there are no more.
fn use_up_descriptors() -> Vec<File> {
    std::iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

#[test]
fn without_descriptors_nothing_is_created_and_nothing_of_the_hosts_is_closed() {
    let ok = Process::fork(|| {
        limit(libc::RLIMIT_NOFILE, 64);
        for transport in &TRANSPORTS {
            let address = Address::new();
            // With every number of descriptors too few, until there are enough.
            let mut spare = use_up_descriptors();
            let needed = (0..20).find(|_| {
                let held = descriptors_held(&spare);
                let result = (transport.bind)(&address, &ServerOptions::default());
                assert_eq!(descriptors_held(&spare), held, "still the host's");
                if let Err(error) = &result {
                    assert_eq!(error.status(), Status::System, "{error}");
                    spare.pop();
                    assert_eq!(address.leftovers(), [""; 0], "{error}");
                }
                result.is_ok()
            });
            assert!(needed.is_some(), "{}", transport.name);
            drop(spare);
            assert_eq!(address.leftovers(), [""; 0], "{}", transport.name);
        }
        let mut spare = use_up_descriptors();
        let works = (0..20).find_map(|_| {
            match pipe::create(Handler::Calculator, &ClientOptions::default()) {
                Ok(client) => Some(client),
                Err(error) => {
                    assert_eq!(error.status(), Status::System, "{error}");
                    spare.pop();
                    None
                }
            }
        });
        assert_eq!(works.unwrap().call(&add(1, 1)).unwrap(), Ok(2));
    })
    .succeeded();
    assert!(ok);
}

#[test]
fn a_child_that_cannot_be_made_is_a_failure_of_the_system() {
    let ok = Process::fork(|| {
        // SAFETY: changes only this forked process. Root has no limit of processes.
        unsafe {
            if libc::geteuid() == 0 {
                assert_eq!(libc::setuid(support::SOMEBODY_ELSE), 0);
            }
        }
        limit(libc::RLIMIT_NPROC, 0);
        let options = ClientOptions::default();
        let created = support::status(pipe::create(Handler::Calculator, &options));
        assert_eq!(created, Status::System);
        let spawned = support::status(pipe::spawn(&[c"true"], &options));
        assert_eq!(spawned, Status::System);
    })
    .succeeded();
    assert!(ok);
}

fn descriptors_held(files: &[File]) -> usize {
    files.iter().filter(|file| file.metadata().is_ok()).count()
}

#[test]
fn a_server_without_descriptors_refuses_newcomers_and_serves_on() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let _server = serve_in_process(transport, &address, &ServerOptions::default(), || {
            limit(libc::RLIMIT_NOFILE, descriptors() + 20);
        });
        let first = transport.client(&address);
        assert_eq!(first.call(&add(1, 1)).unwrap(), Ok(2));
        let mut clients = Vec::new();
        let refused = (0..64).find_map(|_| {
            let client = transport.client(&address);
            let status = client.call(&add(2, 2)).err().map(|error| error.status());
            clients.push(client);
            status
        });
        assert_eq!(refused, Some(Status::Refused), "{}", transport.name);
        assert_eq!(first.call(&add(3, 3)).unwrap(), Ok(6));
        clients.clear();
        let taken_again = (0..1000).any(|_| transport.client(&address).call(&add(4, 4)).is_ok());
        assert!(taken_again, "{}", transport.name);
    }
}

#[test]
fn without_address_space_create_says_so() {
    let ok = Process::fork(|| {
        let address = Address::new();
        limit(libc::RLIMIT_AS, 1);
        let error = (TRANSPORTS[2].bind)(&address, &ServerOptions::default())
            .err()
            .unwrap();
        assert_eq!(error.status(), Status::System);
    })
    .succeeded();
    assert!(ok);
}

#[test]
fn descriptors_beyond_1023_are_as_good_as_any() {
    let ok = Process::fork(|| {
        limit(libc::RLIMIT_NOFILE, 4096);
        let _held: Vec<_> = (0..1100)
            .map(|_| File::open("/dev/null").unwrap())
            .collect();
        for transport in &TRANSPORTS {
            let address = Address::new();
            let server = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
            let client = transport.client(&address);
            assert_eq!(
                client.call(&add(1, 1)).unwrap(),
                Ok(2),
                "{}",
                transport.name
            );
            server.stop().unwrap();
        }
        let client = pipe::create(Handler::Calculator, &ClientOptions::default()).unwrap();
        assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(2));
    })
    .succeeded();
    assert!(ok);
}

#[test]
fn closed_standard_descriptors_stay_closed() {
    let ok = Process::fork(|| {
        // SAFETY: closes only this forked process's.
        unsafe {
            libc::close(0);
            libc::close(1);
        }
        let stay_closed = || {
            // SAFETY: takes no pointer.
            [0, 1].map(|fd| unsafe { libc::fcntl(fd, libc::F_GETFD) }) == [-1, -1]
        };
        for transport in &TRANSPORTS {
            let address = Address::new();
            let server = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
            let client = transport.client(&address);
            assert_eq!(
                client.call(&add(1, 1)).unwrap(),
                Ok(2),
                "{}",
                transport.name
            );
            assert!(stay_closed(), "{}", transport.name);
            server.stop().unwrap();
        }
        let child = pipe::create(Handler::Calculator, &ClientOptions::default()).unwrap();
        assert_eq!(child.call(&add(1, 1)).unwrap(), Ok(2));
        assert!(stay_closed());
    })
    .succeeded();
    assert!(ok);
}

#[test]
fn hundreds_may_wait_before_serving_begins() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let options = ServerOptions {
            max_clients: Some(300),
            ..ServerOptions::default()
        };
        let endpoint = (transport.bind)(&address, &options).unwrap();
        let server = Server::new(endpoint, Handler::Calculator).unwrap();
        let clients: Vec<_> = (0..200).map(|_| transport.client(&address)).collect();
        server.start().unwrap();
        for (number, client) in (0..).zip(&clients) {
            assert_eq!(
                client.call(&add(number, 1)).unwrap(),
                Ok(number + 1),
                "{}",
                transport.name
            );
        }
    }
}

/// How often a process went to sleep so far, if it has one thread (proc_pid_status(5)).
fn sleeps(process: libc::pid_t) -> u64 {
    status_number(process, "voluntary_ctxt_switches")
}

/// Changes how many descriptors a process may have; gives how many it might have before.
fn limit_descriptors_of(process: &Process, count: libc::rlim_t) -> libc::rlim_t {
    let mut before = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    let resource = libc::RLIMIT_NOFILE;
    // SAFETY: a live rlimit for the old limits, and below one for the new.
    unsafe {
        let number = process.number();
        let none = std::ptr::null();
        assert_eq!(libc::prlimit(number, resource, none, &raw mut before), 0);
        let limits = libc::rlimit {
            rlim_cur: count,
            ..before
        };
        let none = std::ptr::null_mut();
        assert_eq!(libc::prlimit(number, resource, &raw const limits, none), 0);
    }
    before.rlim_cur
}

#[test]
fn a_server_that_can_let_in_and_refuse_nobody_sleeps_until_it_can() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let options = ServerOptions {
            workers: 1,
            spin: Duration::ZERO,
            ..ServerOptions::default()
        };
        let server = serve_in_process(transport, &address, &options, || ());
        let client = transport.client(&address);
        assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(2));
        let before = limit_descriptors_of(&server, 0);
        std::thread::scope(|scope| {
            let newcomer = scope.spawn(|| transport.client(&address).call(&add(2, 2)));
            // One that spins at the door never sleeps, and one that never looks again sleeps but once.
            let first = sleeps(server.number());
            let what = format!("{}: it tries and sleeps", transport.name);
            eventually(&what, || sleeps(server.number()) >= first + 10);
            assert_eq!(client.call(&add(3, 3)).unwrap(), Ok(6));
            limit_descriptors_of(&server, before);
            let answer = match newcomer.join().unwrap() {
                // There were descriptors again between trying to let it in and trying to refuse it.
                Err(error) if error.status() == Status::Refused => {
                    transport.client(&address).call(&add(2, 2))
                }
                answer => answer,
            };
            assert_eq!(answer.unwrap(), Ok(4), "{}", transport.name);
        });
    }
}
