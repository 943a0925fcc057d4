//! What servers do with names in the file system that are theirs, somebody else's, or impossible.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test"
)]

mod support;

use calc_ipc::error::Status;
use calc_ipc::service::{Handler, Server};
use calc_ipc::transport::{ClientOptions, ServerOptions, ServerUser};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use support::typed::{fifo, shm, uds};
use support::{Address, Process, SOMEBODY_ELSE, TRANSPORTS, Transport, WITH_FILES, add};

fn bind_status(transport: &Transport, address: &Address) -> Status {
    let result = (transport.bind)(address, &ServerOptions::default());
    result.err().map_or(Status::Ok, |error| error.status())
}

#[test]
fn what_is_no_servers_is_left_alone() {
    for transport in &TRANSPORTS[..WITH_FILES] {
        let address = Address::new();
        let name = transport.main_file(&address);
        std::fs::write(&name, "precious").unwrap();
        assert_eq!(bind_status(transport, &address), Status::AddressInUse);
        assert_eq!(std::fs::read_to_string(&name).unwrap(), "precious");
        std::fs::remove_file(&name).unwrap();

        symlink("/nonexistent", &name).unwrap();
        assert_eq!(bind_status(transport, &address), Status::AddressInUse);
        assert!(std::fs::symlink_metadata(&name).unwrap().is_symlink());
        std::fs::remove_file(&name).unwrap();

        assert_eq!(address.leftovers(), [""; 0], "{}", transport.name);
    }
}

#[test]
fn the_live_socket_of_another_program_is_not_taken() {
    // In a process without threads, of which no other test forks a copy of the socket.
    let ok = Process::fork(|| {
        let address = Address::new();
        let foreign = std::os::unix::net::UnixListener::bind(address.path("sock")).unwrap();
        assert_eq!(bind_status(&TRANSPORTS[0], &address), Status::AddressInUse);
        drop(foreign);
        assert_eq!(bind_status(&TRANSPORTS[0], &address), Status::Ok);
    })
    .succeeded();
    assert!(ok);
}

/// Runs `body` as the user nobody, in a process of its own; as another user than root it runs as
/// that user, to whom files of root are as foreign as those of root's are to nobody.
fn as_somebody_else(body: impl FnOnce()) -> bool {
    Process::fork(|| {
        // SAFETY: changes only this forked process.
        unsafe {
            if libc::geteuid() == 0 {
                assert_eq!(libc::setgid(SOMEBODY_ELSE) + libc::setuid(SOMEBODY_ELSE), 0);
            }
        }
        body();
    })
    .succeeded()
}

#[test]
fn what_another_user_planted_is_refused() {
    // Only root can make files of another user's; anybody else has none of root's to stumble over.
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        return;
    }
    for transport in &TRANSPORTS[..WITH_FILES] {
        let address = Address::new();
        let name = transport.main_file(&address);
        for (planted, is_lock) in [(name.clone(), false), (name + ".lock", true)] {
            if is_lock {
                std::fs::write(&planted, "").unwrap();
            } else if transport.name == "fifo" {
                let path = std::ffi::CString::new(planted.clone()).unwrap();
                // SAFETY: a NUL-terminated path.
                assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o666) }, 0);
            } else {
                drop(std::os::unix::net::UnixListener::bind(&planted).unwrap());
            }
            std::os::unix::fs::lchown(&planted, Some(SOMEBODY_ELSE), None).unwrap();
            let before = std::fs::symlink_metadata(&planted).unwrap().ino();
            assert_eq!(
                bind_status(transport, &address),
                Status::PermissionDenied,
                "{planted}"
            );
            assert_eq!(std::fs::symlink_metadata(&planted).unwrap().ino(), before);
            std::fs::remove_file(&planted).unwrap();
        }
        assert_eq!(address.leftovers(), [""; 0], "{}", transport.name);
    }
}

#[test]
fn another_user_is_let_in_only_where_the_mode_says_so() {
    for transport in &TRANSPORTS[..WITH_FILES] {
        if transport.name == "fifo" {
            continue; // FIFOs refuse a wider mode, below.
        }
        let address = Address::new();
        std::fs::set_permissions(address.path(""), std::fs::Permissions::from_mode(0o755)).unwrap();
        for (mode, expected) in [(0o600, Status::PermissionDenied), (0o666, Status::Ok)] {
            let options = ServerOptions {
                mode,
                ..ServerOptions::default()
            };
            let _server = transport.serve(&address, Handler::Calculator, &options);
            let ok = as_somebody_else(|| {
                let options = ClientOptions {
                    server_user: ServerUser::Any,
                    ..ClientOptions::default()
                };
                let result = (transport.connect)(&address, &options);
                let status = result
                    .as_ref()
                    .err()
                    .map_or(Status::Ok, |error| error.status());
                // SAFETY: takes nothing.
                let is_same_user = unsafe { libc::geteuid() } != SOMEBODY_ELSE;
                assert_eq!(status, if is_same_user { Status::Ok } else { expected });
                if let Ok(channel) = result {
                    let client = calc_ipc::service::Client::new(channel, &options);
                    assert_eq!(client.call(&add(1, 1)).unwrap(), Ok(2));
                }
            });
            assert!(ok, "{} 0{mode:o}", transport.name);
        }
    }
}

#[test]
fn another_user_is_sent_away_also_where_the_name_was_opened_up_by_hand() {
    for transport in [&TRANSPORTS[0], &TRANSPORTS[2]] {
        let address = Address::new();
        let _server = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
        for (path, mode) in [
            (transport.main_file(&address), 0o666),
            (address.path(""), 0o755),
        ] {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        let options = ClientOptions {
            server_user: ServerUser::Any,
            ..support::within(60_000)
        };
        let ok = as_somebody_else(|| {
            let client = transport.client_with(&address, &options);
            // SAFETY: takes nothing.
            let is_same_user = unsafe { libc::geteuid() } != SOMEBODY_ELSE;
            assert_eq!(client.call(&add(1, 1)).is_ok(), is_same_user);
        });
        assert!(ok, "{}", transport.name);
    }
}

#[test]
fn a_client_checks_whose_server_it_is() {
    for transport in &TRANSPORTS[..WITH_FILES] {
        let address = Address::new();
        let _server = transport.serve(&address, Handler::Calculator, &ServerOptions::default());
        let connect = |server_user| {
            let options = ClientOptions {
                server_user,
                ..ClientOptions::default()
            };
            (transport.connect)(&address, &options)
                .err()
                .map_or(Status::Ok, |error| error.status())
        };
        let own = std::fs::metadata("/proc/self").unwrap().uid();
        assert_eq!(connect(ServerUser::Own), Status::Ok);
        assert_eq!(connect(ServerUser::Uid(own)), Status::Ok);
        assert_eq!(
            connect(ServerUser::Uid(own + 1)),
            Status::PermissionDenied,
            "{}",
            transport.name
        );
    }
}

#[test]
fn fifos_cannot_be_opened_up() {
    let address = Address::new();
    let options = ServerOptions {
        mode: 0o660,
        ..ServerOptions::default()
    };
    let result = fifo::bind(&address.path("q"), &address.path("a"), &options);
    assert_eq!(result.err().unwrap().status(), Status::Unsupported);
}

#[test]
fn two_fifo_servers_share_no_path() {
    let address = Address::new();
    let bind = |request: &str, response: &str| {
        let (request, response) = (address.path(request), address.path(response));
        fifo::bind(&request, &response, &ServerOptions::default())
    };
    let _first = bind("q", "a").unwrap();
    let names = sorted(address.leftovers());
    for (request, response) in [("q2", "a"), ("a", "a2"), ("q2", "q")] {
        let status = support::status(bind(request, response));
        assert_eq!(status, Status::AddressInUse, "{request} {response}");
    }
    for name in ["q.hello", "q.lock", "other.hello"] {
        for (request, response) in [(name, "a2"), ("q2", name)] {
            let status = support::status(bind(request, response));
            assert_eq!(status, Status::InvalidArgument, "{request} {response}");
        }
    }
    assert_eq!(sorted(address.leftovers()), names);
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

#[test]
fn a_relative_path_stays_where_it_was_when_its_server_becomes_a_daemon() {
    let options = ServerOptions {
        stop_when_idle: true,
        ..ServerOptions::default()
    };
    for transport in &TRANSPORTS[..2] {
        let address = Address::new();
        let starter = Process::fork_until_ready(|say_so| {
            std::env::set_current_dir(address.path("")).unwrap();
            let endpoint = match transport.name {
                "uds" => uds::bind("sock", &options),
                _ => fifo::bind("q", "a", &options),
            };
            let server = Server::new(endpoint.unwrap(), Handler::Calculator).unwrap();
            say_so();
            let daemon = Process::fork(|| {
                std::env::set_current_dir("/").unwrap();
                server.run().unwrap();
                server.stop().unwrap();
            });
            assert!(daemon.succeeded());
        });
        let client = transport.client_with(&address, &support::within(60_000));
        assert_eq!(
            client.call(&add(1, 1)).unwrap(),
            Ok(2),
            "{}",
            transport.name
        );
        assert_eq!(bind_status(transport, &address), Status::AddressInUse);
        drop(client);
        assert!(starter.succeeded(), "{}", transport.name);
        assert_eq!(address.leftovers(), [""; 0], "{}", transport.name);
    }
}

#[test]
fn a_fifo_client_removes_its_pair_wherever_its_process_went() {
    let address = Address::new();
    let ok = Process::fork(|| {
        std::env::set_current_dir(address.path("")).unwrap();
        // It serves nobody, so that the client is never taken in.
        let endpoint = fifo::bind("q", "a", &ServerOptions::default()).unwrap();
        let before = address.leftovers().len();
        let client = fifo::connect("q", "a", &ClientOptions::default()).unwrap();
        assert_eq!(address.leftovers().len(), before + 2);
        std::env::set_current_dir("/").unwrap();
        drop(client);
        assert_eq!(address.leftovers().len(), before);
        drop(endpoint);
    })
    .succeeded();
    assert!(ok);
    assert_eq!(address.leftovers(), [""; 0]);
}

#[test]
fn modes_do_not_depend_on_the_umask() {
    for transport in &TRANSPORTS[..WITH_FILES] {
        for umask in [0o000, 0o077, 0o600, 0o777] {
            let address = Address::new();
            address.give_to_somebody_else();
            let ok = as_somebody_else(|| {
                // SAFETY: changes only this forked process.
                unsafe { libc::umask(umask) };
                let server =
                    transport.serve(&address, Handler::Calculator, &ServerOptions::default());
                let name = transport.main_file(&address);
                let about = std::fs::metadata(&name).unwrap();
                assert!(about.file_type().is_socket() || about.file_type().is_fifo());
                let lock = std::fs::metadata(name + ".lock").unwrap();
                for about in [about, lock] {
                    assert_eq!(about.permissions().mode() & 0o777, 0o600);
                }
                assert_eq!(bind_status(transport, &address), Status::AddressInUse);
                assert_eq!(transport.client(&address).call(&add(1, 1)).unwrap(), Ok(2));
                drop(server);
            });
            assert!(ok, "{} {umask:o}", transport.name);
            assert_eq!(address.leftovers(), [""; 0], "{}", transport.name);
        }
    }
}

#[test]
fn impossible_addresses_are_invalid() {
    let server = ServerOptions::default();
    let client = ClientOptions::default();
    let long = format!("/tmp/{}", "x".repeat(103));
    assert_eq!(long.len(), 108);
    for path in ["", &long] {
        assert_eq!(
            uds::bind(path, &server).err().unwrap().status(),
            Status::InvalidArgument
        );
        assert_eq!(
            uds::connect(path, &client).err().unwrap().status(),
            Status::InvalidArgument
        );
    }
    for name in ["", "/", "a/b", "..", &"x".repeat(99)] {
        assert_eq!(
            shm::bind(name, &server).err().unwrap().status(),
            Status::InvalidArgument
        );
        assert_eq!(
            shm::connect(name, &client).err().unwrap().status(),
            Status::InvalidArgument
        );
    }
    let long = format!("/tmp/{}", "x".repeat(300));
    for (request, response) in [
        ("", "/tmp/a"),
        ("/tmp/q", ""),
        ("/tmp/q", "/tmp/q"),
        ("/tmp/q", "/tmp/./q"),
        (&*long, "/tmp/a"),
    ] {
        let error = fifo::bind(request, response, &server).err().unwrap();
        assert_eq!(
            error.status(),
            Status::InvalidArgument,
            "{request} {response}"
        );
        let error = fifo::connect(request, response, &client).err().unwrap();
        assert_eq!(
            error.status(),
            Status::InvalidArgument,
            "{request} {response}"
        );
    }
}

#[test]
fn a_longest_path_works() {
    let address = Address::new();
    let folder = address.path("");
    let path = folder.clone() + &"x".repeat(107 - folder.len());
    let endpoint = uds::bind(&path, &ServerOptions::default()).unwrap();
    uds::connect(&path, &ClientOptions::default()).unwrap();
    drop(endpoint);
    assert_eq!(address.leftovers(), [""; 0]);
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let path = "/nonexistent/sock";
    let error = uds::bind(path, &ServerOptions::default()).err().unwrap();
    assert_eq!(error.status(), Status::System);
    assert!(error.context().contains(path), "{error}");
    let error = fifo::bind(path, "/nonexistent/a", &ServerOptions::default())
        .err()
        .unwrap();
    assert_eq!(error.status(), Status::System);
    let error = uds::connect(path, &ClientOptions::default()).err().unwrap();
    assert_eq!(error.status(), Status::NotConnected);
    let connected = fifo::connect(path, "/nonexistent/a", &ClientOptions::default());
    assert_eq!(connected.err().unwrap().status(), Status::NotConnected);
}
