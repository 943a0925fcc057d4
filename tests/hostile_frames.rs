//! Clients over sockets that send whatever bytes they like: lengths of every size, bodies at random,
//! bytes out of band, and descriptors that nobody asked for.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::calculator::{ErrorText, Response, execute, text};
use calc_ipc::protocol::frame::{self, Notice, PREFIX};
use calc_ipc::service::Handler;
use calc_ipc::transport::ServerOptions;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use support::raw::{Random, Records, connect_unix, send_with};
use support::{Address, PATIENCE, PORT, TRANSPORTS, Transport, add, serve_in_process};

/// The limit of servers with default options.
const LIMIT: u32 = 65536;

trait Duplex: Read + Write + AsRawFd {}
impl Duplex for UnixStream {}
impl Duplex for TcpStream {}
impl Duplex for Records {}

/// The transports whose clients are sockets that carry nothing but frames.
fn sockets() -> [&'static Transport; 3] {
    ["uds", "seqpacket", "tcp"].map(Transport::named)
}

fn raw_client(transport: &Transport, address: &Address) -> Box<dyn Duplex> {
    if transport.name == "tcp" {
        let stream = TcpStream::connect((address.host.as_str(), PORT)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        return Box::new(stream);
    }
    let stream = connect_unix(transport.name, &address.path("sock")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    match transport.name {
        "seqpacket" => Box::new(Records::new(stream)),
        _ => Box::new(stream),
    }
}

fn framed(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap();
    [&frame::prefix(length)[..], body].concat()
}

/// The body of the next frame.
fn receive(stream: &mut dyn Duplex) -> Vec<u8> {
    let mut prefix = [0; PREFIX];
    stream.read_exact(&mut prefix).unwrap();
    let mut body = vec![0; usize::try_from(u32::from_le_bytes(prefix)).unwrap()];
    stream.read_exact(&mut body).unwrap();
    body
}

fn assert_lives(stream: &mut dyn Duplex, what: &str) {
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
    for transport in sockets() {
        let address = Address::new();
        let _server = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
        let bystander = transport.client(&address);
        for length in lengths() {
            let what = format!("{} {length:#x}", transport.name);
            let mut stream = raw_client(transport, &address);
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
    for transport in sockets() {
        let address = Address::new();
        let _server = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
        for seed in 1..=20 {
            let mut random = Random::new(seed);
            let bodies: Vec<_> = (0..100).map(|_| body(&mut random)).collect();
            let mut stream = raw_client(transport, &address);
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
    for transport in sockets() {
        let address = Address::new();
        let _server = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
        let mut stream = raw_client(transport, &address);
        for byte in framed(b"ADD 10 20").repeat(50) {
            stream.write_all(&[byte]).unwrap();
        }
        for _ in 0..50 {
            assert_eq!(receive(&mut *stream), b"OK 30");
        }
    }
}

#[test]
fn a_byte_out_of_band_harms_only_its_sender() {
    let transport = Transport::named("tcp");
    let address = Address::new();
    let _server = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
    let bystander = transport.client(&address);
    let request = framed(b"ADD 10 20");
    for cut in 0..=request.len() {
        let mut stream = raw_client(transport, &address);
        stream.write_all(&request[..cut]).unwrap();
        // SAFETY: an open socket, and one byte.
        let sent =
            unsafe { libc::send(stream.as_raw_fd(), c"!".as_ptr().cast(), 1, libc::MSG_OOB) };
        assert_eq!(sent, 1);
        // The kernel takes that byte out of the stream, where a read stops (tcp(7)).
        stream.write_all(&request[cut..]).unwrap();
        assert_eq!(bystander.call(&add(1, 1)).unwrap(), Ok(2));
        assert_eq!(receive(&mut *stream), b"OK 30", "cut at {cut}");
        stream.write_all(&request).unwrap();
        assert_eq!(receive(&mut *stream), b"OK 30", "cut at {cut}");
    }
}

/// As many copies of one descriptor.
fn copies(file: &OwnedFd, count: usize) -> Vec<RawFd> {
    vec![file.as_raw_fd(); count]
}

#[test]
fn descriptors_sent_along_with_requests_do_not_stay_in_the_server() {
    ["uds", "seqpacket"].into_iter().for_each(send_along);
}

fn send_along(transport: &str) {
    let transport = Transport::named(transport);
    let address = Address::new();
    let server = serve_in_process(transport, &address, &ServerOptions::default(), || ());
    let bystander = transport.client(&address);
    assert_eq!(bystander.call(&add(1, 1)).unwrap(), Ok(2));
    let before = server.descriptors();
    let file = OwnedFd::from(std::fs::File::open("/dev/null").unwrap());
    let request = framed(b"ADD 10 20");
    let mut stream = raw_client(transport, &address);
    // SCM_MAX_FD is 253 (unix(7)).
    for count in [1, 2, 3, 4, 5, 64, 253].repeat(20) {
        let fds = copies(&file, count);
        assert_eq!(send_with(stream.as_raw_fd(), &request, &fds), request.len());
        assert_eq!(receive(&mut *stream), b"OK 30");
        assert_eq!(bystander.call(&add(2, 2)).unwrap(), Ok(4));
    }
    assert_eq!(server.descriptors(), before + 1, "its connection alone");
}

#[test]
fn a_read_that_stops_at_descriptors_delays_only_their_sender() {
    let transport = &TRANSPORTS[0];
    let address = Address::new();
    let _server = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
    let bystander = transport.client(&address);
    let file = OwnedFd::from(std::fs::File::open("/dev/null").unwrap());
    let request = framed(b"ADD 10 20");
    let mut stream = raw_client(transport, &address);
    // What follows a message with descriptors is another read's (unix(7)), and may be seen only with
    // what comes after it: here with the end of what is sent.
    for _ in 0..100 {
        send_with(stream.as_raw_fd(), &request, &copies(&file, 1));
        stream.write_all(&request).unwrap();
        send_with(stream.as_raw_fd(), &request[..5], &copies(&file, 1));
        stream.write_all(&request[5..]).unwrap();
        assert_eq!(bystander.call(&add(2, 2)).unwrap(), Ok(4));
    }
    // SAFETY: an open socket.
    let ended = unsafe { libc::shutdown(stream.as_raw_fd(), libc::SHUT_WR) };
    assert_eq!(ended, 0);
    for number in 0..300 {
        assert_eq!(receive(&mut *stream), b"OK 30", "answer {number}");
    }
}

#[test]
fn descriptors_sent_to_a_server_of_shared_memory_do_not_stay_in_it() {
    let transport = &TRANSPORTS[2];
    let address = Address::new();
    let server = serve_in_process(transport, &address, &ServerOptions::default(), || ());
    let bystander = transport.client(&address);
    assert_eq!(bystander.call(&add(1, 1)).unwrap(), Ok(2));
    let before = server.descriptors();
    let file = OwnedFd::from(std::fs::File::open("/dev/null").unwrap());
    for count in [1, 4, 5, 253].repeat(10) {
        let mut control = UnixStream::connect(format!("/dev/shm/{}", address.word)).unwrap();
        control.set_read_timeout(Some(PATIENCE)).unwrap();
        control.read_exact(&mut [0; 24]).unwrap();
        // It asks for a buffer, which it may once, and then again.
        assert_eq!(
            send_with(control.as_raw_fd(), b"B", &copies(&file, count)),
            1
        );
        control.read_exact(&mut [0; 24]).unwrap();
        let _ = send_with(control.as_raw_fd(), b"B", &copies(&file, count));
        assert!(matches!(control.read(&mut [0; 24]), Ok(0) | Err(_)));
        assert_eq!(bystander.call(&add(2, 2)).unwrap(), Ok(4));
    }
    // Another thread of the server may answer while one lets go of the last connection.
    let are_gone = (0..20_000).any(|number| {
        assert_eq!(bystander.call(&add(number, 1)).unwrap(), Ok(number + 1));
        server.descriptors() == before
    });
    assert!(are_gone, "{} of {before}", server.descriptors());
}
