//! Processes that are killed, stopped or forked, over every transport with named servers.

use crate::support::{Address, PATIENCE, Process, TRANSPORTS, Transport, WITH_FILES, add, stay};
use calc_ipc::error::Status;
use calc_ipc::service::{Handler, Server};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

/// The first argument of a request that is never answered.
const HELD: i64 = i64::MIN;

/// A server in a process of its own, which has said that its address is live. Its handler tells
/// each request for [`HELD`] to the pipe that it gives, and never answers it.
fn serve_in_process(transport: &Transport, address: &Address) -> (Process, std::io::PipeReader) {
    let (mut said, say) = std::io::pipe().unwrap();
    let process = Process::fork(|| {
        let endpoint = (transport.bind)(address, &ServerOptions::default()).unwrap();
        (&say).write_all(b"L").unwrap();
        let tell = say.try_clone().unwrap();
        let handler = Handler::new(move |request| {
            if request.arg1 == HELD {
                (&tell).write_all(b"R").unwrap();
                stay();
            }
            calc_ipc::calculator::execute(request)
        });
        Server::new(endpoint, handler).unwrap().run().unwrap();
    });
    drop(say);
    said.read_exact(&mut [0]).unwrap();
    (process, said)
}

#[test]
fn a_server_killed_during_a_call_is_noticed_and_replaced_at_once() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        for round in 0..20 {
            let (server, mut said) = serve_in_process(transport, &address);
            let idle = transport.client(&address);
            let client = transport.client(&address);
            assert_eq!(
                idle.call(&add(round, 1)).unwrap(),
                Ok(round + 1),
                "{}",
                transport.name
            );
            std::thread::scope(|scope| {
                let call = scope.spawn(|| (client.call(&add(HELD, 0)), Instant::now()));
                said.read_exact(&mut [0]).unwrap();
                server.signal(libc::SIGKILL);
                let killed = Instant::now();
                let (result, ended) = call.join().unwrap();
                let status = result.unwrap_err().status();
                assert!(
                    matches!(status, Status::Closed | Status::PeerDied),
                    "{status:?}"
                );
                assert!(ended - killed < PATIENCE, "{}", transport.name);
            });
            let status = idle.call(&add(1, 1)).unwrap_err().status();
            assert!(
                matches!(status, Status::Closed | Status::PeerDied),
                "{status:?}"
            );
        }
        let (mut server, _said) = serve_in_process(transport, &address);
        assert_eq!(transport.client(&address).call(&add(1, 1)).unwrap(), Ok(2));
        server.kill();
        let last = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
        drop(last);
        assert_eq!(address.leftovers(), [""; 0], "{}", transport.name);
    }
}

#[test]
fn clients_killed_at_any_moment_leave_nothing() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let server = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
        let steady = transport.client(&address);
        for round in 0..50 {
            let mut client = Process::fork_until_ready(|say_so| {
                let client = transport.client(&address);
                say_so();
                loop {
                    client.call(&add(1, 1)).unwrap().unwrap();
                }
            });
            for number in 0..round {
                assert_eq!(steady.call(&add(number, 1)).unwrap(), Ok(number + 1));
            }
            client.kill();
        }
        assert_eq!(
            steady.call(&add(1, 1)).unwrap(),
            Ok(2),
            "{}",
            transport.name
        );
        server.stop().unwrap();
        // What a client killed before it was taken in left behind, the next server sweeps.
        drop(transport.serve(&address, Handler::Calculator, &ServerOptions::default()));
        assert_eq!(address.leftovers(), [""; 0], "{}", transport.name);
    }
}

#[test]
fn a_stopped_server_is_a_timeout_and_never_a_wrong_answer() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let (server, _said) = serve_in_process(transport, &address);
        let options = ClientOptions {
            call_timeout: Some(Duration::from_millis(30)),
            ..ClientOptions::default()
        };
        let client = transport.client_with(&address, &options);
        for round in 1..5 {
            let answer = (0..1000).find_map(|_| client.call(&add(round, round)).ok());
            assert_eq!(answer, Some(Ok(2 * round)), "{}", transport.name);
            server.signal(libc::SIGSTOP);
            // It may answer one call that it had begun before the signal reached it.
            let timed_out = (0..100).find_map(|_| client.call(&add(1000, round)).err());
            assert_eq!(
                timed_out.unwrap().status(),
                Status::TimedOut,
                "{}",
                transport.name
            );
            server.signal(libc::SIGCONT);
        }
    }
}

#[test]
fn a_forked_child_may_serve_and_the_parent_leaves_its_names_alone() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let options = ServerOptions {
            stop_when_idle: true,
            ..ServerOptions::default()
        };
        let endpoint = (transport.bind)(&address, &options).unwrap();
        let server = Server::new(endpoint, Handler::Calculator).unwrap();
        let (mut said, say) = std::io::pipe().unwrap();
        let child = Process::fork(|| {
            std::thread::scope(|scope| {
                let running = scope.spawn(|| server.run());
                // It serves, and so owns the names, once it answers.
                let client = transport.client(&address);
                assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(2));
                (&say).write_all(b"S").unwrap();
                let other = transport.client(&address);
                while other.call(&add(0, 0)).unwrap() == Ok(0) && !has_come(&address) {}
                drop((client, other));
                running.join().unwrap().unwrap();
            });
            assert_eq!(server.stop().map_err(|error| error.status()), Ok(()));
        });
        drop(say);
        said.read_exact(&mut [0]).unwrap();
        drop(server);
        let client = transport.client(&address);
        assert_eq!(
            client.call(&add(20, 22)).unwrap(),
            Ok(42),
            "{}",
            transport.name
        );
        std::fs::write(address.path("come"), "").unwrap();
        drop(client);
        assert!(child.succeeded(), "{}", transport.name);
        assert_eq!(address.leftovers(), ["come"], "{}", transport.name);
    }
}

#[test]
fn a_child_cannot_serve_what_its_parent_has_freed() {
    for transport in &TRANSPORTS[..WITH_FILES] {
        let address = Address::new();
        let endpoint = (transport.bind)(&address, &ServerOptions::default()).unwrap();
        let server = Server::new(endpoint, Handler::Calculator).unwrap();
        let (go, may_go) = std::io::pipe().map(|(read, write)| (write, read)).unwrap();
        let child = Process::fork(|| {
            (&may_go).read_exact(&mut [0]).unwrap();
            assert_eq!(server.run().unwrap_err().status(), Status::Stopped);
            // SAFETY: the child drops its copy once; the parent has its own.
            drop(unsafe { std::ptr::read(&raw const server) });
        });
        server.stop().unwrap();
        (&go).write_all(b"G").unwrap();
        assert!(child.succeeded(), "{}", transport.name);
        assert_eq!(address.leftovers(), [""; 0], "{}", transport.name);
    }
}

fn has_come(address: &Address) -> bool {
    std::path::Path::new(&address.path("come")).exists()
}

#[test]
fn handles_of_the_parent_are_of_no_use_in_a_child() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let server = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
        let client = transport.client(&address);
        assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(2));
        let child = Process::fork(|| {
            assert_eq!(
                client.call(&add(1, 1)).unwrap_err().status(),
                Status::Forked
            );
            assert_eq!(server.run().unwrap_err().status(), Status::Forked);
            assert_eq!(server.stop().unwrap_err().status(), Status::Forked);
            server.request_stop();
            // SAFETY: the child has copies of both, and drops them once; the parent has its own.
            unsafe {
                drop(std::ptr::read(&raw const client));
                drop(std::ptr::read(&raw const server));
            }
        });
        assert!(child.succeeded(), "{}", transport.name);
        assert_eq!(
            client.call(&add(2, 2)).unwrap(),
            Ok(4),
            "{}",
            transport.name
        );
        drop(server);
        assert_eq!(address.leftovers(), [""; 0], "{}", transport.name);
    }
}

#[test]
fn a_child_that_outlives_its_parent_keeps_no_connection_alive() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        // The grandchild lives until the test lets go of its end of this.
        let (let_go, hold) = std::io::pipe().unwrap();
        let mut server = Process::fork_until_ready(|say_so| {
            let server = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
            // SAFETY: this process's copy; the test keeps its own.
            unsafe { libc::close(hold.as_raw_fd()) };
            std::mem::forget(Process::fork(|| {
                say_so();
                let _ = (&let_go).read(&mut [0]);
            }));
            server.run().map_err(|error| error.status()).unwrap_err();
            stay();
        });
        let client = transport.client(&address);
        assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(2));
        server.kill();
        let status = client.call(&add(1, 1)).unwrap_err().status();
        assert!(
            matches!(status, Status::Closed | Status::PeerDied),
            "{} {status:?}",
            transport.name
        );
        let next = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
        assert_eq!(transport.client(&address).call(&add(3, 3)).unwrap(), Ok(6));
        drop((next, hold));
    }
}
