//! Hosts and ports that cannot be served or reached.

use super::support::typed::tcp;
use super::support::{Address, PORT};
use super::{Case, check, failure};
use calc_ipc::error::{Error, Status};
use calc_ipc::transport::{ClientOptions, ServerOptions};

const INVALID: Status = Status::InvalidArgument;
const NOBODY: Status = Status::NotConnected;

fn serve(host: &str, port: u16) -> Error {
    failure(tcp::bind(host, port, &ServerOptions::default()))
}

fn serve_all(host: &str, port: u16) -> Error {
    let options = ServerOptions {
        allow_remote: true,
        ..ServerOptions::default()
    };
    failure(tcp::bind(host, port, &options))
}

fn ask(host: &str, port: u16) -> Error {
    failure(tcp::connect(host, port, &ClientOptions::default()))
}

#[test]
fn that_cannot_be_served() {
    check(&[
        Case {
            what: "every",
            status: INVALID,
            fail: |_| serve("*", 7000),
            says: &["'*' is no host", "0.0.0.0", "[::]", "allow_remote"],
        },
        Case {
            what: "none",
            status: INVALID,
            fail: |_| serve("", 7000),
            says: &["the host is empty"],
        },
        Case {
            what: "long",
            status: INVALID,
            fail: |_| serve(&"x".repeat(254), 7000),
            says: &["254 bytes", "host", "253 at most"],
        },
        Case {
            what: "unknown",
            status: INVALID,
            fail: |_| serve("no-such-host.invalid", 7000),
            says: &["'no-such-host.invalid' is not known"],
        },
        Case {
            what: "remote",
            status: Status::PermissionDenied,
            fail: |_| serve("0.0.0.0", 7000),
            says: &["TCP 0.0.0.0:7000:", "other machines", "allow_remote"],
        },
        // RFC 5737 keeps it for documents.
        Case {
            what: "another machine's",
            status: Status::System,
            fail: |_| serve_all("192.0.2.1", 7000),
            says: &[
                "TCP 192.0.2.1:7000:",
                "this machine does not have this address",
            ],
        },
        Case {
            what: "taken",
            status: Status::AddressInUse,
            fail: |a| {
                let _server = tcp::bind(&a.host, PORT, &ServerOptions::default()).unwrap();
                serve(&a.host, PORT)
            },
            says: &[
                "TCP {host}:17301:",
                "another socket has this port",
                "ss -ltnp",
            ],
        },
    ]);
}

#[test]
fn that_cannot_be_reached() {
    check(&[
        Case {
            what: "every",
            status: INVALID,
            fail: |_| ask("*", 7000),
            says: &["'*' is no host"],
        },
        Case {
            what: "none",
            status: INVALID,
            fail: |_| ask("", 7000),
            says: &["the host is empty"],
        },
        Case {
            what: "long",
            status: INVALID,
            fail: |_| ask(&"x".repeat(254), 7000),
            says: &["254 bytes", "host", "253 at most"],
        },
        Case {
            what: "port",
            status: INVALID,
            fail: |_| ask("localhost", 0),
            says: &["TCP localhost:0:", "port 0 is for servers"],
        },
        Case {
            what: "unknown",
            status: NOBODY,
            fail: |_| ask("no-such-host.invalid", 7000),
            says: &["'no-such-host.invalid' is not known"],
        },
        Case {
            what: "nobody",
            status: NOBODY,
            fail: |a: &Address| ask(&a.host, PORT),
            says: &[
                "TCP {host}:17301:",
                "nobody listens there",
                "start the server",
            ],
        },
    ]);
}
