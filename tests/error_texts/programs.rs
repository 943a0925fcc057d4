//! Programs that do not serve.

use super::support::{Address, add, within};
use super::{Case, check, failure};
use calc_ipc::calculator;
use calc_ipc::error::{Error, Status};
use calc_ipc::service::{Client, Handler, pipe};
use calc_ipc::transport::{self, Address as At, ClientOptions};
use std::ffi::{CStr, CString};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

const CLOSED: Status = Status::Closed;
const NOBODY: Status = Status::NotConnected;

/// The failure of a call to a shell that runs `script`.
fn shell(script: &CStr) -> Error {
    let client = pipe::spawn(&[c"/bin/sh", c"-c", script], &ClientOptions::default()).unwrap();
    let error = failure(client.call(&add(1, 2)));
    assert_eq!(
        failure(client.call(&add(1, 2))).context(),
        error.context(),
        "again"
    );
    assert!(error.context().contains("(process "), "{error}");
    error
}

fn execute(path: &str) -> Error {
    let options = ClientOptions::default();
    failure(transport::connect(&At::exec(path), &options))
}

fn program(address: &Address, text: &str, mode: u32) -> String {
    let path = address.path("program");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    path
}

#[test]
fn that_end() {
    check(&[
        Case {
            what: "by themselves",
            status: CLOSED,
            fail: |_| shell(c"exit 3"),
            says: &["program /bin/sh (process ", "exited with status 3"],
        },
        Case {
            what: "after the request",
            status: CLOSED,
            fail: |_| shell(c"head -c 4 >/dev/null; exit 4"),
            says: &["program /bin/sh (process ", "exited with status 4"],
        },
        Case {
            what: "well",
            status: CLOSED,
            fail: |_| shell(c":"),
            says: &["exited with status 0"],
        },
        Case {
            what: "by a signal",
            status: CLOSED,
            fail: |_| shell(c"kill -9 $$"),
            says: &["was killed by SIGKILL"],
        },
        Case {
            what: "not",
            status: CLOSED,
            fail: |_| shell(c"exec >/dev/null; while read x; do :; done"),
            says: &["closed its end of the pipe, but runs on"],
        },
        Case {
            what: "while another has the pipe",
            status: Status::PeerDied,
            fail: |a| {
                // What holds the pipe open ends with the FIFO that it waits for.
                let wait =
                    CString::new(format!("mkfifo {0}; cat {0} & exit 5", a.path("f"))).unwrap();
                let error = shell(&wait);
                fs::write(a.path("f"), "").unwrap();
                error
            },
            says: &["exited with status 5"],
        },
        Case {
            what: "as a forked child does",
            status: CLOSED,
            fail: |_| {
                let handler = Handler::new(|request| match request.arg1 {
                    // SAFETY: ends the child.
                    7 => unsafe { libc::_exit(7) },
                    _ => calculator::execute(request),
                });
                let client = pipe::create(handler, &ClientOptions::default()).unwrap();
                failure(client.call(&add(7, 7)))
            },
            says: &["child (process ", "exited with status 7"],
        },
    ]);
}

#[test]
fn that_cannot_be_executed() {
    check(&[
        Case {
            what: "none",
            status: NOBODY,
            fail: |a| execute(&a.path("x")),
            says: &["execute {folder}/x:", "there is no such program"],
        },
        Case {
            what: "arguments",
            status: NOBODY,
            fail: |_| execute("/bin/cat -n"),
            says: &["execute /bin/cat -n:", "the path alone", "no argument"],
        },
        Case {
            what: "not in PATH",
            status: NOBODY,
            fail: |_| failure(pipe::spawn(&[c"calc_ipc-no-such"], &within(1000))),
            says: &["execute calc_ipc-no-such:", "PATH"],
        },
        Case {
            what: "empty",
            status: Status::InvalidArgument,
            fail: |_| failure(pipe::spawn(&[c""], &within(1000))),
            says: &["program's path is empty"],
        },
        Case {
            what: "not executable",
            status: Status::PermissionDenied,
            fail: |a| execute(&program(a, "#!/bin/sh\n", 0o600)),
            says: &["execute {folder}/program:", "chmod +x"],
        },
        Case {
            what: "without its interpreter",
            status: NOBODY,
            fail: |a| execute(&program(a, "#!/no/such\n", 0o700)),
            says: &["execute {folder}/program:", "it is there", "interpreter"],
        },
        Case {
            what: "a folder",
            status: Status::PermissionDenied,
            fail: |a| execute(&a.path("")),
            says: &["execute {folder}/:", "it is a folder"],
        },
    ]);
}

#[test]
fn that_are_too_slow() {
    let client = pipe::spawn(&[c"/bin/sh", c"-c", c"read x; read y"], &within(50)).unwrap();
    let case = failure(client.call(&add(1, 2)));
    assert_eq!(case.status(), Status::TimedOut);
    let text = case.context();
    for word in [
        "program /bin/sh (process ",
        "within 50ms",
        "call_timeout_ms",
    ] {
        assert!(text.contains(word), "{text}");
    }
    drop::<Client>(client);
}
