//! Names in the file system that a server cannot have.

use super::support::typed::{fifo, shm, uds};
use super::support::{Address, Process, SOMEBODY_ELSE, TRANSPORTS};
use super::{Case, check, failure};
use calc_ipc::error::{Error, Status};
use calc_ipc::transport::ServerOptions;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

const SYSTEM: Status = Status::System;
const INVALID: Status = Status::InvalidArgument;
const IN_USE: Status = Status::AddressInUse;

fn unix(path: &str) -> Error {
    failure(uds::bind(path, &ServerOptions::default()))
}

fn pair(path: &str) -> Error {
    let response = format!("{path}.response");
    failure(fifo::bind(path, &response, &ServerOptions::default()))
}

fn memory(name: &str) -> Error {
    failure(shm::bind(name, &ServerOptions::default()))
}

/// The path of a file that is there.
fn file(address: &Address) -> String {
    let path = address.path("file");
    fs::write(&path, "").unwrap();
    path
}

/// A path in a folder where the process, which becomes another user if it is root, may do nothing.
fn forbidden(address: &Address, fail: fn(&str) -> Error) -> Error {
    let folder = address.path("closed");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(0o555)).unwrap();
    fs::set_permissions(address.path(""), Permissions::from_mode(0o755)).unwrap();
    as_somebody_else(|| fail(&format!("{folder}/name")))
}

/// The failure of `fail`, run by another user than root.
fn as_somebody_else(fail: impl FnOnce() -> Error) -> Error {
    use std::io::{Read, Write};
    let (mut text, mut out) = std::io::pipe().unwrap();
    let child = Process::fork(|| {
        // SAFETY: changes only this forked process.
        unsafe {
            if libc::geteuid() == 0 {
                assert_eq!(libc::setgid(SOMEBODY_ELSE) + libc::setuid(SOMEBODY_ELSE), 0);
            }
        }
        let error = fail();
        assert_eq!(error.status(), Status::PermissionDenied, "{error}");
        out.write_all(error.context().as_bytes()).unwrap();
    });
    drop(out);
    let mut context = String::new();
    text.read_to_string(&mut context).unwrap();
    assert!(child.succeeded());
    Error::new(Status::PermissionDenied, context)
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
            fail: |_| memory(""),
            says: &["''", "no name for shared memory"],
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
            what: "fifo, longer",
            status: INVALID,
            fail: |_| pair(&"/x".repeat(2040)),
            says: &["4080 bytes", "FIFO", "4060 at most"],
        },
        Case {
            what: "shm, long",
            status: INVALID,
            fail: |_| memory(&"x".repeat(300)),
            says: &["300 bytes", "name of shared memory", "98 at most"],
        },
        Case {
            what: "shm, just too long",
            status: INVALID,
            fail: |_| memory(&"x".repeat(99)),
            says: &["99 bytes", "98 at most"],
        },
        Case {
            what: "shm, a path",
            status: INVALID,
            fail: |_| memory("/a/b"),
            says: &["'/a/b'", "one word"],
        },
        Case {
            what: "unix, a folder",
            status: INVALID,
            fail: |a| unix(&a.path("x/")),
            says: &["{folder}/x/", "ends with a slash"],
        },
        Case {
            what: "fifo, a folder",
            status: INVALID,
            fail: |a| pair(&a.path("x/")),
            says: &["{folder}/x/", "ends with a slash"],
        },
        Case {
            what: "fifo, one path",
            status: INVALID,
            fail: |a| {
                failure(fifo::bind(
                    &a.path("q"),
                    &a.path("q"),
                    &ServerOptions::default(),
                ))
            },
            says: &["{folder}/q", "one path", "two FIFOs"],
        },
        Case {
            what: "fifo, reserved",
            status: INVALID,
            fail: |a| pair(&a.path("q.hello")),
            says: &["{folder}/q.hello", ".hello"],
        },
        Case {
            what: "fifo, for others",
            status: Status::Unsupported,
            fail: |a| {
                let options = ServerOptions {
                    mode: 0o660,
                    ..ServerOptions::default()
                };
                failure(fifo::bind(&a.path("q"), &a.path("a"), &options))
            },
            says: &["one user only", "mode 0660"],
        },
    ]);
    let longest = "x".repeat(98);
    drop(shm::bind(&longest, &ServerOptions::default()).unwrap());
}

#[test]
fn whose_folder_is_wanting() {
    check(&[
        Case {
            what: "unix, none",
            status: SYSTEM,
            fail: |a| unix(&a.path("no/such/x")),
            says: &[
                "create {folder}/no/such/x:",
                "there is no folder {folder}/no:",
            ],
        },
        Case {
            what: "fifo, none",
            status: SYSTEM,
            fail: |a| pair(&a.path("no/such/x")),
            says: &[
                "create {folder}/no/such/x:",
                "there is no folder {folder}/no:",
            ],
        },
        Case {
            what: "unix, a file",
            status: SYSTEM,
            fail: |a| unix(&(file(a) + "/x")),
            says: &[
                "create {folder}/file/x:",
                "{folder}/file is a regular file, and no folder",
            ],
        },
        Case {
            what: "fifo, a file",
            status: SYSTEM,
            fail: |a| pair(&(file(a) + "/x")),
            says: &[
                "create {folder}/file/x:",
                "{folder}/file is a regular file, and no folder",
            ],
        },
        Case {
            what: "unix, closed",
            status: Status::PermissionDenied,
            fail: |a| forbidden(a, unix),
            says: &[
                "create {folder}/closed/name:",
                "may not create names in {folder}/closed",
            ],
        },
        Case {
            what: "fifo, closed",
            status: Status::PermissionDenied,
            fail: |a| forbidden(a, pair),
            says: &[
                "create {folder}/closed/name:",
                "may not create names in {folder}/closed",
            ],
        },
    ]);
}

#[test]
fn that_are_taken() {
    check(&[
        Case {
            what: "unix, a file",
            status: IN_USE,
            fail: |a| unix(&file(a)),
            says: &[
                "{folder}/file is a regular file, and no socket",
                "choose another path",
            ],
        },
        Case {
            what: "fifo, a file",
            status: IN_USE,
            fail: |a| pair(&file(a)),
            says: &[
                "{folder}/file is a regular file, and no FIFO",
                "choose another path",
            ],
        },
        Case {
            what: "unix, a folder",
            status: IN_USE,
            fail: |a| unix(a.path("").trim_end_matches('/')),
            says: &["{folder} is a folder, and no socket"],
        },
        Case {
            what: "unix, a link",
            status: IN_USE,
            fail: |a| {
                symlink("nowhere", a.path("link")).unwrap();
                unix(&a.path("link"))
            },
            says: &["{folder}/link is a symbolic link, and no socket"],
        },
        Case {
            what: "unix, a lock that is none",
            status: IN_USE,
            fail: |a| {
                fs::create_dir(a.path("x.lock")).unwrap();
                unix(&a.path("x"))
            },
            says: &["{folder}/x.lock is a folder, and no lock file"],
        },
    ]);
}

/// Whose the address is that a live server has.
#[test]
fn that_a_live_server_has() {
    for transport in &TRANSPORTS {
        let address = Address::new();
        let _server = (transport.bind)(&address, &ServerOptions::default()).unwrap();
        let error = failure((transport.bind)(&address, &ServerOptions::default()));
        assert_eq!(error.status(), IN_USE, "{error}");
        let text = error.context();
        assert!(
            text.contains(&address.word) || text.contains(&address.host),
            "{error}"
        );
    }
}
