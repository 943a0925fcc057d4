//! Servers on sockets that a service manager passed (sd_listen_fds(3)): this program, executed again with such sockets,
//! which does as it is told, by the C interface.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "this is a test"
)]

#[cfg(unix)]
#[path = "support/activated.rs"]
mod activated;
#[cfg(unix)]
#[path = "support/api.rs"]
#[allow(dead_code, reason = "each test file uses its part")]
mod api;
mod support;

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("obey") => activated::obey(),
        _ => support::run_tests(TESTS.map(|(name, test)| {
            let test: Box<dyn Fn()> = Box::new(test);
            (name.to_owned(), test)
        })),
    }
}

#[cfg(unix)]
const TESTS: [(&str, fn()); 11] = [
    ("each_kind_is_served_and_told", each_kind_is_served_and_told),
    ("a_socket_outlives_its_server", a_socket_outlives_its_server),
    ("two_names_are_two_servers", two_names_are_two_servers),
    (
        "one_socket_may_have_two_servers",
        one_socket_may_have_two_servers,
    ),
    (
        "one_of_several_has_to_be_named",
        one_of_several_has_to_be_named,
    ),
    (
        "where_none_was_passed_it_is_said",
        where_none_was_passed_it_is_said,
    ),
    (
        "what_cannot_be_served_is_refused",
        what_cannot_be_served_is_refused,
    ),
    (
        "remote_addresses_have_to_be_allowed",
        remote_addresses_have_to_be_allowed,
    ),
    ("the_host_keeps_what_it_has", the_host_keeps_what_it_has),
    (
        "other_users_come_in_by_the_mode",
        other_users_come_in_by_the_mode,
    ),
    (
        "who_has_ended_is_followed_by_the_next",
        who_has_ended_is_followed_by_the_next,
    ),
];

#[cfg(unix)]
use {
    activated::{Activated, seqpacket},
    calc_ipc::service::Client,
    calc_ipc::transport::{self, Address as Place, Side},
    std::net::{Ipv6Addr, TcpListener, UdpSocket},
    std::os::fd::AsFd,
    std::os::unix::fs::PermissionsExt,
    std::os::unix::net::{UnixListener, UnixStream},
    support::{Address, Process, add, become_user, is_root, patient},
};

/// Asks the server at this URL.
#[cfg(unix)]
fn ask(url: &str) -> calc_ipc::error::Result<()> {
    let address = Place::parse(url, Side::Client)?;
    let client = Client::new(transport::connect(&address, &patient())?, &patient());
    client.call(&add(10, 20)).map(|sum| assert_eq!(sum, Ok(30)))
}

#[cfg(unix)]
fn each_kind_is_served_and_told() {
    let address = Address::new();
    let stream = UnixListener::bind(address.path("a b")).unwrap();
    let records = seqpacket(&address.path("records"));
    let tcp = TcpListener::bind((address.host.as_str(), 0)).unwrap();
    let port = tcp.local_addr().unwrap().port();
    let mut all = vec![
        (stream.as_fd(), format!("unix://{}", address.path("a%20b"))),
        (
            records.as_fd(),
            format!("seqpacket://{}", address.path("records")),
        ),
        (tcp.as_fd(), format!("tcp://{}:{port}", address.host)),
    ];
    let six = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).ok();
    if let Some(six) = &six {
        let port = six.local_addr().unwrap().port();
        all.push((six.as_fd(), format!("tcp://[::1]:{port}")));
    }
    for (socket, url) in all {
        let mut server = Activated::with(&[socket], None);
        assert_eq!(server.ask("serve systemd:"), url);
        ask(&url).unwrap();
        ask(&url).unwrap();
    }
}

#[cfg(unix)]
fn a_socket_outlives_its_server() {
    let address = Address::new();
    let path = address.path("sock");
    let listening = UnixListener::bind(&path).unwrap();
    let tcp = TcpListener::bind((address.host.as_str(), 0)).unwrap();
    let mut server = Activated::with(&[listening.as_fd(), tcp.as_fd()], Some("unix:tcp"));
    for name in ["unix", "tcp"] {
        let url = server.ask(&format!("serve systemd:{name}"));
        ask(&url).unwrap();
        assert_eq!(server.ask("stop 0"), "stopped");
        // The service manager's is open still: who connects now waits for the next server.
        let client = std::thread::spawn(move || ask(&url));
        server.ask(&format!("serve systemd:{name}"));
        client.join().unwrap().unwrap();
        assert_eq!(server.ask("stop 0"), "stopped");
    }
    assert!(UnixStream::connect(&path).is_ok());
    assert_eq!(address.leftovers(), ["sock"], "and no lock file");
    drop((server, listening));
    std::fs::remove_file(path).unwrap();
}

#[cfg(unix)]
fn two_names_are_two_servers() {
    let address = Address::new();
    let records = seqpacket(&address.path("records"));
    let stream = UnixListener::bind(address.path("stream")).unwrap();
    let mut server = Activated::with(&[records.as_fd(), stream.as_fd()], Some("one:the other"));
    let one = server.ask("serve systemd:one");
    let other = server.ask("serve systemd:the%20other");
    assert!(one.starts_with("seqpacket://"), "{one}");
    assert!(other.starts_with("unix://"), "{other}");
    ask(&one).unwrap();
    ask(&other).unwrap();
    server.ask("stop 0");
    ask(&other).unwrap();
}

#[cfg(unix)]
fn one_socket_may_have_two_servers() {
    let address = Address::new();
    let listening = UnixListener::bind(address.path("sock")).unwrap();
    let mut server = Activated::with(&[listening.as_fd()], None);
    let url = server.ask("serve systemd:");
    assert_eq!(server.ask("serve systemd:"), url);
    for _ in 0..20 {
        ask(&url).unwrap();
    }
    server.ask("stop 0");
    ask(&url).unwrap();
}

#[cfg(unix)]
fn one_of_several_has_to_be_named() {
    let address = Address::new();
    let [one, other] = ["one", "other"].map(|name| UnixListener::bind(address.path(name)).unwrap());
    for (names, url, says) in [
        (Some("a:b"), "systemd:", "systemd:a, systemd:b"),
        (Some("a:b"), "systemd:c", "systemd:a, systemd:b"),
        (Some("a:a"), "systemd:a", "FileDescriptorName= of its own"),
        (None, "systemd:", "systemd:unknown, systemd:unknown"),
        (Some("a"), "systemd:a", "LISTEN_FDNAMES has 1 names"),
    ] {
        let mut server = Activated::with(&[one.as_fd(), other.as_fd()], names);
        server.is_refused(&format!("serve {url}"), "invalid argument", says);
    }
}

#[cfg(unix)]
fn where_none_was_passed_it_is_said() {
    let mut server = Activated::with(&[], None);
    for url in ["systemd:", "systemd:calc"] {
        let says = "no socket was passed to this process: start it by its socket's unit";
        server.is_refused(&format!("serve {url}"), "invalid argument", says);
    }
}

#[cfg(unix)]
fn what_cannot_be_served_is_refused() {
    let address = Address::new();
    let datagram = UdpSocket::bind((address.host.as_str(), 0)).unwrap();
    let (connected, _) = UnixStream::pair().unwrap();
    let (pipe, _) = std::io::pipe().unwrap();
    for (passed, says) in [
        (datagram.as_fd(), "a datagram socket"),
        (connected.as_fd(), "does not listen, as with Accept=yes"),
        (pipe.as_fd(), "no socket"),
    ] {
        let mut server = Activated::with(&[passed], Some("it"));
        server.is_refused("serve systemd:", "invalid argument", says);
        server.is_refused("serve systemd:it", "invalid argument", says);
    }
}

#[cfg(unix)]
fn remote_addresses_have_to_be_allowed() {
    let listening = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listening.local_addr().unwrap().port();
    let mut server = Activated::with(&[listening.as_fd()], None);
    server.is_refused("serve systemd:", "permission denied", "allow_remote");
    let url = server.ask("serve-remote systemd:");
    assert_eq!(url, format!("tcp://0.0.0.0:{port}"));
    ask(&format!("tcp://127.0.0.1:{port}")).unwrap();
}

#[cfg(unix)]
fn the_host_keeps_what_it_has() {
    let address = Address::new();
    let listening = UnixListener::bind(address.path("sock")).unwrap();
    let mut server = Activated::with(&[listening.as_fd()], Some("it"));
    assert_eq!(server.ask("passed on"), "true");
    server.ask("serve systemd:");
    assert_eq!(server.ask("environment"), "1 it");
    // Programs that it executes do not have it, or they would listen, too.
    assert_eq!(server.ask("passed on"), "false");
    server.ask("stop 0");
    assert_eq!(server.ask("is open"), "true");
}

/// Whether a client that is another user is answered.
#[cfg(unix)]
fn ask_as_another_user(url: &str) -> bool {
    Process::fork(|| {
        assert!(become_user(65534));
        let code = i32::from(ask(url).is_err());
        // SAFETY: ends the forked child of the test.
        unsafe { libc::_exit(code) }
    })
    .succeeded()
}

#[cfg(unix)]
fn other_users_come_in_by_the_mode() {
    if !is_root() {
        return; // Nobody else can become another.
    }
    let address = Address::new();
    let folder = std::path::PathBuf::from(address.path(""));
    let anybody = |mode| std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(folder, anybody(0o755)).unwrap();
    let path = address.path("sock");
    let listening = UnixListener::bind(&path).unwrap();
    std::fs::set_permissions(&path, anybody(0o666)).unwrap();
    let mut server = Activated::with(&[listening.as_fd()], None);
    let url = server.ask("serve systemd:");
    assert!(!ask_as_another_user(&url));
    ask(&url).unwrap();
    server.ask("stop 0");
    server.ask("serve-open systemd:");
    assert!(ask_as_another_user(&url));
}

#[cfg(unix)]
fn who_has_ended_is_followed_by_the_next() {
    let address = Address::new();
    let listening = UnixListener::bind(address.path("sock")).unwrap();
    for _ in 0..2 {
        let mut server = Activated::with(&[listening.as_fd()], None);
        let url = server.ask("serve systemd:");
        ask(&url).unwrap();
        server.kill();
    }
}
