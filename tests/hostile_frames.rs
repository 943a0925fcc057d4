//! Clients that send whatever bytes they like: lengths of every size, and bodies at random.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::calculator::{ErrorText, Response, execute, text};
use calc_ipc::protocol::frame::{self, Notice};
use calc_ipc::service::Handler;
use calc_ipc::transport::ServerOptions;
use support::random::Random;
use support::wire::{PLAIN, Wire, connect, framed, receive};
use support::{Address, Transport, add};

/// The limit of servers with default options.
const LIMIT: u32 = 65536;

fn assert_lives(stream: &mut dyn Wire, what: &str) {
    stream.write_all(&framed(b"ADD 10 20")).unwrap();
    assert_eq!(receive(stream), b"OK 30", "{what}");
}

/// Every power of two, what stands beside it, the limit's neighbours, and every word that could be
/// taken for a notice.
fn lengths() -> Vec<u32> {
    let powers = (0..32).map(|bit| 1_u32 << bit);
    let around = |number: u32| [number.wrapping_sub(1), number, number.wrapping_add(1)];
    let mut lengths: Vec<u32> = powers.chain([0, LIMIT]).flat_map(around).collect();
    lengths.extend(0xFFFF_FF00..=0xFFFF_FFFF);
    lengths.sort_unstable();
    lengths.dedup();
    lengths
}

#[test]
fn lengths_of_every_size_are_answered_or_end_the_connection() {
    for transport in PLAIN.map(Transport::named) {
        let address = Address::new();
        let _server = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
        let bystander = transport.client(&address);
        for length in lengths() {
            let what = format!("{} {length:#x}", transport.name);
            let mut stream = connect(transport, &address);
            stream.write_all(&frame::prefix(length)).unwrap();
            if length <= LIMIT {
                let body = vec![b'x'; usize::try_from(length).unwrap()];
                stream.write_all(&body).unwrap();
                assert_eq!(receive(&mut *stream), b"ERR Malformed request", "{what}");
                assert_lives(&mut *stream, &what);
            } else {
                let mut answer = Vec::new();
                stream.read_to_end(&mut answer).unwrap();
                let expected = match Notice::from_prefix(length) {
                    // Only servers send notices.
                    Some(_) => Vec::new(),
                    None => framed(b"ERR Message too large"),
                };
                assert_eq!(answer, expected, "{what}");
            }
            assert_eq!(bystander.call(&add(1, 1)).unwrap(), Ok(2), "{what}");
        }
    }
}

/// A body that is often nearly a request.
fn body(random: &mut Random) -> Vec<u8> {
    let requests: [&[u8]; 5] = [
        b"ADD 1 2",
        b"DIV -9223372036854775808 -1",
        b"MUL 4294967296 4294967296",
        b"SUB 0 9223372036854775807",
        b"MOD 1 2",
    ];
    let mut body = requests[random.below(requests.len())].to_vec();
    for _ in 0..random.below(4) {
        let at = random.below(body.len().max(1));
        match random.below(4) {
            0 if !body.is_empty() => body[at] = random.byte(),
            1 if !body.is_empty() => drop(body.remove(at)),
            2 => body.insert(at, random.byte()),
            _ => body.extend((0..random.below(300)).map(|_| random.byte())),
        }
    }
    body
}

/// What the calculator says to a body, found without a server.
fn expected(body: &[u8]) -> Vec<u8> {
    let response: Response = match text::parse_request(body) {
        Ok(request) => execute(&request),
        Err(text::Reject::Malformed) => Err(ErrorText::from_bytes(b"Malformed request")),
        Err(text::Reject::UnknownOperation) => Err(ErrorText::from_bytes(b"Unknown operation")),
    };
    match response {
        Ok(result) => format!("OK {result}").into_bytes(),
        Err(error) => [b"ERR ", error.as_bytes()].concat(),
    }
}

#[test]
fn bodies_at_random_get_one_answer_each() {
    for transport in PLAIN.map(Transport::named) {
        let address = Address::new();
        let _server = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
        for seed in 1..=20 {
            let mut random = Random::new(seed);
            let bodies: Vec<_> = (0..100).map(|_| body(&mut random)).collect();
            let mut stream = connect(transport, &address);
            // Cut where it falls, so that frames arrive in pieces and joined.
            let bytes: Vec<u8> = bodies.iter().flat_map(|body| framed(body)).collect();
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (piece, after) = rest.split_at(rest.len().min(1 + random.below(2000)));
                stream.write_all(piece).unwrap();
                rest = after;
            }
            for body in &bodies {
                let answer = receive(&mut *stream);
                let shown = String::from_utf8_lossy(body);
                assert_eq!(answer, expected(body), "seed {seed}: {shown:?}");
            }
        }
    }
}

#[test]
fn a_request_may_come_byte_by_byte() {
    for transport in PLAIN.map(Transport::named) {
        let address = Address::new();
        let _server = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
        let mut stream = connect(transport, &address);
        for byte in framed(b"ADD 10 20").repeat(50) {
            stream.write_all(&[byte]).unwrap();
        }
        for _ in 0..50 {
            assert_eq!(receive(&mut *stream), b"OK 30");
        }
    }
}
