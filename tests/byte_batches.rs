//! Batches of messages of any kind, whose answers may be as long as any message.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::error::Status;
use calc_ipc::protocol::frame;
use calc_ipc::service::Handler;
use calc_ipc::transport::{Channel, ClientOptions, Deadline, ServerOptions};
use std::time::Duration;
use support::{Address, Transport, over_each, patient, status};

/// The longest message of either side, unless its options say otherwise, and a half of the buffer of shared memory.
const LONGEST: usize = 64 << 10;
/// The length that a request asks for of which its handler makes nothing.
const FAILURE: usize = u32::MAX as usize;

/// A request: how long its answer is to be, and what that consists of.
#[derive(Clone, Copy)]
struct Request {
    length: usize,
    answer: usize,
    byte: u8,
}

impl Request {
    fn frame(self) -> Vec<u8> {
        let mut body = vec![self.byte; self.length];
        body[..4].copy_from_slice(&u32::try_from(self.answer).unwrap().to_le_bytes());
        let length = u32::try_from(self.length).unwrap();
        [&frame::prefix(length)[..], &body].concat()
    }
}

/// Requests and answers of such lengths, one after the other.
fn requests(lengths: &[(usize, usize)]) -> Vec<Request> {
    let lengths = lengths.iter().zip((0..=255).cycle());
    lengths
        .map(|(&(length, answer), byte)| Request {
            length,
            answer,
            byte,
        })
        .collect()
}

fn handler() -> Handler {
    Handler::bytes(|request, room| {
        let (length, rest) = request.split_first_chunk().unwrap();
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap();
        room.get_mut(..length)?
            .fill(rest.last().copied().unwrap_or(0));
        Some(length)
    })
}

/// Exchanges them: how many were answered, each as it was asked for, how many are owed, and how it ended.
fn exchange(
    channel: &mut dyn Channel,
    requests: &[Request],
    longest_answer: usize,
) -> (usize, u32, Status) {
    let frames: Vec<_> = requests.iter().flat_map(|each| each.frame()).collect();
    let mut taken = 0;
    let mut take = |answer: &[u8]| {
        let request = requests[taken];
        assert_eq!(answer.len(), request.answer, "answer {taken}");
        assert!(answer.iter().all(|byte| *byte == request.byte));
        taken += 1;
    };
    let longest_answer = u32::try_from(longest_answer).unwrap();
    let timeout = Some(Duration::from_secs(60));
    let exchanged = channel.exchange(&frames, longest_answer, timeout, &mut take);
    (taken, exchanged.owed, status(exchanged.result))
}

#[test]
fn batches_of_messages_are_answered_whatever_their_lengths() {
    over_each(|transport, address| {
        let _server = transport.serve(address, handler(), &ServerOptions::default());
        let mut channel = (transport.connect)(address, &patient()).unwrap();
        let long = (0..100).map(|number| (5 + number, 5000 + number));
        let mixed = [(5, 0), (LONGEST, 7), (9, LONGEST), (LONGEST, LONGEST)];
        for lengths in [
            long.collect(),
            vec![(5, 20_000); 50],
            mixed.repeat(3),
            vec![(LONGEST - 4, LONGEST - 4); 4],
            vec![(LONGEST - 3, LONGEST - 3); 4],
            vec![(5, 0); 1000],
        ] {
            let requests = requests(&lengths);
            let longest = lengths.iter().map(|(_, answer)| *answer).max().unwrap();
            for longest in [longest, LONGEST] {
                let exchanged = exchange(&mut *channel, &requests, longest);
                let expected = (requests.len(), 0, Status::Ok);
                assert_eq!(exchanged, expected, "{} {longest}", transport.name);
            }
        }
    });
}

#[test]
fn a_failed_handler_ends_a_batch_and_not_the_connection() {
    over_each(|transport, address| {
        let _server = transport.serve(address, handler(), &ServerOptions::default());
        let mut channel = (transport.connect)(address, &patient()).unwrap();
        for longest in [1000, LONGEST] {
            let requests = requests(&[(5, 1000), (5, 1000), (5, FAILURE), (5, 1000)]);
            let (taken, owed, status) = exchange(&mut *channel, &requests, longest);
            assert_eq!((taken, status), (2, Status::HandlerFailed));
            let deadline = Deadline::after(Some(Duration::from_secs(60)));
            for _ in 0..owed {
                channel.recv(&deadline).unwrap();
            }
            let again = exchange(&mut *channel, &requests[..2], longest);
            assert_eq!(again, (2, 0, Status::Ok), "{}", transport.name);
        }
    });
}

#[test]
fn an_answer_over_the_clients_limit_ends_a_batch_and_not_the_connection() {
    over_each(|transport, address| {
        let _server = transport.serve(address, handler(), &ServerOptions::default());
        let options = ClientOptions {
            max_message: 1000,
            ..patient()
        };
        let mut channel = (transport.connect)(address, &options).unwrap();
        for longest in [1001, LONGEST] {
            let requests = requests(&[(5, 1000), (5, 1001)]);
            let exchanged = exchange(&mut *channel, &requests, longest);
            assert_eq!(exchanged, (1, 0, Status::TooLarge), "{}", transport.name);
            let again = exchange(&mut *channel, &requests[..1], longest);
            assert_eq!(again, (1, 0, Status::Ok), "{}", transport.name);
        }
    });
}

#[test]
fn a_request_over_the_servers_limit_is_the_last_of_a_batch() {
    over_each(|transport, address| {
        let options = ServerOptions {
            max_message: 1000,
            ..ServerOptions::default()
        };
        let _server = transport.serve(address, handler(), &options);
        let mut channel = (transport.connect)(address, &patient()).unwrap();
        let requests = requests(&[(5, 9), (1000, 9), (1001, 9)]);
        let (taken, _, status) = exchange(&mut *channel, &requests, 9);
        assert_eq!((taken, status), (2, Status::TooLarge), "{}", transport.name);
    });
}

#[test]
fn answers_longer_than_was_promised_may_cost_the_connection() {
    let address = Address::new();
    let shm = Transport::named("shm");
    let _server = shm.serve(&address, handler(), &ServerOptions::default());
    let mut channel = (shm.connect)(&address, &patient()).unwrap();
    let requests = requests(&[(5, LONGEST / 2 - 4), (5, LONGEST / 2 - 4)]);
    let kept = exchange(&mut *channel, &requests, 9);
    assert_eq!(kept, (2, 0, Status::Ok), "they fit all the same");
    let requests = self::requests(&[(5, LONGEST / 2 - 4), (5, LONGEST / 2 - 3)]);
    let (taken, _, status) = exchange(&mut *channel, &requests, 9);
    assert_eq!(taken, 0);
    assert!(
        matches!(status, Status::Closed | Status::PeerDied),
        "{status:?}"
    );
}
