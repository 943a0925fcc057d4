//! Answers that come later, to clients of shared memory that do as they like or do not know of such.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

#[path = "support/deferring.rs"]
mod deferring;
mod support;

use calc_ipc::protocol::frame;
use deferring::{Deferring, LATER, NOW, message};
use std::sync::atomic::Ordering;
use std::time::Duration;
use support::raw::Shared;
use support::{Address, TRANSPORTS, eventually};

const SHM: usize = 2;
/// The kinds of a line with one frame, and with many in the buffer.
const SINGLE: u16 = 0;
const BATCH: u16 = 1;
/// The half of a buffer for bodies of up to 64 KiB.
const HALF: usize = 64 << 10;

fn framed(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap();
    [&frame::prefix(length)[..], body].concat()
}

#[test]
fn a_batch_is_answered_once_its_last_answer_has_come() {
    let address = Address::new();
    let server = Deferring::usual(&TRANSPORTS[SHM], &address);
    let mut client = Shared::take(&format!("/dev/shm/{}", address.word));
    let buffer = client.buffer(HALF);
    for number in 0..3 {
        let kinds = [NOW, LATER, LATER, NOW, LATER];
        let requests: Vec<_> = (b'a'..)
            .zip(kinds)
            .flat_map(|(letter, kind)| framed(&message(kind, &[letter; 90])))
            .collect();
        buffer.ask(&requests);
        let length = u32::try_from(requests.len()).unwrap();
        client.publish(BATCH, &length.to_le_bytes(), number);
        client.ring();
        for letter in [b'b', b'c', b'e'] {
            let (reply, rest) = server.next_kept();
            assert_eq!(rest, [letter; 90]);
            assert!(server.kept.try_recv().is_err(), "one at a time");
            assert_eq!(client.answered(), number);
            reply.send(&rest).unwrap();
        }
        eventually("it is answered", || client.answered() == number + 1);
        let answers: Vec<_> = (b'a'..=b'e')
            .flat_map(|letter| framed(&[letter; 90]))
            .collect();
        assert_eq!(
            client.word(18).load(Ordering::SeqCst),
            u32::try_from(answers.len()).unwrap()
        );
        assert_eq!(buffer.answers(answers.len()), answers);
    }
}

#[test]
fn what_is_published_while_parked_is_not_looked_at() {
    let address = Address::new();
    let server = Deferring::usual(&TRANSPORTS[SHM], &address);
    let client = Shared::take(&format!("/dev/shm/{}", address.word));
    client.publish(SINGLE, &framed(&message(LATER, b"first")), 0);
    client.ring();
    let (reply, _) = server.next_kept();
    client.publish(SINGLE, &framed(&message(LATER, b"second")), 1);
    client.ring();
    let sooner = server.kept.recv_timeout(Duration::from_millis(50));
    assert!(sooner.is_err() && client.answered() == 0);
    reply.send(b"x").unwrap();
    let (reply, rest) = server.next_kept();
    assert_eq!((rest, client.answered()), (b"second".to_vec(), 1));
    reply.send(b"y").unwrap();
    eventually("it is answered", || client.answered() == 2);
}
