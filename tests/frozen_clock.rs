//! A monotonic clock that stands still, as a debugger's, a simulator's or that of a preloaded library may: nobody
//! spins for ever, and a stop is seen.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Handler, Server};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;
use support::processes::state::{is_in_state, own_thread};
use support::{Address, TRANSPORTS, add};

/// Takes the C library's place in this program: once frozen, the monotonic clock says one hour for ever.
static IS_FROZEN: AtomicBool = AtomicBool::new(false);

#[unsafe(no_mangle)]
extern "C" fn clock_gettime(clock: libc::clockid_t, time: *mut libc::timespec) -> libc::c_int {
    // SAFETY: the caller's, as clock_gettime(2) has it.
    let result = unsafe { libc::syscall(libc::SYS_clock_gettime, clock, time) };
    if result == 0 && clock == libc::CLOCK_MONOTONIC && IS_FROZEN.load(Ordering::Relaxed) {
        // SAFETY: it was just filled.
        unsafe {
            (*time).tv_sec = 3600;
            (*time).tv_nsec = 0;
        }
    }
    libc::c_int::try_from(result).unwrap_or(-1)
}

/// The longest spin that may be asked for.
const SPIN: Duration = Duration::from_millis(1);

#[test]
fn nobody_spins_for_ever_and_a_stop_is_seen() {
    IS_FROZEN.store(true, Ordering::Relaxed);
    for transport in &TRANSPORTS {
        let address = Address::new();
        let options = ServerOptions {
            spin: SPIN,
            ..ServerOptions::default()
        };
        // The handler takes as long as it is told to.
        let (go_on, wait) = mpsc::sync_channel::<()>(0);
        let wait = std::sync::Mutex::new(wait);
        let handler = Handler::new(move |request| {
            if request.arg1 == 7 {
                wait.lock().unwrap().recv().unwrap();
            }
            Ok(request.arg1)
        });
        let server = Server::new((transport.bind)(&address, &options).unwrap(), handler).unwrap();
        server.start().unwrap();
        let options = ClientOptions {
            spin: SPIN,
            ..ClientOptions::default()
        };
        let client = transport.client_with(&address, &options);
        for number in 0..7 {
            assert_eq!(client.call(&add(number, 0)).unwrap(), Ok(number));
        }
        std::thread::scope(|scope| {
            let (tell, told) = mpsc::channel();
            let client = &client;
            let call = scope.spawn(move || {
                tell.send(own_thread()).unwrap();
                client.call(&add(7, 0))
            });
            let caller = told.recv().unwrap();
            // Half a minute at least, by the kernel's clock.
            let falls_asleep = (0..30_000).any(|_| {
                std::thread::sleep(Duration::from_millis(1));
                is_in_state("self", caller, 'S')
            });
            assert!(falls_asleep, "{}", transport.name);
            go_on.send(()).unwrap();
            assert_eq!(call.join().unwrap().unwrap(), Ok(7), "{}", transport.name);
        });
        server.stop().unwrap();
    }
}

#[test]
fn a_call_ends_after_its_time_by_the_kernels_clock() {
    IS_FROZEN.store(true, Ordering::Relaxed);
    for transport in &TRANSPORTS {
        let address = Address::new();
        let endpoint = (transport.bind)(&address, &ServerOptions::default()).unwrap();
        let _not_served = Server::new(endpoint, Handler::Calculator).unwrap();
        let options = ClientOptions {
            call_timeout: Some(Duration::from_millis(50)),
            ..ClientOptions::default()
        };
        let client = transport.client_with(&address, &options);
        let status = client.call(&add(1, 2)).map_err(|error| error.status());
        assert_eq!(status, Err(Status::TimedOut), "{}", transport.name);
    }
}
