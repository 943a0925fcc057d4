//! Names in the file system at which a client finds no server.

use super::support::typed::{fifo, shm, uds};
use super::support::{Address, TRANSPORTS};
use super::{Case, check, failure};
use calc_ipc::error::{Error, Status};
use calc_ipc::transport::{ClientOptions, ServerOptions, ServerUser};
use std::fs;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::time::Duration;

const INVALID: Status = Status::InvalidArgument;
const NOBODY: Status = Status::NotConnected;
const DENIED: Status = Status::PermissionDenied;

fn unix(path: &str) -> Error {
    failure(uds::connect(path, &ClientOptions::default()))
}

fn pair(path: &str) -> Error {
    let response = format!("{path}.response");
    failure(fifo::connect(path, &response, &ClientOptions::default()))
}

fn memory(name: &str) -> Error {
    failure(shm::connect(name, &ClientOptions::default()))
}

fn file(address: &Address) -> String {
    let path = address.path("file");
    fs::write(&path, "").unwrap();
    path
}

/// A user that is not the one who runs the test.
const ANOTHER: u32 = 4321;

/// The failure to trust the server of this transport, which is run by this user.
fn distrusted(transport: usize, address: &Address) -> Error {
    let transport = TRANSPORTS.get(transport).unwrap();
    let _server = (transport.bind)(address, &ServerOptions::default()).unwrap();
    let options = ClientOptions {
        server_user: ServerUser::Uid(ANOTHER),
        ..ClientOptions::default()
    };
    failure((transport.connect)(address, &options))
}

#[test]
fn that_cannot_be() {
    check(&[
        Case {
            what: "unix, empty",
            status: INVALID,
            fail: |_| unix(""),
            says: &["path of a Unix socket is empty"],
        },
        Case {
            what: "fifo, empty",
            status: INVALID,
            fail: |_| pair(""),
            says: &["path of a FIFO is empty"],
        },
        Case {
            what: "shm, empty",
            status: INVALID,
            fail: |_| memory("/"),
            says: &["'/'", "no name for shared memory"],
        },
        Case {
            what: "unix, long",
            status: INVALID,
            fail: |_| unix(&"x".repeat(108)),
            says: &["108 bytes", "Unix socket", "107 at most"],
        },
        Case {
            what: "fifo, long",
            status: INVALID,
            fail: |_| pair(&"x".repeat(221)),
            says: &["221 bytes", "FIFO", "220 at most"],
        },
        Case {
            what: "shm, long",
            status: INVALID,
            fail: |_| memory(&"x".repeat(300)),
            says: &["300 bytes", "name of shared memory", "98 at most"],
        },
        Case {
            what: "unix, a folder",
            status: INVALID,
            fail: |a| unix(&a.path("x/")),
            says: &["{folder}/x/", "ends with a slash"],
        },
    ]);
}

#[test]
fn where_nothing_is() {
    check(&[
        Case {
            what: "unix",
            status: NOBODY,
            fail: |a| unix(&a.path("x")),
            says: &[
                "Unix socket {folder}/x:",
                "nothing is there",
                "start the server",
            ],
        },
        Case {
            what: "fifo",
            status: NOBODY,
            fail: |a| pair(&a.path("x")),
            says: &["FIFO {folder}/x:", "nothing is there", "start the server"],
        },
        Case {
            what: "shm",
            status: NOBODY,
            fail: |a| memory(&a.word),
            says: &[
                "shared memory /dev/shm/{word}:",
                "nothing is there",
                "start the server",
            ],
        },
        Case {
            what: "unix, no folder",
            status: NOBODY,
            fail: |a| unix(&a.path("no/x")),
            says: &[
                "Unix socket {folder}/no/x:",
                "there is no folder {folder}/no:",
            ],
        },
        Case {
            what: "fifo, no folder",
            status: NOBODY,
            fail: |a| pair(&a.path("no/x")),
            says: &["FIFO {folder}/no/x:", "there is no folder {folder}/no:"],
        },
        Case {
            what: "unix, in a file",
            status: NOBODY,
            fail: |a| unix(&(file(a) + "/x")),
            says: &[
                "Unix socket {folder}/file/x:",
                "{folder}/file is a regular file, and no folder",
            ],
        },
        Case {
            what: "fifo, in a file",
            status: NOBODY,
            fail: |a| pair(&(file(a) + "/x")),
            says: &[
                "FIFO {folder}/file/x:",
                "{folder}/file is a regular file, and no folder",
            ],
        },
    ]);
}

#[test]
fn where_something_else_is() {
    check(&[
        Case {
            what: "unix, a file",
            status: NOBODY,
            fail: |a| unix(&file(a)),
            says: &["{folder}/file:", "a regular file is there, and no socket"],
        },
        Case {
            what: "unix, a folder",
            status: NOBODY,
            fail: |a| unix(a.path("").trim_end_matches('/')),
            says: &["{folder}:", "a folder is there, and no socket"],
        },
        Case {
            what: "fifo, a file",
            status: NOBODY,
            fail: |a| pair(&file(a)),
            says: &["{folder}/file:", "a regular file is there, and no FIFO"],
        },
        Case {
            what: "fifo, a file instead of the announcements",
            status: DENIED,
            fail: |a| {
                fs::write(a.path("x.hello"), "").unwrap();
                pair(&a.path("x"))
            },
            says: &["{folder}/x.hello:", "a regular file is there, and no FIFO"],
        },
        Case {
            what: "unix, left over",
            status: NOBODY,
            fail: |a| {
                drop(UnixListener::bind(a.path("x")).unwrap());
                unix(&a.path("x"))
            },
            says: &[
                "Unix socket {folder}/x:",
                "no server listens there",
                "take the name over",
            ],
        },
        Case {
            what: "unix, datagrams",
            status: Status::System,
            fail: |a| {
                let _socket = UnixDatagram::bind(a.path("x")).unwrap();
                unix(&a.path("x"))
            },
            says: &["Unix socket {folder}/x:", "its type is not stream"],
        },
        Case {
            what: "unix, too slow",
            status: Status::TimedOut,
            fail: |a| {
                let listener = UnixListener::bind(a.path("x")).unwrap();
                // SAFETY: takes no pointer. Its queue has room for one.
                let shortened =
                    unsafe { libc::listen(std::os::fd::AsRawFd::as_raw_fd(&listener), 0) };
                assert_eq!(shortened, 0);
                let options = ClientOptions {
                    connect_timeout: Some(Duration::from_millis(20)),
                    ..ClientOptions::default()
                };
                let _first = uds::connect(&a.path("x"), &options).unwrap();
                failure(uds::connect(&a.path("x"), &options))
            },
            says: &[
                "Unix socket {folder}/x:",
                "did not accept within 20ms",
                "connect_timeout_ms",
            ],
        },
    ]);
}

#[test]
fn where_the_server_is_another_users() {
    check(&[
        Case {
            what: "unix",
            status: DENIED,
            fail: |a| distrusted(0, a),
            says: &[
                "Unix socket {folder}/sock:",
                "run by user",
                "trusts user 4321 only",
                "server_uid",
            ],
        },
        Case {
            what: "fifo",
            status: DENIED,
            fail: |a| distrusted(1, a),
            says: &[
                "FIFO {folder}/q:",
                "one user only",
                "user 4321",
                "server_uid",
            ],
        },
        Case {
            what: "shm",
            status: DENIED,
            fail: |a| distrusted(2, a),
            says: &[
                "/dev/shm/{word}:",
                "run by user",
                "trusts user 4321 only",
                "server_uid",
            ],
        },
    ]);
}
