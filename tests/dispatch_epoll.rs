//! Servers that their host drives with an epoll of its own.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails"
)]

#[path = "support/driving.rs"]
mod driving;
mod support;

use driving::{Asker, LOOK, callers, create, drive, drive_until, one_over_each};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use support::{PATIENCE, TRANSPORTS, echo, over_each};

#[test]
fn an_epoll_of_the_hosts_is_told_by_level_and_by_edge() {
    for edge in [0, libc::EPOLLET] {
        let (addresses, servers) = one_over_each();
        // SAFETY: takes no pointer.
        let epoll = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        for (place, server) in (0..).zip(&servers) {
            let mut event = libc::epoll_event {
                events: (libc::EPOLLIN | edge).cast_unsigned(),
                u64: place,
            };
            let fd = server.source().unwrap().as_raw_fd();
            // SAFETY: both are open, and the event is a local.
            let added = unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, fd, &raw mut event) };
            assert_eq!(added, 0);
        }
        let unfinished = AtomicUsize::new(0);
        thread::scope(|scope| {
            for (transport, address) in TRANSPORTS.iter().zip(&addresses) {
                callers(scope, transport, address, &unfinished);
            }
            while unfinished.load(Ordering::SeqCst) > 0 {
                let mut events = [libc::epoll_event { events: 0, u64: 0 }; 2];
                // SAFETY: room for two events.
                let count = unsafe { libc::epoll_wait(epoll, events.as_mut_ptr(), 2, 100) };
                for event in &events[..usize::try_from(count).unwrap()] {
                    let server = &servers[usize::try_from(event.u64).unwrap()];
                    match edge {
                        0 => _ = server.dispatch(LOOK).unwrap(),
                        _ => _ = drive(server),
                    }
                }
            }
        });
        for server in &servers {
            assert_eq!(server.stats().unwrap().requests, 3 * 3 * 540);
        }
        // SAFETY: it is open, and not used again.
        unsafe { libc::close(epoll) };
    }
}

#[test]
fn four_loops_may_lie_above_one_another() {
    over_each(|transport, address| {
        let server = create(transport, address, echo());
        let mut below = server.source().unwrap().as_raw_fd();
        let mut loops = Vec::new();
        for _ in 0..4 {
            // SAFETY: takes no pointer.
            let epoll = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
            let mut event = libc::epoll_event {
                events: libc::EPOLLIN.cast_unsigned(),
                u64: 0,
            };
            // SAFETY: both are open, and the event is a local.
            let added =
                unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, below, &raw mut event) };
            assert_eq!(added, 0, "{}", transport.name);
            loops.push(epoll);
            below = epoll;
        }
        let patience = i32::try_from(PATIENCE.as_millis()).unwrap();
        let is_told = |milliseconds| {
            let mut event = libc::epoll_event { events: 0, u64: 0 };
            // SAFETY: room for one event.
            unsafe { libc::epoll_wait(below, &raw mut event, 1, milliseconds) == 1 }
        };
        assert!(!is_told(0));
        let mut asker = Asker::new(transport, address);
        asker.ask(b"hello".to_vec());
        assert!(is_told(patience), "{}", transport.name);
        drive_until(&server, || {
            asker.take();
            asker.owed.is_empty()
        });
        assert!(!is_told(0), "{}", transport.name);
        for epoll in loops {
            // SAFETY: it is open, and not used again.
            unsafe { libc::close(epoll) };
        }
    });
}
