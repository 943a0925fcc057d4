//! Programs with little memory, one after another with every limit.

use crate::role::{LIVE, LONGEST, LOST, NONE, execute, options};
use crate::support::processes::{Actor, Side, Stage};
use crate::support::raw::connect_unix;
use crate::support::{Address, PATIENCE, PORT, TRANSPORTS, Transport, eventually};
use calc_ipc::service::Client;
use std::io::Write;
use std::net::TcpStream;

/// How many clients send large messages at once.
const CROWD: usize = 8;

/// Lets a program end, and fails with what it said unless it ends well.
fn succeed(program: Actor, what: &str) {
    assert_eq!(program.bury(), [""; 0], "{what}");
}

/// Clients that send nearly all of a large message and no more, as far as they are let.
fn hold(transport: &Transport, address: &Address) -> Vec<Box<dyn Write>> {
    let begin = |mut stream: Box<dyn Write>| {
        let mut result = stream.write_all(&LONGEST.to_le_bytes());
        for _ in 0..(LONGEST >> 16) - 1 {
            result = result.and_then(|()| stream.write_all(&[b'x'; 1 << 16]));
        }
        stream
    };
    let streams = (0..CROWD).filter_map(|_| match transport.name {
        "uds" | "seqpacket" => {
            let stream = connect_unix(transport.name, &address.path("sock")).ok()?;
            stream.set_write_timeout(Some(PATIENCE)).unwrap();
            Some(Box::new(stream) as Box<dyn Write>)
        }
        "tcp" => {
            let stream = TcpStream::connect((address.host.as_str(), PORT)).ok()?;
            stream.set_write_timeout(Some(PATIENCE)).unwrap();
            Some(Box::new(stream) as Box<dyn Write>)
        }
        _ => None,
    });
    streams.map(begin).collect()
}

/// Clients that send large messages all at once.
fn crowd(transport: &Transport, address: &Address) {
    let large = || {
        let client = (transport.connect)(address, &options().1)
            .map(|channel| Client::new(channel, &options().1));
        let message = vec![b'y'; LONGEST as usize];
        let mut answer = vec![0; LONGEST as usize];
        let result = client.and_then(|client| client.call_bytes(&message, &mut answer));
        match result {
            Ok(length) => assert!(length == message.len() && answer == message),
            Err(error) => assert!(LOST.contains(&error.status()), "{error}"),
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..CROWD {
            scope.spawn(large);
        }
    });
}

/// A server and a client with so much memory each, and what a crowd does to the server.
fn try_with(transport: &Transport, mebibytes: libc::rlim_t) {
    let what = format!("{}, {mebibytes} MiB", transport.name);
    let mut stage = Stage::new();
    let words = format!("{} {}", transport.name, stage.address.tell());
    stage.enter(Side::Server, execute(&format!("server {words}"), mebibytes));
    let said = stage.actor(Side::Server).hear();
    if said == LIVE {
        let address = &stage.address;
        let held = hold(transport, address);
        crowd(transport, address);
        succeed(execute(&format!("client {words}"), mebibytes), &what);
        drop(held);
        eventually("there is memory again for a small call", || {
            let client = (transport.connect)(address, &options().1)
                .map(|channel| Client::new(channel, &options().1));
            let result = client.and_then(|client| client.call_bytes(b"hello", &mut [0; 5]));
            result.is_ok_and(|length| length == 5)
        });
    } else {
        assert!(said.starts_with(NONE), "{what}: {said}");
    }
    succeed(stage.leave(Side::Server).unwrap(), &what);
}

#[test]
fn at_no_limit_is_there_more_than_an_error_or_a_lost_connection() {
    let step = match std::env::var_os("CALC_IPC_FAULTS_ALL") {
        Some(_) => 1,
        None => 32,
    };
    for mebibytes in (64..=128).step_by(step) {
        let what = format!("pipe, {mebibytes} MiB");
        succeed(execute("client pipe", mebibytes), &what);
        for transport in &TRANSPORTS {
            try_with(transport, mebibytes);
        }
    }
}
