//! Servers that their host drives, and forks of it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "support/driving.rs"]
mod driving;
mod support;

use calc_ipc::error::Status;
use calc_ipc::service::Handler;
use driving::{LOOK, connected, create, drive_until};
use std::thread;
use support::{PATIENCE, Process, add, echo, over_each, status};

#[test]
fn a_forked_child_may_drive_what_nobody_has_driven() {
    over_each(|transport, address| {
        let server = create(transport, address, Handler::Calculator);
        let mut child = Process::fork(|| {
            while server.stats().unwrap().requests < 3 {
                server.dispatch(Some(PATIENCE)).unwrap();
            }
            // Until the client has looked.
            while server.stats().unwrap().clients > 0 {
                server.dispatch(Some(PATIENCE)).unwrap();
            }
            server.stop().unwrap();
        });
        let client = transport.client(address);
        for number in 0..3 {
            assert_eq!(client.call(&add(number, 1)).unwrap(), Ok(number + 1));
        }
        drop(client);
        assert_eq!(child.wait(), 0, "{}", transport.name);
    });
}

#[test]
fn a_forked_child_does_not_drive_what_its_parent_does() {
    over_each(|transport, address| {
        let server = create(transport, address, echo());
        let client = connected(transport, address, &server);
        let server = std::cell::Cell::new(Some(server));
        let child = Process::fork(|| {
            let server = server.take().unwrap();
            let source = server.source().map(|_| ());
            let statuses = [status(server.dispatch(LOOK)), status(source)];
            assert_eq!(statuses, [Status::Forked; 2]);
            drop(server);
        });
        assert!(child.succeeded(), "{}", transport.name);
        let server = server.take().unwrap();
        thread::scope(|scope| {
            let calling = scope.spawn(|| client.call_bytes(b"1", &mut [0; 1]).unwrap());
            drive_until(&server, || calling.is_finished());
        });
    });
}
