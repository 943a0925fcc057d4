//! What once went wrong, and no other suite would notice.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Handler, Server};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::os::fd::AsRawFd;
use std::time::Duration;
use support::typed::uds;
use support::{Address, Process, TRANSPORTS, add, stay};

#[test]
fn a_second_try_does_not_take_the_server_from_the_child_that_adopted_it() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let endpoint = (transport.bind)(&address, &ServerOptions::default()).unwrap();
        let server = Server::new(endpoint, Handler::Calculator).unwrap();
        let child = Process::fork_until_ready(|say_so| {
            server.start().unwrap();
            say_so();
            stay()
        });
        for _ in 0..3 {
            let status = server.start().unwrap_err().status();
            assert_eq!(status, Status::AddressInUse, "{}", transport.name);
        }
        drop(server);
        let client = transport.client(&address);
        assert_eq!(client.call(&add(1, 2)).unwrap(), Ok(3));
        drop(child);
    }
}

extern "C" fn nothing(_: libc::c_int) {}

#[test]
fn a_server_that_does_not_accept_is_timed_out_also_while_signals_come() {
    let address = Address::new();
    let path = address.path("sock");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    // SAFETY: the descriptor is open.
    assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 0) }, 0);
    let _first = std::os::unix::net::UnixStream::connect(&path).unwrap();
    let child = Process::fork(move || {
        // SAFETY: a handler that does nothing, and a timer of this process's own.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = nothing as *const () as usize;
            libc::sigaction(libc::SIGALRM, &raw const action, std::ptr::null_mut());
            let every = libc::timeval {
                tv_sec: 0,
                tv_usec: 100,
            };
            let timer = libc::itimerval {
                it_interval: every,
                it_value: every,
            };
            libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut());
        }
        let options = ClientOptions {
            connect_timeout: Some(Duration::from_millis(100)),
            ..ClientOptions::default()
        };
        for _ in 0..5 {
            let error = uds::connect(&path, &options).map(drop).unwrap_err();
            assert_eq!(error.status(), Status::TimedOut, "{error}");
        }
    });
    assert!(child.succeeded());
}
