//! System calls that a kernel, or a container's filter, may not know: the library has another way for each.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Handler, pipe};
use calc_ipc::transport::ServerOptions;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use support::{Address, Process, TRANSPORTS, add, forbid_where, within};

fn options() -> ServerOptions {
    ServerOptions::default()
}

/// A call that is newer than the oldest kernels in use, or that filters of containers may not know.
struct Newer {
    name: &'static str,
    number: libc::c_long,
    /// If it has only learned something new: the place of an argument, and a bit of it.
    argument: Option<(u32, u32)>,
    errors: &'static [libc::c_int],
}

const fn call(name: &'static str, number: libc::c_long) -> Newer {
    Newer {
        name,
        number,
        argument: None,
        errors: &[libc::ENOSYS, libc::EPERM],
    }
}

/// `docs/faults-tested.md` says what the library does without each.
const NEWER: [Newer; 12] = [
    call("preadv2", libc::SYS_preadv2),
    call("pwritev2", libc::SYS_pwritev2),
    call("close_range", libc::SYS_close_range),
    call("pidfd_open", libc::SYS_pidfd_open),
    call("pidfd_send_signal", libc::SYS_pidfd_send_signal),
    call("getrandom", libc::SYS_getrandom),
    Newer {
        // With EPERM, the C library of 32 bits finds no file, for anybody.
        errors: match size_of::<libc::c_long>() {
            4 => &[libc::ENOSYS],
            _ => &[libc::ENOSYS, libc::EPERM],
        },
        ..call("statx", libc::SYS_statx)
    },
    call("faccessat2", libc::SYS_faccessat2),
    call("renameat2", libc::SYS_renameat2),
    Newer {
        // With EPERM, the C library makes no thread, for anybody.
        errors: &[libc::ENOSYS],
        ..call("clone3", libc::SYS_clone3)
    },
    Newer {
        argument: Some((0, libc::P_PIDFD & !libc::P_PID)),
        errors: &[libc::EINVAL],
        ..call("waitid of a pidfd", libc::SYS_waitid)
    },
    Newer {
        argument: Some((1, libc::MFD_NOEXEC_SEAL)),
        errors: &[libc::EINVAL, libc::EPERM],
        ..call("memfd_create with MFD_NOEXEC_SEAL", libc::SYS_memfd_create)
    },
];

/// Runs `body` in a process that knows none of one call, for each of them and each way to say so.
fn without_each(body: impl Fn()) {
    without_each_of(|_| true, body);
}

fn without_each_of(is_meant: fn(&str) -> bool, body: impl Fn()) {
    for newer in NEWER.iter().filter(|newer| is_meant(newer.name)) {
        for &errno in newer.errors {
            let ok = Process::fork(|| {
                forbid_where(newer.number, newer.argument, errno);
                body();
            });
            assert!(ok.succeeded(), "{} gives {errno}", newer.name);
        }
    }
}

#[test]
fn servers_and_clients_miss_nothing() {
    // Removed by this process, which misses nothing itself.
    let addresses = [(); TRANSPORTS.len()].map(|()| Address::new());
    without_each(|| {
        for (transport, address) in TRANSPORTS.iter().zip(&addresses) {
            let server = transport.serve(address, Handler::Calculator, &options());
            let client = transport.client_with(address, &within(60_000));
            assert_eq!(client.call(&add(1, 2)).unwrap(), Ok(3));
            server.stop().unwrap();
            drop((client, server));
            assert_eq!(address.leftovers(), [""; 0], "{}", transport.name);
        }
    });
}

#[test]
fn only_shared_memory_needs_memory_files() {
    let addresses = [(); TRANSPORTS.len()].map(|()| Address::new());
    for errno in [libc::ENOSYS, libc::EPERM] {
        let ok = Process::fork(|| {
            forbid_where(libc::SYS_memfd_create, None, errno);
            for (transport, address) in TRANSPORTS.iter().zip(&addresses) {
                if transport.name == "shm" {
                    let error = (transport.bind)(address, &options()).err().unwrap();
                    let says = [Status::Unsupported, Status::PermissionDenied];
                    assert!(says.contains(&error.status()), "{error}");
                    continue;
                }
                let server = transport.serve(address, Handler::Calculator, &options());
                let client = transport.client_with(address, &within(60_000));
                assert_eq!(client.call(&add(1, 2)).unwrap(), Ok(3));
                server.stop().unwrap();
            }
        });
        assert!(ok.succeeded(), "memfd_create gives {errno}");
    }
}

fn has_no_child() -> bool {
    // SAFETY: no status is asked for.
    unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) == -1 }
}

#[test]
fn children_serve_and_end() {
    without_each(|| {
        let client = pipe::create(Handler::Calculator, &within(60_000)).unwrap();
        assert_eq!(client.call(&add(1, 2)).unwrap(), Ok(3));
        drop(client);
        let echo = pipe::spawn(&[c"cat"], &within(60_000)).unwrap();
        let mut answer = [0; 5];
        assert_eq!(echo.call_bytes(b"hello", &mut answer).unwrap(), 5);
        drop(echo);
        assert!(has_no_child());
    });
}

#[test]
fn a_child_that_hangs_is_killed() {
    // It takes half a second to be taken for hanging.
    without_each_of(
        |name| name.starts_with("pidfd"),
        || {
            let hangs = Handler::new(|_| {
                loop {
                    std::thread::park();
                }
            });
            let client = pipe::create(hangs, &within(10)).unwrap();
            assert_eq!(support::status(client.call(&add(1, 2))), Status::TimedOut);
            drop(client);
            assert!(has_no_child());
        },
    );
}

#[test]
fn a_program_serves_on_descriptors_of_its_own() {
    without_each(|| {
        let (requests, mut ask) = std::io::pipe().unwrap();
        let (mut answers, answer) = std::io::pipe().unwrap();
        let served = std::thread::spawn(move || {
            pipe::serve(
                requests.as_fd(),
                answer.as_fd(),
                Handler::Calculator,
                &options(),
            )
        });
        ask.write_all(b"\x07\0\0\0ADD 1 2").unwrap();
        let mut frame = [0; 8];
        answers.read_exact(&mut frame).unwrap();
        assert_eq!(&frame, b"\x04\0\0\0OK 3");
        drop(ask);
        served.join().unwrap().unwrap();
    });
}
