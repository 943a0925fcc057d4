//! What servers of shared memory that are of an earlier version make of calls that nobody waits for.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Limit, Next};
use calc_ipc::transport::ServerOptions;
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::time::Duration;
use support::raw::{Shared, send_with};
use support::{Address, PATIENCE, TRANSPORTS, echo, is_readable_within, status};

const LOOK: Option<Duration> = Some(Duration::ZERO);

/// The page that a server of an earlier version has for all clients: it can do nothing that came later, and its threads sleep.
fn earlier_header() -> OwnedFd {
    // SAFETY: a name, and flags.
    let fd = unsafe { libc::memfd_create(c"header".as_ptr(), libc::MFD_ALLOW_SEALING) };
    assert!(fd >= 0);
    // SAFETY: a new descriptor, which is nobody else's.
    let mut header = std::fs::File::from(unsafe { OwnedFd::from_raw_fd(fd) });
    let mut page = [0; 4096];
    page[0] = 1;
    header.write_all(&page).unwrap();
    let seals = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW;
    // SAFETY: it takes numbers.
    assert_eq!(unsafe { libc::fcntl(fd, libc::F_ADD_SEALS, seals) }, 0);
    header.into()
}

#[test]
fn a_server_of_an_earlier_version_over_shared_memory_is_looked_at_now_and_then() {
    let transport = &TRANSPORTS[2];
    let (address, between) = (Address::new(), Address::new());
    let _server = transport.serve(&address, echo(), &ServerOptions::default());
    let shared = Shared::take(&format!("/dev/shm/{}", address.word));
    let listener = UnixListener::bind(format!("/dev/shm/{}", between.word)).unwrap();
    let client = transport.client(&between);
    let (control, _) = listener.accept().unwrap();
    let header = earlier_header();
    let [_, page, bell] = shared.fds();
    let sent = send_with(
        control.as_raw_fd(),
        &shared.record,
        &[header.as_raw_fd(), page, bell],
    );
    assert_eq!(sent, 24);
    for number in 0..20_u64 {
        let message = number.to_le_bytes();
        client.submit(Limit::Own(None), &message, number).unwrap();
        let mut answer = [0; 8];
        let completion = loop {
            assert!(
                is_readable_within(&client.source().unwrap(), PATIENCE),
                "it never wakes"
            );
            match client.next(LOOK, &mut answer) {
                Ok(Next::Completion(completion)) => break completion,
                other => assert_eq!(status(other), Status::TimedOut),
            }
        };
        assert_eq!((completion.tag, completion.outcome.unwrap()), (number, 8));
        assert_eq!(answer, message);
    }
    std::fs::remove_file(format!("/dev/shm/{}", between.word)).unwrap();
}
