//! Signals: they interrupt nothing, and none is raised.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use calc_ipc::service::{Handler, pipe};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::io::Read;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;
use support::processes::state::await_state;
use support::{Address, Process, TRANSPORTS, add, serve_in_process};

extern "C" fn ignore(_: libc::c_int) {}

#[test]
fn signals_are_invisible() {
    let ok = Process::fork(|| {
        // SAFETY: a handler that does nothing, and a timer, for this forked process.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = ignore as *const () as usize;
            assert_eq!(
                libc::sigaction(libc::SIGALRM, &raw const action, std::ptr::null_mut()),
                0
            );
            let often = libc::timeval {
                tv_sec: 0,
                tv_usec: 200,
            };
            let timer = libc::itimerval {
                it_interval: often,
                it_value: often,
            };
            assert_eq!(
                libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut()),
                0
            );
        }
        for transport in &TRANSPORTS {
            for spin in [Duration::ZERO, Duration::from_micros(50)] {
                let address = Address::new();
                let options = ServerOptions {
                    spin,
                    ..ServerOptions::default()
                };
                let server = transport.serve(&address, Handler::Calculator, &options);
                let options = ClientOptions {
                    spin,
                    ..ClientOptions::default()
                };
                let client = transport.client_with(&address, &options);
                for number in 0..3000 {
                    assert_eq!(client.call(&add(number, 1)).unwrap(), Ok(number + 1));
                }
                server.stop().unwrap();
            }
        }
    })
    .succeeded();
    assert!(ok);
}

#[test]
fn a_broken_connection_raises_no_signal() {
    let ok = Process::fork(|| {
        // SAFETY: the default, which would end this forked process.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
        for transport in &TRANSPORTS {
            let address = Address::new();
            let server = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
            let client = transport.client(&address);
            assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(2));
            server.stop().unwrap();
            assert!(client.call(&add(1, 1)).is_err());
        }
        let options = ClientOptions::default();
        let child = pipe::create(Handler::new(|_| std::process::exit(0)), &options).unwrap();
        assert!(child.call(&add(1, 1)).is_err());
        assert!(child.call(&add(1, 1)).is_err());
    })
    .succeeded();
    assert!(ok);
}

/// Where the host's handler writes when it runs.
static TELL: AtomicI32 = AtomicI32::new(-1);

extern "C" fn tell(_: libc::c_int) {
    // SAFETY: write(2) is async-signal-safe; the byte is a static one.
    unsafe { libc::write(TELL.load(Ordering::Relaxed), c"!".as_ptr().cast(), 1) };
}

/// A signal that does nothing where no handler is set.
extern "C" fn signal_child() {
    // SAFETY: kill(2) is async-signal-safe.
    unsafe { libc::kill(libc::getpid(), libc::SIGURG) };
}

/// Has [`tell`] run at this signal, in this process.
fn tell_of(signal: libc::c_int, say: &std::io::PipeWriter) {
    TELL.store(say.as_raw_fd(), Ordering::Relaxed);
    // SAFETY: a handler that does only what is async-signal-safe.
    unsafe { libc::signal(signal, tell as *const () as libc::sighandler_t) };
}

#[test]
fn a_server_that_a_signal_wakes_serves_on() {
    for transport in &TRANSPORTS {
        let (mut said, say) = std::io::pipe().unwrap();
        let address = Address::new();
        // It serves on the thread that gets the signals.
        let options = ServerOptions {
            workers: 1,
            spin: Duration::ZERO,
            ..ServerOptions::default()
        };
        let server = serve_in_process(transport, &address, &options, || {
            tell_of(libc::SIGURG, &say);
        });
        drop(say);
        let client = transport.client_with(&address, &support::within(60_000));
        for number in 0..20 {
            assert_eq!(client.call(&add(number, 1)).unwrap(), Ok(number + 1));
            await_state(server.number(), server.number(), 'S');
            server.signal(libc::SIGURG);
            said.read_exact(&mut [0]).unwrap();
        }
        assert_eq!(
            client.call(&add(1, 1)).unwrap(),
            Ok(2),
            "{}",
            transport.name
        );
    }
}

#[test]
fn no_handler_of_the_hosts_runs_in_the_child_of_a_pipe() {
    let (mut said, say) = std::io::pipe().unwrap();
    // A process of its own: handlers of fork stay for good.
    let ok = Process::fork(|| {
        tell_of(libc::SIGURG, &say);
        // SAFETY: a handler that does only what is async-signal-safe.
        unsafe { libc::pthread_atfork(None, None, Some(signal_child)) };
        let child = pipe::create(Handler::Calculator, &ClientOptions::default()).unwrap();
        assert_eq!(child.call(&add(1, 1)).unwrap(), Ok(2));
    })
    .succeeded();
    assert!(ok);
    drop(say);
    let mut told = Vec::new();
    said.read_to_end(&mut told).unwrap();
    assert_eq!(told, b"");
}
