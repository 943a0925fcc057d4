//! What servers that do not keep to the protocol make of calls that nobody waits for.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Limit, Next};
use std::time::Duration;
use support::wire::connected;
use support::{Address, PATIENCE, TRANSPORTS, is_readable_within, patient, status};

const LOOK: Option<Duration> = Some(Duration::ZERO);

/// What a server says that takes a client in, where transports have that: in the midst of a conversation it is nonsense.
const WELCOME: [u8; 4] = 0xFFFF_FF04_u32.to_le_bytes();

#[test]
fn nonsense_behind_which_more_has_come_leaves_the_source_quiet() {
    let address = Address::new();
    let (client, mut server) = connected(&TRANSPORTS[0], &address, &patient());
    let limit = Limit::Own(Some(Duration::from_millis(1)));
    let late = client.call_bytes_within(limit, b"late", &mut []);
    assert_eq!(status(late), Status::TimedOut);
    client.submit(Limit::Own(None), b"asked", 1).unwrap();
    server
        .write_all(&[&WELCOME[..], b"\x02\0\0\0hi"].concat())
        .unwrap();
    let ended = client.next(Some(PATIENCE), &mut [0; 9]).unwrap();
    let Next::Completion(completion) = ended else {
        panic!("{ended:?}")
    };
    assert_eq!(completion.outcome.unwrap_err().status(), Status::Malformed);
    let source = client.source().unwrap();
    assert_eq!(status(client.next(LOOK, &mut [])), Status::TimedOut);
    assert!(
        !is_readable_within(&source, Duration::ZERO),
        "it is never quiet"
    );
}
