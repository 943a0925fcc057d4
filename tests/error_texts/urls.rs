//! URLs that are none, or of the other side.

use super::{Case, check, failure};
use calc_ipc::error::{Error, Status};
use calc_ipc::transport::{Address, Side};

const INVALID: Status = Status::InvalidArgument;

fn server(url: &str) -> Error {
    let error = failure(Address::parse(url, Side::Server));
    assert!(!error.context().contains("exec:///path"), "{error}");
    assert!(error.context().contains("stdio: alone"), "{error}");
    error
}

fn client(url: &str) -> Error {
    let error = failure(Address::parse(url, Side::Client));
    assert!(!error.context().contains("stdio: alone"), "{error}");
    assert!(error.context().contains("exec:///path"), "{error}");
    error
}

#[test]
fn of_servers() {
    check(&[
        Case {
            what: "nothing",
            status: INVALID,
            fail: |_| server(""),
            says: &["''", "no scheme", "a server's URL is unix:///path"],
        },
        Case {
            what: "a path",
            status: INVALID,
            fail: |_| server("/run/x"),
            says: &["'/run/x'", "no scheme"],
        },
        Case {
            what: "a scheme",
            status: INVALID,
            fail: |_| server("http://x"),
            says: &["'http://x'", "'http' is not known"],
        },
        Case {
            what: "two slashes",
            status: INVALID,
            fail: |_| server("unix://x"),
            says: &["'unix://x'", "three slashes"],
        },
        Case {
            what: "no path",
            status: INVALID,
            fail: |_| server("unix:///"),
            says: &["'unix:///'", "there is no path"],
        },
        Case {
            what: "no name",
            status: INVALID,
            fail: |_| server("shm://"),
            says: &["'shm://'", "there is no name"],
        },
        Case {
            what: "reserved",
            status: INVALID,
            fail: |_| server("unix:///a?b"),
            says: &["'unix:///a?b'", "%3F"],
        },
        Case {
            what: "a digit",
            status: INVALID,
            fail: |_| server("unix:///%4"),
            says: &["'unix:///%4'", "hexadecimal"],
        },
        Case {
            what: "no port",
            status: INVALID,
            fail: |_| server("tcp://x"),
            says: &["'tcp://x'", "a host and a port"],
        },
        Case {
            what: "a port",
            status: INVALID,
            fail: |_| server("tcp://x:99999"),
            says: &["'tcp://x:99999'", "port 99999 is not between 0 and 65535"],
        },
        Case {
            what: "every host",
            status: INVALID,
            fail: |_| server("tcp://*:7000"),
            says: &[
                "'tcp://*:7000'",
                "'*' is no host",
                "0.0.0.0",
                "allow_remote",
            ],
        },
        Case {
            what: "a client's",
            status: INVALID,
            fail: |_| server("exec:///bin/cat"),
            says: &["'exec:///bin/cat'", "exec is for clients"],
        },
    ]);
}

#[test]
fn of_clients() {
    check(&[
        Case {
            what: "nothing",
            status: INVALID,
            fail: |_| client(""),
            says: &["''", "no scheme", "a client's URL is unix:///path"],
        },
        Case {
            what: "a scheme",
            status: INVALID,
            fail: |_| client("http://x"),
            says: &["'http://x'", "'http' is not known"],
        },
        Case {
            what: "a port",
            status: INVALID,
            fail: |_| client("tcp://x:99999"),
            says: &["'tcp://x:99999'", "port 99999 is not between"],
        },
        Case {
            what: "port 0",
            status: INVALID,
            fail: |_| client("tcp://x:0"),
            says: &["'tcp://x:0'", "port 0 is for servers"],
        },
        Case {
            what: "a server's",
            status: INVALID,
            fail: |_| client("stdio:"),
            says: &["'stdio:'", "stdio is for servers"],
        },
        Case {
            what: "a passed socket",
            status: INVALID,
            fail: |_| client("systemd:calc"),
            says: &["'systemd:calc'", "systemd is for servers"],
        },
        Case {
            what: "no program",
            status: INVALID,
            fail: |_| client("exec://cat"),
            says: &["'exec://cat'", "three slashes"],
        },
    ]);
}
