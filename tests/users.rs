//! Users: nobody, one whom this user namespace does not know, and one who was another before.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Handler, Server};
use calc_ipc::transport::ServerOptions;
use std::os::unix::fs::PermissionsExt;
use support::{
    Address, Process, SOMEBODY_ELSE, TRANSPORTS, Transport, WITH_FILES, add, become_user, is_root,
    status, within,
};

const NOBODY: u32 = 65534;

fn options() -> ServerOptions {
    ServerOptions::default()
}

#[test]
fn nobody_is_a_user_like_any_other() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let folder = std::path::PathBuf::from(address.path(""));
        if is_root() {
            std::os::unix::fs::chown(&folder, Some(NOBODY), None).unwrap();
        }
        let ok = Process::fork(|| {
            assert!(!is_root() || become_user(NOBODY));
            let server = transport.serve(&address, Handler::Calculator, &options());
            let client = transport.client_with(&address, &within(60_000));
            assert_eq!(client.call(&add(1, 2)).unwrap(), Ok(3));
            server.stop().unwrap();
        });
        assert!(ok.succeeded(), "{}", transport.name);
    }
}

/// A user namespace that maps nobody; `false` where this process may have none.
fn forget_all_users() -> bool {
    // SAFETY: changes this process, a forked child of the test.
    unsafe { libc::unshare(libc::CLONE_NEWUSER) == 0 }
}

#[test]
fn nobody_is_anybody_where_the_user_namespace_does_not_map_it() {
    for transport in [&TRANSPORTS[0], &TRANSPORTS[2]] {
        let address = Address::new();
        let _server = transport.serve(&address, Handler::Calculator, &options());
        let ok = Process::fork(|| {
            let expected = if forget_all_users() {
                Status::PermissionDenied
            } else {
                Status::Ok
            };
            let result = (transport.connect)(&address, &within(60_000));
            assert_eq!(status(result), expected);
        });
        assert!(ok.succeeded(), "{}", transport.name);
    }
}

/// What becomes of a server that root made and another user runs, starts, or starts in a child.
fn served_by_another(transport: &Transport) -> Status {
    let address = Address::new();
    std::fs::set_permissions(address.path(""), std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut seen = Vec::new();
    for way in ["run", "start", "a child's"] {
        let code = Process::fork(|| {
            let endpoint = (transport.bind)(&address, &options()).unwrap();
            let server = Server::new(endpoint, Handler::Calculator).unwrap();
            let serve = || {
                assert!(become_user(SOMEBODY_ELSE));
                let seen = match way {
                    "run" => {
                        server.request_stop(); // Should it serve after all, it ends.
                        status(server.run())
                    }
                    _ => status(server.start()),
                };
                // SAFETY: ends the forked child of the test.
                unsafe { libc::_exit(-(seen as i32)) }
            };
            if way == "a child's" {
                let code = Process::fork(serve).code();
                // SAFETY: as above.
                unsafe { libc::_exit(code) }
            }
            serve();
        })
        .code();
        seen.push(Status::ALL.iter().find(|status| -(**status as i32) == code));
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:?}");
    *seen[0].unwrap()
}

#[test]
fn what_was_made_as_another_user_is_not_served_to_nobody() {
    if !is_root() {
        return; // Nobody else can become another.
    }
    for transport in &TRANSPORTS[..WITH_FILES] {
        let status = served_by_another(transport);
        assert_eq!(status, Status::PermissionDenied, "{}", transport.name);
    }
}

#[test]
fn a_name_that_is_open_to_others_is_served_by_another_user_than_made_it() {
    if !is_root() {
        return; // Nobody else can become another.
    }
    for transport in [&TRANSPORTS[0], &TRANSPORTS[2]] {
        let address = Address::new();
        std::fs::set_permissions(address.path(""), std::fs::Permissions::from_mode(0o755)).unwrap();
        let ok = Process::fork(|| {
            let options = ServerOptions {
                mode: 0o666,
                ..options()
            };
            let endpoint = (transport.bind)(&address, &options).unwrap();
            let server = Server::new(endpoint, Handler::Calculator).unwrap();
            assert!(become_user(NOBODY));
            server.start().unwrap();
            let client = transport.client_with(&address, &within(60_000));
            assert_eq!(client.call(&add(1, 2)).unwrap(), Ok(3));
        });
        assert!(ok.succeeded(), "{}", transport.name);
    }
}
