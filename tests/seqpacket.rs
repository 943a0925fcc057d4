//! What sockets that keep records apart have of their own: frames as records, in both directions, and records that are none.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::error::Status;
use calc_ipc::protocol::frame;
use calc_ipc::service::{Client, Handler};
use calc_ipc::transport::{ClientOptions, ServerOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::{UnixDatagram, UnixStream};
use support::raw::{connect_unix, high_water_kib, listen_unix};
use support::typed::{seqpacket, uds};
use support::{Address, PATIENCE, Transport, add, echo, serve_in_process, status, within};

/// The longest record, in bytes.
const RECORD: usize = 65_540;

const LIMIT: u32 = 4 << 20;

fn options() -> (ServerOptions, ClientOptions) {
    let server = ServerOptions {
        max_message: LIMIT,
        ..ServerOptions::default()
    };
    let client = ClientOptions {
        max_message: LIMIT,
        ..ClientOptions::default()
    };
    (server, client)
}

fn transport() -> &'static Transport {
    Transport::named("seqpacket")
}

fn framed(body: &[u8]) -> Vec<u8> {
    [&frame::prefix(u32::try_from(body.len()).unwrap())[..], body].concat()
}

/// A connection without a protocol to the server at this address.
fn raw_client(address: &Address) -> UnixStream {
    let stream = connect_unix("seqpacket", &address.path("sock")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// The next record; an empty one, or the end, has no bytes.
fn record(mut stream: &UnixStream) -> Vec<u8> {
    let mut record = vec![0; RECORD + 1];
    let count = match stream.read(&mut record) {
        Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
        result => result.unwrap(),
    };
    record.truncate(count);
    record
}

/// Records up to so many bytes.
fn records(stream: &UnixStream, bytes: usize) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    let mut left = bytes;
    while left > 0 {
        let record = record(stream);
        assert!(!record.is_empty(), "{left} bytes are missing");
        left -= record.len();
        records.push(record);
    }
    records
}

fn lengths(records: &[Vec<u8>]) -> Vec<usize> {
    records.iter().map(Vec::len).collect()
}

/// How long bodies are, and the records of their frames.
fn cuts() -> [(usize, Vec<usize>); 7] {
    let mut long = vec![RECORD; 15];
    long.push((1 << 20) + 4 - 15 * RECORD);
    [
        (0, vec![4]),
        (9, vec![13]),
        (RECORD - 5, vec![RECORD - 1]),
        (RECORD - 4, vec![RECORD]),
        (RECORD - 3, vec![RECORD, 1]),
        (2 * RECORD - 4, vec![RECORD, RECORD]),
        (1 << 20, long),
    ]
}

/// A client, and what serves it without a protocol.
fn with_raw_server(serve: impl FnOnce(UnixStream) + Send, ask: impl FnOnce(&Client)) {
    let address = Address::new();
    let listener = listen_unix("seqpacket", &address.path("sock")).unwrap();
    std::thread::scope(|scope| {
        let (_, options) = options();
        let client = transport().client_with(&address, &options);
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        scope.spawn(move || serve(stream));
        ask(&client);
    });
}

#[test]
fn an_answer_is_one_record_or_full_ones_and_the_rest() {
    let address = Address::new();
    let _server = transport().serve(&address, echo(), &options().0);
    let mut stream = raw_client(&address);
    for (length, expected) in cuts() {
        let frame = framed(&vec![7; length]);
        for part in frame.chunks(RECORD) {
            stream.write_all(part).unwrap();
        }
        let answer = records(&stream, frame.len());
        assert_eq!(lengths(&answer), expected, "{length}");
        assert!(answer.concat() == frame, "{length}");
    }
}

#[test]
fn a_request_is_one_record_or_full_ones_and_the_rest() {
    let serve = |mut stream: UnixStream| {
        for (length, expected) in cuts() {
            let request = records(&stream, 4 + length);
            assert_eq!(lengths(&request), expected, "{length}");
            for record in request {
                stream.write_all(&record).unwrap();
            }
        }
    };
    with_raw_server(serve, |client| {
        for (length, _) in cuts() {
            let (message, mut answer) = (vec![7; length], vec![0; length]);
            assert_eq!(client.call_bytes(&message, &mut answer).unwrap(), length);
            assert!(answer == message, "{length}");
        }
    });
}

#[test]
fn of_a_batch_each_request_and_each_answer_is_a_record() {
    let address = Address::new();
    let _server = transport().serve(&address, Handler::Calculator, &ServerOptions::default());
    let mut stream = raw_client(&address);
    for _ in 0..100 {
        stream.write_all(&framed(b"ADD 10 20")).unwrap();
    }
    for _ in 0..100 {
        assert_eq!(record(&stream), framed(b"OK 30"));
    }
    let serve = |mut stream: UnixStream| {
        for number in 0..300 {
            let request = format!("ADD {number} 1");
            assert_eq!(record(&stream), framed(request.as_bytes()));
            let answer = format!("OK {}", number + 1);
            stream.write_all(&framed(answer.as_bytes())).unwrap();
        }
    };
    with_raw_server(serve, |client| {
        let requests: Vec<_> = (0..300).map(|number| add(number, 1)).collect();
        let mut results = Vec::new();
        client
            .call_many(&requests, |response| results.push(response))
            .unwrap();
        let expected: Vec<_> = (1..=300).map(Ok).collect();
        assert_eq!(results, expected);
    });
}

#[test]
fn frames_may_come_in_records_that_are_cut_otherwise() {
    let address = Address::new();
    let _server = transport().serve(&address, echo(), &options().0);
    let mut stream = raw_client(&address);
    let frames = [
        framed(b"one"),
        framed(b""),
        framed(&[7; 70_000]),
        framed(b"two"),
    ];
    for step in [2, 7, 50_000, RECORD] {
        for part in frames.concat().chunks(step) {
            stream.write_all(part).unwrap();
        }
        // But what answers are cut into is not up to whoever asks.
        for frame in &frames {
            let answer = records(&stream, frame.len());
            assert!(answer.concat() == *frame && answer.len() == frame.len().div_ceil(RECORD));
        }
    }
    // Two answers in one record, and one whose last record has the next one's beginning.
    let serve = |mut stream: UnixStream| {
        assert_eq!(record(&stream), framed(b"long"));
        let answers = [framed(&[8; 200_000]), framed(b"short"), framed(b"shorter")].concat();
        for part in answers.chunks(65_000) {
            stream.write_all(part).unwrap();
        }
        while !record(&stream).is_empty() {}
    };
    with_raw_server(serve, |client| {
        let mut answer = vec![0; 200_000];
        assert_eq!(client.call_bytes(b"long", &mut answer).unwrap(), 200_000);
        assert!(answer.iter().all(|byte| *byte == 8));
        // The others were there before they were asked for.
        assert_eq!(
            status(client.call_bytes(b"x", &mut answer)),
            Status::Malformed
        );
    });
}

#[test]
fn an_empty_record_ends_the_connection_and_no_other() {
    let address = Address::new();
    let _server = transport().serve(&address, Handler::Calculator, &ServerOptions::default());
    let bystander = transport().client(&address);
    for before in [&b""[..], b"\x09\0\0\0ADD", &framed(b"ADD 10 20")] {
        let mut stream = raw_client(&address);
        if !before.is_empty() {
            stream.write_all(before).unwrap();
        }
        assert_eq!(stream.write(b"").unwrap(), 0);
        let mut answers = Vec::new();
        while let answer @ [_, ..] = &record(&stream)[..] {
            answers.push(answer.to_vec());
        }
        assert_eq!(answers.len(), usize::from(before.len() == 13));
        assert_eq!(bystander.call(&add(1, 1)).unwrap(), Ok(2));
    }
    let serve = |mut stream: UnixStream| {
        record(&stream);
        assert_eq!(stream.write(b"").unwrap(), 0);
        while !record(&stream).is_empty() {}
    };
    with_raw_server(serve, |client| {
        assert_eq!(status(client.call(&add(1, 1))), Status::Closed);
        assert_eq!(status(client.call(&add(1, 1))), Status::Closed);
    });
}

#[test]
fn a_record_that_is_too_long_ends_the_connection_and_no_other() {
    let too_long = framed(&[b'x'; RECORD - 3]);
    let address = Address::new();
    let _server = transport().serve(&address, echo(), &options().0);
    let bystander = transport().client(&address);
    let mut stream = raw_client(&address);
    stream.write_all(&too_long).unwrap();
    assert_eq!(record(&stream), b"");
    let mut answer = [0; 9];
    assert_eq!(bystander.call_bytes(b"x", &mut answer).unwrap(), 1);
    let serve = |mut stream: UnixStream| {
        record(&stream);
        stream.write_all(&too_long).unwrap();
        let _ = stream.write_all(&framed(b"what would be taken for an answer"));
        while !record(&stream).is_empty() {}
    };
    with_raw_server(serve, |client| {
        let error = client.call_bytes(b"x", &mut [0; 99]).unwrap_err();
        assert_eq!(error.status(), Status::Malformed);
        assert!(error.context().contains("65541 bytes"), "{error}");
        assert!(!error.is_not_executed());
        let error = client.call_bytes(b"x", &mut [0; 99]).unwrap_err();
        assert_eq!(error.status(), Status::Malformed, "{error}");
        assert!(error.is_not_executed());
    });
}

#[test]
fn who_is_refused_hears_it_though_its_request_was_not_read() {
    let address = Address::new();
    let options = ServerOptions {
        max_clients: Some(1),
        ..ServerOptions::default()
    };
    // The second client's request is there before the server looks at it at all.
    let endpoint = (transport().bind)(&address, &options).unwrap();
    let server = calc_ipc::service::Server::new(endpoint, Handler::Calculator).unwrap();
    let first = transport().client(&address);
    let mut second = raw_client(&address);
    second.write_all(&framed(b"ADD 10 20")).unwrap();
    let third = transport().client_with(&address, &within(60_000));
    std::thread::scope(|scope| {
        let call = scope.spawn(|| third.call(&add(1, 1)).unwrap_err());
        server.start().unwrap();
        let error = call.join().unwrap();
        assert_eq!(error.status(), Status::Refused, "{error}");
        assert!(error.is_not_executed());
    });
    assert_eq!(first.call(&add(1, 1)).unwrap(), Ok(2));
    server.stop().unwrap();
}

#[test]
fn clients_that_say_nothing_take_no_room_for_records() {
    const CROWD: u64 = 400;
    let address = Address::new();
    let server = serve_in_process(transport(), &address, &ServerOptions::default(), || ());
    let process = server.number().to_string();
    let come = || {
        let mut stream = raw_client(&address);
        stream.write_all(&framed(&[b'x'; RECORD - 4])).unwrap();
        assert_eq!(record(&stream), framed(b"ERR Malformed request"));
        stream
    };
    let first = come();
    let before = high_water_kib(&process);
    let crowd: Vec<_> = (0..CROWD).map(|_| come()).collect();
    let grown = high_water_kib(&process).saturating_sub(before);
    // A record's room for each would be 64 KiB.
    assert!(grown < CROWD * 8, "{grown} KiB");
    drop((first, crowd));
}

#[test]
fn a_socket_of_another_type_is_left_alone_and_who_connects_is_told() {
    let (server, client) = options();
    for (owner, other, wanted) in [
        ("uds", "seqpacket", "its type is not seqpacket"),
        ("seqpacket", "uds", "its type is not stream"),
    ] {
        let address = Address::new();
        let (owner, other) = (Transport::named(owner), Transport::named(other));
        let serving = owner.serve(&address, Handler::Calculator, &server);
        let error = (other.connect)(&address, &client).err().unwrap();
        assert_eq!(error.status(), Status::System, "{error}");
        assert!(error.context().contains(wanted), "{error}");
        assert!(
            error.context().contains("use that one's address"),
            "{error}"
        );
        let bound = (other.bind)(&address, &server);
        assert_eq!(status(bound), Status::AddressInUse);
        assert_eq!(owner.client(&address).call(&add(1, 1)).unwrap(), Ok(2));
        serving.stop().unwrap();
        let foreign = listen_unix(owner.name, &address.path("sock")).unwrap();
        assert_eq!(
            status((other.bind)(&address, &server)),
            Status::AddressInUse
        );
        drop(foreign);
    }
    let address = Address::new();
    let _foreign = UnixDatagram::bind(address.path("sock")).unwrap();
    assert_eq!(
        status((transport().bind)(&address, &server)),
        Status::AddressInUse
    );
}

#[test]
fn a_dead_server_of_either_type_leaves_its_name_to_the_next() {
    for (dead, next) in [("uds", "seqpacket"), ("seqpacket", "uds")] {
        let address = Address::new();
        let (dead, next) = (Transport::named(dead), Transport::named(next));
        serve_in_process(dead, &address, &ServerOptions::default(), || ()).kill();
        let server = next.serve(&address, Handler::Calculator, &ServerOptions::default());
        assert_eq!(next.client(&address).call(&add(1, 1)).unwrap(), Ok(2));
        drop(server);
        assert_eq!(address.leftovers(), [""; 0], "{} {}", dead.name, next.name);
    }
}

#[test]
fn a_path_has_107_bytes_at_most() {
    let address = Address::new();
    let room = 107 - address.path("").len();
    let longest = address.path(&"x".repeat(room));
    drop(seqpacket::bind(&longest, &ServerOptions::default()).unwrap());
    let longer = longest + "x";
    for bound in [
        seqpacket::bind(&longer, &ServerOptions::default()),
        uds::bind(&longer, &ServerOptions::default()),
    ] {
        assert_eq!(status(bound), Status::InvalidArgument);
    }
}
