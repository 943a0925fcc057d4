//! When requests that nobody waits for are sent: at once, unless the client is known to come back in a moment and the server
//! has something to answer meanwhile.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Client, Completion, Limit, Next};
use std::io::ErrorKind;
use std::time::Duration;
use support::wire::{self, Wire};
use support::{Address, PATIENCE, TRANSPORTS, is_readable_within, patient, status};

const LOOK: Option<Duration> = Some(Duration::ZERO);

/// A client, and the server's end of its connection, at which the test does not wait.
fn connected(address: &Address) -> (Client, Box<dyn Wire>) {
    let (client, server) = wire::connected(&TRANSPORTS[0], address, &patient());
    server.set_nonblocking(true).unwrap();
    (client, server)
}

fn submit(client: &Client, letters: &str) {
    for letter in letters.bytes() {
        client
            .submit(Limit::Own(None), &[letter], letter.into())
            .unwrap();
    }
}

fn frames(letters: &str) -> Vec<u8> {
    letters
        .bytes()
        .flat_map(|letter| [1, 0, 0, 0, letter])
        .collect()
}

/// What the server was sent and has not read yet.
fn sent(server: &mut Box<dyn Wire>) -> Vec<u8> {
    let mut bytes = [0; 1000];
    match server.read(&mut bytes) {
        Ok(count) => bytes[..count].to_vec(),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Vec::new(),
        Err(error) => panic!("{error}"),
    }
}

fn next(client: &Client) -> Completion {
    match client.next(Some(PATIENCE), &mut [0; 9]) {
        Ok(Next::Completion(completion)) => completion,
        other => panic!("{other:?}"),
    }
}

fn has_none(client: &Client) -> bool {
    status(client.next(LOOK, &mut [])) == Status::TimedOut
}

#[test]
fn a_client_that_may_not_come_back_sends_each_at_once() {
    let address = Address::new();
    let (client, mut server) = connected(&address);
    submit(&client, "abc");
    assert_eq!(sent(&mut server), frames("abc"));
}

#[test]
fn a_client_that_is_watched_sends_the_first_and_then_what_has_gathered() {
    let address = Address::new();
    let (client, mut server) = connected(&address);
    let source = client.source().unwrap();
    submit(&client, "a");
    assert_eq!(sent(&mut server), frames("a"));
    assert!(!is_readable_within(&source, Duration::ZERO));
    submit(&client, "bc");
    assert_eq!(sent(&mut server), []);
    assert!(
        is_readable_within(&source, Duration::ZERO),
        "it is to come back"
    );
    assert!(has_none(&client));
    assert_eq!(sent(&mut server), frames("bc"));
    assert!(!is_readable_within(&source, Duration::ZERO));
    server.write_all(&frames("ABC")).unwrap();
    for letter in b"abc" {
        assert_eq!(next(&client).tag, u64::from(*letter));
    }
    // Some hundred bytes go whoever comes back, so that the server has something to do.
    submit(&client, "a");
    assert_eq!(sent(&mut server), frames("a"));
    for _ in 0..60 {
        client.submit(Limit::Own(None), &[b'b'; 16], 0).unwrap();
    }
    let count = sent(&mut server).len();
    assert!((640..60 * 20).contains(&count), "{count}");
    assert!(has_none(&client));
    assert_eq!(count + sent(&mut server).len(), 60 * 20);
    server.write_all(&frames(&"A".repeat(61))).unwrap();
    for _ in 0..61 {
        next(&client);
    }
    // Nothing is under way: the next is sent at once again.
    submit(&client, "d");
    assert_eq!(sent(&mut server), frames("d"));
}

/// Calls that are submitted together, each time as many.
const BURST: usize = 20;

/// A client of which it is known how many calls it submits before it comes back.
fn accustomed(client: &Client, server: &mut Box<dyn Wire>) {
    for _ in 0..2 {
        submit(client, &"a".repeat(BURST));
        assert!(has_none(client));
        assert_eq!(sent(server), frames(&"a".repeat(BURST)));
        server.write_all(&frames(&"A".repeat(BURST))).unwrap();
        for _ in 0..BURST {
            next(client);
        }
    }
}

#[test]
fn as_many_as_came_twice_go_in_two_halves() {
    let address = Address::new();
    let (client, mut server) = connected(&address);
    let source = client.source().unwrap();
    accustomed(&client, &mut server);
    let half = frames(&"b".repeat(BURST / 2));
    for _ in 0..2 {
        submit(&client, &"b".repeat(BURST / 2 - 1));
        assert_eq!(sent(&mut server), []);
        assert!(
            is_readable_within(&source, Duration::ZERO),
            "else they are never sent"
        );
        submit(&client, "b");
        assert_eq!(sent(&mut server), half);
    }
    // Whatever comes beyond that gathers as long as the server has something to answer.
    submit(&client, "cd");
    assert_eq!(sent(&mut server), []);
    assert!(has_none(&client));
    assert_eq!(sent(&mut server), frames("cd"));
}

#[test]
fn fewer_than_usual_go_as_the_client_comes_back_and_then_nothing_is_usual() {
    let address = Address::new();
    let (client, mut server) = connected(&address);
    let source = client.source().unwrap();
    accustomed(&client, &mut server);
    submit(&client, "b");
    assert_eq!(sent(&mut server), []);
    assert!(is_readable_within(&source, Duration::ZERO));
    assert!(has_none(&client));
    assert_eq!(sent(&mut server), frames("b"));
    server.write_all(&frames("B")).unwrap();
    next(&client);
    submit(&client, "c");
    assert_eq!(sent(&mut server), frames("c"));
}

#[test]
fn one_that_gathers_and_is_cancelled_is_never_sent() {
    let address = Address::new();
    let (client, mut server) = connected(&address);
    client.source().unwrap();
    submit(&client, "abc");
    client.cancel(2).unwrap();
    let over = next(&client);
    assert_eq!((over.id, over.tag), (2, u64::from(b'b')));
    let error = over.outcome.unwrap_err();
    assert_eq!(error.status(), Status::Cancelled);
    assert!(error.is_not_executed());
    assert!(has_none(&client));
    assert_eq!(sent(&mut server), frames("ac"));
}

#[test]
fn a_failure_comes_before_the_answer_behind_it() {
    let address = Address::new();
    let (client, mut server) = connected(&address);
    submit(&client, "ab");
    let failed = 0xFFFF_FF02_u32.to_le_bytes(); // that the handler failed
    server
        .write_all(&[&failed, &frames("B")[..]].concat())
        .unwrap();
    assert_eq!(status(next(&client).outcome), Status::HandlerFailed);
    assert_eq!(next(&client).tag, u64::from(b'b'));
}

#[test]
fn what_gathers_as_the_client_ends_is_never_sent() {
    let address = Address::new();
    let (client, mut server) = connected(&address);
    client.source().unwrap();
    submit(&client, "ab");
    drop(client);
    assert_eq!(sent(&mut server), frames("a"));
    assert_eq!(server.read(&mut [0]).unwrap(), 0, "it has ended");
}
