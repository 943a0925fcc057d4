//! Clients over sockets that send along what nobody asked for: bytes out of band, and descriptors.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::service::Handler;
use calc_ipc::transport::ServerOptions;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use support::raw::send_with;
use support::wire::{connect, connect_control, framed, receive};
use support::{Address, TRANSPORTS, Transport, add, serve_in_process};

#[test]
fn a_byte_out_of_band_harms_only_its_sender() {
    let transport = Transport::named("tcp");
    let address = Address::new();
    let _server = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
    let bystander = transport.client(&address);
    let request = framed(b"ADD 10 20");
    for cut in 0..=request.len() {
        let mut stream = connect(transport, &address);
        stream.write_all(&request[..cut]).unwrap();
        // SAFETY: an open socket, and one byte.
        let sent =
            unsafe { libc::send(stream.descriptor(), c"!".as_ptr().cast(), 1, libc::MSG_OOB) };
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
    let mut stream = connect(transport, &address);
    // SCM_MAX_FD is 253 (unix(7)).
    for count in [1, 2, 3, 4, 5, 64, 253].repeat(20) {
        let fds = copies(&file, count);
        assert_eq!(
            send_with(stream.descriptor(), &request, &fds),
            request.len()
        );
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
    let mut stream = connect(transport, &address);
    // What follows a message with descriptors is another read's (unix(7)), and may be seen only with
    // what comes after it: here with the end of what is sent.
    for _ in 0..100 {
        send_with(stream.descriptor(), &request, &copies(&file, 1));
        stream.write_all(&request).unwrap();
        send_with(stream.descriptor(), &request[..5], &copies(&file, 1));
        stream.write_all(&request[5..]).unwrap();
        assert_eq!(bystander.call(&add(2, 2)).unwrap(), Ok(4));
    }
    // SAFETY: an open socket.
    let ended = unsafe { libc::shutdown(stream.descriptor(), libc::SHUT_WR) };
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
        let mut control = connect_control(&address);
        control.read_exact(&mut [0; 24]).unwrap();
        // It asks for a buffer, which it may once, and then again.
        assert_eq!(
            send_with(control.descriptor(), b"B", &copies(&file, count)),
            1
        );
        control.read_exact(&mut [0; 24]).unwrap();
        let _ = send_with(control.descriptor(), b"B", &copies(&file, count));
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
