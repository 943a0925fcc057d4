//! Signals: they interrupt nothing, and none is raised.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use calc_ipc::service::{Handler, pipe};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::io::Read;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;
use support::{Address, Process, TRANSPORTS, add};

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

#[test]
fn no_handler_of_the_hosts_runs_in_the_child_of_a_pipe() {
    let (mut said, say) = std::io::pipe().unwrap();
    // A process of its own: handlers of fork stay for good.
    let ok = Process::fork(|| {
        TELL.store(say.as_raw_fd(), Ordering::Relaxed);
        // SAFETY: handlers that do only what is async-signal-safe.
        unsafe {
            libc::signal(libc::SIGURG, tell as *const () as libc::sighandler_t);
            libc::pthread_atfork(None, None, Some(signal_child));
        }
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
