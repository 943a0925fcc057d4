//! Shared memory between containers that share a folder and nothing else: each has its own mounts, /dev/shm, processes
//! and IPC objects. Where namespaces may not be made, both sides are in those of this test.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use calc_ipc::service::{Client, Handler, Server};
use calc_ipc::transport::{self, Address as Place, ClientOptions, ServerOptions};
use support::{Address, Process, add, echo, patient};

/// Has this process and its children be in namespaces of their own; `false` if it may not.
fn isolate() -> bool {
    let (none, shm) = (c"none".as_ptr(), c"/dev/shm".as_ptr());
    let (private, data) = (libc::MS_REC | libc::MS_PRIVATE, std::ptr::null());
    let all = libc::CLONE_NEWNS | libc::CLONE_NEWPID | libc::CLONE_NEWIPC;
    // SAFETY: strings; what is mounted is seen by this process and its children alone.
    unsafe {
        libc::unshare(all) == 0
            && libc::mount(none, c"/".as_ptr(), std::ptr::null(), private, data) == 0
            && libc::mount(none, shm, c"tmpfs".as_ptr(), 0, data) == 0
    }
}

/// A container that does this.
fn contain(body: impl FnOnce()) {
    let is_isolated = isolate();
    let inside = Process::fork(|| {
        let own = std::process::id();
        assert!(
            !is_isolated || own == 1,
            "it is process {own} of its namespace"
        );
        body();
    });
    assert!(inside.succeeded());
}

/// A container with a server, until its client has gone.
fn serve(place: &Place, handler: fn() -> Handler) -> Process {
    let options = ServerOptions {
        stop_when_idle: true,
        max_message: 1 << 20,
        ..ServerOptions::default()
    };
    Process::fork_until_ready(|say_so| {
        contain(|| {
            let bound = transport::bind(place, &options).unwrap();
            let server = Server::new(bound.endpoint, handler()).unwrap();
            say_so();
            server.run().unwrap();
        });
    })
}

fn client(place: &Place) -> Client {
    let options = ClientOptions {
        max_message: 1 << 20,
        ..patient()
    };
    Client::new(transport::connect(place, &options).unwrap(), &options)
}

#[test]
fn containers_that_share_a_folder_share_memory() {
    let address = Address::new();
    let place = Place::shm_at(address.path("m"));
    let server = serve(&place, || Handler::Calculator);
    let other = Process::fork(|| {
        contain(|| {
            let client = client(&place);
            for number in 0..1000 {
                assert_eq!(client.call(&add(number, 1)).unwrap(), Ok(number + 1));
            }
            let requests: Vec<_> = (0..1000).map(|number| add(number, 2)).collect();
            let mut answers = Vec::new();
            client
                .call_many(&requests, |answer| answers.push(answer))
                .unwrap();
            let expected: Vec<_> = (0..1000).map(|number| Ok(number + 2)).collect();
            assert_eq!(answers, expected);
        });
    });
    assert!(other.succeeded());
    assert!(server.succeeded());
}

#[test]
fn their_messages_may_be_large() {
    let address = Address::new();
    let place = Place::shm_at(address.path("m"));
    let server = serve(&place, echo);
    let other = Process::fork(|| {
        contain(|| {
            let message: Vec<u8> = (0..1_000_000_u32).map(|at| at.to_le_bytes()[1]).collect();
            let mut answer = vec![0; message.len()];
            let length = client(&place).call_bytes(&message, &mut answer).unwrap();
            assert!(length == message.len() && answer == message);
        });
    });
    assert!(other.succeeded());
    assert!(server.succeeded());
}
